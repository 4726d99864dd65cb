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

  static let functionUlps = 4.0

  package init(_ value: Double, error: Double) { (self.value, self.error) = (value, error) }
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

  package static prefix func - (a: ReferenceDouble) -> ReferenceDouble { ReferenceDouble(-a.value, error: a.error) }
  package static func + (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value + b.value
    return ReferenceDouble(y, error: a.error + b.error + abs(y))
  }
  package static func - (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble { a + -b }
  package static func * (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value * b.value
    return ReferenceDouble(y, error: abs(a.value) * b.error + abs(b.value) * a.error + abs(y))
  }
  package static func / (a: ReferenceDouble, b: ReferenceDouble) -> ReferenceDouble {
    let y = a.value / b.value
    return ReferenceDouble(y, error: (a.error + abs(y) * b.error) / abs(b.value) + abs(y))
  }

  /// f(x), with f′ to carry x's error along.
  private static func through(_ x: ReferenceDouble, _ y: Double, slope: Double) -> ReferenceDouble {
    ReferenceDouble(y, error: abs(slope) * x.error + functionUlps * abs(y))
  }

  package static func elementary(_ f: ElementaryFunction, _ x: ReferenceDouble) -> ReferenceDouble {
    let y = f(x.value)
    return through(x, y, slope: f.slope(x.value, y))
  }
  package static func power(_ x: ReferenceDouble, _ p: Double) -> ReferenceDouble {
    through(x, pow(x.value, p), slope: p == 0 ? 0 : p * pow(x.value, p - 1))
  }
}
