import Foundation

/// A dual number a + ȧε with ε² = 0: a value and its exact derivative along one direction.
///
/// Replaying a tape with dual numbers computes a Jacobian-vector product without a step size: feed x + ẋε, read f(x) + (Jẋ)ε.
/// The elementary functions carry derivatives of their own, written here and nowhere else; no rule of `Operations/` is
/// used, so a replay at `Dual` is an independent witness against the VJPs. It is concrete over `Double`: a generic
/// `Dual<Base>` measured 69 times slower.
///
/// Comparison looks at the value alone, so a branch is taken as it is without derivatives.
public struct Dual: Scalar {
  /// a
  public var value: Double
  /// ȧ
  public var tangent: Double

  @inlinable
  public init(_ value: Double, tangent: Double) {
    self.value = value
    self.tangent = tangent
  }

  @inlinable public init(_ value: Double) { self.init(value, tangent: 0) }
  @inlinable public init(integerLiteral value: Int) { self.init(Double(value)) }
  @inlinable public init(floatLiteral value: Double) { self.init(value) }
  @inlinable public var primal: Double { value }
  @inlinable public var detached: Dual { Dual(value) }

  @inlinable public static func == (a: Dual, b: Dual) -> Bool { a.value == b.value }
  @inlinable public static func < (a: Dual, b: Dual) -> Bool { a.value < b.value }
  // Written out, because `Comparable`'s own `a <= b` is `!(b < a)`, which is true of NaN.
  @inlinable public static func <= (a: Dual, b: Dual) -> Bool { a.value <= b.value }
  @inlinable public static func > (a: Dual, b: Dual) -> Bool { a.value > b.value }
  @inlinable public static func >= (a: Dual, b: Dual) -> Bool { a.value >= b.value }

  @inlinable public static prefix func - (a: Dual) -> Dual { Dual(-a.value, tangent: -a.tangent) }
  @inlinable
  public static func + (a: Dual, b: Dual) -> Dual { Dual(a.value + b.value, tangent: a.tangent + b.tangent) }
  @inlinable
  public static func - (a: Dual, b: Dual) -> Dual { Dual(a.value - b.value, tangent: a.tangent - b.tangent) }
  @inlinable
  public static func * (a: Dual, b: Dual) -> Dual {
    Dual(a.value * b.value, tangent: a.tangent * b.value + a.value * b.tangent)
  }
  @inlinable
  public static func / (a: Dual, b: Dual) -> Dual {
    let quotient = a.value / b.value
    return Dual(quotient, tangent: (a.tangent - quotient * b.tangent) / b.value)
  }

  /// f(a) + f′(a)ȧε. A tangent of 0 stays 0 where f′ is infinite: nothing moves along a direction that is not taken.
  @inlinable
  static func chain(_ x: Dual, _ value: Double, _ derivative: Double) -> Dual {
    Dual(value, tangent: x.tangent == 0 ? 0 : derivative * x.tangent)
  }

  @inlinable
  public static func exponential(_ x: Dual) -> Dual {
    let y = exp(x.value)
    return chain(x, y, y)
  }
  @inlinable public static func exponentialMinusOne(_ x: Dual) -> Dual { chain(x, expm1(x.value), exp(x.value)) }
  @inlinable public static func logarithm(_ x: Dual) -> Dual { chain(x, log(x.value), 1 / x.value) }
  @inlinable public static func logarithmOnePlus(_ x: Dual) -> Dual { chain(x, log1p(x.value), 1 / (1 + x.value)) }
  @inlinable
  public static func squareRoot(_ x: Dual) -> Dual {
    let y = x.value.squareRoot()
    return chain(x, y, 0.5 / y)
  }
  @inlinable public static func sine(_ x: Dual) -> Dual { chain(x, sin(x.value), cos(x.value)) }
  @inlinable public static func cosine(_ x: Dual) -> Dual { chain(x, cos(x.value), -sin(x.value)) }
  @inlinable
  public static func hyperbolicTangent(_ x: Dual) -> Dual {
    let inverse = 1 / cosh(x.value)
    return chain(x, tanh(x.value), inverse * inverse)
  }
  @inlinable
  public static func errorFunction(_ x: Dual) -> Dual {
    chain(x, erf(x.value), errorFunctionSlope(x.value))
  }
  /// erf′(a) = 2/√π e^(−a²). The rounding of a² would be magnified by e^(−a²), so it is put back to first order.
  @inlinable
  static func errorFunctionSlope(_ a: Double) -> Double {
    let square = a * a
    let y = 2 / Double.pi.squareRoot() * exp(-square)
    return y == 0 ? 0 : y - y * (-square).addingProduct(a, a)
  }
  @inlinable
  public static func power(_ x: Dual, _ p: Double) -> Dual {
    chain(x, pow(x.value, p), p == 0 ? 0 : p * lowered(x.value, p, by: 1))
  }
  /// aᵖ⁻ⁿ. Where p − n is not exact, its rounding would count ln a times, so aᵖ is divided instead.
  @inlinable
  static func lowered(_ a: Double, _ p: Double, by n: Double) -> Double {
    let exponent = p - n
    if exponent + n == p || a == 0 { return pow(a, exponent) }
    return n == 1 ? pow(a, p) / a : pow(a, p) / a / a
  }
  @inlinable
  public static func tied(_ first: Dual, sum: Dual, count: Int) -> Dual {
    Dual(first.value, tangent: sum.tangent / Double(count))
  }
}
