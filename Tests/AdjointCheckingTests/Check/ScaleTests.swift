import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

/// Faults at every scale are found, and right gradients at any scale and at kinks are not convicted.
struct ScaleTests {
  private func check<S: Scalar>(
    _ output: Variable<S>, mode: GradientCheck<S>.Mode = .directional(3), order: Int = 1
  ) -> GradientReport {
    GradientCheck(of: output, mode: mode, order: order).run()
  }

  private static let numbers: [Double] = [0.3, -1.2, 0.8, 1.7, -0.4, 2.1]

  private func input(_ tape: Tape<Double>, _ values: [Double] = ScaleTests.numbers) -> Variable<Double> {
    tape.input(Tensor(values))
  }

  @Test("A wrong sign behind any factor is found", arguments: [1e-14, 1e-20, 1e-200, 1e200])
  func smallFactor(factor: Double) {
    for mode in [GradientCheck<Double>.Mode.directional(2), .full] {
      let tape = Tape<Double>()
      let x = input(tape)
      let loss = factor * tape.record(Ripple(fault: .sign), x).sum()
      let report = check(loss, mode: mode)
      #expect(report.verdict == .disagree)
      #expect(report.findings.first?.operation == "ripple")
      #expect(report.findings.first?.hypothesis == .sign)
      let sound = Tape<Double>()
      #expect(check(factor * sound.record(Ripple(), input(sound)).sum(), mode: mode).agrees)
    }
  }

  @Test("A wrong sign behind a small factor is found in Float", arguments: [1e-20, 1e-10, 1e10])
  func smallFactorInFloat(factor: Double) {
    let tape = Tape<Float>()
    let x = tape.input(Tensor<Float>([0.3, -1.2, 0.8, 1.7]))
    let loss = Float(factor) * tape.record(Ripple(fault: .sign), x).sum()
    #expect(check(loss).findings.first?.operation == "ripple")
    let sound = Tape<Float>()
    let right = check(Float(factor) * sound.record(Ripple(), sound.input(x.value)).sum())
    #expect(right.agrees, "\(right)")
  }

  @Test("A wrong rule beside large terms is found")
  func besideLargeTerms() {
    let tape = Tape<Double>()
    let (x, z) = (input(tape), input(tape))
    let loss = (1e10 * x).sum() + tape.record(Ripple(fault: .factorTwo), z).sum()
    for mode in [GradientCheck<Double>.Mode.directional(2), .full] {
      #expect(check(loss, mode: mode).findings.first?.operation == "ripple")
    }
  }

  @Test("A wrong rule behind a saturated sigmoid is found")
  func saturated() {
    let tape = Tape<Double>()
    let x = input(tape)
    let gate = (tape.record(Ripple(fault: .slightly), x) + 40).sigmoid()
    #expect(check(gate.sum() + x.square().sum()).findings.first?.operation == "ripple")
  }

  @Test("One wrong element of many by a millionth is found in both modes")
  func oneOfMany() {
    let tape = Tape<Double>()
    var generator = Generator(seed: 1)
    let x = tape.input(Tensor<Double>(shape: [50, 50], elements: (0..<2_500).map { _ in generator.normal() }))
    for mode in [GradientCheck<Double>.Mode.directional(1), .full] {
      let report = check(tape.record(NearlySquare(), x).sum(), mode: mode)
      #expect(report.findings.first?.operation == "nearlySquare")
      #expect(report.findings.first?.element == 1234)
    }
  }

  @Test("Features around a large number are no fault")
  func largeOffsets() {
    for offset in [1e4, 1e5, 1e7] {
      let tape = Tape<Double>()
      var generator = Generator(seed: 3)
      let x = tape.input(Tensor<Double>(shape: [4, 8], elements: (0..<32).map { _ in offset + generator.normal() }))
      for loss in [
        x.variance(axes: [1]).log().mean(), (layerNorm(x) * layerNorm(x.square())).sum(),
        (layerNorm(x) * tape.constant(x.value)).sum(), (x.softmax() * x).sum(),
      ] {
        let report = check(loss, order: 2)
        #expect(report.verdict != .disagree, "\(report)")
      }
    }
  }

