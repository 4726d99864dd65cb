import Adjoint
import AdjointChecking
import Testing

/// A check that has never failed is no check: wrong rules must be caught, and the right one passed.
@Suite struct WrongRuleTests {
  private func record(_ operation: some Operation, _ shapes: Shape...) -> (x: [Variable<Double>], y: Variable<Double>) {
    var generator = Generator(seed: 31)
    let tape = Tape<Double>()
    let x = shapes.map { tape.input(generator.tensor($0, 0.5, 1.5)) }
    return (x, tape.record(operation, inputs: x))
  }

  /// The verdict on the gradient; at order 2 also on its gradient.
  private func verdict(
    _ recorded: (x: [Variable<Double>], y: Variable<Double>), order: Int = 1, mode: GradientCheck<Double>.Mode = .full
  ) -> Verdict {
    GradientCheck(of: recorded.y, withRespectTo: recorded.x, mode: mode, order: order).run().verdict
  }

  @Test func `A user's operation with the right rule passes, in both orders`() {
    #expect(verdict(record(Cube(fault: .none), [2, 3]), order: 2) == .agree)
  }

  @Test(
    "A sign, a factor, a power or an element wrong in a rule is caught, by one direction and coordinate by coordinate",
    arguments: [
      Cube.Fault.sign, .factorTwo, .forgottenPower, .oneElement,
    ])
  func cube(fault: Cube.Fault) {
    #expect(verdict(record(Cube(fault: fault), [2, 3])) == .disagree)
    #expect(verdict(record(Cube(fault: fault), [2, 3]), mode: .directional(1)) == .disagree)
  }

  @Test func `Exactly the wrong element is named`() throws {
    let recorded = record(Cube(fault: .oneElement), [3])
    let report = GradientCheck(of: recorded.y, withRespectTo: recorded.x).run()
    let finding = try #require(report.findings.first)
    #expect((finding.node, finding.input, finding.element) == (recorded.y.index, 0, 2), "\(report)")
  }

  @Test func `A rule that is right to first order only is caught in the second`() {
    #expect(verdict(record(Cube(fault: .detachedPoint), [4])) == .agree)
    #expect(verdict(record(Cube(fault: .detachedPoint), [4]), order: 2) == .disagree)
  }

  @Test func `A sum that is missing or taken over one row is caught`() {
    // With one row the wrong rule is right, so the check must look at more.
    #expect(verdict(record(FirstRowOnly(), [1, 4], [4])) == .agree)
    #expect(verdict(record(FirstRowOnly(), [3, 4], [4])) == .disagree)
  }

  @Test func `A forgotten transposition is caught`() {
    #expect(verdict(record(ForgottenTranspose(), [3, 3], [3, 3])) == .disagree)
  }

  @Test func `Softmax rules that a cotangent of ones would pass are caught`() {
    #expect(verdict(record(DiagonalSoftmax(), [2, 4])) == .disagree)
    let forgotten = record(ForgottenSoftmax(), [2, 4])
    #expect(verdict(forgotten) == .disagree)
    let ones = forgotten.y.tape.constant(.ones([2, 4]))
    let right = gradients(of: forgotten.x[0].softmax(), withRespectTo: forgotten.x, cotangent: ones)[0]
    #expect(right.value.elements.allSatisfy { abs($0) < 1e-15 }, "which is why ones are never used")
  }
}
