import Adjoint
import AdjointLearning
import Testing

/// Where a step's time goes: that steps are counted and nothing is changed; never how fast anything was.
struct StepProfileTests {
  private static func step(_ model: MLP<Float>) -> TrainingStep<Float> {
    TrainingStep(optimizer: Momentum(learningRate: 0.1)) { crossEntropy(logits: model($0), labels: $1) }
  }

  private static func model() -> MLP<Float> {
    var generator = Generator(seed: 3)
    return MLP<Float>([20, 16, 3], using: &generator)
  }

  private static func values(_ model: MLP<Float>) -> [UInt32] {
    model.parameters.flatMap { $0.value.elements.map(\.bitPattern) }
  }

  private let x: Tensor<Float> = normal([4, 20], seed: 1)
  private let labels: Tensor<Int32> = Tensor([0, 1, 2, 1])

  @Test("Losses and parameters have the same bits, on any number of threads", arguments: [1, 2, 3])
  func bits(threads: Int) throws {
    let (plain, profiled) = (Self.model(), Self.model())
    let (one, other) = (Self.step(plain), Self.step(profiled))
    other.pool = WorkerPool(threads: threads)
    let expected = try (0..<5).map { _ in try one(x, labels).bitPattern }
    var found: [UInt32] = []
    let profile = try other.profile { for _ in 0..<4 { found.append(try other(x, labels).bitPattern) } }
    found.append(try other(x, labels).bitPattern)
    #expect(found == expected)
    #expect(Self.values(profiled) == Self.values(plain))
    #expect(profile.steps == 4 && profile.program.runs == 4)
  }

  @Test("The table has a line for the batch, every pass, the test and the update")
  func table() throws {
    let step = Self.step(Self.model())
    try step(x, labels)
    let profile = try step.profile { try step(x, labels) }
    // Of one step the parts are no more than the whole; medians of several need not be.
    let parts = [profile.batch, profile.program.seconds, profile.gradientTest, profile.update]
    #expect(parts.allSatisfy { $0 >= 0 } && parts[1] > 0)
    #expect(parts.reduce(0, +) <= profile.seconds * (1 + 1e-9))
    let lines = profile.description.split(separator: "\n")
    #expect(lines.count == profile.program.passes.count + 3)
    #expect(lines[0].hasSuffix("the batch into place"))
    #expect(lines[1].contains("relu(inputs·") && lines[1].hasSuffix("[4, 16]"), "\(profile)")
    #expect(lines[lines.count - 1].hasSuffix("update of the parameters"))
  }

  @Test("Steps of other shapes and steps that throw are not counted, and the first one may be recorded meanwhile")
  func others() throws {
    let model = Self.model()
    let step = Self.step(model)
    let short: Tensor<Float> = normal([2, 20], seed: 2)
    var broken = x
    broken[linear: 5] = .infinity
    let profile = try step.profile {
      try step(x, labels)
      try step(short, Tensor<Int32>([0, 1]))
      #expect(throws: TrainingError.self) { try step(broken, labels) }
      try step(x, labels)
    }
    #expect(profile.steps == 2)
    #expect(throws: FeedError.self) { try step.profile { try step(x, Tensor<Int32>([0, 1, 3, 1])) } }
    #expect(try step.profile { try step(short, Tensor<Int32>([2, 1])) }.steps == 1)
    #expect(step.profile {}.steps == 0)
  }
}
