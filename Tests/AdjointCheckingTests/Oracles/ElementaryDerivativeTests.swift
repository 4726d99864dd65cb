import Adjoint
import AdjointChecking
import Foundation
import Testing

/// The derivatives that `Dual` and `SecondOrderDual` carry, against differences of values in 32 digits: no derivative is written
/// down a second time here.
@Suite struct ElementaryDerivativeTests {
  /// An elementary function in three precisions, and the intervals that it is swept over.
  struct Function: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let wide: @Sendable (DoubleDouble) -> DoubleDouble
    let dual: @Sendable (Dual) -> Dual
    let second: @Sendable (SecondOrderDual) -> SecondOrderDual
    /// The intervals where f′ is at least 10⁻⁸ of f, and f″ at least 10⁻⁴, so that differences have digits enough.
    let first: ClosedRange<Double>
    let curved: ClosedRange<Double>
    /// The distance around x over which f is smooth: the unit of the step.
    var scale: @Sendable (Double) -> Double = { _ in 1 }
    /// Tells whether the sweep is even in log x.
    var isGeometric = false
  }

  static let functions = [
    Function(
      testDescription: "exp", wide: { .exponential($0) }, dual: { .exponential($0) }, second: { .exponential($0) },
      first: -500...600, curved: -500...600),
    Function(
      testDescription: "expm1", wide: { .exponentialMinusOne($0) }, dual: { .exponentialMinusOne($0) },
      second: { .exponentialMinusOne($0) }, first: -15...600, curved: -8...600),
    Function(
      testDescription: "log", wide: { .logarithm($0) }, dual: { .logarithm($0) }, second: { .logarithm($0) },
      first: 1e-100...1e100, curved: 1e-100...1e100, scale: { $0 }, isGeometric: true),
    Function(
      testDescription: "log1p", wide: { .logarithmOnePlus($0) }, dual: { .logarithmOnePlus($0) },
      second: { .logarithmOnePlus($0) }, first: -0.9999...50, curved: -0.9999...50, scale: { 1 + $0 }),
    Function(
      testDescription: "sqrt", wide: { .squareRoot($0) }, dual: { .squareRoot($0) }, second: { .squareRoot($0) },
      first: 1e-100...1e100, curved: 1e-100...1e100, scale: { $0 }, isGeometric: true),
    Function(
      testDescription: "sin", wide: { .sine($0) }, dual: { .sine($0) }, second: { .sine($0) }, first: -100...100,
      curved: -100...100),
    Function(
      testDescription: "cos", wide: { .cosine($0) }, dual: { .cosine($0) }, second: { .cosine($0) },
      first: -100...100, curved: -100...100),
    Function(
      testDescription: "atan", wide: { .arcTangent($0) }, dual: { .arcTangent($0) }, second: { .arcTangent($0) },
      first: -1000...1000, curved: -100...100),
    Function(
      testDescription: "tanh", wide: { .hyperbolicTangent($0) }, dual: { .hyperbolicTangent($0) },
      second: { .hyperbolicTangent($0) }, first: -9...9, curved: -5...5),
    Function(
      testDescription: "erf", wide: { .errorFunction($0) }, dual: { .errorFunction($0) },
      second: { .errorFunction($0) }, first: -4...4, curved: -3...3),
    Function(
      testDescription: "1 / x", wide: { 1 / $0 }, dual: { 1 / $0 }, second: { 1 / $0 }, first: 1e-4...1e4,
      curved: 1e-4...1e4, scale: { $0 }, isGeometric: true),
    power(2.5), power(-1.5), power(3), power(1), power(0), power(2), power(0.1), power(-20.25), power(-0.3),
  ]

  static func power(_ p: Double) -> Function {
    Function(
      testDescription: "x^\(p)", wide: { .power($0, p) }, dual: { .power($0, p) }, second: { .power($0, p) },
      first: 1e-4...1e4, curved: 1e-4...1e4, scale: { $0 }, isGeometric: true)
  }

  private func sweep(_ range: ClosedRange<Double>, _ isGeometric: Bool, count: Int = 400) -> [Double] {
    let (low, high) =
      isGeometric ? (log(range.lowerBound), log(range.upperBound)) : (range.lowerBound, range.upperBound)
    return (0..<count).map { i in
      let x = low + (high - low) * (Double(i) + 0.37) / Double(count)
      return isGeometric ? exp(x) : x
    }
  }

  @Test("A derivative of Dual is within 4 ulps of the difference in 32 digits", arguments: functions)
  func first(f: Function) {
    var worst = 0.0
    for x in sweep(f.first, f.isGeometric) {
      let h = scalbn(1, -19 + Int(f.scale(x).exponent))
      func difference(_ h: Double) -> DoubleDouble {
        f.wide(DoubleDouble(x) + DoubleDouble(h)) - f.wide(DoubleDouble(x) - DoubleDouble(h))
      }
      let exact = (8 * difference(h) - difference(2 * h)) / DoubleDouble(12 * h)
      let (value, dual) = (f.dual(Dual(x)).value, f.dual(Dual(x, tangent: 1)).tangent)
      let second = f.second(SecondOrderDual(x, first: 1, second: 1))
      #expect(second.first == dual || abs(second.first - dual) <= 2 * dual.ulp)
      #expect(second.first == second.second)
      worst = max(worst, abs((DoubleDouble(dual) - exact).primal) / dual.ulp)
      #expect(abs((DoubleDouble(value) - f.wide(DoubleDouble(x))).primal) <= 4 * value.ulp)
    }
    #expect(worst <= 4)
  }

  @Test("A second derivative is within 4 ulps of the difference in 32 digits", arguments: functions)
  func second(f: Function) {
    var worst = 0.0
    for x in sweep(f.curved, f.isGeometric) {
      let h = scalbn(1, -16 + Int(f.scale(x).exponent))
      let center = f.wide(DoubleDouble(x))
      func difference(_ h: Double) -> DoubleDouble {
        (f.wide(DoubleDouble(x) + DoubleDouble(h)) - center) + (f.wide(DoubleDouble(x) - DoubleDouble(h)) - center)
      }
      let exact = (16 * difference(h) - difference(2 * h)) / DoubleDouble(12 * h * h)
      let value = f.second(SecondOrderDual(x, first: 1, second: 1)).mixed
      worst = max(worst, abs((DoubleDouble(value) - exact).primal) / value.ulp)
    }
    #expect(worst <= 4)
  }

  @Test("A direction that is not taken stays 0 where the derivative is infinite")
  func untaken() {
    let root = SecondOrderDual.squareRoot(SecondOrderDual(0, first: 0, second: 1))
    #expect(root.first == 0 && root.second == .infinity && root.mixed == 0)
    let power = SecondOrderDual.power(SecondOrderDual(0, first: 1, second: 1), 2)
    #expect(power.value == 0 && power.first == 0 && power.mixed == 2)
    #expect(SecondOrderDual.power(SecondOrderDual(0, first: 1, second: 1), 1).mixed == 0)
    #expect(SecondOrderDual.logarithm(SecondOrderDual(0)).value == -.infinity)
    #expect(SecondOrderDual.logarithm(SecondOrderDual(0)).first == 0)
  }

  @Test("Arithmetic of second order obeys the product and quotient rules")
  func arithmetic() {
    var generator = Generator(seed: 8)
    for _ in 0..<100 {
      func draw() -> SecondOrderDual {
        SecondOrderDual(
          generator.uniform(0.5, 2), first: generator.uniform(-1, 1), second: generator.uniform(-1, 1),
          mixed: generator.uniform(-1, 1))
      }
      let (a, b) = (draw(), draw())
      let same = (a / b) * b
      #expect(abs(same.value - a.value) < 1e-14 && abs(same.mixed - a.mixed) < 1e-13)
      #expect(abs(same.first - a.first) < 1e-14 && abs(same.second - a.second) < 1e-14)
      let root = SecondOrderDual.squareRoot(a) * .squareRoot(a)
      #expect(abs(root.mixed - a.mixed) < 1e-13)
      #expect(a.detached.mixed == 0 && (a <= a) && !(a < a) && a.primal == a.value)
      #expect(SecondOrderDual.tied(a, sum: a + b, count: 2).mixed == (a.mixed + b.mixed) / 2)
    }
  }
}
