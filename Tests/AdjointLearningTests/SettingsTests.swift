import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// What can be changed between two steps acts at the next one.
struct SettingsTests {
  private let a = Parameter<Double>(Tensor([1, 2]), name: "a")
  private let b = Parameter<Double>(Tensor([3, 4]), name: "b")

  /// Σ x a² + Σ b²
  private func step(_ optimizer: some Optimizer) -> TrainingStep<Double> {
    TrainingStep(optimizer: optimizer) { [a, b] x in
      x.sum() * x.tape.parameter(a).square().sum() + x.tape.parameter(b).square().sum()
    }
  }

  private func near(_ a: [Double], _ b: [Double]) -> Bool { distance(a, b) < 1e-7 }

  @Test func `freezing and thawing act at the next step, whatever the size of the batch`() throws {
    let step = step(SGD(learningRate: 0.1))
    try step(Tensor([1]))
    #expect(near(a.value.elements, [0.8, 1.6]) && near(b.value.elements, [2.4, 3.2]))
    a.isFrozen = true
    try step(Tensor([1]))
    try step(Tensor([0.5, 0.5]))
    #expect(near(a.value.elements, [0.8, 1.6]) && near(b.value.elements, [1.536, 2.048]))
    (a.isFrozen, b.isFrozen) = (false, true)
    try step(Tensor([1]))
    #expect(near(a.value.elements, [0.64, 1.28]) && near(b.value.elements, [1.536, 2.048]))
  }

  @Test func `two steps that freeze each other's parameters in turn train their own alone`() throws {
    // The closures run on this thread only.
    nonisolated(unsafe) var recordings = 0
    let (first, second) = (a, b)
    let step = TrainingStep<Double>(optimizer: Momentum(learningRate: 0.1)) { x in
      recordings += 1
      return (x * (x.tape.parameter(first) + x.tape.parameter(second))).sum()
    }
    for turn in 0..<6 {
      (first.isFrozen, second.isFrozen) = (turn % 2 == 0, turn % 2 == 1)
      let before = (first.value, second.value)
      try step(Tensor([1, 1]))
      #expect((first.value == before.0) == first.isFrozen && (second.value == before.1) == second.isFrozen)
    }
    #expect(recordings == 2, "each of the two sets is recorded once")
  }

  @Test func `values written between steps and a changed rate act at the next step`() throws {
    let step = step(SGD(learningRate: 0.1))
    try step(Tensor([1]))
    a.value = Tensor([10, 20])
    step.optimizer.learningRate = 0.2
    try step(Tensor([1]))
    #expect(near(a.value.elements, [6, 12]))
  }

  @Test func `another optimiser begins with fresh state, and counts from its own first step`() throws {
    let step = step(SGD(learningRate: 0.1))
    try step(Tensor([1]))
    step.optimizer = Adam(learningRate: 0.01)
    #expect(step.namedOptimizerState.map(\.name) == ["a/mean", "a/squares", "b/mean", "b/squares"])
    try step(Tensor([1]))
    // Adam's first step is its rate, whatever the gradient.
    #expect(near(a.value.elements, [0.79, 1.59]))
    for _ in 0..<3 { try step(Tensor([1])) }
    step.optimizer = Adam(learningRate: 0.01)
    let before = a.value.elements
    try step(Tensor([1]))
    #expect(near(a.value.elements, before.map { $0 - 0.01 }))
    step.optimizer = SGD(learningRate: 0.1)
    let last = a.value.elements
    try step(Tensor([1]))
    #expect(near(a.value.elements, last.map { 0.8 * $0 }))
  }

  @Test func `a change of the rate keeps what the optimiser has gathered`() throws {
    let step = step(Momentum(learningRate: 0.1, momentum: 0.5))
    var (w, velocity) = (1.0, 0.0)
    for number in 0..<4 {
      if number == 2 { step.optimizer.learningRate = 0.05 }
      velocity = 0.5 * velocity + 2 * w
      w -= (number < 2 ? 0.1 : 0.05) * velocity
      try step(Tensor([1]))
      #expect(abs(a.value[0] - w) < 1e-14)
    }
  }

  @Test func `a training whose optimiser was replaced resumes in the same bits`() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appendingPathComponent("replaced")
    func trainer(_ optimizer: any Optimizer) -> (Trainer<LabeledPoints>, MLP<Float>) {
      var generator = Generator(seed: 4)
      let model = MLP<Float>([2, 4, 2], using: &generator)
      let points = LabeledPoints.spirals(count: 40, using: &generator)
      func step(_ optimizer: some Optimizer) -> TrainingStep<Float> {
        TrainingStep(optimizer: optimizer) { crossEntropy(logits: model($0), labels: $1) }
      }
      return (
        Trainer(
          step: step(optimizer), predictor: Predictor { model($0) }, training: points, epochs: 3, batchSize: 10,
          generator: generator), model
      )
    }
    let (whole, model) = trainer(SGD(learningRate: 0.1))
    try whole.run(afterStep: { _ in whole.progress.batch < 3 })
    whole.step.optimizer = Adam(learningRate: 0.01)
    try whole.run(afterStep: { _ in whole.progress.epoch == 0 || whole.progress.batch < 2 })
    try Checkpoint.save(whole, to: url)
    try whole.run()
    let (resumed, twin) = trainer(Adam(learningRate: 0.01))
    try Checkpoint(contentsOf: url).restore(into: resumed)
    try resumed.run()
    #expect(model.parameters.map(\.value) == twin.parameters.map(\.value))
  }

  @Test func `targets of another kind are recorded anew`() throws {
    let weight = Parameter<Float>(Tensor([[1, 0]]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1)) { x, targets in
      let y = x * x.tape.parameter(weight)
      return targets.holdsIndices
        ? crossEntropy(logits: y, labels: targets) : meanSquaredError(y.sum(axes: [1]), targets)
    }
    let x = Tensor<Float>([[1, 2], [3, 4]])
    #expect(try step(x, Tensor<Int32>([0, 1])) > 0)
    #expect(try step(x, Tensor<Float>([1, 0])) > 0)
  }

  @Test func `a recording from before a step is refused by its gradient`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Double>(Tensor([1, 2]), name: "w")
      let leaf = Tape<Double>().parameter(w)
      let before = leaf.square().sum()
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x in
        x.sum() * x.tape.parameter(w).square().sum()
      }
      try step(Tensor([1]))
      _ = gradient(of: before, withRespectTo: leaf)
    }
    #expect(text(result).contains("'w'") && text(result).contains("changed"), "\(text(result))")
  }

  // MARK: Memory

  private struct Weak { weak var tape: Tape<Double>? }

  @Test func `as many recordings are kept as the limit says, those used last`() throws {
    // The closure runs on this thread only.
    nonisolated(unsafe) var recorded: [Int] = []
    nonisolated(unsafe) var tapes: [Weak] = []
    let parameter = a
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.001)) { x in
      recorded.append(x.shape[0])
      tapes.append(Weak(tape: x.tape))
      return x.mean() * x.tape.parameter(parameter).square().sum()
    }
    #expect(step.recordingLimit == 8)
    for size in 1...40 { try step(.ones([size])) }
    #expect(tapes.count { $0.tape != nil } == 8)
    step.recordingLimit = 3
    #expect(tapes.count { $0.tape != nil } == 3)
    recorded = []
    for size in [38, 39, 40, 38, 1, 38, 40, 39] { try step(.ones([size])) }
    #expect(recorded == [1, 39], "39 was used longest ago when 1 came")
    #expect(step.tape != nil && step.namedParameters.map(\.name) == ["a"])
  }
}
