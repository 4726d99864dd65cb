import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

@Suite struct VerifyTests {
  /// In debug a part of the catalogue, so that the suite stays quick; in release all of it.
  static var operations: [any Adjoint.Operation.Type] {
    #if DEBUG
      [
        MatMul.self, AddBias.self, Softmax.self, Pick.self, Clamp.self, Concatenate.self, ArgMax.self, ArgSort.self,
        Cholesky.self,
      ]
    #else
      OperationCatalog.all
    #endif
  }

  @Test func `Every operation of the catalogue agrees, at both orders, and kinks are told apart`() {
    let report = GradientCheck.verifyCatalogue(VerifyTests.operations)
    #expect(report.agrees, "\(report)")
    #expect(report.disagree == 0)
    #expect(report.cannotTell == 0)
    #expect(report.kinkProbes > 0)
    #expect(report.seconds < 60)
    #expect(report.worst(.dual)?.inBounds ?? 1 < 1)
  }

  @Test func `Loops agree, at both orders, in both precisions and at another point`() {
    let report = GradientCheck.verifyCatalogue(OperationCatalog.loops)
    #expect(report.agrees, "\(report)")
    #expect(report.disagree == 0 && report.cannotTell == 0)
    #expect(report.operations.map(\.name) == ["scan"])
    #expect(
      Set(report.operations[0].worstError.keys).isSuperset(of: [.dual, .secondOrderDual, .precision, .reference]))
  }

  @Test func `An operation of one's own is verified by one call`() {
    let report = GradientCheck.verify(Softening.self)
    #expect(report.agrees, "\(report)")
    #expect(report.operations.map(\.name) == ["softening"])
    #expect(
      Set(report.operations[0].worstError.keys).isSuperset(of: [.dual, .secondOrderDual, .precision, .reference]))
  }

  @Test func `One whose rule is wrong to second order only is convicted`() {
    let report = GradientCheck.verify(Hardening.self)
    #expect(report.verdict == .disagree)
    #expect(report.operations[0].complaints.flatMap(\.titles).allSatisfy { $0.contains("order 2") })
    #expect(report.operations[0].complaints.contains { $0.text.contains("right to first order, wrong to second") })
  }

  @Test func `Without examples the verdict is that nothing can be told, and the report says that nothing was checked`()
  {
    let report = GradientCheck.verify(Silent.self)
    #expect(report.verdict == .cannotTell && !report.agrees)
    #expect(
      report.description.hasPrefix("Cannot tell about Silent: nothing was checked: it has no examples; give the type"))
    #expect(!report.description.contains("agree"))
  }

  @Test func `What checks nothing acquits nobody, and says so`() {
    #expect(Verdict.combined([]) == .cannotTell)
    let nothing = GradientCheck.verifyCatalogue([])
    #expect(!nothing.agrees && nothing.description == "Nothing was checked: no operation was given.")

    let tape = Tape<Double>()
    for output in [tape.constant(3), tape.input(.zeros([0, 2])).sum()] {
      let report = GradientCheck(of: output, withRespectTo: output.role == .constant ? [] : nil).run()
      #expect(report.verdict == .cannotTell, "\(report)")
    }

    let score = Sabotage([Silent.self], includesSharedCode: false).run()
    #expect(score.mutants == 0 && score.exitCode == 2)
    #expect(score.description.contains("nothing was graded: no fault applies"))
  }
}

/// y = x / (1 + x²), as a user writes it.
struct Softening: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] / (1 + x[0][i] * x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let square = p.x[0].square()
    return [p.to(0, g * (1 - square) / (1 + square).square())]
  }
  static var examples: [Example] { [Example(Softening(), .numbers([3, 4])), Example(Softening(), .numbers([]))] }
}

/// y = x³, whose rule detaches x².
struct Hardening: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 3 * g * p.x[0].square().stopGradient())]
  }
  static var examples: [Example] { [Example(Hardening(), .numbers([3, 4]))] }
}

/// y = x, without an example to verify it on.
struct Silent: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = x[0][i] } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g)] }
}
