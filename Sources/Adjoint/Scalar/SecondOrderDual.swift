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
  public static func exponential(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = exp(x.value)
    return chain(x, y, y, y)
  }
  @inlinable
  public static func exponentialMinusOne(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = exp(x.value)
    return chain(x, expm1(x.value), y, y)
  }
  @inlinable
  public static func logarithm(_ x: SecondOrderDual) -> SecondOrderDual {
    let inverse = 1 / x.value
    return chain(x, log(x.value), inverse, -inverse * inverse)
  }
  @inlinable
  public static func logarithmOnePlus(_ x: SecondOrderDual) -> SecondOrderDual {
    let inverse = 1 / (1 + x.value)
    return chain(x, log1p(x.value), inverse, -inverse * inverse)
  }
  @inlinable
  public static func squareRoot(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = x.value.squareRoot()
    let slope = 0.5 / y
    return chain(x, y, slope, -0.5 * slope / x.value)
  }
  @inlinable
  public static func sine(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = sin(x.value)
    return chain(x, y, cos(x.value), -y)
  }
  @inlinable
  public static func cosine(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = cos(x.value)
    return chain(x, y, -sin(x.value), -y)
  }
  @inlinable
  public static func hyperbolicTangent(_ x: SecondOrderDual) -> SecondOrderDual {
    let y = tanh(x.value)
    let inverse = 1 / cosh(x.value)
    let slope = inverse * inverse
    return chain(x, y, slope, -2 * y * slope)
  }
  @inlinable
  public static func errorFunction(_ x: SecondOrderDual) -> SecondOrderDual {
    let slope = Dual.errorFunctionSlope(x.value)
    return chain(x, erf(x.value), slope, -2 * x.value * slope)
  }
  @inlinable
  public static func power(_ x: SecondOrderDual, _ p: Double) -> SecondOrderDual {
    let slope = p == 0 ? 0 : p * Dual.lowered(x.value, p, by: 1)
    let curvature = p == 0 || p == 1 ? 0 : p * (p - 1) * Dual.lowered(x.value, p, by: 2)
    return chain(x, pow(x.value, p), slope, curvature)
  }
  @inlinable
  public static func tied(_ first: SecondOrderDual, sum: SecondOrderDual, count: Int) -> SecondOrderDual {
    let n = Double(count)
    return SecondOrderDual(first.value, first: sum.first / n, second: sum.second / n, mixed: sum.mixed / n)
  }
}
