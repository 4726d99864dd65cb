import Adjoint
import Foundation

/// A number on the plain default loops, with a running bound on its rounding error: the reference for every fast body.
///
/// Each operation adds the size of its own result to the errors that it inherits, in units of the machine epsilon, so that no
/// tolerance is picked by hand: it grows with the sizes of what is summed. Elementary functions count `functionUlps` of their
/// result.
///
/// Source: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.3 (running error analysis).
package struct ReferenceDouble: Scalar {
  package var value: Double
  package var error: Double
  /// The number of results that may have vanished below the smallest normal number, each amplified as errors are. It counts
  /// only where the judged scalar has a smaller range than `Double`.
  package var underflow: Double

  static let functionUlps = 4.0

  package init(_ value: Double, error: Double, underflow: Double = 0) {
    (self.value, self.error, self.underflow) = (value, error, underflow)
  }
  package init(_ value: Double) { self.init(value, error: abs(value)) }
  package init(integerLiteral value: Int) { self.init(Double(value), error: 0) }
  package init(floatLiteral value: Double) { self.init(value) }
  package var primal: Double { value }

  package static func == (a: ReferenceDouble, b: ReferenceDouble) -> Bool { a.value == b.value }
  package static func < (a: ReferenceDouble, b: ReferenceDouble) -> Bool { a.value < b.value }
  // Written out, because `Comparable`'s own `a <= b` is `!(b < a)`, which is true of NaN.
  package static func <= (a: ReferenceDouble, b: ReferenceDouble) -> Bool { a.value <= b.value }
  package static func > (a: ReferenceDouble, b: ReferenceDouble) -> Bool { a.value > b.value }
  package static func >= (a: ReferenceDouble, b: ReferenceDouble) -> Bool { a.value >= b.value }

  package static prefix func - (a: ReferenceDouble) -> ReferenceDouble {
    ReferenceDouble(-a.value, error: a.error, underflow: a.underflow)
  }
  package static func + (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value + b.value
    return ReferenceDouble(y, error: a.error + b.error + abs(y), underflow: a.underflow + b.underflow)
  }
  package static func - (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble { a + -b }
  package static func * (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value * b.value
    return ReferenceDouble(
      y, error: amplified(b.error, by: a.value) + amplified(a.error, by: b.value) + abs(y),
      underflow: amplified(b.underflow, by: a.value) + amplified(a.underflow, by: b.value) + 1)
  }
  package static func / (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value / b.value
    return ReferenceDouble(
      y, error: amplified(a.error + amplified(b.error, by: y), by: 1 / b.value) + abs(y),
      underflow: amplified(a.underflow + amplified(b.underflow, by: y), by: 1 / b.value) + 1)
  }

  /// |factor| · error; an exact number stays exact beside a factor that is not finite.
  private static func amplified(_ error: Double, by factor: Double) -> Double { error == 0 ? 0 : abs(factor) * error }

  /// f(x), with f′ to carry x's error along.
  private static func through(_ x: ReferenceDouble, _ y: Double, slope: Double) -> ReferenceDouble {
    ReferenceDouble(
      y, error: amplified(x.error, by: slope) + functionUlps * abs(y),
      underflow: amplified(x.underflow, by: slope) + 1)
  }

  package static func elementary(_ f: ElementaryFunction, _ x: ReferenceDouble) -> ReferenceDouble {
    let y = f(x.value)
    return through(x, y, slope: f.slope(x.value, y))
  }
  package static func elementary(
    _ f: ElementaryFunctionOfTwo, _ a: ReferenceDouble, _ b: ReferenceDouble
  ) -> ReferenceDouble {
    let y = f(a.value, b.value)
    let slopes = f.slopes(a.value, b.value, y)
    return ReferenceDouble(
      y, error: amplified(a.error, by: slopes.0) + amplified(b.error, by: slopes.1) + functionUlps * abs(y),
      underflow: amplified(a.underflow, by: slopes.0) + amplified(b.underflow, by: slopes.1) + 1)
  }
  package static func power(_ x: ReferenceDouble, _ p: Double) -> ReferenceDouble {
    through(x, pow(x.value, p), slope: p == 0 ? 0 : p * pow(x.value, p - 1))
  }
}
