import Adjoint
import Foundation

/// A number of about 32 decimal digits: the unevaluated sum of two `Double`s, high + low with |low| ≤ ½ ulp(high).
///
/// Sums and products are made of error-free transformations, s + e = a + b and p + e = a·b exactly, so a replay at
/// `DoubleDouble` knows a value to about 10⁻³¹ and a central difference of it to about 10⁻²⁰: enough to pin the derivatives of
/// `Dual` to the last bit, and to decide where the error bar of a difference in `Double` stays too wide.
///
/// Accuracy: relative error below 10⁻³¹ for + − · / and √, below 10⁻²⁹ for the elementary functions in the domains stated with
/// them, as long as the result lies between 10⁻²⁷⁰ and 10³⁰⁰ (further down `low` underflows).
///
/// Source: T. J. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971) 224; D. E.
/// Knuth, *The Art of Computer Programming* 2, section 4.2.2, for the sum; M. Joldes, J.-M. Muller, V. Popescu, "Tight and
/// rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS 44 (2017), for the bounds.
package struct DoubleDouble: Scalar {
  /// The nearest `Double`.
  package let high: Double
  /// The rest that `high` lacks.
  package let low: Double

  /// high + low, in any order of size.
  package init(_ high: Double, _ low: Double) {
    let sum = high + low
    guard sum.isFinite else {
      (self.high, self.low) = (sum, 0)
      return
    }
    let part = sum - high
    (self.high, self.low) = (sum, (high - (sum - part)) + (low - part))
  }

  /// Two parts that are known not to overlap.
  package init(high: Double, low: Double) { (self.high, self.low) = (high, low) }

  package init(_ value: Double) { self.init(high: value, low: 0) }
  package init(integerLiteral value: Int) {
    let high = Double(value)
    self.init(high, abs(high) < 0x1p62 ? Double(value - Int(high)) : 0)
  }
  package init(floatLiteral value: Double) { self.init(value) }
  package var primal: Double { high }

  package static func == (a: DoubleDouble, b: DoubleDouble) -> Bool { a.high == b.high && a.low == b.low }
  package static func < (a: DoubleDouble, b: DoubleDouble) -> Bool {
    a.high < b.high || (a.high == b.high && a.low < b.low)
  }
  // Written out, because `Comparable`'s own `a <= b` is `!(b < a)`, which is true of NaN.
  package static func <= (a: DoubleDouble, b: DoubleDouble) -> Bool {
    a.high < b.high || (a.high == b.high && a.low <= b.low)
  }
  package static func > (a: DoubleDouble, b: DoubleDouble) -> Bool { b < a }
  package static func >= (a: DoubleDouble, b: DoubleDouble) -> Bool { b <= a }

  // MARK: Error-free transformations

  /// a + b, exactly.
  package static func twoSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let sum = a + b
    let part = sum - a
    return DoubleDouble(high: sum, low: (a - (sum - part)) + (b - part))
  }

  /// a + b, exactly, where |a| ≥ |b| or a = 0.
  package static func orderedSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let sum = a + b
    return DoubleDouble(high: sum, low: b - (sum - a))
  }

  /// a·b, exactly.
  package static func twoProduct(_ a: Double, _ b: Double) -> DoubleDouble {
    let product = a * b
    return DoubleDouble(high: product, low: (-product).addingProduct(a, b))
  }

  // MARK: Arithmetic

  package static prefix func - (a: DoubleDouble) -> DoubleDouble { DoubleDouble(high: -a.high, low: -a.low) }

  package static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let high = twoSum(a.high, b.high)
    guard high.high.isFinite else { return DoubleDouble(high.high) }
    let low = twoSum(a.low, b.low)
    let sum = orderedSum(high.high, high.low + low.high)
    return orderedSum(sum.high, sum.low + low.low)
  }

  package static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + -b }

  package static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let product = twoProduct(a.high, b.high)
    guard product.high.isFinite else { return DoubleDouble(product.high) }
    return orderedSum(product.high, product.low + (a.high * b.low + a.low * b.high).addingProduct(a.low, b.low))
  }

  /// This number times a `Double`. (A named function: one more overload of `*` makes mixed literals ambiguous.)
  package func times(_ b: Double) -> DoubleDouble {
    let product = DoubleDouble.twoProduct(high, b)
    guard product.high.isFinite else { return DoubleDouble(product.high) }
    return DoubleDouble.orderedSum(product.high, product.low.addingProduct(low, b))
  }

  package static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    guard first.isFinite, b.high.isFinite else { return DoubleDouble(first) }
    var rest = a - b.times(first)
    let second = rest.high / b.high
    rest = rest - b.times(second)
    return orderedSum(first, second) + DoubleDouble(rest.high / b.high)
  }

  package static func squareRoot(_ x: DoubleDouble) -> DoubleDouble {
    let root = x.high.squareRoot()
    guard x.high > 0, root.isFinite else { return DoubleDouble(root) }
    // One step of Newton, with the exact square of the first guess.
    let rest = x - twoProduct(root, root)
    let better = orderedSum(root, rest.high / (2 * root))
    return better + DoubleDouble((x - better * better).high / (2 * root))
  }

  /// This number times 2ⁿ.
  package func scaled(by exponent: Int) -> DoubleDouble {
    DoubleDouble(high: scalbn(high, exponent), low: scalbn(low, exponent))
  }

  package var magnitude: DoubleDouble { high < 0 || (high == 0 && low < 0) ? -self : self }
}
