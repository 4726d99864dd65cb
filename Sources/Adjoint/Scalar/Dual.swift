import Foundation

/// A dual number a + ȧε with ε² = 0: a value and its exact derivative along one direction.
///
/// A replay of a tape in dual numbers computes a Jacobian-vector product without finite differences: feed x + ẋε,
/// read f(x) + (Jẋ)ε. The derivatives of elementary functions stand in `ElementaryFunction`. No rule of `Operations/`
/// is used, so a replay in `Dual` is an independent witness against the VJPs.
///
/// The type is concrete over `Double`, because a generic `Dual<Base>` measured 69 times slower.
///
/// Comparison looks at the value alone, so a branch is the one taken without derivatives.
public struct Dual: Scalar {
  /// a
  public var value: Double
  /// ȧ
  public var tangent: Double

  /// The dual number a + ȧε.
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
    let tangent = a.tangent * b.value + a.value * b.tangent
    // 0 times what is not finite shows as NaN, so the guard costs one comparison elsewhere.
    return Dual(
      a.value * b.value,
      tangent: tangent == tangent ? tangent : moved(a.tangent, by: b.value) + moved(b.tangent, by: a.value))
  }
  @inlinable
  public static func / (a: Dual, b: Dual) -> Dual {
    let quotient = a.value / b.value
    let tangent = (a.tangent - quotient * b.tangent) / b.value
    return Dual(
      quotient,
      tangent: tangent == tangent ? tangent : moved(a.tangent - moved(b.tangent, by: quotient), by: 1 / b.value))
  }

  /// f(a) + f′(a)ȧε
  @inlinable
  static func chain(_ x: Dual, _ value: Double, _ derivative: Double) -> Dual {
    Dual(value, tangent: moved(x.tangent, by: derivative))
  }

  /// derivative · tangent. A tangent of 0 stays 0 where the derivative is not finite, since nothing moves along a
  /// direction that is not taken.
  @inlinable
  package static func moved(_ tangent: Double, by derivative: Double) -> Double {
    tangent == 0 ? 0 : derivative * tangent
  }

  @inlinable
  public static func elementary(_ f: ElementaryFunction, _ x: Dual) -> Dual {
    let y = f(x.value)
    return chain(x, y, f.slope(x.value, y))
  }
  @inlinable
  public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Dual, _ b: Dual) -> Dual {
    let y = f(a.value, b.value)
    let slopes = f.slopes(a.value, b.value, y)
    return Dual(y, tangent: moved(a.tangent, by: slopes.0) + moved(b.tangent, by: slopes.1))
  }
  @inlinable
  public static func power(_ x: Dual, _ p: Double) -> Dual {
    chain(x, pow(x.value, p), PowerFunction.slope(x.value, p))
  }
  @inlinable
  public static func tied(_ first: Dual, sum: Dual, count: Int) -> Dual {
    Dual(first.value, tangent: sum.tangent / Double(count))
  }
}
