import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointLearning

/// A classifier and its update rule: shuffled gather of a batch from bytes, forward, cross-entropy, backward, update.
struct StepProblem: Sendable {
  enum Rule: String, Sendable { case sgd, adam }

  let sizes: [Int]
  let activation: Activation
  let rule: Rule
  /// Images in a step.
  let batch: Int
  /// Small enough that noise trains without trouble for as long as it is timed.
  static let learningRate = 0.01
  static let adamLearningRate = 0.0001

  init(_ sizes: [Int], _ activation: Activation = .relu, rule: Rule = .sgd, batch: Int = BenchData.batch) {
    (self.sizes, self.activation, self.rule, self.batch) = (sizes, activation, rule, batch)
  }

  var name: String {
    sizes.map(String.init).joined(separator: "-") + (activation == .relu ? "" : "-\(activation)")
      + (rule == .sgd ? "" : "-\(rule)") + (batch == BenchData.batch ? "" : "-batch-\(batch)")
  }

  /// Of a step of b images: 2bio for each product: forward and for the weights in each layer, for the input in all but the
  /// first.
  var productOperations: Double {
    let layers = Swift.zip(sizes, sizes.dropFirst()).map { Double($0 * $1) }
    let products = layers.enumerated().map { $1 * ($0 == 0 ? 2 : 3) }
    return 2 * Double(batch) * products.reduce(0, +)
  }

  func model() -> MLP<Float> {
    var generator = Generator(seed: BenchData.modelSeed)
    return MLP(sizes, activation: activation, using: &generator)
  }

  func step(of model: MLP<Float>) -> TrainingStep<Float> {
    func make(_ optimizer: some Optimizer) -> TrainingStep<Float> {
      TrainingStep(optimizer: optimizer) { crossEntropy(logits: model($0), labels: $1) }
    }
    return switch rule {
    case .sgd: make(SGD(learningRate: StepProblem.learningRate))
    case .adam: make(Adam(learningRate: StepProblem.adamLearningRate))
    }
  }

  /// The losses of the first steps, which other libraries must reproduce.
  func losses(_ count: Int, _ data: BenchData) throws -> [Float] {
    let step = step(of: model())
    return try (0..<count).map { try step(rows: data.rows(ofBatch: $0, of: batch), of: data.images) }
  }

  // MARK: Rows

  /// The compiled step, after its loss was that of an eager recording to the last bit, twice, and plain descent had moved
  /// every parameter by −αg.
  func prepared(threads: Int, _ data: BenchData) throws -> PreparedRow {
    let model = model()
    let step = step(of: model)
    if threads > 1 { step.pool = WorkerPool(threads: threads) }
    for number in 0..<2 {
      let rows = data.rows(ofBatch: number, of: batch)
      let eager = EagerStep(model, data.images.batch(rows))
      let expected = model.parameters.indices.map { eager.moved($0, by: StepProblem.learningRate) }
      let loss = try step(rows: rows, of: data.images)
      guard loss.bitPattern == eager.loss.scalar.bitPattern else {
        throw CommandError.disagreement("\(name): step \(number) has the loss \(loss), recorded \(eager.loss.scalar)")
      }
      for (parameter, moved) in Swift.zip(model.parameters, expected) where rule == .sgd && parameter.value != moved {
        throw CommandError.disagreement("\(name): a parameter \(parameter.shape) did not move by −αg in step \(number)")
      }
    }
    var number = 2
    return .microseconds(on: step.pool) {
      try step(rows: data.rows(ofBatch: number, of: batch), of: data.images)
      number += 1
    }
  }

  /// The same step recorded anew every time, as a loss with `if` and `for` needs it.
  func preparedEagerly(_ data: BenchData) throws -> PreparedRow {
    let model = model()
    let tape = Tape<Float>()
    func run(_ number: Int) -> Float {
      tape.truncate()
      let eager = EagerStep(model, data.images.batch(data.rows(ofBatch: number, of: batch)), on: tape)
      for (position, parameter) in model.parameters.enumerated() {
        eager.descend(parameter, position, rate: Float(StepProblem.learningRate))
      }
      return eager.loss.scalar
    }
    for (number, loss) in try losses(3, data).enumerated() {
      let found = run(number)
      guard found.bitPattern == loss.bitPattern else {
        throw CommandError.disagreement("\(name), eager: step \(number) has the loss \(found), compiled \(loss)")
      }
    }
    var number = 3
    return .microseconds {
      _ = run(number)
      number += 1
    }
  }

