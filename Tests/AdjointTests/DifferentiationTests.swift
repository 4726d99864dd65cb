import Adjoint
import Testing

/// The short forms: Jacobians in both modes, Hessians, products with them, and parameters as one vector.
@Suite struct DifferentiationTests {
  private func near(_ a: Tensor<Double>, _ b: Tensor<Double>, within tolerance: Double = 1e-13) -> Bool {
    a.shape == b.shape && zip(a.elements, b.elements).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($0)) }
  }

  /// A map from [2, 3] to [4] with every kind of coupling.
  private func map(_ x: Variable<Double>) -> Variable<Double> {
    let w = x.tape.constant(Tensor([[0.5, -1, 2], [1, 0.25, -0.5]]))
    return concatenate([x.tanh().sum(axes: [1]), (x * w).exp().mean(axes: [1]) * x.max()])
  }

  @Test func `The Jacobian is the same in reverse, forward and automatic mode`() {
    var generator = Generator(seed: 21)
    let tape = Tape<Double>()
    let x = tape.input(generator.tensor([2, 3]))
    let y = map(x)
    let count = tape.count
    let reverse = jacobian(of: y, withRespectTo: x, mode: .reverse)
    #expect(reverse.shape == [4, 2, 3])
    #expect(near(reverse, jacobian(of: y, withRespectTo: x, mode: .forward)))
    #expect(near(reverse, jacobian(of: y, withRespectTo: x)))
    #expect(tape.count == count, "the tape is left as it was")
  }

  @Test func `Both modes see an intermediate result alike`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1]))
    let a = x.sin()
    let y = (a * a.sum() + x).exp()
    let reverse = jacobian(of: y, withRespectTo: a, mode: .reverse)
    #expect(near(reverse, jacobian(of: y, withRespectTo: a, mode: .forward)))
    #expect(near(jacobian(of: a, withRespectTo: a), Tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]])))
  }

  @Test func `A Float recording has a Float Jacobian in reverse and the rounded exact one forward`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([0.25, 0.5]))
    let y = x.square() * 3
    let expected = Tensor<Float>([[1.5, 0], [0, 3]])
    #expect(jacobian(of: y, withRespectTo: x, mode: .reverse) == expected)
    #expect(jacobian(of: y, withRespectTo: x, mode: .forward) == expected)
  }

  @Test func `A Jacobian may have no rows or no columns, and be zero where nothing depends`() {
    let tape = Tape<Double>()
    let (x, empty) = (tape.input(Tensor([1, 2])), tape.input(.zeros([0])))
    for mode in [JacobianMode.reverse, .forward, .automatic] {
      #expect(jacobian(of: empty.exp(), withRespectTo: x, mode: mode).shape == [0, 2])
      #expect(jacobian(of: x.exp(), withRespectTo: empty, mode: mode).shape == [2, 0])
      #expect(jacobian(of: x.step(), withRespectTo: x, mode: mode) == .zeros([2, 2]))
    }
  }

  @Test func `The Hessian of a known function is right and symmetric`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.5, -1.5, 2]))
    let (a, b, c) = (x.slice(0..<1), x.slice(1..<2), x.slice(2..<3))
    let y = (a.square() * b + (b * c).sin() + c.power(3)).sum()
    let h = hessian(of: y, withRespectTo: x)
    let (sine, cosine) = (Double.sine(-3), Double.cosine(-3))
    let mixed = cosine + 3 * sine  // ∂²/∂b∂c sin(bc) = cos(bc) − bc sin(bc)
    let expected = Tensor([[-3, 1, 0], [1, -4 * sine, mixed], [0, mixed, 12 - 2.25 * sine]])
    #expect(near(h, expected))
  }

  @Test func `A Hessian-vector product is the Hessian times the vector`() {
    var generator = Generator(seed: 4)
    let tape = Tape<Double>()
    let x = tape.input(generator.tensor([5]))
    let y = (x.softmax() * x.gelu()).sum() + x.logSumExp()
    let h = hessian(of: y, withRespectTo: x)
    let v = generator.tensor([5])
    let product = hessianVectorProduct(of: y, withRespectTo: [x], vector: [tape.constant(v)])[0].value
    for i in 0..<5 {
      let exact = (0..<5).reduce(0) { $0 + h[i, $1] * v[$1] }
      #expect(abs(product[i] - exact) < 1e-13)
      for j in 0..<5 { #expect(abs(h[i, j] - h[j, i]) < 1e-14) }
    }
  }

  @Test func `A Hessian is multiplied by a vector that depends on x, and by those of several variables`() {
    let tape = Tape<Double>()
    let (x, z) = (tape.input(Tensor([0.5, -2])), tape.input(Tensor([3])))
    let y = (x.power(3) * z).sum()
    let alone = hessianVectorProduct(of: y, withRespectTo: [x], vector: [x])
    #expect(near(alone[0].value, Tensor([4.5, 72])))
    let both = hessianVectorProduct(of: y, withRespectTo: [x, z], vector: [x, z])
    #expect(near(both[0].value, Tensor([6.75, 108])) && near(both[1].value, Tensor([-23.625])))
    let flat = hessianVectorProduct(of: (2 * x).sum(), withRespectTo: [x, z], vector: [x, z])
    #expect(flat[0].value == .zeros([2]) && flat[1].value == .zeros([1]))
  }

  @Test func `Values with gradients and products for functions need no tape`() {
    let (value, gradient) = valueAndGradient(at: Tensor<Double>([3, 4])) { $0.square().sum().sqrt() }
    #expect(value == 5)
    #expect(near(gradient, Tensor([0.6, 0.8])))
    let pair = valueAndGradient(at: [Tensor<Float>([2]), Tensor([5])]) { x in (x[0] * x[1]).sum() }
    #expect(pair.value == 10 && pair.gradient == [Tensor([5]), Tensor([2])])
    let pulled = vjp(at: Tensor<Double>([1, 2]), cotangent: Tensor([10, 1])) { $0.square() }
    #expect(pulled.value == Tensor([1, 4]) && pulled.cotangent == Tensor([20, 4]))
    let pushed = jvp(at: Tensor([1, 2]), along: Tensor([10, 1])) { $0.square() }
    #expect(pushed.value == Tensor([1, 4]) && pushed.tangent == Tensor([20, 4]))
  }

  @Test func `Parameters flatten into one vector and are set from one`() {
    let parameters = [
      Parameter<Float>(Tensor([[1, 2], [3, 4]])), Parameter(.zeros([0])), Parameter(Tensor(scalar: 5)),
    ]
    #expect(parameters.flattened() == Tensor([1, 2, 3, 4, 5]))
    parameters.assign(flat: Tensor([5, 4, 3, 2, 1]))
    #expect(parameters[0].value == Tensor([[5, 4], [3, 2]]) && parameters[2].value == Tensor(scalar: 1))
    let tape = Tape<Float>()
    let loss = (tape.parameter(parameters[0]).square().sum() * tape.parameter(parameters[2])).sum()
    let leaves = parameters.map { tape.parameter($0) }
    #expect(gradients(of: loss, withRespectTo: leaves).flattened().value == Tensor([10, 8, 6, 4, 54]))
  }

  @Test func `A tangent along several variables at once is the sum of theirs`() {
    let tape = Tape<Double>()
    let (x, w) = (tape.input(Tensor([1, 2])), tape.input(Tensor([3, 4])))
    let y = x * w
    #expect(jvp(of: y, withRespectTo: [x, w], along: [Tensor([1, 0]), Tensor([0, 1])]) == Tensor([3, 2]))
  }
}
