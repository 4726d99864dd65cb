import Adjoint
import AdjointChecking

/// A mistake that students of backpropagation make, beyond those that a rule or a sum can be altered by.
package enum ClassicMistake: Sendable, Hashable {
  /// f′ is written with a = f(z), and z was put in.
  case derivativeAtInput(Unary)
  /// f′(a) for f′(z).
  case derivativeAtOutput
  /// 1 − a for 1 − a².
  case notSquared
  /// 1 + a² for 1 − a².
  case plusSquared
  /// The derivative of another activation: a(1 − a) is that of sigmoid, 1 − a² that of tanh.
  case otherActivation(Unary)
  /// The adjoint that arrives is not there.
  case upstreamForgotten
  /// The adjoint is handed on through a layer without its weight.
  case weightForgotten
  /// z for a = f(z) as the input of a layer, in the gradient of its weight.
  case inputOfActivation
  /// The adjoint of a = f(z) in the place of that of z.
  case activationSkipped
  /// The δ of a squared error, where cross-entropy was asked about.
  case squaredErrorDelta
  /// ∂/∂p for ∂/∂z.
  case withRespectToProbability
  /// p for p − t.
  case targetDropped
  /// A part of the weight is added that no penalty of the loss asks for.
  case decayAdded(Double)

  /// A clause as a teacher would say it.
  var hint: String {
    switch self {
    case .derivativeAtInput(let f):
      "\(f.name)′ is \(f.slopeInOutput?.text ?? "written with a") with a = \(f.name)(z): z was put in for a"
    case .derivativeAtOutput: "the derivative belongs at z, and was taken at a = f(z)"
    case .notSquared: "tanh′ is 1 − a², not 1 − a"
    case .plusSquared: "tanh′ is 1 − a², not 1 + a²"
    case .otherActivation(let f):
      "that is \(f.name)′, \(f.slopeInOutput?.text ?? "written with a"): another function's derivative"
    case .upstreamForgotten: "the adjoint that arrives is forgotten: the local derivative is multiplied by it"
    case .weightForgotten: "the weight is forgotten: what arrives is multiplied by it"
    case .inputOfActivation: "z was taken for a = f(z): the layer's input is the activation"
    case .activationSkipped: "an activation is skipped: its derivative belongs between"
    case .squaredErrorDelta: "that is the δ of a squared error: with cross-entropy p(1 − p) cancels"
    case .withRespectToProbability: "that is the derivative by the probabilities p, not by what they are computed from"
    case .targetDropped: "the target t is missing in the difference"
    case .decayAdded(let share):
      "\(NumberText.number(share)) times the weight is added: a decay that does not belong there"
    }
  }
}

extension Unary {
  /// f′ as it is taught in terms of a = f(z); `nil` where it is taught in terms of z.
  fileprivate var slopeInOutput: (text: String, slope: (Double) -> Double)? {
    switch self {
    case .sigmoid: ("a(1 − a)", { $0 * (1 - $0) })
    case .tanh: ("1 − a²", { 1 - $0 * $0 })
    case .exp: ("a", { $0 })
    case .sqrt: ("1/(2a)", { 1 / (2 * $0) })
    case .negate, .log, .log1p, .square, .abs, .sign, .step, .sin, .cos, .atan, .asin, .acos, .sinh, .cosh, .asinh,
      .acosh,
      .atanh, .log2, .log10, .erfc, .lgamma, .floor, .ceil, .round, .trunc, .sech, .erf, .normalDensity,
      .normalDistribution, .relu, .gelu, .silu, .softplus, .expm1, .reciprocal, .tan, .exp2:
      nil
    }
  }
}

/// The answers that the classics give to one question, given the adjoints that arrive.
struct ClassicLesson {
  let tape: Tape<Double>
  let node: Variable<Double>
  let uses: [OwnSweep.Use]
  /// The adjoints of later nodes.
  let adjoints: [Int: Variable<Double>]
  let right: Tensor<Double>

  /// What comes back along one use by each mistake.
  func contributions(along use: OwnSweep.Use) -> [(ClassicMistake, Tensor<Double>)] {
    let y = tape[use.consumer]
    guard let operation = y.operation, let g = adjoints[use.consumer] else { return [] }
    /// The right rule under another cotangent, or with other operands.
    func contribution(_ g: Tensor<Double>, at inputs: [Variable<Double>]? = nil) -> Tensor<Double>? {
      let consumer = inputs.map { tape.record(operation, inputs: $0) } ?? y
      return tape.contributions(of: consumer.index, adjoint: tape.constant(g)) { $0 == use.position }[use.position]?
        .value
    }
    var found: [(ClassicMistake, Tensor<Double>?)] = []
    let isActivation = operation.isElementwise && y.inputs.count == 1
    if isActivation {
      if let f = operation.form.unary { found += slopes(f, g.value, node.value, y.value).map { ($0.0, $0.1) } }
      if operation.form.unary != .negate { found.append((.derivativeAtOutput, contribution(g.value, at: [y]))) }
    }
    if isActivation || operation.form.isProduct || operation.form == .binary(.multiply) {
      found.append((.upstreamForgotten, contribution(.ones(g.shape))))
    }
    if operation.form.isProduct, node.role != .parameter {
      found.append((.weightForgotten, g.value))
      if let width = node.shape.last, g.shape.rank > 0 {
        let sums = g.sum(axes: [-1], keepingDimensions: true).value
        let repeated = sums.elements.flatMap { Array(repeating: $0, count: width) }
        if repeated.count == node.shape.elementCount {
          found.append((.weightForgotten, Tensor(shape: node.shape, elements: repeated)))
        }
      }
    }
    if operation.form.isProduct, let a = y.inputs.indices.first(where: { $0 != use.position }).map({ y.inputs[$0] }),
      let f = a.operation, f.isElementwise, a.inputs.count == 1
    {
      var inputs = y.inputs
      inputs[1 - use.position] = a.inputs[0]
      found.append((.inputOfActivation, contribution(g.value, at: inputs)))
    }
    if !isActivation, let arriving = behindActivation(use.consumer), arriving.shape == g.shape {
      found.append((.activationSkipped, contribution(arriving)))
    }
    return found.compactMap { mistake, value in value.map { (mistake, $0) } }
  }

