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

  static func exponential(_ x: Measured) -> Measured { through(x, exp(x.value), slope: exp(x.value)) }
  static func exponentialMinusOne(_ x: Measured) -> Measured { through(x, expm1(x.value), slope: exp(x.value)) }
  static func logarithm(_ x: Measured) -> Measured { through(x, log(x.value), slope: 1 / x.value) }
  static func logarithmOnePlus(_ x: Measured) -> Measured { through(x, log1p(x.value), slope: 1 / (1 + x.value)) }
  static func squareRoot(_ x: Measured) -> Measured {
    through(x, x.value.squareRoot(), slope: 0.5 / x.value.squareRoot())
  }
  static func sine(_ x: Measured) -> Measured { through(x, sin(x.value), slope: cos(x.value)) }
  static func cosine(_ x: Measured) -> Measured { through(x, cos(x.value), slope: sin(x.value)) }
  static func hyperbolicTangent(_ x: Measured) -> Measured {
    through(x, tanh(x.value), slope: 1 - tanh(x.value) * tanh(x.value))
  }
  static func errorFunction(_ x: Measured) -> Measured {
    through(x, erf(x.value), slope: 2 / Double.pi.squareRoot() * exp(-x.value * x.value))
  }
  static func power(_ x: Measured, _ p: Double) -> Measured {
    through(x, pow(x.value, p), slope: p == 0 ? 0 : p * pow(x.value, p - 1))
  }
}
