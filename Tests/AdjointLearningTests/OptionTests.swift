import Adjoint
import AdjointLearning
import Testing

/// Options are validated where they are set: each of these traps with its name, at the line that gives it.
struct OptionTests {
  /// A setting that must trap, and the beginning of the sentence.
  static let settings: [(sentence: String, set: @Sendable () -> Void)] = [
    ("SGD.learningRate is nan; it must be a finite number, 0 or above", { _ = SGD(learningRate: .nan) }),
    (
      "SGD.learningRate is -1.0",
      {
        var optimizer = SGD()
        optimizer.learningRate = -1
      }
    ),
    ("Momentum.learningRate is inf", { _ = Momentum(learningRate: .infinity) }),
    ("Momentum.momentum is 1.0; it must be 0 or above, and below 1", { _ = Momentum(momentum: 1) }),
    ("Nesterov.learningRate is nan", { step.optimizer.learningRate = .nan }),
    ("Nesterov.momentum is nan", { _ = Nesterov(momentum: .nan) }),
    ("Adagrad.learningRate is nan", { _ = Adagrad(learningRate: .nan) }),
    (
      "Adagrad.epsilon is 0.0; it must be a finite number above 0, also when rounded to Float",
      { _ = Adagrad(epsilon: 0) }
    ),
    ("RMSProp.learningRate is nan", { _ = RMSProp(learningRate: .nan) }),
    ("RMSProp.decay is -0.5", { _ = RMSProp(decay: -0.5) }),
    ("RMSProp.epsilon is 1e-60", { _ = RMSProp(epsilon: 1e-60) }),
    ("Adam.learningRate is nan", { _ = Adam(learningRate: .nan) }),
    ("Adam.beta1 is 1.0", { _ = Adam(beta1: 1) }),
    ("Adam.beta2 is 1.5", { _ = Adam(beta2: 1.5) }),
    ("Adam.epsilon is nan", { _ = Adam(epsilon: .nan) }),
    ("Adam.learningRate is -2.0", { _ = AdamW(learningRate: -2) }),
    ("AdamW.weightDecay is inf", { _ = AdamW(weightDecay: .infinity) }),
    ("Schedule.staircase: every is 0; it must be at least 1", { schedule(.staircase(every: 0, factor: 1)) }),
    ("Schedule.staircase: factor is nan", { schedule(.staircase(every: 1, factor: .nan)) }),
    ("Schedule.exponential: rate is -0.9", { schedule(.exponential(rate: -0.9)) }),
    ("Schedule.cosine: steps is 0", { schedule(.cosine(steps: 0)) }),
    ("Schedule.cosine: floor is nan", { step.schedule = .warmUp(steps: 1, then: .cosine(steps: 5, floor: .nan)) }),
    ("Schedule.warmUp: steps is -1", { schedule(.warmUp(steps: -1, then: .constant)) }),
    ("Regularization.l1 is nan", { _ = Regularization(l1: .nan) }),
    ("Regularization.l2 is -1.0", { _ = Regularization(l2: -1) }),
    ("Regularization.decoupled is inf", { _ = Regularization(decoupled: .infinity) }),
    ("Clipping.norm: the limit is nan; it must be a number above 0", { step.clipping = .norm(.nan) }),
    (
      "Clipping.value: the limit is 0.0",
      { _ = TrainingStep<Float>(optimizer: SGD(), clipping: .value(0)) { x in x.sum() } }
    ),
    ("TrainingStep.recordingLimit is 0", { step.recordingLimit = 0 }),
    ("EarlyStopping.patience is 0; it must be at least 1", { _ = EarlyStopping(patience: 0) }),
    ("Dropout: the rate is nan", { _ = Dropout<Float>(rate: .nan) }),
    ("dropout: the rate is nan", { _ = dropout(Tape<Float>().input(Tensor([1])), rate: .nan) }),
    ("MLP: dropout is 1.5", { with { _ = MLP<Float>([2, 2], dropout: 1.5, using: &$0) } }),
    ("LayerNorm: epsilon is nan", { _ = LayerNorm<Float>(2, epsilon: .nan) }),
    ("BatchNorm: epsilon is -1.0", { _ = BatchNorm<Float>(2, epsilon: -1) }),
    ("BatchNorm: the momentum is nan; it must be above 0, and at most 1", { _ = BatchNorm<Float>(2, momentum: .nan) }),
    ("Conv2D: the stride's height is 0", { with { _ = Conv2D<Float>(1, 1, size: 3, stride: 0, using: &$0) } }),
    (
      "Conv2D: the padding's width is -1",
      { with { _ = Conv2D<Float>(1, 1, size: 3, padding: Extent2D(0, -1), using: &$0) } }
    ),
    (
      "Conv2D: 2 groups do not divide 3 inputs and 4 outputs; give a divisor of both",
      { with { _ = Conv2D<Float>(3, 4, size: 3, groups: 2, using: &$0) } }
    ),
    ("Conv1D: the dilation's width is 0", { with { _ = Conv1D<Float>(3, 4, size: 3, dilation: 0, using: &$0) } }),
    (
      "ConvTranspose2D: the output padding's height is 2",
      { with { _ = ConvTranspose2D<Float>(1, 1, size: 3, stride: 2, outputPadding: 2, using: &$0) } }
    ),
    (
      "ConvTranspose1D: the output padding is 1; it must be at least 0, and less than the stride or the dilation",
      { with { _ = ConvTranspose1D<Float>(1, 1, size: 3, outputPadding: 1, using: &$0) } }
    ),
    ("GroupNorm: 3 groups do not divide 4", { _ = GroupNorm<Float>(3, 4) }),
    ("GroupNorm: epsilon is nan", { _ = GroupNorm<Float>(1, 4, epsilon: .nan) }),
    ("InstanceNorm: channels is 0", { _ = InstanceNorm<Float>(0) }),
    ("InstanceNorm: epsilon is -1.0", { _ = InstanceNorm<Float>(1, epsilon: -1) }),
    ("Upsample: the scale is nan", { _ = Upsample<Float>(scale: .nan) }),
    ("Upsample: the size's height is 0", { _ = Upsample<Float>(to: 0) }),
    ("AdaptiveAveragePool2D: the size's width is 0", { _ = AdaptiveAveragePool2D<Float>(Extent2D(1, 0)) }),
    ("AdaptiveMaxPool2D: the size's height is 0", { _ = AdaptiveMaxPool2D<Float>(0) }),
    ("MaxPool1D: the stride's width is 0", { _ = MaxPool1D<Float>(2, stride: 0) }),
    ("AveragePool1D: the padding's width is -1", { _ = AveragePool1D<Float>(2, padding: -1) }),
    ("MaxPool2D: the size's height is 0", { _ = MaxPool2D<Float>(0) }),
    ("AveragePool2D: the stride's width is 0", { _ = AveragePool2D<Float>(2, stride: Extent2D(1, 0)) }),
    ("Initializer.constant is nan", { draw(.constant(.nan)) }),
    ("Initializer.uniform: high less low is -1.0", { draw(.uniform(low: 1, high: 0)) }),
    ("Initializer.normal: deviation is -1.0", { draw(.normal(mean: 0, deviation: -1)) }),
    ("l1Penalty: λ is nan", { _ = l1Penalty([Tape<Float>().input(Tensor([1]))], .nan) }),
    ("l2Penalty: λ is inf", { _ = l2Penalty([Tape<Float>().input(Tensor([1]))], .infinity) }),
  ]

