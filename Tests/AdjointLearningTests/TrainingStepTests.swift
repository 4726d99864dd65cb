import Adjoint
import AdjointLearning
import Testing

/// A step against the same thing recorded eagerly, and what a step shares from shape to shape.
struct TrainingStepTests {
  private static func model(seed: UInt64 = 1, dropout: Double = 0) -> MLP<Float> {
    var generator = Generator(seed: seed)
    return MLP<Float>([6, 8, 3], activation: .tanh, dropout: dropout, using: &generator)
  }

  private static func batch(_ count: Int, seed: UInt64) -> (Tensor<Float>, Tensor<Int32>) {
    (normal([count, 6], seed: seed), Tensor((0..<count).map { Int32(($0 * 7 + Int(seed)) % 3) }))
  }

  private static func bits(_ model: MLP<Float>) -> [UInt32] {
    model.parameters.flatMap { $0.value.elements.map(\.bitPattern) }
  }

  private static func step(_ model: MLP<Float>, _ optimizer: some Optimizer = Adam(learningRate: 0.01))
    -> TrainingStep<Float>
  {
    TrainingStep(optimizer: optimizer) { crossEntropy(logits: model($0), labels: $1) }
  }

  @Test func `replay equals eager recording bit for bit`() throws {
    let (replayed, eager) = (Self.model(), Self.model())
    let step = Self.step(replayed, SGD(learningRate: 0.5))
    for number in 0..<6 {
      let (x, labels) = Self.batch(5, seed: UInt64(number))
      let loss = try step(x, labels)

      let tape = Tape<Float>()
      let eagerLoss = crossEntropy(logits: eager(tape.input(x)), labels: tape.index(labels))
      let trained = tape.trainableParameters
      let slopes = gradients(of: eagerLoss, withRespectTo: trained.map(\.leaf))
      for ((_, parameter), slope) in zip(trained, slopes) {
        let g = slope.value
        parameter.withElements { w in for i in w.indices { w[i] = w[i] - 0.5 * g.elements[i] } }
      }
      #expect(loss.bitPattern == eagerLoss.scalar.bitPattern)
      #expect(Self.bits(replayed) == Self.bits(eager))
    }
  }

  @Test func `a short last batch is a second program on the same parameters and optimiser state`() throws {
    let (alternating, eachAnew) = (Self.model(), Self.model())
    let step = Self.step(alternating)
    // The same six updates, with the moments of Adam computed here.
    var moments: [[(Double, Double)]] = eachAnew.parameters.map { Array(repeating: (0, 0), count: $0.count) }
    for number in 0..<6 {
      let (x, labels) = Self.batch(number % 3 == 2 ? 2 : 5, seed: UInt64(number))
      try step(x, labels)
      let tape = Tape<Float>()
      let loss = crossEntropy(logits: eachAnew(tape.input(x)), labels: tape.index(labels))
      let slopes = gradients(of: loss, withRespectTo: eachAnew.parameters.map { tape.parameter($0) }).map(\.value)
      let t = Double(number + 1)
      for (p, parameter) in eachAnew.parameters.enumerated() {
        parameter.withElements { w in
          for i in w.indices {
            let g = Double(slopes[p].elements[i])
            moments[p][i] = (0.9 * moments[p][i].0 + 0.1 * g, 0.999 * moments[p][i].1 + 0.001 * g * g)
            let mean = moments[p][i].0 / (1 - Double.power(0.9, t))
            let squares = moments[p][i].1 / (1 - Double.power(0.999, t))
            w[i] -= Float(0.01 * mean / (squares.squareRoot() + 1e-8))
          }
        }
      }
    }
    #expect(step.stepCount == 6)
    for (a, b) in zip(alternating.parameters, eachAnew.parameters) {
      #expect(distance(a.value.elements, b.value.elements) < 2e-5)
    }
  }

  @Test func `the loss is recorded once per input shape`() throws {
    let model = Self.model()
    // The closure runs on this thread only.
    nonisolated(unsafe) var recordings = 0
    let step = TrainingStep<Float>(optimizer: SGD()) { x, labels in
      recordings += 1
      return crossEntropy(logits: model(x), labels: labels)
    }
    for number in 0..<9 {
      let (x, labels) = Self.batch(number % 3 == 2 ? 2 : 5, seed: UInt64(number))
      try step(x, labels)
    }
    #expect(recordings == 2)
  }

  @Test func `two steps on one model share its parameters but not the optimiser's state`() throws {
    let model = Self.model()
    let (first, second) = (Self.step(model, Momentum()), Self.step(model, Momentum()))
    let (x, labels) = Self.batch(5, seed: 1)
    let losses = try (0..<10).map { try $0 % 2 == 0 ? first(x, labels) : second(x, labels) }
    #expect(losses[9] < losses[0])
    #expect(Set(losses).count == 10)
    #expect(first.stepCount == 5 && second.stepCount == 5)
  }

  @Test func `a program and a step share parameters: the program computes with the present ones`() throws {
    let model = Self.model()
    let step = Self.step(model)
    let (x, labels) = Self.batch(5, seed: 1)
    let tape = Tape<Float>(mode: .inference)
    let (input, index) = (tape.input(x), tape.index(labels))
    let loss = crossEntropy(logits: model(input), labels: index)
    let program = Program<Float>([loss])
    for _ in 0..<3 {
      program.run()
      #expect(program.value(of: loss)[linear: 0] == (try step(x, labels)))
    }
  }

  @Test func `two steps of one seed end in the same bits, dropout included, and another seed in others`() throws {
    func train(seed: UInt64) throws -> [UInt32] {
      let model = Self.model(dropout: 0.5)
      let step = TrainingStep<Float>(optimizer: Adam(), seed: seed) { crossEntropy(logits: model($0), labels: $1) }
      for number in 0..<5 {
        let (x, labels) = Self.batch(number == 4 ? 2 : 5, seed: UInt64(number))
        try step(x, labels)
      }
      return Self.bits(model)
    }
    let first = try train(seed: 9)
    #expect(try train(seed: 9) == first)
    #expect(try train(seed: 10) != first)
  }

  @Test func `numeric targets and losses of one input train too, in Double as well`() throws {
    let weight = Parameter<Double>(Tensor([[0.0, 0]]), name: "w")
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x, y in
      meanSquaredError(x.matmul(x.tape.parameter(weight), transposeB: true), y)
    }
    let x: Tensor<Double> = normal([20, 2], seed: 3)
    let y = Tensor(shape: [20, 1], elements: (0..<20).map { 3 * x[$0, 0] - 2 * x[$0, 1] })
    for _ in 0..<300 { try step(x, y) }
    #expect(distance(weight.value.elements, [3, -2]) < 1e-9)
  }

  @Test func `a tape, a loss and the names of the parameters are there after the first step`() throws {
    let step = Self.step(Self.model())
    #expect(step.tape == nil && step.loss == nil && step.namedParameters.isEmpty)
    let (x, labels) = Self.batch(5, seed: 1)
    try step(x, labels)
    #expect(step.loss?.shape == [])
    #expect(step.namedParameters.map(\.name) == ["fc1/weight", "fc1/bias", "fc2/weight", "fc2/bias"])
    #expect(step.tape?.mode == .training)
  }
}
