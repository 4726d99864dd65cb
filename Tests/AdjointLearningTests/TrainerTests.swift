import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation
import Testing

/// The training loop: stopping early, keeping the best weights, and going on where it stopped.
struct TrainerTests {
  /// A trainer whose validation losses follow a script. The model's only parameter counts the epochs (its gradient is −1, its
  /// rate 1), and the predictor turns that number into logits (z, 0) for label 0 with ln(1 + e⁻ᶻ) as scripted.
  private static func scripted(
    _ losses: [Double], stopping: EarlyStopping?
  ) -> (trainer: Trainer<LabeledPoints>, epochsTrained: Parameter<Float>) {
    let counter = Parameter<Float>(Tensor([0]), name: "counter")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 1)) { x, _ in
      -(x.tape.parameter(counter).sum())
    }
    let script = Tensor<Float>(losses.map { Float(-Double.logarithm(Double.exponential($0) - 1)) })
    let predictor = Predictor<Float>(batchSize: 1) { x in
      let tape = x.tape
      let position = tape.constant(Tensor((1...losses.count).map { Float($0) }))
      let logit = (tape.constant(script) * (position .== tape.parameter(counter))).sum()
      return concatenate([logit.reshape(to: [1, 1]), tape.constant(.zeros([1, 1]))], axis: 1) + 0 * x.sum()
    }
    let data = LabeledPoints(inputs: .zeros([1, 1]), labels: [0], classNames: ["a", "b"])
    let trainer = Trainer(
      step: step, predictor: predictor, training: data, validation: data, epochs: losses.count, batchSize: 1,
      stopping: stopping, generator: Generator(seed: 1))
    return (trainer, counter)
  }

  private static let script = [1.0, 0.6, 0.8, 0.7, 0.65, 0.9, 0.95, 0.4, 0.5]

  @Test func `patience since the best epoch ends the training that many epochs after it, with its weights`() throws {
    let (trainer, counter) = Self.scripted(Self.script, stopping: EarlyStopping(patience: 3))
    try trainer.run()
    #expect(trainer.progress.history.count == 5)
    #expect(trainer.progress.isStopped && trainer.isFinished)
    #expect(trainer.progress.stopping.bestEpoch == 2)
    #expect(abs((trainer.progress.stopping.bestLoss ?? 0) - 0.6) < 1e-6)
    #expect(counter.value.elements == [2])
  }

  @Test func `consecutive increases are counted anew after every decrease`() throws {
    let rule = EarlyStopping(patience: 2, rule: .consecutiveIncreases)
    let (trainer, counter) = Self.scripted(Self.script, stopping: rule)
    try trainer.run()
    // 0.8 counts one, 0.7 and 0.65 start anew, 0.9 and 0.95 are two in a row.
    #expect(trainer.progress.history.count == 7)
    #expect(trainer.progress.stopping.count == 2)
    #expect(trainer.progress.stopping.bestEpoch == 2)
    #expect(counter.value.elements == [2])
  }

  @Test func `with enough patience all epochs are trained, and the best weights restored`() throws {
    let (trainer, counter) = Self.scripted(Self.script, stopping: EarlyStopping(patience: 6))
    try trainer.run()
    #expect(trainer.progress.history.count == 9 && !trainer.progress.isStopped)
    #expect(trainer.progress.stopping.bestEpoch == 8)
    #expect(counter.value.elements == [8])
  }

  @Test func `the best weights come back to each parameter, also where two share a name`() throws {
    let (a, b) = (Parameter<Float>(Tensor([0]), name: "w"), Parameter<Float>(Tensor([10]), name: "w"))
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 1)) { x, _ in
      -(x.tape.parameter(a).sum() + 2 * x.tape.parameter(b).sum())
    }
    let predictor = Predictor<Float>(batchSize: 1) { x in
      // Best for label 0 after the second epoch, when a is 2.
      let distance = (x.tape.parameter(a) - 2).square().reshape(to: [1, 1])
      return concatenate([-distance, 0 * distance], axis: 1) + 0 * x.sum()
    }
    let data = LabeledPoints(inputs: .zeros([1, 1]), labels: [0], classNames: ["a", "b"])
    let trainer = Trainer(
      step: step, predictor: predictor, training: data, validation: data, epochs: 4, batchSize: 1,
      stopping: EarlyStopping(patience: 9), generator: Generator(seed: 1))
    try trainer.run()
    #expect(a.value.elements == [2] && b.value.elements == [14])
  }

  @Test func `without early stopping the last weights stay`() throws {
    let (trainer, counter) = Self.scripted(Self.script, stopping: nil)
    try trainer.run()
    #expect(trainer.progress.history.count == 9)
    #expect(counter.value.elements == [9])
    let losses = trainer.progress.history.compactMap(\.validation?.loss)
    #expect(zip(losses, Self.script).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  /// A small classification with dropout, short last batches and a decaying rate: everything that must be resumed.
  private static func spirals() -> (trainer: Trainer<LabeledPoints>, model: MLP<Float>) {
    var generator = Generator(seed: 4)
    let model = MLP<Float>([2, 8, 2], dropout: 0.2, using: &generator)
    let data = LabeledPoints.spirals(count: 50, using: &generator)
    let (training, validation) = data.split(validation: 0.2, using: &generator)
    let step = TrainingStep<Float>(
      optimizer: Adam(learningRate: 0.01), schedule: .cosine(steps: 40), seed: 8
    ) { crossEntropy(logits: model($0), labels: $1) }
    let trainer = Trainer(
      step: step, predictor: Predictor(batchSize: 16) { model($0) }, training: training, validation: validation,
      epochs: 6, batchSize: 16, stopping: EarlyStopping(patience: 6), generator: generator)
    return (trainer, model)
  }

  @Test(arguments: [1, 2, 3, 7])
  func `a training interrupted every few steps ends in the bits of one that was not`(stride: Int) throws {
    let (whole, model) = Self.spirals()
    let (parts, other) = Self.spirals()
    var losses: (whole: [Float], parts: [Float]) = ([], [])
    try whole.run(afterStep: { loss in
      losses.whole.append(loss)
      return true
    })
    var visits = 0
    while !parts.isFinished {
      visits += 1
      try parts.run(afterStep: { loss in
        losses.parts.append(loss)
        return losses.parts.count % stride != 0
      })
    }
    #expect(losses.whole.count == 18 && losses.parts == losses.whole)
    #expect(visits >= 18 / stride)
    #expect(parts.progress == whole.progress)
    for (a, b) in zip(model.parameters, other.parameters) { #expect(a.value.elements == b.value.elements) }
  }

  @Test func `progress stands at a batch of an epoch, and survives being written as JSON`() throws {
    let (trainer, _) = Self.spirals()
    var steps = 0
    try trainer.run(afterStep: { _ in
      steps += 1
      return steps < 8
    })
    #expect(trainer.progress.epoch == 2 && trainer.progress.batch == 2)
    #expect(trainer.progress.history.map(\.number) == [1, 2])
    #expect(trainer.stepsPerEpoch == 3)
    let written = try JSONEncoder().encode(trainer.progress)
    #expect(try JSONDecoder().decode(TrainingProgress.self, from: written) == trainer.progress)
  }

  @Test func `the loss of an epoch is the mean over its examples, short batches weighed by their size`() throws {
    let (trainer, _) = Self.spirals()
    var losses: [Float] = []
    try trainer.run(afterStep: { loss in
      losses.append(loss)
      return losses.count < 3
    })
    try trainer.run(afterStep: { _ in false })
    let sizes = [16.0, 16, 8]
    let mean = zip(losses, sizes).reduce(0) { $0 + Double($1.0) * $1.1 } / 40
    #expect(abs((trainer.progress.history.first?.loss ?? 0) - mean) < 1e-12)
  }

  @Test func `an error names the epoch and the step`() throws {
    var generator = Generator(seed: 1)
    let model = MLP<Float>([2, 2], using: &generator)
    let data = LabeledPoints(
      inputs: Tensor([[1, 2], [3, .infinity], [5, 6]]), labels: [0, 1, 0], classNames: ["a", "b"])
    let trainer = Trainer(
      step: TrainingStep(optimizer: SGD()) { crossEntropy(logits: model($0), labels: $1) },
      predictor: Predictor { model($0) }, training: data, epochs: 1, batchSize: 1, generator: Generator(seed: 2))
    let error = #expect(throws: TrainingError.self) { try trainer.run() }
    #expect(error?.epoch == 1)
    #expect(error?.description.hasPrefix("epoch 1, step \((error?.step ?? 0) + 1): ") == true)
  }

  @Test func `prepare() makes the parameters known before the first step and changes nothing`() throws {
    let (trainer, model) = Self.spirals()
    let before = model.parameters.map(\.value.elements)
    try trainer.prepare()
    #expect(trainer.step.namedParameters.map(\.name) == ["fc1/weight", "fc1/bias", "fc2/weight", "fc2/bias"])
    #expect(model.parameters.map(\.value.elements) == before && trainer.step.stepCount == 0)
  }
}
