import Adjoint
import Testing

/// Where numbers get awkward: large logits, kinks, ties, NaN, infinities and shapes without elements.
@Suite struct AwkwardNumberTests {
  @Test func `Logits of ±10⁴ neither overflow nor lose the answer`() {
    func check<S: BitComparable>(_ type: S.Type) {
      let tape = Tape<S>()
      let x = tape.input(Tensor<Double>([[1e4, -1e4, 0], [-1e4, -1e4, -1e4 + 1]]).converted())
      let labels = tape.index(Tensor<Int32>([1, 2]))
      let log = x.logSoftmax()
      #expect(abs(log.value[0, 0].primal) < 1e-6 && log.value[0, 1].primal == -2e4)
      #expect(abs(x.logSumExp().value[1].primal - (-1e4 + 1.5514447)) < 1e-2)
      #expect(x.softmax().value.elements.allSatisfy { $0.primal.isFinite })
      let g = gradients(of: -log.pick(labels).sum(), withRespectTo: [x])[0].value
      #expect(g[0, 0].primal == 1 && g[0, 1].primal == -1 && g[0, 2].primal == 0)
      #expect(abs(g[1, 0].primal - 0.2119416) < 1e-3)
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `Saturated functions have finite values and derivatives`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([-1e4, -90, -20, 20, 90, 1e4]))
    for f in [Unary.sigmoid, .tanh, .softplus, .silu, .gelu, .erf] {
      let y = tape.record(f, x)
      let g = gradients(of: y.sum(), withRespectTo: [x])[0]
      #expect(y.value.elements.allSatisfy(\.isFinite) && g.value.elements.allSatisfy(\.isFinite), "\(f)")
    }
    #expect(x.softplus().value[5] == 1e4 && x.softplus().value[0] == 0)
    #expect(x.sigmoid().value[0] == 0 && x.sigmoid().value[5] == 1)
  }

