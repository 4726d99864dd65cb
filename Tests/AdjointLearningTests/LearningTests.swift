import Adjoint
import AdjointDatasets
import AdjointLearning
import Testing

/// Training learns: small problems that no straight line solves.
struct LearningTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a 2-8-1 net learns exclusive or`(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    let model = MLP<Float>([2, 8, 1], activation: .tanh, initializer: .glorotUniform, using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.05)) { x, t in
      binaryCrossEntropy(logits: model(x), targets: t)
    }
    let corners = LabeledPoints.xor
    let targets = Tensor(shape: [4, 1], elements: corners.labels.map { Float($0) })
    var loss: Float = .infinity
    for _ in 0..<300 { loss = try step(corners.inputs, targets) }
    #expect(loss < 0.02)
    let logits = Predictor<Float>(batchSize: 4) { model($0) }(corners.inputs).elements
    #expect(logits.map { $0 > 0 } == corners.labels.map { $0 == 1 })
  }

  @Test func `a small net learns two spirals`() throws {
    var generator = Generator(seed: 2)
    let data = LabeledPoints.spirals(count: 240, turns: 1, using: &generator)
    let (training, validation) = data.split(validation: 0.25, using: &generator)
    let model = MLP<Float>([2, 32, 32, 2], activation: .relu, using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01)) { x, labels in
      crossEntropy(logits: model(x), labels: labels)
    }
    let trainer = Trainer(
      step: step, predictor: Predictor(batchSize: 60) { model($0) }, training: training, validation: validation,
      epochs: 80, batchSize: 32, generator: generator)
    try trainer.run()
    let metrics = try trainer.predictor.evaluate(on: validation)
    #expect(metrics.accuracy >= 0.95)
  }

  @Test func `regression straight from a data set follows a parabola`() throws {
    var generator = Generator(seed: 3)
    let data = RegressionPoints.samples(of: { $0 * $0 }, on: -1...1, count: 64)
    let model = MLP<Float>([1, 16, 1], activation: .tanh, initializer: .glorotNormal, using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.02)) { meanSquaredError(model($0), $1) }
    var loss: Float = .infinity
    for _ in 0..<150 {
      let batches = data.batches(of: 20, shuffledBy: &generator)
      for number in batches.indices { loss = try step(rows: batches.rows(ofBatch: number), of: data) }
    }
    #expect(loss < 0.002)
  }

  @Test func `a step from rows of a data set is the step from their tensors, bit for bit`() throws {
    var generator = Generator(seed: 4)
    let data = LabeledPoints.spirals(count: 30, using: &generator)
    let model = MLP<Float>([2, 5, 2], using: &generator)
    let twin = model.copy()
    let fromRows = TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: model($0), labels: $1) }
    let fromTensors = TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: twin($0), labels: $1) }
    for number in data.batches(of: 8).indices {
      let rows = data.batches(of: 8).rows(ofBatch: number)
      let batch = data.batch(rows)
      #expect(try fromRows(rows: rows, of: data) == fromTensors(batch.inputs, batch.labels))
    }
    for (a, b) in zip(model.parameters, twin.parameters) { #expect(a.value.elements == b.value.elements) }
  }
}
