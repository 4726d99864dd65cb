import Adjoint
import Foundation

/// A number with a running bound on its rounding error, in units of the machine epsilon: the reference against which every
/// forward value is held, on the default loops of `Scalar`.
///
/// Each operation adds the size of its own result to the errors that it inherits, so a tolerance is never picked by hand:
/// it grows with the sizes of what is summed and cancels nothing. Elementary functions count `functionUlps` of their result.
///
/// Source: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.3 (running error analysis).
struct Measured: Scalar {
  var value: Double
  var error: Double

  static let functionUlps = 4.0

  init(_ value: Double, error: Double) { (self.value, self.error) = (value, error) }
  init(_ value: Double) { self.init(value, error: abs(value)) }
  init(integerLiteral value: Int) { self.init(Double(value), error: 0) }
  init(floatLiteral value: Double) { self.init(value) }
  var primal: Double { value }

  static func == (a: Measured, b: Measured) -> Bool { a.value == b.value }
  static func < (a: Measured, b: Measured) -> Bool { a.value < b.value }
  static func <= (a: Measured, b: Measured) -> Bool { a.value <= b.value }
  static func > (a: Measured, b: Measured) -> Bool { a.value > b.value }
  static func >= (a: Measured, b: Measured) -> Bool { a.value >= b.value }

  static prefix func - (a: Measured) -> Measured { Measured(-a.value, error: a.error) }
  static func + (a: Measured, b: Measured) -> Measured {
    let y = a.value + b.value
    return Measured(y, error: a.error + b.error + abs(y))
  }
  static func - (a: Measured, b: Measured) -> Measured { a + -b }
  static func * (a: Measured, b: Measured) -> Measured {
    let y = a.value * b.value
    return Measured(y, error: abs(a.value) * b.error + abs(b.value) * a.error + abs(y))
  }
  static func / (a: Measured, b: Measured) -> Measured {
    let y = a.value / b.value
    return Measured(y, error: (a.error + abs(y) * b.error) / abs(b.value) + abs(y))
  }

  /// f(x), with f′ to carry x's error along.
  private static func through(_ x: Measured, _ y: Double, slope: Double) -> Measured {
    Measured(y, error: abs(slope) * x.error + functionUlps * abs(y))
  }

  static func elementary(_ f: ElementaryFunction, _ x: Measured) -> Measured {
    let y = f(x.value)
    return through(x, y, slope: f.slope(x.value, y))
  }
  static func power(_ x: Measured, _ p: Double) -> Measured {
    through(x, pow(x.value, p), slope: p == 0 ? 0 : p * pow(x.value, p - 1))
  }
}
