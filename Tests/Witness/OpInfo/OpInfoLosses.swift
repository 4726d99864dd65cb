import Adjoint
import AdjointLearning

/// Losses.
extension OpInfoTable {
  private static func reduction(_ call: OpInfoCall) throws -> LossReduction {
    switch call.word(nil, "reduction", "mean") {
    case "mean": .mean
    case "sum": .sum
    case "none": .none
    case let other: throw OpInfoCall.LeftOut("reduction \(other)")
    }
  }

  private static func reduced(_ call: OpInfoCall, _ losses: Value) throws -> Value {
    switch try reduction(call) {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }

  /// Scores with the classes last; PyTorch's stand behind the batch, or alone.
  private static func classesLast(_ x: Value) -> Value { x.shape.rank > 2 ? x.moveAxis(from: 1, to: -1) : x }

  /// The weights of classes, which are constants here.
  private static func classWeights(_ call: OpInfoCall, _ position: Int?) throws -> Tensor<Double>? {
    guard let weights = try call.optionalTensor(position, "weight") else { return nil }
    guard !call.moves(weights) else { throw OpInfoCall.LeftOut("derivatives by the weights of classes") }
    guard weights.value.elements.allSatisfy({ $0 >= 0 }) else { throw OpInfoCall.LeftOut("a class weight below 0") }
    return weights.value
  }

  static var losses: [OpInfoEntry] { regressions + classifications + margins }

  private static var regressions: [OpInfoEntry] {
    [
      own("nn.functional.mse_loss") {
        guard try $0.optionalTensor(nil, "weight") == nil else { throw OpInfoCall.LeftOut("weighted errors") }
        return meanSquaredError(try $0.x, try $0.tensor(1, "target"), reduction: try reduction($0))
      },
      own("nn.functional.l1_loss") {
        meanAbsoluteError(try $0.x, try $0.tensor(1, "target"), reduction: try reduction($0))
      },
      own("nn.functional.huber_loss") {
        huber(
          try $0.x, try $0.tensor(1, "target"), delta: try $0.number(nil, "delta", 1), reduction: try reduction($0))
      },
      own("nn.functional.smooth_l1_loss") {
        let (x, target, beta) = (try $0.x, try $0.tensor(1, "target"), try $0.number(nil, "beta", 1))
        // Its limit.
        guard beta > 0 else { return meanAbsoluteError(x, target, reduction: try reduction($0)) }
        return smoothL1(x, target, beta: beta, reduction: try reduction($0))
      },
      own("nn.functional.gaussian_nll_loss") { call in
        let (x, target, v) = (try call.x, try call.tensor(1, "target"), try call.operand(2, "var"))
        let variance = v.shape.rank == x.shape.rank || v.shape.rank == 0 ? v : v.unsqueeze(axis: -1)
        let loss = gaussianNLL(
          x, target, variance: variance, epsilon: try call.number(nil, "eps", 1e-6), reduction: .none)
        let full = call.flag(nil, "full") ? call.composed { loss + 0.5 * Double.logarithm(2 * Double.pi) } : loss
        return try reduced(call, full)
      },
      own("nn.functional.poisson_nll_loss") { call in
        let (x, target, epsilon) = (try call.x, try call.tensor(1, "target"), try call.number(nil, "eps", 1e-8))
        let (isLog, isFull) = (call.flag(nil, "log_input", true), call.flag(nil, "full"))
        if isLog, !isFull { return poissonNLL(logRates: x, target, reduction: try reduction(call)) }
        let loss = call.composed { isLog ? x.exp() - target * x : x - target * (x + epsilon).log() }
        guard isFull else { return try reduced(call, loss) }
        let rest = target * target.log() - target + 0.5 * (2 * Double.pi * target).log()
        return try reduced(call, loss + `where`(target .> 1, rest, 0))
      },
    ]
  }

  private static var classifications: [OpInfoEntry] {
    [
      own("nn.functional.cross_entropy") { call in
        let (x, target) = (classesLast(try call.x), try call.tensor(1, "target"))
        let (weights, smoothing) = (try classWeights(call, 2), try call.number(nil, "label_smoothing", 0))
        let ignored = try call.optionalInt(nil, "ignore_index")
        guard target.holdsIndices else {
          return crossEntropy(
            logits: x, probabilities: classesLast(target), smoothing: smoothing, classWeights: weights,
            reduction: try reduction(call))
        }
        return crossEntropy(
          logits: x, labels: target.indexValue, smoothing: smoothing, classWeights: weights, ignoring: ignored,
          reduction: try reduction(call))
      },
      own("nn.functional.nll_loss") { call in
        let (x, target) = (classesLast(try call.x), try call.tensor(1, "target"))
        let (weights, ignored) = (try classWeights(call, 2), try call.optionalInt(nil, "ignore_index"))
        let classes = x.shape[x.shape.rank - 1]
        let isClass = ignored.map { (0..<classes).contains($0) } ?? false
        return negativeLogLikelihood(
          logProbabilities: x, labels: target, classWeights: weights, ignoring: isClass ? ignored : nil,
          reduction: try reduction(call))
      },
      own("nn.functional.binary_cross_entropy_with_logits") { call in
        let (x, target) = (try call.x, try call.tensor(1, "target"))
        let (positive, weight) = (try call.optionalTensor(nil, "pos_weight"), try call.optionalTensor(2, "weight"))
        guard positive != nil || weight != nil else {
          return binaryCrossEntropy(logits: x, targets: target, reduction: try reduction(call))
        }
        let loss =
          positive.map { (1 - target) * x + (1 + ($0 - 1) * target) * (-x).softplus() }
          ?? binaryCrossEntropy(logits: x, targets: target, reduction: .none)
        return try reduced(call.composed(), weight.map { $0 * loss } ?? loss)
      },
      made("nn.functional.binary_cross_entropy") { call in
        let (x, target) = (try call.x, try call.tensor(1, "target"))
        // PyTorch cuts the logarithms off at −100.
        let loss = -(target * x.log().maximum(-100) + (1 - target) * (-x).log1p().maximum(-100))
        return try reduced(call, call.optionalTensor(2, "weight").map { $0 * loss } ?? loss)
      },
      own("nn.functional.kl_div") { call in
        let (x, target, isLog) = (try call.x, try call.tensor(1, "target"), call.flag(nil, "log_target"))
        let word = call.word(nil, "reduction", "mean")
        // Sums over the last axis of rows are those over all elements.
        if !isLog, word == "sum" || word == "batchmean" && x.shape.rank == 2, x.shape.rank > 0 {
          return klDivergence(logProbabilities: x, targets: target, reduction: word == "sum" ? .sum : .mean)
        }
        let loss = call.composed { isLog ? target.exp() * (target - x) : target.xlogy(target) - target * x }
        return word == "batchmean" ? loss.sum() / Double(x.shape.first ?? 1) : try reduced(call, loss)
      },
      made("nn.functional.soft_margin_loss") { try reduced($0, (-($0.x * $0.tensor(1, "target"))).softplus()) },
    ]
  }

  private static var margins: [OpInfoEntry] {
    [
      own("nn.functional.cosine_embedding_loss") { call in
        cosineEmbedding(
          try call.x, try call.tensor(1, "input2"), targets: try call.operand(2, "target"),
          margin: try call.number(nil, "margin", 0), reduction: try reduction(call))
      },
      own("nn.functional.triplet_margin_loss") { call in
        let (a, b, c) = (try call.x, try call.tensor(1, "positive"), try call.tensor(2, "negative"))
        let (p, swaps) = (try call.number(nil, "p", 2), call.flag(nil, "swap"))
        guard p == 2, !swaps else { throw OpInfoCall.LeftOut("other distances of a triplet") }
        return triplet(
          anchor: a, positive: b, negative: c, margin: try call.number(nil, "margin", 1),
          epsilon: try call.number(nil, "eps", 1e-6), reduction: try reduction(call))
      },
      own("nn.functional.multi_margin_loss") { call in
        let given = try call.x
        let x = given.shape.rank == 0 ? given.reshape(to: [1]) : given
        guard try call.number(nil, "p", 1) == 1, try call.optionalTensor(nil, "weight") == nil else {
          throw OpInfoCall.LeftOut("squared or weighted margins")
        }
        let labels = try call.index(1, "target") { _ in Shape(x.shape.dropLast()) }
        return hinge(
          scores: x, labels: labels, margin: try call.number(nil, "margin", 1), reduction: try reduction(call))
      },
      made("nn.functional.margin_ranking_loss") {
        let (a, b, target) = (try $0.x, try $0.tensor(1, "input2"), try $0.tensor(2, "target"))
        return try reduced($0, ($0.number(nil, "margin", 0) - target * (a - b)).relu())
      },
      made("nn.functional.hinge_embedding_loss") {
        let (x, target) = (try $0.x, try $0.tensor(1, "target"))
        let margin = try $0.number(nil, "margin", 1)
        return try reduced($0, `where`(target .!= 1, (margin - x).relu(), 0) + `where`(target .!= -1, x, 0))
      },
    ]
  }
}
