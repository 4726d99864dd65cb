import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// Steps without a trainer stop and go on in the same bits: an autoencoder, a language model, and an adversarial pair.
struct StepResumeTests {
  /// A training whose batches come from a generator.
  private protocol Training: AnyObject {
    var steps: [TrainingStep<Float>] { get }
    init() throws
    func prepare() throws
    /// Makes one step of each.
    func advance(_ generator: inout Generator) throws
  }

  private static func points(_ count: Int, _ generator: inout Generator) -> Tensor<Float> {
    Tensor(
      shape: [count, 2],
      elements: (0..<count).flatMap { _ in
        let angle = generator.uniform(0, 2 * Double.pi)
        return [Float(Double.sine(angle)), Float(Double.sine(angle + Double.pi / 2))]
      })
  }

  private static func mlp(_ sizes: [Int], _ name: String, seed: UInt64) -> MLP<Float> {
    var generator = Generator(seed: seed)
    return MLP(sizes, activation: .tanh, name: name, using: &generator)
  }

  private final class Autoencoder: Training {
    private struct Model: Module {
      var encoder = mlp([2, 12, 4], "encoder", seed: 1)
      var decoder = mlp([2, 12, 2], "decoder", seed: 2)
      static var parts: [PartialKeyPath<Model>] { [\.encoder, \.decoder] }
    }

    let steps: [TrainingStep<Float>]

    init() throws {
      let model = Model()
      steps = [
        TrainingStep(
          optimizer: AdamW(learningRate: 0.01), schedule: .cosine(steps: 50),
          groups: [ParameterGroup(.vectors, decay: 0), ParameterGroup(.of(model.decoder), rate: 0.5)],
          averaging: .exponential(decay: 0.9), seed: 3
        ) { x in
          let code = model.encoder(x)
          let (mean, spread) = (code.slice(0..<2, axis: 1), code.slice(2..<4, axis: 1))
          let noise = x.tape.random(.normal(mean: 0, deviation: 1), shape: mean.shape)
          let reconstruction = meanSquaredError(model.decoder(mean + noise * (0.5 * spread).exp()), x)
          let divergence = -0.5 * (1 + spread - mean.square() - spread.exp()).mean()
          return (reconstruction + 0.1 * divergence, ["divergence": divergence])
        }
      ]
    }

    func prepare() throws {
      var generator = Generator(seed: 0)
      try steps[0].prepare(points(8, &generator))
    }

    func advance(_ generator: inout Generator) throws {
      let batches = [points(8, &generator), points(5, &generator)]
      try steps[0](accumulating: batches)
      try steps[0](points(8, &generator))
    }
  }

  private final class LanguageModel: Training {
    private struct Text: StepInput {
      var tokens: Tensor<Int32>
      var next: Tensor<Int32>
      var weights: Tensor<Float>
    }

    let steps: [TrainingStep<Float>]

    init() throws {
      let table = Parameter<Float>(normal([7, 6], seed: 1), name: "embedding")
      let head = mlp([6, 16, 7], "head", seed: 2)
      steps = [
        TrainingStep(
          of: Text.self, optimizer: LAMB(learningRate: 0.01), clipping: .norm(1), averaging: .uniform(after: 3), seed: 5
        ) { text in
          let x = dropout(text.tokens.tape.parameter(table).gather(text.tokens), rate: 0.2)
          return crossEntropy(logits: head(x), labels: text.next) * text.weights.mean()
        }
      ]
    }

    private func text(_ count: Int, _ generator: inout Generator) -> Text {
      let tokens = (0...count).map { _ in Int32(generator.uniform(0, 7)) }
      return Text(
        tokens: Tensor(Array(tokens.dropLast())), next: Tensor(Array(tokens.dropFirst())),
        weights: Tensor((0..<count).map { _ in Float(generator.uniform()) }))
    }

    func prepare() throws {
      var generator = Generator(seed: 0)
      steps[0].prepare(text(9, &generator))
    }

    func advance(_ generator: inout Generator) throws {
      try steps[0](text(9, &generator))
      try steps[0](accumulating: [text(3, &generator), text(4, &generator)])
    }
  }

