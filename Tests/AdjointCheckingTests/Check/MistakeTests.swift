import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// The mistakes that people make in a rule are recognised by their numbers.
@Suite struct MistakeTests {
  private func check<S: Scalar>(
    _ mistake: PeoplesMistake, _ type: S.Type, _ mode: GradientCheck<S>.Mode, seed: UInt64
  ) throws -> Finding {
    let operation = MistakenOperation(original: mistake.example.operation, mistake: .people(mistake))
    let network = SabotageNetwork<S>(ExampleDraw(mistake.example, seed: seed), operation: operation, seed: seed)
    let report = network.check(order: 1, mode: mode, seed: seed)
    let finding = try #require(report.findings.first, "\(report)")
    #expect(finding.node == network.node)
    #expect(finding.input == 0)
    #expect(finding.isConfirmed)
    return finding
  }

  @Test("Each mistake has its own name, in every seed, mode and precision", arguments: PeoplesMistake.allCases)
  func names(mistake: PeoplesMistake) throws {
    for seed in 0..<3 as Range<UInt64> {
      let finding = try check(mistake, Double.self, .directional(2), seed: seed)
      #expect(finding.hypothesis == mistake.hypothesis, "\(finding.text)")
    }
    #expect(try check(mistake, Double.self, .full, seed: 3).hypothesis == mistake.hypothesis)
    #expect(try check(mistake, Float.self, .directional(2), seed: 4).hypothesis == mistake.hypothesis)
  }

  @Test func `One wrong element of 10,000 is the one that is named`() throws {
    let example = Example(Unary.tanh, .numbers([100, 100]))
    let operation = MistakenOperation(original: Unary.tanh, mistake: .oneElement)
    let network = SabotageNetwork<Double>(ExampleDraw(example, seed: 1), operation: operation, seed: 1)
    let finding = try #require(network.check(order: 1, mode: .directional(1), seed: 1).findings.first)
    #expect(finding.node == network.node)
    #expect(finding.hypothesis == .wrongElement(6250), "\(finding.text)")
    #expect(finding.element == 6250)
  }

