import Adjoint
import AdjointCommandLine
import AdjointLearning

/// A training step of a network that is no perceptron: forward, loss, backward, update, on one batch that stays in place.
enum NetworkProblem: LoneProblem {
  /// Vocabulary of 65, four heads, AdamW.
  case gpt(width: Int, blocks: Int, context: Int, batch: Int)
  /// A layer as wide as its input and the mean square of its outputs' distances, Adam.
  case lstm(steps: Int, batch: Int, width: Int)
  /// The library's `CNN` for images of 28 × 28, Adam.
  case lenet(batch: Int)
  /// Batch normalisation, descent.
  case residual(channels: Int, blocks: Int, size: Int, batch: Int)

  static let vocabulary = 65
  static let heads = 4
  static let adamRate = 1e-4
  static let descentRate = 0.01
  /// The losses that must agree with the peers'.
  private static let losses = 5

  /// A network with its batch and optimiser.
  struct Made {
    let step: TrainingStep<Float>
    /// One step, which returns its loss.
    let run: () throws -> Float
    /// The loss of the batch, recorded eagerly.
    let recorded: () -> Variable<Float>
    let batch: (numbers: [Tensor<Float>], indices: [Tensor<Int32>])
  }

  func make() -> Made {
    var generator = Generator(seed: BenchData.modelSeed)
    var noise = Noise(seed: 11)
    func step(
      _ rule: some Optimizer, _ loss: @escaping (Variable<Float>, Variable<Float>) -> Variable<Float>
    ) -> TrainingStep<Float> { TrainingStep(optimizer: rule) { loss($0, $1) } }
    switch self {
    case .gpt(let width, let blocks, let context, let batch):
      let model = LanguageNetwork(
        vocabulary: Self.vocabulary, width: width, heads: Self.heads, blocks: blocks, context: context,
        using: &generator)
      let (x, y) = (
        noise.indices([batch, context], below: Self.vocabulary),
        noise.indices([batch, context], below: Self.vocabulary)
      )
      let loss = { (x: Variable<Float>, y: Variable<Float>) in crossEntropy(logits: model(x), labels: y) }
      let step = step(AdamW(learningRate: Self.adamRate), loss)
      return Made(
        step: step, run: { try step(x, y) },
        recorded: {
          let tape = Tape<Float>(mode: .training)
          return loss(tape.index(x), tape.index(y))
        }, batch: ([], [x, y]))
    case .lstm(let steps, let batch, let width):
      let model = LSTM<Float>(width, width, name: "lstm", using: &generator)
      let (x, y) = (noise.floats([batch, steps, width]), noise.floats([batch, steps, width]))
      let loss = { (x: Variable<Float>, y: Variable<Float>) in meanSquaredError(model(x), y) }
      let step = step(Adam(learningRate: Self.adamRate), loss)
      return Made(
        step: step, run: { try step(x, y) },
        recorded: {
          let tape = Tape<Float>(mode: .training)
          return loss(tape.input(x), tape.input(y))
        }, batch: ([x, y], []))
    case .lenet(let batch):
      let model = CNN<Float>(height: 28, width: 28, classes: 10, using: &generator)
      return images(model.callAsFunction, Adam(learningRate: Self.adamRate), 28, batch, noise)
    case .residual(let channels, let blocks, let size, let batch):
      let model = ResidualNetwork(channels: channels, blocks: blocks, using: &generator)
      return images(model.callAsFunction, SGD(learningRate: Self.descentRate), size, batch, noise)
    }
  }

  private func images(
    _ model: @escaping (Variable<Float>) -> Variable<Float>, _ rule: some Optimizer, _ size: Int, _ batch: Int,
    _ noise: Noise
  ) -> Made {
    var noise = noise
    let (x, y) = (noise.floats([batch, size, size, 1]), noise.indices([batch], below: 10))
    let loss = { (x: Variable<Float>, y: Variable<Float>) in crossEntropy(logits: model(x), labels: y) }
    let step = TrainingStep<Float>(optimizer: rule, loss: loss)
    return Made(
      step: step, run: { try step(x, y) },
      recorded: {
        let tape = Tape<Float>(mode: .training)
        return loss(tape.input(x), tape.index(y))
      }, batch: ([x], [y]))
  }