  private final class Adversaries: Training {
    let generator = mlp([3, 12, 2], "generator", seed: 1)
    let critic = mlp([2, 12, 1], "critic", seed: 2)
    let steps: [TrainingStep<Float>]

    init() throws {
      let (generator, critic) = (generator, critic)
      func drawn(_ real: Variable<Float>) -> Variable<Float> {
        generator(real.tape.random(.normal(mean: 0, deviation: 1), shape: [real.shape[0], 3]))
      }
      steps = [
        TrainingStep(optimizer: Adam(learningRate: 0.01, beta1: 0.5), updating: .of(critic), seed: 1) { real in
          (softplus(-critic(real)) + softplus(critic(drawn(real)))).mean()
        },
        TrainingStep(optimizer: Momentum(learningRate: 0.02), updating: .of(generator), seed: 2) { real in
          softplus(-critic(drawn(real))).mean()
        },
      ]
    }

    func prepare() throws {
      var generator = Generator(seed: 0)
      for step in steps { try step.prepare(points(8, &generator)) }
    }

    func advance(_ generator: inout Generator) throws {
      try steps[0](points(8, &generator))
      try steps[1](points(8, &generator))
    }
  }

  /// ln(1 + eˣ)
  private static func softplus(_ x: Variable<Float>) -> Variable<Float> { x.relu() + (1 + (-x.abs()).exp()).log() }

  private static func bits(_ training: some Training) -> [[UInt32]] {
    training.steps.flatMap { step in
      (step.namedParameters + step.namedOptimizerState + step.namedAverages).map {
        $0.parameter.value.elements.map(\.bitPattern)
      }
    }
  }

  private func resume<T: Training>(_: T.Type) throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("steps")
    let whole = try T()
    var generator = Generator(seed: 9)
    for _ in 0..<3 { try whole.advance(&generator) }
    try Checkpoint.save(whole.steps, generator: generator, settings: ["by": "test"], to: url)
    let saved = Self.bits(whole)
    for _ in 0..<4 { try whole.advance(&generator) }

