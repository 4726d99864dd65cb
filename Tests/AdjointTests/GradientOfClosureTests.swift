import Adjoint
import Testing

/// `gradient(at:of:)` and its family: derivatives of plain closures, of any order by nesting.
@Suite struct GradientOfClosureTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  private func isIdentical<S: BitComparable>(_ shape: Shape, as type: S.Type) -> Bool {
    var generator = Generator(seed: 5)
    let (a, b): (Tensor<S>, Tensor<S>) = (generator.tensor(shape).converted(), generator.tensor([]).converted())
    func f(_ a: Variable<S>, _ b: Variable<S>) -> Variable<S> { (a * b).tanh().sum() + (a + b).square().sum() }
    let tape = Tape<S>()
    let (x, y) = (tape.input(a), tape.input(b))
    let z = f(x, y)
    let expected = gradients(of: z, withRespectTo: [x, y])
    let (value, gradient) = valueAndGradient(at: a, b, of: f)
    return Tensor(scalar: value).isIdentical(to: z.value) && gradient.0.isIdentical(to: expected[0].value)
      && gradient.1.isIdentical(to: expected[1].value)
  }

  @Test func `A closure has the bits of the tape's gradient in both precisions, whatever the shape`() {
    let shapes: [Shape] = [[], [0], [1], [5], [2, 3], [2, 0, 3], [1, 1, 4]]
    for shape in shapes {
      #expect(isIdentical(shape, as: Float.self) && isIdentical(shape, as: Double.self), "\(shape)")
    }
  }

  @Test func `The gradient of a closure agrees with central differences`() {
    var generator = Generator(seed: 8)
    let (x, w) = (generator.tensor([4, 3]), generator.tensor([3, 2]))
    func f(_ w: Variable<Double>) -> Variable<Double> { x.matmul(w).sigmoid().log().softmax(axis: 0).square().sum() }
    func value(_ w: Tensor<Double>) -> Double { valueAndGradient(at: w, of: f).value }
    let g = gradient(at: w, of: f)
    for i in w.elements.indices {
      var (up, down) = (w, w)
      up[linear: i] += 1e-5
      down[linear: i] -= 1e-5
      #expect(abs(g.elements[i] - (value(up) - value(down)) / 2e-5) < 1e-9)
    }
  }

  @Test func `One, two or three arguments and arrays of them have gradients in their own form`() {
    let (a, b, c) = (Tensor([1, 2]), Tensor([3, 4]), Tensor(scalar: 5))
    #expect(gradient(at: a) { a in (a * a).sum() } == Tensor([2, 4]))
    let two = gradient(at: a, b) { a, b in (a * a * b).sum() }
    #expect(two == (Tensor([6, 16]), Tensor([1, 4])))
    let three = gradient(at: a, b, c) { a, b, c in (a * b * c).sum() }
    #expect(three == (Tensor([15, 20]), Tensor([5, 10]), Tensor(scalar: 11)))
    let list = gradient(at: [a, b]) { x in (x[0] * x[1]).sum() }
    #expect(list == [b, a])
    let mixed = gradient(at: c, [[a], [b, a]]) { c, x in (c * x[0][0] * x[1][0] + x[1][1]).sum() }
    #expect(mixed.0 == Tensor(scalar: 11) && mixed.1 == [[Tensor([15, 20])], [Tensor([5, 10]), Tensor([1, 1])]])
    #expect(gradient(at: a, b) { a, _ in a.sum() }.1 == .zeros([2]), "nothing reaches b")
    let swapped = gradient(at: b, a) { b, a in (a * a * b).sum() }
    #expect(swapped == (two.1, two.0))
  }

  @Test func `Values come with their gradients, and what a closure returns beside them`() {
    let x = Tensor<Float>([3, 4])
    let (norm, g) = valueAndGradient(at: x) { $0.square().sum().sqrt() }
    #expect(norm == 5 && g.isClose(to: Tensor([0.6, 0.8])))
    let (loss, slope, output) = valueAndGradient(at: x) { x in
      let y = x * 2
      return (y.sum(), (y.value, "beside"))
    }
    #expect(loss == 14 && slope == Tensor([2, 2]) && output.0 == Tensor([6, 8]) && output.1 == "beside")
    let two = valueAndGradient(at: x, x) { a, b in ((a * b).sum(), a) }
    #expect(two.value == 25 && two.gradient == (x, x) && two.aux.value == x, "a variable outlives the call")
    let three = valueAndGradient(at: x, x, x) { a, b, c in ((a * b * c).sum(), 7) }
    #expect(three.value == 91 && three.gradient == (x * x, x * x, x * x) && three.aux == 7)
    #expect(valueAndGradient(at: x, x, x) { a, b, c in (a + b + c).sum() }.value == 21)
  }

  @Test func `Errors of a closure are passed on`() {
    struct Refusal: Error {}
    #expect(throws: Refusal.self) { _ = try gradient(at: Tensor([1])) { _ in throw Refusal() } }
    #expect(throws: Refusal.self) {
      _ = try valueAndGradient(at: Tensor([1])) { x -> (Variable<Double>, Int) in throw Refusal() }
    }
  }

  @Test func `Gradients nest to any order`() {
    let x = Tensor([0.5, -1, 2])
    let second = gradient(at: x) { x in gradient(at: x) { x in (x * x * x).sum() }.sum() }
    #expect(second.isClose(to: 6 * x, relative: 1e-15))
    let fourth = gradient(at: x) { x in
      gradient(at: x) { x in gradient(at: x) { x in gradient(at: x) { x in x.sin().sum() }.sum() }.sum() }.sum()
    }
    #expect(fourth.isClose(to: x.sin(), relative: 1e-14))
    let (value, slope) = valueAndGradient(at: x) { x in
      let (y, g) = valueAndGradient(at: x) { x in x.exp().sum() }
      return y + g.square().sum()
    }
    #expect(abs(value - (x.exp() + (2 * x).exp()).sum().scalar) < 1e-12)
    #expect(slope.isClose(to: x.exp() + 2 * (2 * x).exp(), relative: 1e-14))
  }

  @Test func `Hessian-vector products by nesting agree with the Hessian`() {
    var generator = Generator(seed: 9)
    let (x, v, w) = (generator.tensor([3]), generator.tensor([3]), generator.tensor([3, 3]))
    func f(_ x: Variable<Double>) -> Variable<Double> {
      x.reshape(to: [1, 3]).matmul(w).tanh().square().sum() + x.exp().sum()
    }
    let product = gradient(at: x) { x in (gradient(at: x, of: f) * v).sum() }
    let h = hessian(at: x, of: f)
    #expect(product.isClose(to: h.matmul(v.reshape(to: [3, 1])).reshape(to: [3]), relative: 1e-12))
    #expect(h.isClose(to: jacobian(at: x) { x in gradient(at: x, of: f) }, relative: 1e-15))
    #expect(
      jacobian(at: x, mode: .forward) { $0.square() }.isClose(to: jacobian(at: x, mode: .reverse) { $0.square() }))
  }

  @Test func `An inner gradient counts its argument alone, not the variable that the closure captures`() {
    let x = Tensor([2, 3])
    // d/dy Σ x·y at y = x is x; the outer derivative of Σ x is 1. Counting the captured x would give 2.
    let g = gradient(at: x) { x in gradient(at: x) { y in (x * y).sum() }.sum() }
    #expect(g == .ones([2]))
    // d/dy Σ x²y² at y = x is 2x³; its outer derivative is 6x².
    let h = gradient(at: x) { x in gradient(at: x) { y in (x * x * y * y).sum() }.sum() }
    #expect(h == Tensor([24, 54]))
    let pair = gradient(at: x) { x in
      let (a, b) = gradient(at: x, x) { a, b in (a * a * b).sum() }
      return (a - b).sum()  // 2x² − x²
    }
    #expect(pair == 2 * x)
  }

  @Test func `A gradient at a variable is recorded on its tape, where a program can replay it`() throws {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([1, 2]))
    let g = gradient(at: x) { x in (x * x * x).sum() }
    #expect(g.tape === tape && g.value == Tensor([3, 12]))
    #expect(gradients(of: g.sum(), withRespectTo: [x])[0].value == Tensor([6, 12]))
    let program = Program<Float>([g])
    try program.feed(x, Tensor<Float>([3, 4]))
    program.run()
    #expect(program.value(of: g) == Tensor([27, 48]))
  }

  @Test func `A result that is no single number, or of another tape, traps at the caller's line and says what to do`()
    async
  {
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = gradient(at: Tensor([1, 2, 3])) { x in x * x }
    }
    #expect(said(vector).contains("AdjointTests/GradientOfClosureTests.swift:"))
    #expect(
      said(vector).contains("gradient(at:of:): the function returned a value of shape [3]; only a single number has"))
    #expect(said(vector).contains("Sum it"))
    let foreign = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let other = Tape<Double>().input(Tensor([1]))
      _ = valueAndGradient(at: Tensor([1]), Tensor([2])) { _, _ in other.sum() }
    }
    #expect(said(foreign).contains("AdjointTests/GradientOfClosureTests.swift:"))
    #expect(said(foreign).contains("the function returned a variable of another tape than that of its arguments"))
  }
}
