import Adjoint
import AdjointDatasets
import AdjointLearning

/// Training steps of a digit classifier, 784-128-10, on made-up images.
struct Steps {
  private let data: LabeledPoints
  private let images: LabeledImages
  private let order: [Int]

  init() {
    var generator = Generator(seed: 1)
    let pixels = (0..<40 * 784).map { _ in Float(generator.uniform()) }
    data = LabeledPoints(
      inputs: Tensor(shape: [40, 784], elements: pixels), labels: (0..<40).map { Int32($0 % 10) },
      classNames: (0..<10).map(String.init))
    images = LabeledImages(
      pixels: pixels.map { UInt8(255 * $0) }, height: 28, width: 28, labels: data.labels, classNames: data.classNames)
    order = Array(0..<40)
  }

  /// The steps counted, by name: each a warmed-up call.
  func count() throws -> [String: Counts] {
    var counts: [String: Counts] = [:]
    try count("SGD", SGD(), into: &counts)
    try count("Adam", Adam(), into: &counts)
    try count("SGD, dropout", SGD(), dropout: 0.5, into: &counts)
    try count(
      "Momentum, everything", Momentum(), schedule: .warmUp(steps: 2, then: .cosine(steps: 100)),
      regularization: Regularization(l1: 1e-5, l2: 1e-4, decoupled: 1e-4), clipping: .norm(1), into: &counts)
    for network in Network.allCases {
      for threads in 1...2 {
        let (loss, batch) = network.made()
        let step = TrainingStep<Float>(optimizer: AdamW(), loss: loss)
        if threads > 1 { step.pool = WorkerPool(threads: threads) }
        for _ in 0..<2 { try batch.run(step) }
        counts["\(network.rawValue), \(threads) threads"] = try Counts.during { try batch.run(step) }
      }
    }
    return counts
  }

  private func count(
    _ name: String, _ optimizer: some Optimizer, schedule: Schedule = .constant,
    regularization: Regularization = .none, clipping: Clipping = .none, dropout: Double = 0,
    into counts: inout [String: Counts]
  ) throws {
    var generator = Generator(seed: 2)
    let model = MLP<Float>([784, 128, 10], dropout: dropout, using: &generator)
    let step = TrainingStep<Float>(
      optimizer: optimizer, schedule: schedule, regularization: regularization, clipping: clipping
    ) { crossEntropy(logits: model($0), labels: $1) }
    // A whole batch is large enough to be gathered by threads.
    let (whole, short) = (order[..<32], order[32..<37])
    let (batch, shortBatch) = (data.batch(whole), data.batch(short))
    for _ in 0..<2 {
      try step(batch.images, batch.labels)
      try step(rows: short, of: data)
    }
    counts["\(name): a batch"] = try Counts.during { try step(batch.images, batch.labels) }
    counts["\(name): a short batch"] = try Counts.during { try step(shortBatch.images, shortBatch.labels) }
    counts["\(name): image rows"] = try Counts.during { try step(rows: whole, of: images) }
    counts["\(name): rows"] = try Counts.during { try step(rows: whole, of: data) }
    counts["\(name): short rows"] = try Counts.during { try step(rows: short, of: data) }
    step.pool = WorkerPool(threads: 2)
    try step(rows: whole, of: images)
    counts["\(name): image rows, 2 threads"] = try Counts.during { try step(rows: whole, of: images) }
  }

