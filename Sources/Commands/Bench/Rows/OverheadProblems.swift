import Adjoint
import AdjointCommandLine
import AdjointLearning

/// A thousand operations on one number each, tanh(h), h + x and h · x in turn: almost nothing but overhead.
struct ChainProblem {
  enum Phase: String, Sendable { case record, differentiate, replay, compile }

  let phase: Phase
  static let length = 1_000
  /// The first h, and x.
  static let start: (h: Float, x: Float) = (0.5, 0.9)

  func prepared() throws -> PreparedRow {
    let tape = Tape<Float>()
    let (h, x) = (tape.input(Tensor(scalar: ChainProblem.start.h)), tape.input(Tensor(scalar: ChainProblem.start.x)))
    let leaves = tape.count
    let y = ChainProblem.record(h, x)
    let outputs = [y] + gradients(of: y, withRespectTo: [h, x])
    let found = Program<Float>(outputs)
    found.run()
    try ChainProblem.check(outputs.map { Double(found.value(of: $0).elements[0]) })

    let length = Double(ChainProblem.length)
    switch phase {
    case .record:
      return PreparedRow(
        {
          tape.truncate(to: leaves)
          _ = ChainProblem.record(h, x)
        }, figure: { $0 * 1e9 / length })
    case .differentiate:
      return PreparedRow(
        {
          tape.truncate(to: leaves)
          _ = gradients(of: ChainProblem.record(h, x), withRespectTo: [h, x])
        }, figure: { $0 * 1e9 / length })
    case .replay: return PreparedRow({ found.run() }, figure: { $0 * 1e9 / length })
    case .compile: return .microseconds { _ = Program<Float>(outputs) }
    }
  }

  /// y and its derivatives, by the chain rule written out in Double.
  static func expected() -> [Double] {
    var (h, dh, dx) = (Double(start.h), 1.0, 0.0)
    let x = Double(start.x)
    for i in 0..<length {
      switch i % 3 {
      case 0:
        h = Double.hyperbolicTangent(h)
        (dh, dx) = ((1 - h * h) * dh, (1 - h * h) * dx)
      case 1: (h, dx) = (h + x, dx + 1)
      default: (h, dh, dx) = (h * x, dh * x, dx * x + h)
      }
    }
    return [h, dh, dx]
  }

  private static func record(_ start: Variable<Float>, _ x: Variable<Float>) -> Variable<Float> {
    var h = start
    for i in 0..<length {
      switch i % 3 {
      case 0: h = h.tanh()
      case 1: h = h + x
      default: h = h * x
      }
    }
    return h
  }

  private static func check(_ found: [Double]) throws(CommandError) {
    for (found, expected) in Swift.zip(found, expected()) {
      guard (found - expected).magnitude <= 1e-4 * max(1, expected.magnitude) else {
        throw .disagreement("the chain of \(length) operations gives \(found); the chain rule says \(expected)")
      }
    }
  }
}

/// micrograd's demonstration: a network 2-16-16-1 with ReLU on 100 points, max-margin loss and L2, a whole batch per step.
struct DemoProblem {
  static let sizes = [2, 16, 16, 1]
  static let points = 100
  static let learningRate = 0.1
  /// The loss has λ Σ θ², over weights and biases.
  static let lambda = 1e-4

  func model() -> MLP<Float> {
    var generator = Generator(seed: BenchData.modelSeed)
    return MLP(DemoProblem.sizes, using: &generator)
  }

  /// Two noisy clouds, and their sides, −1 and 1.
  static var data: (points: Tensor<Float>, sides: Tensor<Float>) {
    let noise = BenchData.matrix(points, 2, seed: 7)
    let sides = (0..<points).map { Float($0 % 2 == 0 ? 1 : -1) }
    return (
      Tensor(shape: noise.shape, elements: noise.elements.enumerated().map { $1 + 0.5 * sides[$0 / 2] }),
      Tensor(shape: [points, 1], elements: sides)
    )
  }

  func loss(_ model: MLP<Float>, _ points: Variable<Float>, _ sides: Variable<Float>) -> Variable<Float> {
    let margin = (1 - sides * model(points)).relu().mean()
    return margin + l2Penalty(model.parameters.map { points.tape.parameter($0) }, 2 * DemoProblem.lambda)
  }

  func step(_ model: MLP<Float>) -> TrainingStep<Float> {
    TrainingStep(optimizer: SGD(learningRate: DemoProblem.learningRate)) { loss(model, $0, $1) }
  }

  /// The losses of the first steps, which other libraries must reproduce.
  func losses(_ count: Int) throws -> [Float] {
    let step = step(model())
    let (points, sides) = DemoProblem.data
    return try (0..<count).map { _ in try step(points, sides) }
  }

  func prepared() throws -> PreparedRow {
    let model = model()
    let step = step(model)
    let (points, sides) = DemoProblem.data
    for number in 0..<3 {
      let tape = Tape<Float>()
      let expected = loss(model, tape.input(points), tape.input(sides)).scalar
      let found = try step(points, sides)
      guard found.bitPattern == expected.bitPattern else {
        throw CommandError.disagreement("the demonstration: step \(number) has the loss \(found), recorded \(expected)")
      }
    }
    return .microseconds { try step(points, sides) }
  }
}