  @Test func `The gradient of log-sum-exp adds up to 1 at large logits`() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor((0..<5).map { 1e4 + Float($0) / 8 }))
    let g = gradients(of: x.logSumExp(), withRespectTo: [x])[0].value.elements
    #expect(abs(g.reduce(0, +) - 1) <= 4 * Float.ulpOfOne)
    #expect(zip(g, x.softmax().value.elements).allSatisfy { $0 == $1 })
  }

  @Test func `All derivatives of elu at 0 are those of its left side`() {
    for zero in [0, -0.0] {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([zero]))
      let first = gradients(of: x.elu(alpha: 0.75).sum(), withRespectTo: [x])[0]
      let second = gradients(of: first.sum(), withRespectTo: [x])[0]
      #expect(first.value == Tensor([0.75]) && second.value == Tensor([0.75]))
    }
  }

  @Test func `At a kink the derivative is that of the constant side`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0, -0.0]))
    for y in [x.relu(), x.abs(), x.sign(), x.step()] {
      #expect(gradients(of: y.sum(), withRespectTo: [x])[0].value.elements.allSatisfy { $0 == 0 })
      #expect(jvp(of: y, withRespectTo: [x], along: [Tensor([1, 1])]).elements.allSatisfy { $0 == 0 })
    }
    let edge = tape.input(Tensor([-0.5, 1]))
    #expect(gradients(of: edge.clamp(-0.5, 1).sum(), withRespectTo: [edge])[0].value == Tensor([0, 0]))
    #expect(jvp(of: edge.clamp(-0.5, 1), withRespectTo: [edge], along: [Tensor([1, 1])]) == Tensor([0, 0]))
  }

  @Test(
    "Ties in a maximum share the cotangent equally, in both modes",
    arguments: [[0], [1], [2], [0, 1], [0, 2], [0, 1, 2]])
  func ties(axes: [Int]) {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [2, 2, 2], elements: [1, 1, 0, 0, 1, 0, 0, 0]))
    for y in [x.max(axes: axes), -(-x).min(axes: axes)] {
      let reverse = jacobian(of: y, withRespectTo: x, mode: .reverse)
      let forward = jacobian(of: y, withRespectTo: x, mode: .forward)
      #expect(zip(reverse.elements, forward.elements).allSatisfy { abs($0 - $1) < 1e-15 })
      #expect(abs(reverse.elements.reduce(0, +) - Double(y.shape.elementCount)) < 1e-14)
    }
  }

  @Test func `NaN passes through relu, clamp, max, maximum, softmax and sums`() {
    func check<S: BitComparable>(_ type: S.Type) {
      let tape = Tape<S>()
      let x = tape.input(Tensor<Double>([[1, .nan, 2, 3], [0, 1, 2, 3]]).converted())
      let zero = tape.constant(0)
      let elementwise = [
        x.relu(), x.clamp(-1, 1), x.maximum(zero), zero.maximum(x), x.minimum(zero), zero.minimum(x), x.abs(), x.sign(),
        x.leakyRelu(), x.elu(), x.softplus(), x.sigmoid(), x.gelu(), x.silu(), x.tanh(),
      ]
      for y in elementwise {
        #expect(y.value.elements.map { $0 != $0 } == [false, true, false, false, false, false, false, false])
      }
      for y in [x.max(axes: [1]), x.min(axes: [1]), x.sum(axes: [1]), x.logSumExp(), x.mean(axes: [1])] {
        #expect(y.value.elements.map { $0 != $0 } == [true, false], "\(tape.describe(y.index))")
      }
      #expect(x.max(axes: [0]).value.elements.map { $0 != $0 } == [false, true, false, false])
      #expect(x.softmax().value.elements.prefix(4).allSatisfy { $0 != $0 })
      #expect((x .== x).value.elements.map(\.primal) == [1, 0, 1, 1, 1, 1, 1, 1])
      #expect((x .!= x).value.elements.map(\.primal) == [0, 1, 0, 0, 0, 0, 0, 0])
    }
    check(Float.self)
    check(Double.self)
    check(Double.self)
  }

  @Test func `A branch of where that is not taken sends no NaN back`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([-1, 4]))
    let y = `where`(x .> 0, x.maximum(tape.constant(1e-3)).sqrt(), x)
    #expect(gradients(of: y.sum(), withRespectTo: [x])[0].value == Tensor([1, 0.25]))
  }

  @Test func `Masked logits of −∞ have probability 0 and gradient 0`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0, -.infinity, 0]))
    #expect(x.softmax().value == Tensor([0.5, 0, 0.5]))
    let g = gradients(of: x.logSumExp(), withRespectTo: [x])[0]
    #expect(zip(g.value.elements, [0.5, 0, 0.5]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func `Shapes without elements go through recording, gradients and programs`() throws {
    let tape = Tape<Float>()
    let x = tape.input(.zeros([0, 3]))
    let w = Parameter<Float>(.ones([2, 3]))
    let b = Parameter<Float>(.ones([2]))
    let z = x.matmul(tape.parameter(w), transposeB: true).addBias(tape.parameter(b)).relu().logSoftmax()
    let loss = z.sum()
    let g = gradients(of: loss, withRespectTo: [tape.parameter(w), tape.parameter(b), x])
    #expect(loss.scalar == 0)
    #expect(g[0].value == .zeros([2, 3]) && g[1].value == .zeros([2]) && g[2].value == .zeros([0, 3]))
    let program = Program<Float>([loss] + g)
    program.run()
    #expect(program.value(of: g[0]) == .zeros([2, 3]))
    try program.feed(x, .zeros([0, 3]) as Tensor<Float>)
    let depthless = tape.input(.zeros([2, 0])).matmul(tape.input(.zeros([0, 3])))
    #expect(depthless.value == .zeros([2, 3]))
  }

  @Test func `x⁰, x¹ and x² have derivatives at 0`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0]))
    for (exponent, slope) in [(0.0, 0.0), (1, 1), (2, 0), (3, 0)] {
      #expect(gradients(of: x.power(exponent).sum(), withRespectTo: [x])[0].scalar == slope)
      #expect(jvp(of: x.power(exponent), withRespectTo: [x], along: [Tensor([1])]) == Tensor([slope]))
    }
    let second = gradient(of: gradient(of: x.power(2).sum(), withRespectTo: x).sum(), withRespectTo: x)
    #expect(second.scalar == 2)
  }

  @Test func `The branch of an extremum is the first NaN, and else the first of those that tie`() throws {
    let rows = [[1, 2, .nan, 3, .nan], [.nan, 1, 2, 3, 0], [4, 1, 4, 2, 3], [1, 5, 2, 1, 1]]
    for largest in [true, false] {
      let tape = Tape<Double>()
      let x = tape.input(Tensor(rows))
      let y = largest ? x.max(axes: [1]) : x.min(axes: [1])
      let found = try #require(Program<Double>([y], keeping: .all).branches(of: y.index))
      #expect(found.sides == (largest ? [2, 0, 0, 1] : [2, 0, 1, 0]))
      #expect(found.distances[0].isNaN && found.distances[1].isNaN)
      #expect(Array(found.distances[2...]) == (largest ? [0, 3] : [-1, 0]))
      if largest {
        let place = x.argMax()
        let sides = try #require(Program<Double>([place], keeping: .all).branches(of: place.index)).sides
        #expect(sides.map(Double.init) == place.value.elements)
      }
    }
  }
}
