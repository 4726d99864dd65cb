import Adjoint
import AdjointDatasets
import AdjointLearning
import Testing

/// A step that is refused leaves no trace: everything goes on as if it had never been asked for.
struct RefusedStepTests {
  enum Refusal: String, CaseIterable, Sendable { case loss, gradient, store, rate, label, row }

  /// A small network with everything that a step could change: weights, running statistics, moments, masks.
  private final class Training {
    let layer: Linear<Float>
    let norm = BatchNorm<Float>(3, name: "norm")
    let scale = Parameter<Float>(Tensor([1]), name: "scale")
    let trace = Parameter<Float>(Tensor([0]), name: "trace")
    let step: TrainingStep<Float>

    init() {
      var generator = Generator(seed: 5)
      let layer = Linear<Float>(2, 3, name: "layer", using: &generator)
      self.layer = layer
      step = TrainingStep(optimizer: Adam(learningRate: 0.01), clipping: .norm(1), seed: 2) {
        [norm, scale, trace] x, labels in
        let tape = x.tape
        let size = x.square().sum()
        tape.store((size * 1e30).reshape(to: [1]), into: trace)
        // The derivative of the root is infinite where all inputs are 0; the loss is not.
        let root = (tape.parameter(scale) * size).sqrt().sum()
        return crossEntropy(logits: dropout(norm(layer(x)), rate: 0.5), labels: labels) + 0.001 * root
      }
    }

    var state: [[Float]] {
      (step.namedParameters + step.namedOptimizerState).map(\.parameter.value.elements) + [[Float(step.stepCount)]]
    }
  }

  private let labels = Tensor<Int32>([0, 1, 2, 1])

  private func refuse(_ refusal: Refusal, _ training: Training) throws {
    let step = training.step
    switch refusal {
    case .loss:
      var x: Tensor<Float> = normal([4, 2], seed: 9)
      x[linear: 3] = .infinity
      #expect(throws: TrainingError.self) { try step(x, labels) }
    case .gradient:
      let error = #expect(throws: TrainingError.self) { try step(.zeros([4, 2]), labels) }
      #expect(error?.failure == .gradient("'scale'"))
    case .store:
      let x: Tensor<Float> = normal([4, 2], seed: 9)
      let error = #expect(throws: TrainingError.self) { try step(x.map { 1e5 * $0 }, labels) }
      #expect(error?.failure == .store("'trace'"))
      #expect(error?.description.contains("the new value of the state 'trace' is not finite") == true)
    case .rate:
      step.schedule = .exponential(rate: 1e200)
      defer { step.schedule = .constant }
      let error = #expect(throws: TrainingError.self) { try step(normal([4, 2], seed: 9), labels) }
      #expect(error?.failure == .rate(.infinity))
    case .label:
      #expect(throws: FeedError.self) { try step(normal([4, 2], seed: 9), Tensor<Int32>([0, 1, 3, 1])) }
    case .row:
      let points = LabeledPoints(
        inputs: normal([6, 2], seed: 9), labels: [0, 1, 2, 0, 1, 2], classNames: ["a", "b", "c"])
      let error = #expect(throws: FeedError.self) { try step(rows: [0, 3, 6, 1][...], of: points) }
      #expect(error?.description == "TrainingStep: there is no example 6 among 6; give numbers in 0 ..< 6")
    }
  }

  @Test(arguments: Refusal.allCases)
  func `a refused step changes nothing, and training goes on in the same bits as without it`(refusal: Refusal) throws {
    let (tried, untroubled) = (Training(), Training())
    for number in 0..<6 {
      let x: Tensor<Float> = normal([4, 2], seed: UInt64(number))
      let losses = (try tried.step(x, labels), try untroubled.step(x, labels))
      #expect(losses.0.bitPattern == losses.1.bitPattern)
      #expect(tried.state == untroubled.state)
      if number >= 2 { try refuse(refusal, tried) }
      #expect(tried.state == untroubled.state)
    }
    #expect(tried.norm.runningMean.value.elements.contains { $0 != 0 })
  }

  @Test func `a refused step leaves the place of a trainer where it was`() throws {
    var generator = Generator(seed: 1)
    let model = MLP<Float>([2, 2], using: &generator)
    let points = LabeledPoints(
      inputs: Tensor([[1, 2], [3, .infinity], [5, 6], [7, 8]]), labels: [0, 1, 0, 1], classNames: ["a", "b"])
    let trainer = Trainer(
      step: TrainingStep(optimizer: SGD(learningRate: 0.001)) { crossEntropy(logits: model($0), labels: $1) },
      predictor: Predictor { model($0) }, training: points, epochs: 1, batchSize: 1, generator: Generator(seed: 2))
    for _ in 0..<2 {
      #expect(throws: TrainingError.self) { try trainer.run() }
      #expect(trainer.progress.batch == trainer.step.stepCount && trainer.progress.lossSum.isFinite)
    }
  }

  @Test func `a computed run stores and counts nothing until it is committed`() {
    let tape = Tape<Double>()
    let state = Parameter<Double>(Tensor([1]), name: "state")
    let next = tape.state(state) * 2
    tape.store(next, into: state)
    let program = Program<Double>([next])
    for _ in 0..<3 { program.compute() }
    #expect(program.step == 0 && state.value.elements == [1])
    program.commit()
    #expect(program.step == 1 && state.value.elements == [2])
  }
}
