import Adjoint
import AdjointLearning
import Testing

/// Layers against plain loops, and what sharing, freezing and copying mean.
struct LayersTests {
  private func linear(_ inputs: Int, _ outputs: Int, bias: Bool = true, seed: UInt64 = 2) -> Linear<Double> {
    var generator = Generator(seed: seed)
    let layer = Linear<Double>(inputs, outputs, bias: bias, name: "fc", using: &generator)
    if bias { layer.bias?.value = normal([outputs], seed: seed + 1) }
    return layer
  }

  @Test(arguments: [true, false])
  func `a linear layer is the plain loop x·Wᵀ + b`(hasBias: Bool) {
    let layer = linear(4, 3, bias: hasBias)
    let x: Tensor<Double> = normal([5, 4], seed: 1)
    let z = layer(Tape<Double>().input(x))
    #expect(z.shape == [5, 3])
    for i in 0..<5 {
      for j in 0..<3 {
        let sum = (0..<4).reduce(layer.bias?.value[j] ?? 0) { $0 + x[i, $1] * layer.weight.value[j, $1] }
        #expect(abs(z.value[i, j] - sum) < 1e-14)
      }
    }
  }

  @Test(arguments: [[4], [5, 4], [2, 3, 4], [2, 3, 0, 4]])
  func `a linear layer runs along the last axis of any rank, with the bits of one batch`(dimensions: [Int]) {
    let (layer, shape) = (linear(4, 3), Shape(dimensions))
    let x: Tensor<Double> = normal(shape, seed: 1)
    let tape = Tape<Double>()
    let z = layer(tape.input(x))
    let flat = layer(tape.input(Tensor(shape: [shape.elementCount / 4, 4], elements: x.elements)))
    #expect(Array(z.shape) == shape.dropLast() + [3])
    #expect(z.value.elements == flat.value.elements)
    let parameters = [layer.weight, layer.bias].compactMap { $0 }
    let (own, plain) = (
      gradients(of: z.square().sum(), withRespectTo: parameters),
      gradients(of: flat.square().sum(), withRespectTo: parameters)
    )
    #expect(own.map(\.value.elements) == plain.map(\.value.elements))
  }

  @Test func `a layer's parameters carry its name, and unnamed ones are numbered by first use`() {
    var generator = Generator(seed: 1)
    let (named, unnamed) = (linear(2, 3), Linear<Double>(3, 2, using: &generator))
    let tape = Tape<Double>()
    _ = unnamed(named(tape.input(.zeros([1, 2]))))
    #expect(tape.namedParameters.map(\.name) == ["fc/weight", "fc/bias", "linear/p2", "linear/p3"])
  }

  @Test func `tied weights share one leaf, and its gradient is the sum of both uses`() {
    let encoder = linear(3, 3, bias: false)
    let decoder = Linear(weight: encoder.weight, bias: nil)
    let x: Tensor<Double> = normal([2, 3], seed: 4)
    let tape = Tape<Double>()
    let loss = decoder(encoder(tape.input(x)).tanh()).square().sum()
    #expect(tape.namedParameters.count == 1)
    let tied = gradients(of: loss, withRespectTo: [tape.parameter(encoder.weight)])[0].value.elements

    // The same computation with the weight written twice.
    let apart = Tape<Double>()
    let (a, b) = (apart.input(encoder.weight.value), apart.input(encoder.weight.value))
    let hidden = apart.input(x).matmul(a, transposeB: true).tanh()
    let parts = gradients(of: hidden.matmul(b, transposeB: true).square().sum(), withRespectTo: [a, b])
    let sum = zip(parts[0].value.elements, parts[1].value.elements).map { $0 + $1 }
    #expect(distance(tied, sum) < 1e-13)
  }

  @Test func `a frozen parameter does not move, and has no gradient in the program`() throws {
    let (first, second) = (linear(3, 3, seed: 5), linear(3, 2, seed: 6))
    first.weight.isFrozen = true
    let (before, trained) = (first.weight.value.elements, second.weight.value.elements)
    let step = TrainingStep<Double>(optimizer: SGD(), regularization: Regularization(l2: 0.1, decoupled: 0.1)) { x in
      second(first(x).tanh()).square().mean()
    }
    for _ in 0..<3 { try step(normal([4, 3], seed: 7)) }
    #expect(first.weight.value.elements == before)
    #expect(second.weight.value.elements != trained)
    #expect(step.tape?.trainableParameters.count == 3)
    #expect(step.namedParameters.count == 4)
  }

  @Test func `copy() detaches: training one no longer changes the other; a plain copy shares`() throws {
    let layer = linear(3, 2)
    layer.bias?.isFrozen = true
    let (shared, detached) = (layer, layer.copy())
    #expect(detached.weight.value.elements == layer.weight.value.elements)
    #expect(detached.bias?.isFrozen == true && detached.weight.name == "fc/weight" && detached.name == "fc")
    let before = detached.weight.value.elements
    let step = TrainingStep<Double>(optimizer: SGD()) { layer($0).square().mean() }
    try step(normal([4, 3], seed: 7))
    #expect(detached.weight.value.elements == before)
    #expect(shared.weight.value.elements == layer.weight.value.elements)
    #expect(layer.weight.value.elements != before)
  }

  @Test(arguments: Activation.allCases)
  func `an activation by name is the function itself`(_ activation: Activation) {
    let x = Tape<Double>().input(Tensor([-1.5, -0.1, 0, 0.7, 3]))
    let y = ActivationLayer<Double>(activation).copy()(x).value.elements
    let expected =
      switch activation {
      case .identity: x
      case .relu: x.relu()
      case .leakyRelu: x.leakyRelu()
      case .elu: x.elu()
      case .gelu: x.gelu()
      case .silu: x.silu()
      case .sigmoid: x.sigmoid()
      case .tanh: x.tanh()
      case .softplus: x.softplus()
      }
    #expect(y == expected.value.elements)
  }
}