  private func slopes(
    _ f: Unary, _ g: Tensor<Double>, _ z: Tensor<Double>, _ a: Tensor<Double>
  ) -> [(ClassicMistake, Tensor<Double>)] {
    func times(_ x: Tensor<Double>, _ slope: (Double) -> Double) -> Tensor<Double> { g.with(x.map(slope), *) }
    guard let own = f.slopeInOutput?.slope else { return [] }
    let squashing: [Unary] = [.sigmoid, .tanh]
    let others = squashing.contains(f) ? squashing.filter { $0 != f } : []
    return [(.derivativeAtInput(f), times(z, own))]
      + (f == .tanh ? [(.notSquared, times(a) { 1 - $0 }), (.plusSquared, times(a) { 1 + $0 * $0 })] : [])
      + others.compactMap { other in other.slopeInOutput.map { (.otherActivation(other), times(a, $0.slope)) } }
  }

  /// The adjoint of f(z), where a node goes into z unchanged and z into one activation alone.
  private func behindActivation(_ node: Int) -> Tensor<Double>? {
    var node = node
    while let user = user(of: node), let operation = user.operation {
      if operation.isElementwise, user.inputs.count == 1, user.shape.rank > 1 { return adjoints[user.index]?.value }
      guard operation.form == .addBias || operation.form == .binary(.add) else { return nil }
      node = user.index
    }
    return nil
  }

  // MARK: Losses

  /// Whole answers about what a loss begins with: logits, or the outputs of a squared error.
  func answers(along use: OwnSweep.Use) -> [(ClassicMistake, Tensor<Double>)] {
    let y = tape[use.consumer]
    guard let operation = y.operation, let g = adjoints[use.consumer]?.value else { return [] }
    if operation.form == .softmax(.logSoftmax) {
      let p = y.exp().value
      let sums = tape.constant(g).sum(axes: [-1], keepingDimensions: true).broadcast(to: y.shape).value
      let through = right.with(p, *)
      let mean = tape.constant(through).sum(axes: [-1], keepingDimensions: true).broadcast(to: y.shape).value
      return deltas(p, dropped: p.with(sums) { -$0 * $1 })
        + [1.0, 2].map { factor in
          (.squaredErrorDelta, through.moved(by: -1, along: p.with(mean, *)).map { factor * $0 })
        }
        + [(.withRespectToProbability, g.with(p, /))]
    }
    if operation.form.unary == .softplus,
      let other = uses.first(where: { tape[$0.consumer].operation?.form.unary == .negate })
    {
      // −t·log p − (1 − t)·log(1 − p): what comes back by either term says how it is weighted.
      let p = node.sigmoid().value
      let scale = use.contribution.with(p, /).with(other.contribution.with(p.map { 1 - $0 }, /), -)
      return deltas(p, dropped: p.with(scale, *)) + [
        (.withRespectToProbability, right.with(p.map { $0 * (1 - $0) }, /))
      ]
    }
    // (y − t)²: the question is about the difference, or about y.
    let square = operation.form.unary == .square ? y : user(of: y.index)
    let difference = operation.form.unary == .square ? node : y
    if let square, square.operation?.form.unary == .square, difference.operation?.form == .binary(.subtract),
      let g = adjoints[square.index]?.value, use.position == 0, difference.inputs[0].shape == g.shape
    {
      return [(.targetDropped, g.with(difference.inputs[0].value) { 2 * $0 * $1 })]
    }
    return []
  }

  private func deltas(_ p: Tensor<Double>, dropped: Tensor<Double>) -> [(ClassicMistake, Tensor<Double>)] {
    [1.0, 2].map { factor in (.squaredErrorDelta, right.with(p) { factor * $0 * $1 * (1 - $1) }) }
      + [(.targetDropped, dropped)]
  }

  /// The one node that uses another.
  private func user(of node: Int) -> Variable<Double>? {
    let users = adjoints.keys.filter { user in tape[user].inputs.contains { $0.index == node } }
    return users.count == 1 ? users.first.map { tape[$0] } : nil
  }
}
