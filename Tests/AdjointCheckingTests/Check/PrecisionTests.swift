import Adjoint
import AdjointChecking
import Testing

/// Values and rules in Float, each operation certified on its own numbers.
@Suite struct PrecisionTests {
  /// y = x sin x, whose rule is wrong in Float alone.
  struct FloatRipple: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = x[0][i] * S.sine(x[0][i]) }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
      let x = p.x[0]
      let right = g * (x.sin() + x * x.cos())
      return [p.to(0, S.self == Float.self ? 1.001 * right : right)]
    }
  }

  /// y = x where 1 + 3(x − 1) is more than 1, else 2x − 1: the branch hangs on what rounding leaves of the sum.
  struct RoundedBranch: Adjoint.Operation {
    private func argument<S: Scalar>(_ x: S) -> S { (S(1) + S(3) * (x - S(1))) - S(1) }
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = argument(x[0][i]) > 0 ? x[0][i] : 2 * x[0][i] - 1 }
    }
    func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
      let distances = x[0].elements.map { argument($0) }
      return Branches(sides: distances.map { $0 > 0 ? 1 : 0 }, distances: distances)
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
      [p.to(0, `where`((1 + 3 * (p.x[0] - 1)) - 1 .> 0, g, 2 * g))]
    }
  }

  private func report(_ values: [Float], _ body: (Variable<Float>) -> Variable<Float>) -> GradientReport {
    let tape = Tape<Float>()
    return GradientCheck(of: body(tape.input(Tensor(values)))).run()
  }

  @Test(
    "A rule that is wrong in Float alone is named, in both modes",
    arguments: [GradientCheck<Float>.Mode.directional(2), .full])
  func floatAlone(mode: GradientCheck<Float>.Mode) throws {
    let loss = fourLayers(Float.self) { $0.tape.record(FloatRipple(), $0) }
    let report = GradientCheck(of: loss, mode: mode).run()
    #expect(report.verdict == .disagree, "\(report)")
    let finding = try #require(report.findings.first)
    #expect(finding.operation == "floatRipple")
    #expect(finding.mechanism == .rule)
    #expect(finding.hypothesis == .wrongInPrecision)
    #expect(finding.input == 0)
  }

  @Test func `Overflow in Float is located, called overflow, and convicts nobody`() {
    for values in [[1, 100] as [Float], [100, 1]] {
      let report = report(values) { $0.exp().square().sum() }
      #expect(report.verdict == .cannotTell, "\(report)")
      #expect(report.findings.isEmpty)
      #expect(report.description.contains("overflow"), "\(report)")
      #expect(report.description.contains("exp %1, element \(values[0] == 100 ? 0 : 1)"), "\(report)")
    }
  }

  @Test func `Overflow of a cotangent is located in the rule`() {
    // The values stay in range; 1e30 · 1e15 does not.
    let report = report([1e-30]) { (($0 * 1e30) * 1e15).sin().sum() }
    #expect(report.verdict == .cannotTell, "\(report)")
    #expect(report.description.contains("overflow"), "\(report)")
    #expect(report.description.contains("the rule of multiply"), "\(report)")
  }

  @Test func `Underflow convicts nobody`() {
    #expect(report([-95, -100, -120]) { $0.exp().sum() }.verdict != .disagree)
    #expect(report([1e-25, 2e-25]) { ($0.square() * 1e30).sum() }.verdict != .disagree)
    #expect(report([1e-30, 3e-30]) { ($0 * 1e-15 * 1e30).sum() }.verdict != .disagree)
  }

  @Test func `A unit that stands on another side in Float than in Double convicts nobody`() {
    // 1 + 1e-9 is 1 in Float, so that relu sees exactly 0 there and 1e-9 in Double.
    let report = report([1e-9, 2e-9, -3e-9]) { ((($0 + 1) - 1).relu() + $0.square()).sum() }
    #expect(report.verdict != .disagree, "\(report)")
  }

  @Test func `A branch that rounding decides is a doubt with its place`() {
    let report = report([1 + 1e-7]) { $0.tape.record(RoundedBranch(), $0).sin().sum() }
    #expect(report.verdict != .disagree, "\(report)")
  }

  @Test func `Ill-conditioned models convict nobody in Float`() {
    var generator = Generator(seed: 3)
    let features = (0..<64).map { _ in Float(1e4 + generator.normal()) }
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [8, 8], elements: features))
    for loss in [
      x.variance(axes: [1]).log().mean(), (x - x.mean(axes: [1], keepingDimensions: true)).square().mean().sqrt(),
      (x.sum() - x.permute([1, 0]).sum() + x.mean().sin()), ((1 - (x * 1e-8).cos()) / (x * 1e-8).square()).sum(),
    ] {
      let report = GradientCheck(of: loss, withRespectTo: [x]).run()
      #expect(report.verdict != .disagree, "\(report)")
    }
  }
}
