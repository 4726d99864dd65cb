import Adjoint
import AdjointLearning

/// A random multi-layer model with a random activation, loss, batch and penalty: a function of its number.
struct RandomClassifier: CustomStringConvertible, Sendable {
  enum Loss: String, CaseIterable, Sendable {
    case crossEntropy, fromProbabilities, softmaxThenLog, leastSquares, binary, absolute
  }

  let seed: UInt64
  let sizes: [Int]
  let batch: Int
  let activation: Activation
  let loss: Loss
  let reduction: LossReduction
  let isPenalised: Bool

  init(seed: UInt64) {
    var generator = Generator(seed: seed)
    self.seed = seed
    sizes =
      (0..<(2 + Int(generator.next() % 3))).map { _ in 1 + Int(generator.next() % 5) } + [2 + Int(generator.next() % 4)]
    batch = 1 + Int(generator.next() % 5)
    activation = Activation.allCases[Int(generator.next() % UInt64(Activation.allCases.count))]
    loss = Loss.allCases[Int(seed) % Loss.allCases.count]
    reduction = generator.next() % 2 == 0 ? .mean : .sum
    isPenalised = generator.next() % 3 == 0
  }

  var description: String {
    "\(seed): \(sizes) \(activation.rawValue), \(loss.rawValue) (\(reduction)), batch \(batch)"
      + (isPenalised ? ", penalised" : "")
  }

  /// The loss, recorded on a tape of its own.
  func record() -> Variable<Double> {
    var generator = Generator(seed: seed + 1000)
    let tape = Tape<Double>()
    let model = MLP<Double>(sizes, activation: activation, using: &generator)
    for parameter in model.parameters {
      parameter.value = random(parameter.shape, &generator)
    }
    let x = tape.input(random([batch, sizes[0]], &generator), name: "x")
    let z = model(x)
    let classes = sizes[sizes.count - 1]
    let labels = Tensor((0..<batch).map { _ in Int32(generator.next() % UInt64(classes)) })
    let oneHot = Tensor(
      shape: [batch, classes], elements: labels.elements.flatMap { y in (0..<classes).map { $0 == Int(y) ? 1.0 : 0 } })
    let target = { tape.input(oneHot, name: "t") }
    var value: Variable<Double>
    switch loss {
    case .crossEntropy: value = crossEntropy(logits: z, labels: tape.index(labels, name: "y"), reduction: reduction)
    case .fromProbabilities: value = crossEntropy(logits: z, probabilities: target(), reduction: reduction)
    case .softmaxThenLog: value = -(target() * z.softmax().log()).sum() / Double(batch)
    case .leastSquares: value = meanSquaredError(z, target(), reduction: reduction)
    case .binary: value = binaryCrossEntropy(logits: z, targets: target(), reduction: reduction)
    case .absolute: value = (z - target()).abs().sum()
    }
    if isPenalised { value = value + l2Penalty(model.linears.map { tape.parameter($0.weight) }, 0.01) }
    return value
  }

  private func random(_ shape: Shape, _ generator: inout Generator) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1, 1) })
  }
}
