import Adjoint
import AdjointLearning
import Testing

/// What goes wrong in training, and that nothing is changed then.
struct TrainingErrorTests {
  private static func model() -> MLP<Float> {
    var generator = Generator(seed: 3)
    return MLP<Float>([2, 4, 3], using: &generator)
  }

  private static func step(_ model: MLP<Float>, rate: Double = 0.1) -> TrainingStep<Float> {
    TrainingStep(optimizer: SGD(learningRate: rate)) { crossEntropy(logits: model($0), labels: $1) }
  }

  private static func values(_ model: MLP<Float>) -> [Float] { model.parameters.flatMap { $0.value.elements } }

  private let x: Tensor<Float> = normal([4, 2], seed: 1)
  private let labels: Tensor<Int32> = Tensor([0, 1, 2, 1])

  @Test func `an index out of range throws a FeedError, and the parameters stay`() throws {
    let model = Self.model()
    let step = Self.step(model)
    try step(x, labels)
    let before = Self.values(model)
    let error = #expect(throws: FeedError.self) { try step(x, Tensor<Int32>([0, 1, 3, 1])) }
    #expect(error?.description == "'labels' [4]: index 3 at position 2 is not in 0 ..< 3")
    #expect(Self.values(model) == before && step.stepCount == 1)
    try step(x, labels)
    #expect(step.stepCount == 2)
  }

  @Test func `an index out of range in the very first batch throws too`() {
    let model = Self.model()
    let step = Self.step(model)
    #expect(throws: FeedError.self) { try step(x, Tensor<Int32>([0, 1, -1, 1])) }
    #expect(step.stepCount == 0)
  }

  @Test func `a NaN input throws a TrainingError that names the leaf and the element`() throws {
    let model = Self.model()
    let step = Self.step(model)
    try step(x, labels)
    let before = Self.values(model)
    var broken = x
    broken[linear: 5] = .nan
    step.epoch = 2
    let error = try #require(throws: TrainingError.self) { try step(broken, labels) }
    let culprit = try #require(error.culprit)
    #expect(
      culprit.role == .input && culprit.element == 5 && culprit.value.isNaN && culprit.node == "'inputs' [4, 2], input")
    #expect(error.epoch == 2 && error.step == 1)
    let start = "epoch 2, step 2: the loss is not finite. The first value that is not: element 5 of 'inputs' [4, 2]"
    #expect(error.description.hasPrefix(start))
    #expect(error.description.hasSuffix("Check what was fed, and the parameters as loaded."))
    #expect(Self.values(model) == before && step.stepCount == 1)
  }

  @Test func `an exploding rate throws before the parameters are spoilt, and names the node and the rate`() throws {
    let weight = Parameter<Float>(Tensor([1]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 1e6)) { x in
      (x.tape.parameter(weight) * x).exp().labeled("growth").sum()
    }
    var caught: TrainingError?
    for _ in 0..<10 where caught == nil {
      let before = weight.value.elements
      do {
        try step(Tensor([-1]))
      } catch let error as TrainingError {
        caught = error
        #expect(weight.value.elements == before)
      }
      #expect(weight.value.elements[0].isFinite)
    }
    // exp(−w) flattens out after one step; the other direction explodes.
    #expect(caught == nil)
    weight.value = Tensor([-200])
    let error = try #require(throws: TrainingError.self) { try step(Tensor([-1])) }
    #expect(error.culprit?.role == nil && error.culprit?.node.contains("growth") == true)
    #expect(error.culprit?.value == .infinity)
    #expect(error.description.contains("Lower the learning rate (1000000.0), or clip gradients"))
    #expect(weight.value.elements == [-200])
  }

  @Test func `a finite loss with a gradient that is not throws, and the parameters stay`() throws {
    // d√x/dx is infinite at 0.
    let weight = Parameter<Float>(Tensor([0, 4]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1)) { x in
      (x * x.tape.parameter(weight).sqrt()).sum()
    }
    let error = try #require(throws: TrainingError.self) { try step(Tensor([1, 1])) }
    #expect(error.culprit?.value == .infinity && error.failure == .gradient("'w'"))
    let sentence = "step 1: the gradient of 'w' is not finite. The first value that is not: element 0 of "
    #expect(error.description.hasPrefix(sentence), "\(error)")
    // The node of the backward pass serves the square root, which is what the reader wrote.
    #expect(
      error.description.contains(
        ", in the derivative of %2 [2] = √w, is inf (print the step's `tape` for a list). Keep"),
      "\(error)")
    #expect(weight.value.elements == [0, 4] && step.stepCount == 0)
  }

  @Test func `an infinite mask that does no harm is not blamed`() throws {
    let weight = Parameter<Double>(Tensor([0, 4]), name: "w")
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x in
      let mask = x.tape.constant(Tensor([0, -Double.infinity]))
      return (x + mask).softmax().sum() + x.tape.parameter(weight).sqrt().labeled("root").sum()
    }
    let error = try #require(throws: TrainingError.self) { try step(Tensor([1, 1])) }
    #expect(error.failure == .gradient("'w'") && error.culprit?.role == nil)
    #expect(error.culprit?.serving?.contains("root") == true, "\(error)")
  }

  @Test func `a parameter that an update has made infinite is named, and a lower rate from before helps`() throws {
    let weight = Parameter<Float>(Tensor([1]), name: "w")
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 1e30)) { x in
      (x * x.tape.parameter(weight)).square().sum()
    }
    try step(Tensor([1e10]))
    let error = try #require(throws: TrainingError.self) { try step(Tensor([1])) }
    #expect(error.culprit?.role == .parameter)
    #expect(error.description.contains("Go back to a checkpoint from before, and lower the learning rate (1e+30)"))
    weight.value = Tensor([1])
    step.optimizer.learningRate = 0.1
    #expect(try step(Tensor([1])) == 1)
    #expect(abs(weight.value[0] - 0.8) < 1e-6)
  }

  @Test func `a loss that branches on a value traps: the branch would be frozen`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let weight = Parameter<Float>(Tensor([2]))
      let step = TrainingStep<Float>(optimizer: SGD()) { x in
        let loss = (x * x.tape.parameter(weight)).sum()
        return loss.scalar > 1 ? loss * 2 : loss
      }
      try step(Tensor([1]))
    }
    #expect(text(result).contains("its value was read while a training step is recorded"))
    #expect(text(result).contains("Use `where(_:_:_:)` to choose between values"))
  }

  @Test func `a loss that is not one number traps with its shape`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let weight = Parameter<Float>(Tensor([2, 3]))
      let step = TrainingStep<Float>(optimizer: SGD()) { x in x * x.tape.parameter(weight) }
      try step(Tensor([1, 1]))
    }
    #expect(
      text(result).contains("TrainingStep: the loss has shape [2]; reduce it to one number, for example with mean()"))
  }
}
