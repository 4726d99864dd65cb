import Foundation

/// A dual number of second order, a + bε₁ + cε₂ + dε₁ε₂ with ε₁² = ε₂² = 0: a value, its derivatives along two directions, and
/// the exact second derivative along both.
///
/// One replay of f at x + uε₁ + vε₂ gives f + ⟨∇f, u⟩ε₁ + ⟨∇f, v⟩ε₂ + uᵀHv ε₁ε₂: a witness against recorded Hessian-vector
/// products that uses no rule of `Operations/`. The elementary functions carry first and second derivatives of their own,
///   f(x) = f(a) + f′b ε₁ + f′c ε₂ + (f′d + f″bc) ε₁ε₂.
/// Comparison looks at the value alone, as for `Dual`.
///
/// Source: Fike and Alonso, "The development of hyper-dual numbers for exact second-derivative calculations", AIAA 2011-886.
public struct SecondOrderDual: Scalar {
  /// a
  public var value: Double
  /// b, the derivative along the first direction
  public var first: Double
  /// c, the derivative along the second direction
  public var second: Double
  /// d, the second derivative along both
  public var mixed: Double

  @inlinable
  public init(_ value: Double, first: Double, second: Double, mixed: Double = 0) {
    (self.value, self.first, self.second, self.mixed) = (value, first, second, mixed)
  }

  @inlinable public init(_ value: Double) { self.init(value, first: 0, second: 0) }
  @inlinable public init(integerLiteral value: Int) { self.init(Double(value)) }
  @inlinable public init(floatLiteral value: Double) { self.init(value) }
  @inlinable public var primal: Double { value }
  @inlinable public var detached: SecondOrderDual { SecondOrderDual(value) }

  @inlinable public static func == (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value == b.value }
  @inlinable public static func < (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value < b.value }
  // Written out for NaN, as in `Dual`.
  @inlinable public static func <= (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value <= b.value }
  @inlinable public static func > (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value > b.value }
  @inlinable public static func >= (a: SecondOrderDual, b: SecondOrderDual) -> Bool { a.value >= b.value }

  @inlinable
  public static prefix func - (a: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(-a.value, first: -a.first, second: -a.second, mixed: -a.mixed)
  }
  @inlinable
  public static func + (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(
      a.value + b.value, first: a.first + b.first, second: a.second + b.second, mixed: a.mixed + b.mixed)
  }
  @inlinable
  public static func - (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    SecondOrderDual(
      a.value - b.value, first: a.first - b.first, second: a.second - b.second, mixed: a.mixed - b.mixed)
  }
  @inlinable
  public static func * (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    let outer = a.mixed * b.value + a.value * b.mixed
    let inner = a.first * b.second + a.second * b.first
    return SecondOrderDual(
      a.value * b.value, first: a.first * b.value + a.value * b.first,
      second: a.second * b.value + a.value * b.second, mixed: outer + inner)
  }
  @inlinable
  public static func / (a: SecondOrderDual, b: SecondOrderDual) -> SecondOrderDual {
    // From q·b = a, part by part.
    let value = a.value / b.value
    let first = (a.first - value * b.first) / b.value
    let second = (a.second - value * b.second) / b.value
    let inner = first * b.second + second * b.first
    return SecondOrderDual(
      value, first: first, second: second, mixed: (a.mixed - value * b.mixed - inner) / b.value)
  }

  /// f(x) from f(a), f′(a) and f″(a). Where a derivative is infinite, a direction that is not taken stays 0.
  @inlinable
  static func chain(_ x: SecondOrderDual, _ value: Double, _ slope: Double, _ curvature: Double) -> SecondOrderDual {
    let bent = x.first == 0 || x.second == 0 ? 0 : curvature * x.first * x.second
    return SecondOrderDual(
      value, first: x.first == 0 ? 0 : slope * x.first, second: x.second == 0 ? 0 : slope * x.second,
      mixed: (x.mixed == 0 ? 0 : slope * x.mixed) + bent)
  }

  @inlinable
  public static func elementary(_ f: ElementaryFunction, _ x: SecondOrderDual) -> SecondOrderDual {
    let y = f(x.value)
    let slope = f.slope(x.value, y)
    return chain(x, y, slope, f.curvature(x.value, y, slope))
  }
  @inlinable
  public static func power(_ x: SecondOrderDual, _ p: Double) -> SecondOrderDual {
    chain(x, pow(x.value, p), PowerFunction.slope(x.value, p), PowerFunction.curvature(x.value, p))
  }
  @inlinable
  public static func tied(_ first: SecondOrderDual, sum: SecondOrderDual, count: Int) -> SecondOrderDual {
    let n = Double(count)
    return SecondOrderDual(first.value, first: sum.first / n, second: sum.second / n, mixed: sum.mixed / n)
  }
}