  /// The program of loss and gradients alone, without and with dropout.
  func countRuns() -> [String: Counts] {
    var counts: [String: Counts] = [:]
    for (name, dropout) in [("784-128-10", 0), ("784-128-10, dropout", 0.5)] {
      var generator = Generator(seed: 2)
      let model = MLP<Float>([784, 128, 10], dropout: dropout, using: &generator)
      let batch = data.batch(order[..<32])
      let tape = Tape<Float>()
      let loss = crossEntropy(logits: model(tape.input(batch.images)), labels: tape.index(batch.labels))
      let leaves = tape.trainableParameters.map(\.leaf)
      let program = Program<Float>([loss] + gradients(of: loss, withRespectTo: leaves))
      program.run()
      counts[name] = Counts.during { program.run() }
      program.pool = WorkerPool(threads: 2)
      program.run()
      counts["\(name), 2 threads"] = Counts.during { program.run() }
    }
    for network in Network.allCases {
      let (loss, batch) = network.made()
      let tape = Tape<Float>(mode: .training)
      let y = batch.loss(loss, on: tape)
      let program = Program<Float>([y] + gradients(of: y, withRespectTo: tape.trainableParameters.map(\.leaf)))
      program.run()
      counts[network.rawValue] = Counts.during { program.run() }
      program.pool = WorkerPool(threads: 2)
      program.run()
      counts["\(network.rawValue), 2 threads"] = Counts.during { program.run() }
    }
    for (name, y) in largeTensors() {
      let program = Program<Float>([y])
      program.run()
      counts[name] = Counts.during { program.run() }
    }
    return counts
  }

  /// Operations on tensors that would not fit on the stack, over every set of axes.
  private func largeTensors() -> [(String, Variable<Float>)] {
    let x = Tape<Float>().input(.ones([8, 20, 12, 40]))
    var results = [("layer normalisation", layerNorm(x)), ("softmax along axis 1", x.softmax(axis: 1))]
    for bits in 1..<16 {
      let axes = (0..<4).filter { bits >> $0 & 1 == 1 }
      results.append(("sum over \(axes)", x.sum(axes: axes)))
      results.append(("variance over \(axes)", x.variance(axes: axes)))
      results.append(("maximum over \(axes)", x.max(axes: axes)))
    }
    return results
  }
}

/// Networks that are no perceptrons, each large enough for all ways in which a program runs its kind.
private enum Network: String, CaseIterable {
  case transformer, recurrent, convolutional

  /// Numbers and indices, in some order.
  enum Batch {
    case texts(Tensor<Int32>, Tensor<Int32>)
    case sequences(Tensor<Float>, Tensor<Float>)
    case images(Tensor<Float>, Tensor<Int32>)

    func run(_ step: TrainingStep<Float>) throws {
      switch self {
      case .texts(let x, let y): try step(x, y)
      case .sequences(let x, let y): try step(x, y)
      case .images(let x, let y): try step(x, y)
      }
    }

    func loss(_ loss: (Variable<Float>, Variable<Float>) -> Variable<Float>, on tape: Tape<Float>) -> Variable<Float> {
      switch self {
      case .texts(let x, let y): loss(tape.index(x), tape.index(y))
      case .sequences(let x, let y): loss(tape.input(x), tape.input(y))
      case .images(let x, let y): loss(tape.input(x), tape.index(y))
      }
    }
  }

  func made() -> (loss: (Variable<Float>, Variable<Float>) -> Variable<Float>, batch: Batch) {
    var generator = Generator(seed: 3)
    func numbers(_ shape: Shape) -> Tensor<Float> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.uniform()) })
    }
    func indices(_ shape: Shape, below bound: Int) -> Tensor<Int32> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { Int32($0 * 7 % bound) })
    }
    switch self {
    case .transformer:
      let characters = Embedding<Float>(17, 32, using: &generator)
      let blocks = (0..<2).map { _ in TransformerBlock<Float>(32, heads: 4, isCausal: true, using: &generator) }
      let norm = LayerNorm<Float>(32)
      let batch = Batch.texts(indices([2, 48], below: 17), indices([2, 48], below: 17))
      return (
        { crossEntropy(logits: characters.logits(of: norm(blocks.reduce(characters($0)) { $1($0) })), labels: $1) },
        batch
      )
    case .recurrent:
      let model = LSTM<Float>(24, 24, using: &generator)
      return ({ meanSquaredError(model($0), $1) }, .sequences(numbers([4, 6, 24]), numbers([4, 6, 24])))
    case .convolutional:
      let model = CNN<Float>(height: 28, width: 28, classes: 10, using: &generator)
      return (
        { crossEntropy(logits: model($0), labels: $1) }, .images(numbers([4, 28, 28, 1]), indices([4], below: 10))
      )
    }
  }
}