  @Test("Operands that are exchanged are named where no formula fits")
  func exchanged() throws {
    /// y = e^(a b²), with the contribution to a for the one to b.
    struct Exchanged: Adjoint.Operation {
      func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
      func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
        for i in y.indices { y[i] = S.exponential(x[0][i] * x[1][i] * x[1][i]) }
      }
      func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
        let (a, b) = (p.x[0], p.x[1])
        return [p.to(0, g * p.y * 2 * a * b), p.to(1, g * p.y * 2 * a * b)]
      }
    }
    let tape = Tape<Double>()
    let a = tape.input(Tensor([0.3, -0.7, 0.9]))
    let b = tape.input(Tensor([0.5, 0.8, -0.4]))
    let report = GradientCheck(of: tape.record(Exchanged(), a, b)).run()
    #expect(report.findings.first?.hypothesis == .exchangedOperands, "\(report)")
  }

  /// yᵢ = (Σⱼ xᵢⱼ)², a reduction whose rule may be wrong.
  struct SquaredSum: Adjoint.Operation {
    enum Fault: CaseIterable { case withoutSum, otherAxis, withoutCotangent }
    let fault: Fault

    func shape(of x: [Shape]) throws(ShapeError) -> Shape { [x[0][0]] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      let width = x[0].shape[1]
      for row in y.indices {
        var sum: S = 0
        for i in 0..<width { sum = sum + x[0][row * width + i] }
        y[row] = sum * sum
      }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
      let x = p.x[0]
      let column = Shape([x.shape[0], 1])
      let sum = x.sum(axes: [1], keepingDimensions: true)
      let contribution: Variable<S> =
        switch fault {
        case .withoutSum: (2 * g).reshape(to: column)
        case .otherAxis: 2 * g.reshape(to: [1, x.shape[0]]) * x.sum(axes: [0], keepingDimensions: true)
        case .withoutCotangent: 2 * sum
        }
      return [p.to(0, contribution.broadcast(to: x.shape))]
    }
  }

  @Test("A reduction's mistakes have names too", arguments: SquaredSum.Fault.allCases)
  func reduction(fault: SquaredSum.Fault) throws {
    let tape = Tape<Double>()
    var generator = Generator(seed: 4)
    let x = tape.input(Tensor(shape: [4, 4], elements: (0..<16).map { _ in generator.normal() }))
    let finding = try #require(GradientCheck(of: tape.record(SquaredSum(fault: fault), x).sin()).run().findings.first)
    let expected: Hypothesis =
      switch fault {
      case .withoutSum: .otherFormula(found: "2.0", expected: nil)
      case .otherAxis: .wrongAxis
      case .withoutCotangent: .missingCotangent
      }
    #expect(finding.hypothesis == expected, "\(finding.text)")
  }

  @Test func `Differences convict nobody where 32 digits give out`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1, 2.9]))
    for loss in [(x * 1e15).sin().sum(), (x * 1e18).cos().sum(), (x * 60).tanh().sum(), (x * 1e9).softplus().sum()] {
      let report = GradientCheck(of: loss).run()
      #expect(report.verdict != .disagree, "\(report)")
    }
  }

  // MARK: What is not finite

  @Test(
    "A rule that makes NaN of finite numbers is convicted where it does so",
    arguments: [RareMistake.overflowingSoftplus, .overflowingSilu, .zeroByZero, .reciprocal])
  func notFinite(mistake: RareMistake) throws {
    let operation = MistakenOperation(original: mistake.example.operation, mistake: .rare(mistake))
    for mode in [GradientCheck<Double>.Mode.directional(2), .full] {
      let network = SabotageNetwork<Double>(ExampleDraw(mistake.example, seed: 2), operation: operation, seed: 2)
      let report = network.check(order: 1, mode: mode, seed: 2)
      let finding = try #require(report.findings.first, "\(report)")
      #expect(report.findings.count == 1, "\(report)")
      #expect(finding.node == network.node)
      #expect(finding.hypothesis == .notFinite)
      #expect(!finding.found.isFinite)
      #expect(finding.expected.isFinite)
    }
  }

  @Test func `A value or derivative that is not finite by its nature convicts nobody`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([-1.0, 0, 2]))
    // ln −1 and √−1 have no value; √0 has no derivative.
    for loss in [x.log().sum(), x.sqrt().sum(), x.square().sqrt().sum(), x.relu().sqrt().sum()] {
      let report = GradientCheck(of: loss).run()
      #expect(report.verdict != .disagree, "\(report)")
      #expect(report.findings.isEmpty)
    }
  }
}

extension PeoplesMistake {
  /// The name that the checker should give it.
  fileprivate var hypothesis: Hypothesis {
    switch self {
    case .tanhAtInput: .otherFormula(found: "1 − x²", expected: "1 − y²")
    case .tanhNotSquared: .otherFormula(found: "1 − y", expected: "1 − y²")
    case .tanhAtOutput: .otherFormula(found: "1 − tanh² y", expected: "1 − tanh² x")
    case .skippedActivation: .missingLocalDerivative
    case .valueForDerivative: .otherFormula(found: "y", expected: "1 − y²")
    case .forgottenCotangent: .missingCotangent
    case .sigmoidAtInput: .otherFormula(found: "x (1 − x)", expected: "y (1 − y)")
    case .sigmoidSquared: .otherFormula(found: "y² (1 − y)", expected: "y (1 − y)")
    case .expOfInput: .otherFormula(found: "x", expected: "y")
    case .sqrtOfInput: .otherFormula(found: "1 / (2 x)", expected: "1 / (2 y)")
    case .softmaxDiagonal, .logSoftmaxDiagonal: .diagonalOnly
    case .softmaxWithoutSum: .valueForDerivative
    case .softmaxOtherAxis, .sumOfOtherAxis: .wrongAxis
    case .logSoftmaxNotTransposed, .weightNotTransposed, .scanNotReversed: .untransposedJacobian
    case .productExchanged: .otherFormula(found: "x₀", expected: "x₁")
    case .productSquared: .otherFormula(found: "x₁²", expected: "x₁")
    case .quotientExchanged: .otherFormula(found: "1 / x₀", expected: "1 / x₁")
    case .exponentTooHigh: .strayFactor("x")
    case .exponentTooLow: .strayFactor("1/x")
    case .meanOfOtherAxis: .otherMean(found: 3, expected: 4)
    }
  }
}
