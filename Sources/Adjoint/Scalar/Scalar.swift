/// A number with which a tape can be recorded or replayed: `Float`, `Double`, a dual number, or a conformer of your
/// own.
///
/// A conformer supplies arithmetic, comparison and the elementary functions. It inherits the loops over arrays, and may
/// override them (`ArrayLoops`).
///
/// The names avoid those of swift-numerics (`Float.exp`), so both can be imported.
public protocol Scalar:
  ArrayLoops, BitwiseCopyable, Sendable, Comparable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral
{
  /// The nearest value to a real number, with every derivative part 0.
  init(_ value: Double)
  /// The real number without derivative parts.
  var primal: Double { get }
  /// This value with every derivative part set to 0, as `stopGradient` does.
  var detached: Self { get }

  /// a + b
  static func + (a: Self, b: Self) -> Self
  /// a − b
  static func - (a: Self, b: Self) -> Self
  /// a b
  static func * (a: Self, b: Self) -> Self
  /// a / b
  static func / (a: Self, b: Self) -> Self
  /// −a
  static prefix func - (a: Self) -> Self

  /// f(x)
  static func elementary(_ f: ElementaryFunction, _ x: Self) -> Self
  /// f(a, b); unless given, it is made of functions of one number.
  static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Self, _ b: Self) -> Self
  /// xᵖ for a constant real p
  static func power(_ x: Self, _ p: Double) -> Self
  /// The value of a maximum or minimum that `count` equal candidates reach, given one of them and their sum. A scalar
  /// with derivative parts averages those, since ties share a cotangent equally.
  static func tied(_ first: Self, sum: Self, count: Int) -> Self
  /// True when `tied` does more than return the first.
  static var sharesTies: Bool { get }
}

extension Scalar {
  @inlinable public var detached: Self { self }
  @inlinable public static func tied(_ first: Self, sum: Self, count: Int) -> Self { first }
  @inlinable public static var sharesTies: Bool { true }

  // The standard library's numbers have their own.
  /// a ← a + b
  @inlinable @_disfavoredOverload public static func += (a: inout Self, b: Self) { a = a + b }
  /// a ← a − b
  @inlinable @_disfavoredOverload public static func -= (a: inout Self, b: Self) { a = a - b }
  /// a ← a b
  @inlinable @_disfavoredOverload public static func *= (a: inout Self, b: Self) { a = a * b }
  /// a ← a / b
  @inlinable @_disfavoredOverload public static func /= (a: inout Self, b: Self) { a = a / b }

  /// The larger of two, NaN when either is.
  @inlinable
  public static func larger(_ a: Self, _ b: Self) -> Self {
    a > b ? a : b > a ? b : a == b ? tied(a, sum: a + b, count: 2) : a + b
  }

  /// The smaller of two, NaN when either is.
  @inlinable
  public static func smaller(_ a: Self, _ b: Self) -> Self {
    a < b ? a : b < a ? b : a == b ? tied(a, sum: a + b, count: 2) : a + b
  }
}