  @Test("Cancellation is no fault", arguments: [1e-2, 1e-4, 1e-6, 1e-8])
  func cancellation(x0: Double) {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([x0, 2 * x0, -3 * x0]))
    let loss = ((1 - x.cos()) / x.square()).sum()
    let report = check(loss)
    #expect(report.verdict != .disagree, "\(report)")
    let signs = Tensor<Double>((0..<1000).map { $0 % 2 == 0 ? 1.0 : -1.0 })
    let wide = Tape<Double>()
    let y = wide.input(Tensor<Double>((0..<1000).map { 1e8 + Double($0) * x0 }))
    let alternating = check((y * wide.constant(signs)).sum().square())
    #expect(alternating.verdict != .disagree, "\(alternating)")
  }

  @Test("Leaves far from 1 are checked at their own scale")
  func leavesOfAnySize() {
    let tape = Tape<Double>()
    let tiny = tape.input(Tensor([1e-30, -3e-30, 2e-30]))
    let near = tape.input(Tensor([1e-8, 3e-8]))
    let turn = tape.input(Tensor([1.0, 0.7]))
    for loss in [
      (1e30 * tiny).square().sum(), (1 / near).sum(), (1e6 * turn).sin().sum(), tiny.square().sum(),
      near.power(0.1).sum(), (tiny * 1e30).tanh().sum() + (1 / near).sum() + (1e6 * turn).sin().sum(),
    ] {
      for mode in [GradientCheck<Double>.Mode.directional(2), .full] {
        let report = check(loss, mode: mode, order: 2)
        #expect(report.agrees, "\(report)")
      }
    }
  }

  @Test("Scales mixed in one tensor convict nobody", arguments: [1e-12, 1e-17, 1e-25, 1e16, 1e18])
  func mixedScales(other: Double) {
    let tape = Tape<Double>()
    let w = tape.input(Tensor([1, other]))
    for loss in [w.abs().sum(), w.tanh().sum(), (1 / w).sum(), w.relu().sum(), w.reciprocal().sum(), w.log().sum()] {
      let report = check(loss, order: 2)
      #expect(report.verdict != .disagree, "\(report)")
    }
  }

  @Test("Leaves that nothing joins to the output, and leaves that depend on each other, cannot be told")
  func oddLeaves() {
    let tape = Tape<Double>()
    let (x, z) = (input(tape), input(tape))
    let h = x.sin()
    let loss = h.square().sum() + x.sum()
    let apart = GradientCheck(of: loss, withRespectTo: [z]).run()
    #expect(apart.verdict == .cannotTell && apart.summary.contains("reaches the output"), "\(apart)")
    let dependent = GradientCheck(of: loss, withRespectTo: [x, h]).run()
    #expect(dependent.verdict == .cannotTell && dependent.summary.contains("depends on"), "\(dependent)")
    #expect(GradientCheck(of: loss, withRespectTo: [x, x]).run().agrees)
  }

  @Test("Several kinks at once convict nobody")
  func severalKinks() {
    let tape = Tape<Double>()
    let (a, b) = (tape.input(Tensor<Double>.zeros([3])), tape.input(Tensor<Double>.zeros([3])))
    for loss in [
      (a.relu() - b.relu()).sum(), (a.relu() - a.abs() + a.maximum(b) * 3).sum(), a.maximum(-a).sum(),
      (a.relu() * (b + 1) - (a + b).relu() * 2).sum(),
    ] {
      let report = check(loss)
      #expect(report.verdict == .cannotTell, "\(report)")
    }
  }

  @Test("A wrong rule is found beside kinks, and at one")
  func faultsBesideKinks() {
    let tape = Tape<Double>()
    let a = tape.input(Tensor<Double>.zeros([3]))
    let x = input(tape, [0.5, -0.7, 1.1])
    let beside = (a.relu() - (2 * a).relu() + tape.record(Ripple(fault: .factorTwo), x)).sum()
    #expect(check(beside).findings.first?.operation == "ripple")
    let at = (a.relu() - tape.record(Rectify(fault: .steepAtZero), a)).sum()
    #expect(check(at).findings.first?.operation == "rectify")
  }

  @Test("A wrong max-pool is found where some of its windows tie")
  func faultsBetweenTies() {
    var generator = Generator(seed: 7)
    for size in [8, 32] {
      for wrong in [false, true] {
        let tape = Tape<Double>()
        let x = tape.input(
          Tensor<Double>(shape: [2, size, size], elements: (0..<2 * size * size).map { _ in generator.normal() }))
        let y = tape.record(RowMaximum(factor: wrong ? 2 : 1), x.relu())
        let report = check((y.square() + y).sum())
        #expect(report.verdict == (wrong ? .disagree : .cannotTell), "\(report)")
        if wrong { #expect(report.findings.first?.operation == "rowMaximum") }
      }
    }
  }
}

/// y = x², whose rule errs in one element by a millionth.
private struct NearlySquare: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var factor = Tensor<S>(repeating: 2, shape: p.x[0].shape)
    factor[linear: 1234] = S(2.000002)
    return [p.to(0, g * p.x[0] * p.tape.constant(factor))]
  }
}

/// The maximum of each pair of neighbours in the last axis, whose rule may be a multiple of the right one.
private struct RowMaximum: Operation {
  let factor: Double
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { Shape(x[0].dropLast() + [x[0][2] / 2]) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = S.larger(x[0][2 * i], x[0][2 * i + 1]) }
  }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let distances = (0..<x[0].elements.count / 2).map { x[0][2 * $0] - x[0][2 * $0 + 1] }
    return Branches(sides: distances.map { $0 > 0 ? 1 : 0 }, distances: distances)
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let shape = p.x[0].shape
    let pairs = p.x[0].reshape(to: Shape(p.y.shape + [2]))
    let best = pairs .== p.y.reshape(to: Shape(p.y.shape + [1])).broadcast(to: pairs.shape)
    let wide = g.reshape(to: Shape(g.shape + [1])).broadcast(to: pairs.shape)
    // A tie shares its cotangent.
    let count = best.sum(axes: [3], keepingDimensions: true).broadcast(to: pairs.shape)
    return [p.to(0, (factor * wide * best / count).reshape(to: shape))]
  }
}