  /// Settings that are assigned, and the one function that no client calls.
  private static let properties = [
    "SGD.learningRate is -1.0", "Nesterov.learningRate is nan", "Schedule.cosine: floor is nan", "Clipping.norm",
    "TrainingStep.recordingLimit", "dropout: the rate",
  ]

  private static var step: TrainingStep<Float> { TrainingStep(optimizer: Nesterov()) { x in x.sum() } }
  private static func schedule(_ schedule: Schedule) {
    _ = TrainingStep<Float>(optimizer: SGD(), schedule: schedule) { x in x.sum() }
  }
  private static func draw(_ initializer: Initializer) {
    with { let _: Tensor<Float> = initializer.tensor([2], fanIn: 1, fanOut: 1, using: &$0) }
  }
  private static func with(_ body: (inout Generator) -> Void) {
    var generator = Generator(seed: 1)
    body(&generator)
  }

  @Test(arguments: settings.indices)
  func `an option out of range traps with its name`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      OptionTests.settings[number].set()
    }
    let sentence = Self.settings[number].sentence
    #expect(text(result).contains(sentence), "\(text(result))")
    // A property has no place to hand on.
    let isProperty = Self.properties.contains { sentence.hasPrefix($0) }
    #expect(text(result).hasPrefix("AdjointLearningTests/OptionTests.swift:") != isProperty, "\(text(result))")
  }

  @Test func `the limits themselves are allowed`() {
    _ = (SGD(learningRate: 0), Momentum(momentum: 0), Nesterov(momentum: 0), Adam(beta1: 0, beta2: 0), Regularization())
    Self.schedule(.warmUp(steps: 0, then: .exponential(rate: 1.1)))
    Self.step.clipping = .norm(.infinity)
    _ = (Dropout<Float>(rate: 0), BatchNorm<Float>(2, momentum: 1, epsilon: 0))
    Self.draw(.uniform(low: 1, high: 1))
  }
}