  /// Loss and gradients over the loss alone, both compiled.
  func preparedRatio(_ data: BenchData) throws -> PreparedRow {
    let eager = EagerStep(model(), data.images.batch(data.rows(ofBatch: 0, of: batch)))
    let forward = Program<Float>([eager.loss])
    let both = Program<Float>([eager.loss] + eager.gradients)
    forward.run()
    both.run()
    guard forward.value(of: eager.loss) == both.value(of: eager.loss) else {
      throw CommandError.disagreement("\(name): the loss with and without gradients differs")
    }
    return PreparedRow(ratioOf: { both.run() }, to: { forward.run() })
  }

  /// Logits of the first batch, recorded.
  func logits(_ data: BenchData) -> (inputs: Variable<Float>, logits: Variable<Float>) {
    let tape = Tape<Float>(mode: .inference)
    let model = model()
    let inputs = tape.input(data.images.batch(data.rows(ofBatch: 0, of: batch)).images, name: "inputs")
    return (inputs, model(inputs))
  }

  /// Logits of a batch whose inputs are in place.
  func preparedInference(threads: Int, _ data: BenchData) throws -> PreparedRow {
    let (inputs, logits) = logits(data)
    let program = Program<Float>([logits, inputs])
    if threads > 1 { program.pool = WorkerPool(threads: threads) }
    program.run()
    guard program.value(of: logits) == logits.value else {
      throw CommandError.disagreement("\(name): the compiled logits are not those recorded")
    }
    return .microseconds(on: program.pool) { program.run() }
  }
}

/// Loss and gradients of one batch, recorded.
struct EagerStep {
  let loss: Variable<Float>
  let gradients: [Variable<Float>]
  private let model: MLP<Float>

  init(_ model: MLP<Float>, _ batch: Batch<Int32>, on tape: Tape<Float> = Tape()) {
    let (inputs, labels) = (tape.input(batch.images), tape.index(batch.labels))
    loss = crossEntropy(logits: model(inputs), labels: labels)
    gradients = Adjoint.gradients(of: loss, withRespectTo: model.parameters.map { tape.parameter($0) })
    self.model = model
  }

  /// θ − αg, computed plainly.
  func moved(_ position: Int, by rate: Double) -> Tensor<Float> {
    let (old, g, alpha) = (model.parameters[position].value, gradients[position].value, Float(rate))
    return Tensor(shape: old.shape, elements: Swift.zip(old.elements, g.elements).map { $0 - alpha * $1 })
  }

  /// θ ← θ − αg, in place.
  func descend(_ parameter: Parameter<Float>, _ position: Int, rate: Float) {
    let g = gradients[position].value.elements
    parameter.withElements { values in
      for i in values.indices { values[i] -= rate * g[i] }
    }
  }
}

extension StepProblem {
  /// The compiled step in `Double`, fed with batches that were converted before, after its loss was that of an eager
  /// recording to the last bit.
  func preparedInDouble(_ data: BenchData) throws -> PreparedRow {
    var generator = Generator(seed: BenchData.modelSeed)
    let model = MLP<Double>(sizes, activation: activation, using: &generator)
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: StepProblem.learningRate)) {
      crossEntropy(logits: model($0), labels: $1)
    }
    let batches = (0..<8).map { number in
      let batch = data.images.batch(data.rows(ofBatch: number, of: batch))
      return (images: batch.inputs.map(Double.init), labels: batch.targets)
    }
    for number in 0..<2 {
      let (images, labels) = batches[number]
      let tape = Tape<Double>()
      let recorded = crossEntropy(logits: model(tape.input(images)), labels: tape.index(labels)).scalar
      let loss = try step(images, labels)
      guard loss.bitPattern == recorded.bitPattern else {
        throw CommandError.disagreement("\(name), Double: step \(number) has the loss \(loss), recorded \(recorded)")
      }
    }
    var number = 2
    return .microseconds {
      _ = try step(batches[number % 8].images, batches[number % 8].labels)
      number += 1
    }
  }

  /// The bytes that a compiled loss with its gradients needs: nothing is timed.
  func preparedMemoryPlan(_ data: BenchData) -> PreparedRow {
    let eager = EagerStep(model(), data.images.batch(data.rows(ofBatch: 0, of: batch)))
    let bytes = Program<Float>([eager.loss] + eager.gradients).byteCount
    var row = PreparedRow({}, figure: { _ in Double(bytes) / 1024 })
    row.mostSamples = 1
    return row
  }
}
