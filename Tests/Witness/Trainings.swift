import Adjoint
import AdjointFiles
import AdjointLearning

/// A training of a perceptron, with every setting stated.
struct Training {
  let optimizer: any Optimizer
  let name: String
  let settings: [(String, JSON)]
  var schedule = Schedule.constant
  var regularization = Regularization.none
  var clipping = Clipping.none

  private static let sizes = [6, 9, 7, 4]
  private static let (steps, batch) = (25, 8)

  init(
    _ name: String, _ optimizer: any Optimizer, _ settings: KeyValuePairs<String, Double> = [:],
    schedule: Schedule = .constant, regularization: Regularization = .none, clipping: Clipping = .none
  ) {
    (self.name, self.optimizer) = (name, optimizer)
    self.settings = settings.map { ($0.key, .number($0.value)) }
    (self.schedule, self.regularization, self.clipping) = (schedule, regularization, clipping)
  }

  /// Every optimiser that PyTorch has, and what goes around it.
  static let all = [
    Training("SGD", SGD(learningRate: 0.1)),
    Training("Momentum", Momentum(learningRate: 0.05, momentum: 0.8), ["momentum": 0.8]),
    Training("Nesterov", Nesterov(learningRate: 0.05, momentum: 0.9), ["momentum": 0.9]),
    Training("Adagrad", Adagrad(learningRate: 0.05)),
    Training("RMSProp", RMSProp(learningRate: 0.01, decay: 0.9), ["decay": 0.9]),
    Training("Adam", Adam(learningRate: 0.02)),
    Training(
      "Adam", Adam(learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-4),
      ["beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4]),
    Training("AdamW", AdamW(learningRate: 0.02, weightDecay: 0.1), ["weightDecay": 0.1]),
    Training("SGD", SGD(learningRate: 0.1), ["every": 5, "factor": 0.5], schedule: .staircase(every: 5, factor: 0.5)),
    Training("SGD", SGD(learningRate: 0.1), ["exponential": 0.9], schedule: .exponential(rate: 0.9)),
    Training("Adam", Adam(learningRate: 0.02), ["cosine": 25], schedule: .cosine(steps: 25)),
    Training("SGD", SGD(learningRate: 0.1), ["l2": 0.05], regularization: Regularization(l2: 0.05)),
    Training("SGD", SGD(learningRate: 0.5), ["clipValue": 0.02], clipping: .value(0.02)),
    Training("SGD", SGD(learningRate: 0.5), ["clipNorm": 0.1], clipping: .norm(0.1)),
  ]

  /// The start, the batches, and what came of them.
  func json(using generator: inout Generator) throws -> JSON {
    let model = MLP<Double>(Training.sizes, activation: .tanh, initializer: .glorotUniform, using: &generator)
    for bias in model.linears.compactMap(\.bias) {
      bias.value = .random(bias.value.shape, in: -0.5...0.5, using: &generator)
    }
    let start = model.parameters.map(\.value.json)
    let step = TrainingStep<Double>(
      optimizer: optimizer, schedule: schedule, regularization: regularization, clipping: clipping
    ) { crossEntropy(logits: model($0), labels: $1) }
    var (inputs, labels, losses): ([JSON], [JSON], [JSON]) = ([], [], [])
    for _ in 0..<Training.steps {
      let x = Tensor<Double>.random([Training.batch, Training.sizes[0]], in: -2...2, using: &generator)
      let y = (0..<Training.batch).map { _ in Int32(generator.next() % UInt64(Training.sizes.last ?? 1)) }
      inputs.append(x.json)
      labels.append(.integers(y.map(Int.init)))
      losses.append(.number(try step(x, Tensor(y))))
    }
    return .object([
      ("training", .string(name)), ("rate", .number(optimizer.learningRate)), ("settings", .object(settings)),
      ("sizes", .integers(Training.sizes)), ("start", .array(start)), ("inputs", .array(inputs)),
      ("labels", .array(labels)), ("losses", .array(losses)), ("end", .array(model.parameters.map(\.value.json))),
    ])
  }
}