/// Layer normalisation.
struct LayerNormTests {
  @Test func `equal numbers whose sum is exact are normalised to 0`() {
    for n in 1...16 {
      let x = Tape<Float>().input(Tensor(repeating: 1_000_001, shape: [2, n]))
      #expect(LayerNorm<Float>(n)(x).value.elements.allSatisfy { $0 == 0 }, "\(n)")
    }
  }

  @Test func `each row of the last axis has mean 0 and variance 1`() {
    let x = Tape<Double>().input(normal([3, 4, 16], seed: 8)) * 5 + 3
    let y = LayerNorm<Double>(16)(x).value
    for row in 0..<12 {
      let numbers = y.elements[row * 16..<row * 16 + 16]
      let mean = numbers.reduce(0, +) / 16
      let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 16
      // ε = 1e-5 against a variance of about 25 takes away 4e-7.
      #expect(abs(mean) < 1e-14 && abs(variance - 1) < 2e-6)
    }
  }

  @Test func `scale and shift are learnt per feature`() {
    let layer = LayerNorm<Double>(2, name: "norm")
    layer.scale.value = Tensor([2, 10])
    layer.shift.value = Tensor([-1, 1])
    let y = layer(Tape<Double>().input(Tensor([[1000, 3000], [5, -5]]))).value.elements
    #expect(distance(y, [-3, 11, 1, -9]) < 1e-5)
    #expect(layer.copy().scale.value.elements == [2, 10] && layer.copy().scale.name == "norm/scale")
  }

  @Test func `its gradients agree with central differences`() {
    let layer = LayerNorm<Double>(5)
    layer.scale.value = normal([5], seed: 1)
    layer.shift.value = normal([5], seed: 2)
    let (x0, weights): (Tensor<Double>, Tensor<Double>) = (normal([3, 5], seed: 3), normal([3, 5], seed: 4))
    func loss(_ x: Tensor<Double>) -> (loss: Variable<Double>, leaves: [Variable<Double>]) {
      let tape = Tape<Double>()
      let input = tape.input(x)
      let loss = (layer(input) * tape.constant(weights)).sum()
      return (loss, [input, tape.parameter(layer.scale), tape.parameter(layer.shift)])
    }
    let (value, leaves) = loss(x0)
    let exact = gradients(of: value, withRespectTo: leaves).map { $0.value.elements }

    let h = 1e-5
    func difference(_ change: (Double) -> Tensor<Double>) -> Double {
      (loss(change(h)).loss.scalar - loss(change(-h)).loss.scalar) / (2 * h)
    }
    for i in 0..<15 {
      let slope = difference { delta in
        var x = x0
        x[linear: i] += delta
        return x
      }
      #expect(abs(slope - exact[0][i]) < 1e-8)
    }
    for (position, parameter) in [layer.scale, layer.shift].enumerated() {
      let original = parameter.value
      for i in 0..<5 {
        let slope = difference { delta in
          var moved = original
          moved[linear: i] += delta
          parameter.value = moved
          return x0
        }
        #expect(abs(slope - exact[1 + position][i]) < 1e-8)
      }
      parameter.value = original
    }
  }
}

/// Dropout.
struct DropoutTests {
  @Test func `in training an element is zero or divided by 1 − rate, at the stated rate`() {
    let x = Tape<Double>(mode: .training, seed: 3).input(.ones([200, 50]))
    let y = Dropout<Double>(rate: 0.3)(x).value.elements
    #expect(y.allSatisfy { $0 == 0 || $0 == 1 / 0.7 })
    let dropped = Double(y.count { $0 == 0 }) / 10_000
    #expect(abs(dropped - 0.3) < 4 * (0.3 * 0.7 / 10_000).squareRoot())
  }

  @Test func `in inference, and at rate 0, nothing is recorded`() {
    for (mode, rate) in [(Mode.inference, 0.5), (.training, 0)] {
      let tape = Tape<Double>(mode: mode)
      let x = tape.input(.ones([4]))
      #expect(Dropout<Double>(rate: rate)(x).index == x.index && tape.count == 1)
    }
  }

  @Test func `each step draws a mask of its own, a function of seed and step alone`() throws {
    func masks(seed: UInt64) throws -> [[Double]] {
      let weight = Parameter<Double>(.zeros([64]))
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 1), seed: seed) { x in
        dropout(x * x.tape.parameter(weight), rate: 0.5).sum()
      }
      return try (0..<4).map { _ in
        weight.value = .zeros([64])
        try step(.ones([64]))
        return weight.value.elements  // −1 · the mask
      }
    }
    let first = try masks(seed: 1)
    #expect(first.allSatisfy { $0.allSatisfy { $0 == 0 || $0 == -2 } })
    #expect(Set(first).count == 4)
    #expect(try masks(seed: 1) == first)
    #expect(try Set(masks(seed: 2)).isDisjoint(with: first))
  }

  @Test func `the gradient passes through the mask that the forward pass used`() {
    let tape = Tape<Double>(seed: 5)
    let x = tape.input(.ones([100]))
    let y = dropout(x, rate: 0.4)
    #expect(gradients(of: y.sum(), withRespectTo: [x])[0].value.elements == y.value.elements)
  }

  @Test func `a rate outside 0 ..< 1 traps with its sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Dropout<Float>(rate: 1)
    }
    #expect(text(result).contains("Dropout: the rate is 1.0; it must be 0 or above, and below 1"))
  }
}
