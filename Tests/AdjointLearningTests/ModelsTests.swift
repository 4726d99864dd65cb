import Adjoint
import AdjointLearning
import Testing

/// Sequential models and multi-layer perceptrons.
struct ModelsTests {
  @Test func `a perceptron has a weight and a bias a layer, named in order`() {
    var generator = Generator(seed: 1)
    let model = MLP<Float>([7, 5, 4, 3], using: &generator)
    #expect(
      model.parameters.map(\.name) == [
        "fc1/weight", "fc1/bias", "fc2/weight", "fc2/bias", "fc3/weight", "fc3/bias",
      ])
    #expect(model.parameters.map(\.shape) == [[5, 7], [5], [4, 5], [4], [3, 4], [3]])
    #expect(model(Tape<Float>().input(.zeros([2, 7]))).shape == [2, 3])
    #expect(MLP<Float>([7, 3], bias: false, using: &generator).parameters.map(\.shape) == [[3, 7]])
  }

  @Test func `a perceptron is its layers one after the other, activated but for the last`() {
    var generator = Generator(seed: 2)
    let model = MLP<Double>([3, 4, 2], activation: .tanh, using: &generator)
    let sequence = Sequential<Double>([model.linears[0], ActivationLayer(.tanh), model.linears[1]])
    let x: Tensor<Double> = normal([5, 3], seed: 3)
    #expect(model(Tape<Double>().input(x)).value.elements == sequence(Tape<Double>().input(x)).value.elements)
  }

  @Test func `two perceptrons of one seed begin alike`() {
    var (a, b) = (Generator(seed: 4), Generator(seed: 4))
    let (first, second) = (MLP<Float>([3, 8, 2], using: &a), MLP<Float>([3, 8, 2], using: &b))
    #expect(zip(first.parameters, second.parameters).allSatisfy { $0.value.elements == $1.value.elements })
  }

  @Test func `a perceptron with dropout masks each hidden layer in training and none in inference`() {
    var generator = Generator(seed: 5)
    let model = MLP<Double>([3, 4, 4, 2], dropout: 0.5, using: &generator)
    var shapes: [Int] = []
    for mode in [Mode.training, .inference] {
      let tape = Tape<Double>(mode: mode)
      _ = model(tape.input(.ones([2, 3])))
      shapes.append(tape.count)
    }
    // Two masks and two products more.
    #expect(shapes[0] == shapes[1] + 4)
  }

  @Test func `copy() of a model detaches every parameter`() {
    var generator = Generator(seed: 6)
    let model = MLP<Double>([2, 3, 1], using: &generator)
    let sequence = Sequential<Double>([model, LayerNorm(1, name: "norm"), Dropout(rate: 0.1), ActivationLayer(.relu)])
    let (twin, chain) = (model.copy(), sequence.copy())
    let before = model.linears[0].weight.value.elements
    model.linears[0].weight.value = .zeros([3, 2])
    #expect(twin.linears[0].weight.value.elements == before)
    let tape = Tape<Double>()
    _ = chain(tape.input(.zeros([1, 2])))
    #expect(tape.namedParameters[0].name == "fc1/weight")
    #expect(tape.namedParameters[0].parameter.value.elements == before)
  }

  @Test func `an architecture of one's own is a struct and a function`() throws {
    var generator = Generator(seed: 7)
    let model = Gated(
      left: Linear(3, 4, using: &generator), gate: Linear(3, 4, using: &generator),
      head: Linear(4, 2, using: &generator))
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1)) { x, labels in
      crossEntropy(logits: model(x), labels: labels)
    }
    let (x, labels): (Tensor<Float>, Tensor<Int32>) = (normal([8, 3], seed: 1), Tensor([0, 1, 0, 1, 1, 0, 0, 1]))
    let losses = try (0..<50).map { _ in try step(x, labels) }
    #expect(losses[49] < 0.7 * losses[0])
    #expect(step.namedParameters.count == 6)
  }

  @Test func `a perceptron without layers traps with its sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      _ = MLP<Float>([784], using: &generator)
    }
    #expect(text(result).contains("MLP: [784] names no layer; give inputs and outputs at least"))
  }

  @Test func `a layer without copy() is named when a sequence is copied`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      let model = Gated(
        left: Linear(3, 4, using: &generator), gate: Linear(3, 4, using: &generator),
        head: Linear(4, 2, using: &generator))
      _ = Sequential<Float>([model]).copy()
    }
    #expect(text(result).contains("Sequential.copy(): Gated has no copy(); conform it to Detachable"))
  }
}

/// The example of the guide.
private struct Gated: Layer {
  let left, gate, head: Linear<Float>
  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { head(left(x) * gate(x).sigmoid()) }
}
