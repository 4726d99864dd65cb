import Adjoint
import AdjointLearning
import Testing

/// What happens between the gradient and the optimiser: the schedule's rate, clipping, penalties, decoupled decay. The loss
/// is g·w with a fed g, so that the gradient is what the test says.
struct UpdateTests {
  private let weight = Parameter<Double>(Tensor([[3, -2], [0, 0.5]]), name: "weight")
  private let bias = Parameter<Double>(Tensor([1, -1]), name: "bias")

  /// Feeds these gradients for `steps` steps.
  private func update(
    gradients: ([Double], [Double]), rate: Double = 0.1, steps: Int = 1, schedule: Schedule = .constant,
    _ regularization: Regularization = .none, _ clipping: Clipping = .none, optimizer: (any Optimizer)? = nil
  ) throws -> (weight: [Double], bias: [Double]) {
    let step = TrainingStep<Double>(
      optimizer: SGD(learningRate: rate), schedule: schedule, regularization: regularization, clipping: clipping
    ) { g, h in
      (g * g.tape.parameter(weight)).sum() + (h * g.tape.parameter(bias)).sum()
    }
    if let optimizer { step.optimizer = optimizer }
    for _ in 0..<steps { try step(Tensor(shape: [2, 2], elements: gradients.0), Tensor(gradients.1)) }
    return (weight.value.elements, bias.value.elements)
  }

  private func expectEqual(
    _ a: [Double], _ b: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(a.count == b.count, sourceLocation: sourceLocation)
    #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-14 }, "\(a) ≠ \(b)", sourceLocation: sourceLocation)
  }

  @Test func `the rate of a step is the optimiser's times the schedule's factor`() throws {
    let after = try update(
      gradients: ([1, 1, 1, 1], [2, 2]), steps: 5, schedule: .staircase(every: 2, factor: 0.5))
    let total = 0.1 * (1 + 1 + 0.5 + 0.5 + 0.25)
    expectEqual(after.weight, [3 - total, -2 - total, -total, 0.5 - total])
    expectEqual(after.bias, [1 - 2 * total, -1 - 2 * total])
  }

  @Test func `clipping by value brings each element into its range`() throws {
    let after = try update(gradients: ([0.3, -7, 0.5, 2], [-0.4, 9]), .none, .value(0.5))
    expectEqual(after.weight, [3 - 0.03, -2 + 0.05, -0.05, 0.5 - 0.05])
    expectEqual(after.bias, [1 + 0.04, -1 - 0.05])
  }

  @Test func `clipping by norm scales all gradients together`() throws {
    // The norm of all six is √(16 + 9 + 144) = 13.
    let after = try update(gradients: ([4, 0, 0, 3], [0, -12]), .none, .norm(6.5))
    expectEqual(after.weight, [3 - 0.2, -2, 0, 0.5 - 0.15])
    expectEqual(after.bias, [1, -1 + 0.6])
  }

  @Test func `the norm of many gradients keeps its digits`() throws {
    let n = 1_000_000
    let many = Parameter<Double>(.zeros([n]))
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 1), clipping: .norm(1)) { g, _ in
      (g * g.tape.parameter(many)).sum()
    }
    try step(Tensor<Double>(repeating: 0.1, shape: [n]), Tensor<Double>([0]))
    // The norm is 0.1·√n = 100.
    #expect(abs(many.value.elements[0] / -0.001 - 1) < 1e-14, "\(many.value.elements[0])")
  }

  @Test func `a norm below the limit is left as it is`() throws {
    let after = try update(gradients: ([4, 0, 0, 3], [0, -12]), .none, .norm(13.5))
    expectEqual(after.weight, [3 - 0.4, -2, 0, 0.5 - 0.3])
    expectEqual(after.bias, [1, -1 + 1.2])
  }

  @Test func `L2 adds λw to the gradients of weights and leaves biases alone`() throws {
    let after = try update(gradients: ([1, 1, 1, 1], [0, 0]), Regularization(l2: 0.5))
    expectEqual(after.weight, [3 - 0.25, -2 + 0, -0.1, 0.5 - 0.125])
    expectEqual(after.bias, [1, -1])
  }

  @Test func `L1 adds λ sign(w), and nothing at zero`() throws {
    let after = try update(gradients: ([0, 0, 0, 0], [0, 0]), Regularization(l1: 0.5))
    expectEqual(after.weight, [3 - 0.05, -2 + 0.05, 0, 0.5 - 0.05])
    expectEqual(after.bias, [1, -1])
  }

  @Test func `penalties reach the biases when asked to`() throws {
    let after = try update(
      gradients: ([0, 0, 0, 0], [0, 0]), Regularization(l1: 0.5, l2: 0.2, includesBiases: true))
    expectEqual(after.bias, [1 - 0.07, -1 + 0.07])
  }

  @Test func `penalties are added after clipping`() throws {
    let after = try update(gradients: ([0, 9, 0, 0], [0, 0]), Regularization(l2: 1), .value(0.5))
    expectEqual(after.weight, [3 - 0.3, -2 - 0.05 + 0.2, 0, 0.5 - 0.05])
  }

  @Test func `decoupled decay shrinks weights apart from the gradient`() throws {
    let after = try update(gradients: ([1, 1, 1, 1], [1, 1]), Regularization(decoupled: 0.5))
    expectEqual(after.weight, [0.95 * 3 - 0.1, 0.95 * -2 - 0.1, -0.1, 0.95 * 0.5 - 0.1])
    expectEqual(after.bias, [0.9, -1.1])
  }

  @Test func `decoupled decay over weights and biases makes AdamW of Adam`() throws {
    let gradients = ([1.0, -2, 3, 0.1], [0.5, -4])
    let reference = UpdateTests()
    let decayed = try update(
      gradients: gradients, steps: 7, Regularization(decoupled: 0.1, includesBiases: true),
      optimizer: Adam(learningRate: 0.05))
    let adamW = try reference.update(
      gradients: gradients, steps: 7, optimizer: AdamW(learningRate: 0.05, weightDecay: 0.1))
    expectEqual(decayed.weight, adamW.weight)
    expectEqual(decayed.bias, adamW.bias)
  }

  @Test func `a penalty in the loss and one in the update are the same for gradient descent`() throws {
    let (inLoss, inUpdate) = (weight.copy(), weight.copy())
    let first = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x in
      let w = x.tape.parameter(inLoss)
      return (x * w).square().sum() + l1Penalty([w], 0.3) + l2Penalty([w], 0.7)
    }
    let second = TrainingStep<Double>(
      optimizer: SGD(learningRate: 0.1), regularization: Regularization(l1: 0.3, l2: 0.7)
    ) { x in (x * x.tape.parameter(inUpdate)).square().sum() }
    let x = Tensor([[0.5, -0.2], [1, 0.1]])
    for _ in 0..<10 {
      try first(x)
      try second(x)
    }
    expectEqual(inLoss.value.elements, inUpdate.value.elements)
  }
}