  // MARK: Row

  /// Forward, gradients of the weights, and gradients of the inputs of all layers but the first.
  var productOperations: Double? {
    switch self {
    case .gpt(let width, let blocks, let context, let batch):
      let tokens = batch * context
      let weights = blocks * 12 * width * width + Self.vocabulary * width
      return 6 * Double(tokens * weights) + 12 * Double(blocks * batch * context * context * width)
    case .lstm(let steps, let batch, let width):
      return 2 * Double(steps * batch * 4 * width) * Double(5 * width)
    case .lenet(let batch):
      let first = 24 * 24 * 25 * 16
      let others = 8 * 8 * 25 * 16 * 32 + 512 * 128 + 128 * 10
      return 2 * Double(batch) * Double(2 * first + 3 * others)
    case .residual(let channels, let blocks, let size, let batch):
      let (first, others) = (9 * channels, 2 * blocks * 9 * channels * channels)
      return 2 * Double(batch) * (Double(size * size * (2 * first + 3 * others)) + Double(30 * channels))
    }
  }

  var peers: [String] {
    switch self {
    case .gpt, .lstm: ["torch", "torch-compile", "jax-jit"]
    case .lenet, .residual: ["torch", "torch-channels-last", "torch-compile", "jax-jit"]
    }
  }

  /// The compiled step, after the losses of its first steps were those of an eager recording of the same network to the last bit. What
  /// the recording takes is no part of the row's memory.
  func prepared(threads: Int) throws -> PreparedRow {
    let (made, twin) = (make(), make())
    if threads > 1 { made.step.pool = WorkerPool(threads: threads) }
    let start = ContinuousClock.now
    var losses = [try made.run()]
    let first = start.duration(to: .now).seconds
    for _ in 0..<2 { losses.append(try made.run()) }
    let memory = PeakMemory.mebibytes
    for (number, loss) in losses.enumerated() {
      let expected = twin.recorded().scalar
      guard loss.bitPattern == expected.bitPattern, try twin.run().bitPattern == loss.bitPattern else {
        throw CommandError.disagreement("\(self): step \(number) has the loss \(loss), recorded \(expected)")
      }
    }
    var row = PreparedRow({ _ = try made.run() }, figure: { $0 * 1e3 })
    (row.pool, row.first, row.memory) = (made.step.pool, first, { memory })
    return row
  }

  func profiledStep(threads: Int) -> (step: TrainingStep<Float>, run: () throws -> Float)? {
    let made = make()
    if threads > 1 { made.step.pool = WorkerPool(threads: threads) }
    return (made.step, made.run)
  }

  func fields(_ folder: ExchangeFolder) throws -> [(String, JSON)] {
    let made = make()
    // Written before the steps move them.
    let parameters = made.recorded().tape.namedParameters
    let shapes = try folder.write(parameters.map(\.parameter.value), "parameters.f32")
    let losses = try (0..<Self.losses).map { _ in JSON.number(Double(try made.run())) }
    var fields: [(String, JSON)] = [
      ("names", .strings(parameters.map(\.name))),
      ("shapes", shapes),
      ("numbers", try folder.write(made.batch.numbers, "numbers.f32")), ("losses", .array(losses)),
      ("indices", .array(made.batch.indices.map { .integers($0.shape.map { $0 }) })),
    ]
    try folder.write(made.batch.indices.flatMap(\.elements), "indices.i32")
    switch self {
    case .gpt(_, let blocks, _, _):
      fields += [
        ("kind", .string("gpt")), ("heads", .integer(Self.heads)), ("blocks", .integer(blocks)),
        ("rate", .number(Self.adamRate)),
      ]
    case .lstm: fields += [("kind", .string("lstm")), ("rate", .number(Self.adamRate))]
    case .lenet: fields += [("kind", .string("lenet")), ("rate", .number(Self.adamRate))]
    case .residual(_, let blocks, _, _):
      fields += [("kind", .string("residual")), ("blocks", .integer(blocks)), ("rate", .number(Self.descentRate))]
    }
    return fields
  }
}