    let resumed = try T()
    try resumed.prepare()
    var other = try #require(try Checkpoint(contentsOf: url).restore(into: resumed.steps))
    #expect(Self.bits(resumed) == saved)
    for _ in 0..<4 { try resumed.advance(&other) }
    #expect(Self.bits(resumed) == Self.bits(whole) && Self.bits(whole) != saved)
    #expect(other == generator && resumed.steps.map(\.stepCount) == whole.steps.map(\.stepCount))
    #expect(try Checkpoint(contentsOf: url).description.contains("steps of a training"))
  }

  @Test func `tensors written in place prepare a step of any precision`() throws {
    let model = StepResumeTests.mlp([2, 3], "m", seed: 1)
    let one = TrainingStep<Float>(optimizer: SGD()) { x in model(x).mean() }
    try one.prepare(Tensor.zeros([4, 2]))
    try one.prepare(Tensor([[1, 2]]))
    let classes = TrainingStep<Float>(optimizer: SGD()) { x, labels in crossEntropy(logits: model(x), labels: labels) }
    try classes.prepare(Tensor.ones([2, 2]), [0, 2])
    #expect([one, classes].map(\.recordingCount) == [2, 1])
    try one(Tensor([[1, 2]]))
    #expect(one.recordingCount == 2, "the step of this shape was recorded already")
  }

  @Test func `an autoencoder with groups, an average and micro-batches goes on in the same bits`() throws {
    try resume(Autoencoder.self)
  }

  @Test func `a language model that is fed a struct goes on in the same bits`() throws {
    try resume(LanguageModel.self)
  }

  @Test func `an adversarial pair with two optimisers goes on in the same bits, each step updating its own`() throws {
    try resume(Adversaries.self)
    let pair = try Adversaries()
    var generator = Generator(seed: 9)
    let before = (pair.generator.parameters.map(\.value), pair.critic.parameters.map(\.value))
    try pair.steps[0](Self.points(8, &generator))
    #expect(pair.generator.parameters.map(\.value) == before.0 && pair.critic.parameters.map(\.value) != before.1)
    let critic = pair.critic.parameters.map(\.value)
    try pair.steps[1](Self.points(8, &generator))
    #expect(pair.generator.parameters.map(\.value) != before.0 && pair.critic.parameters.map(\.value) == critic)
  }

  @Test func `a file of other steps is refused, and nothing is changed`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("steps")
    let pair = try Adversaries()
    var generator = Generator(seed: 9)
    try pair.advance(&generator)
    try Checkpoint.save(pair.steps, to: url)
    let file = try Checkpoint(contentsOf: url)
    func refused(_ steps: [TrainingStep<Float>], _ words: String) {
      let error = #expect(throws: FileError.self) { try file.restore(into: steps) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    let fresh = try Adversaries()
    refused(fresh.steps, "Call prepare(…)")
    try fresh.prepare()
    let before = Self.bits(fresh)
    refused([fresh.steps[0]], "1 steps")
    refused(fresh.steps.reversed(), "The model, loss or shapes are others")
    let text = try LanguageModel()
    try text.prepare()
    refused(text.steps + fresh.steps.suffix(1), "The model, loss or shapes are others")
    fresh.steps[1].optimizer = Adam()
    let kept = Self.bits(fresh)
    refused(fresh.steps, "optimizer/2/")
    #expect(Self.bits(fresh) == kept && before.prefix(8) == kept.prefix(8))
    #expect(try file.restore(into: pair.steps) == nil)
  }

  @Test func `a trainer of two steps stops in the middle of an epoch and goes on in the same bits`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("pair")
    func trainer() throws -> Trainer<LabeledPoints> {
      let pair = try Adversaries()
      var generator = Generator(seed: 2)
      return Trainer(
        steps: pair.steps, training: LabeledPoints.spirals(count: 30, using: &generator), epochs: 3, batchSize: 8,
        generator: Generator(seed: 1)
      ) { batch in
        try pair.steps[1](accumulating: [batch.inputs, batch.inputs])
        _ = try pair.steps[0](batch.inputs)
        return try pair.steps[0](batch.inputs)
      }
    }
    func bits(_ trainer: Trainer<LabeledPoints>) -> [[Float]] {
      trainer.steps.flatMap { ($0.namedParameters + $0.namedOptimizerState).map(\.parameter.value.elements) }
    }
    let (whole, resumed) = (try trainer(), try trainer())
    try whole.run(afterStep: { _ in whole.progress.epoch == 0 || whole.progress.batch < 2 })
    #expect(whole.steps.map(\.stepCount) == [12, 6])
    try Checkpoint.save(whole, to: url)
    let saved = bits(whole)
    try whole.run()
    try Checkpoint(contentsOf: url).restore(into: resumed)
    #expect(bits(resumed) == saved && resumed.steps.map(\.stepCount) == [12, 6])
    try resumed.run()
    #expect(bits(resumed) == bits(whole) && bits(whole) != saved)
    #expect(resumed.history == whole.history && whole.history.count == 3)
  }

  @Test func `a training whose weights are averaged resumes with its averages`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("trainer")
    func trainer() -> Trainer<LabeledPoints> {
      var generator = Generator(seed: 2)
      let points = LabeledPoints.spirals(count: 40, using: &generator)
      let model = Self.mlp([2, 5, 2], "fc", seed: 4)
      return Trainer(
        step: TrainingStep(optimizer: Adam(), averaging: .exponential(decay: 0.9)) {
          crossEntropy(logits: model($0), labels: $1)
        },
        predictor: Predictor { model($0) }, training: points, epochs: 3, batchSize: 10, generator: Generator(seed: 1))
    }
    let (whole, resumed) = (trainer(), trainer())
    try whole.run(afterStep: { _ in whole.progress.batch < 2 })
    try Checkpoint.save(whole, to: url)
    try whole.run()
    try Checkpoint(contentsOf: url).restore(into: resumed)
    try resumed.run()
    let averages = [whole, resumed].map { $0.step.namedAverages.map(\.parameter.value) }
    #expect(averages[0] == averages[1] && averages[0].count == 4)
  }
}
