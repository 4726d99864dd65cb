import Foundation

/// A function of two real arguments that is no composition of others: value, slopes and curvatures. As with
/// `ElementaryFunction`, the derivatives are those of dual numbers alone.
public enum ElementaryFunctionOfTwo: Hashable, Sendable {
  /// aᵇ
  case power
  /// The angle of the point with height a and abscissa b, from −π to π.
  case arcTangent
  /// √(a² + b²)
  case hypotenuse
  /// a − b⌊a/b⌋
  case remainder

  /// f(a, b)
  @inlinable
  public func callAsFunction(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .power: return pow(a, b)
    case .arcTangent: return atan2(a, b)
    case .hypotenuse: return hypot(a, b)
    case .remainder:
      let rest = fmod(a, b)
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }
  }

  /// f(a, b) in single precision.
  @inlinable
  public func callAsFunction(_ a: Float, _ b: Float) -> Float { Float(self(Double(a), Double(b))) }

  /// ∂f/∂a and ∂f/∂b, given y = f(a, b).
  @inlinable
  public func slopes(_ a: Double, _ b: Double, _ y: Double) -> (Double, Double) {
    switch self {
    case .power: return (PowerFunction.slope(a, b), a == 0 && b >= 0 ? 0 : y * log(a))
    case .arcTangent:
      let r = hypot(a, b)
      return r == .infinity ? (0, -0.0) : (b / r / r, -(a / r / r))
    case .hypotenuse: return y == 0 ? (0, 0) : (a / y, b / y)
    case .remainder: return (1, -((a - y) / b).rounded())
    }
  }

  /// ∂²f/∂a², ∂²f/∂a∂b and ∂²f/∂b², given y = f(a, b) and the slopes.
  package func curvatures(_ a: Double, _ b: Double, _ y: Double, _ s: (Double, Double)) -> (Double, Double, Double) {
    switch self {
    case .power:
      let growth = a == 0 && b >= 0 ? 0 : log(a)
      return (
        PowerFunction.curvature(a, b), PowerFunction.lowered(a, b, by: 1) + s.0 * growth, growth == 0 ? 0 : s.1 * growth
      )
    case .arcTangent: return (2 * s.0 * s.1, (s.1 - s.0) * (s.1 + s.0), -2 * s.0 * s.1)
    case .hypotenuse: return y == 0 ? (0, 0, 0) : (s.1 * s.1 / y, -(s.0 * s.1) / y, s.0 * s.0 / y)
    case .remainder: return (0, 0, 0)
    }
  }
}

extension Scalar {
  /// f(a, b) made of the functions of one number, for a scalar that has no better way.
  public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Self, _ b: Self) -> Self {
    switch f {
    case .power: return a > 0 ? exponential(b * logarithm(a)) : power(a, b.primal)
    case .arcTangent:
      let (sizeA, sizeB): (Self, Self) = (a < 0 ? -a : a, b < 0 ? -b : b)
      guard sizeA > 0 || sizeB > 0 else { return Self(atan2(a.primal, b.primal)) }
      let quarter = 2 * arcTangent(1)
      if sizeA > sizeB { return (a < 0 ? -quarter : quarter) - arcTangent(b / a) }
      let angle = arcTangent(a / b)
      return b > 0 ? angle : a.primal.sign == .minus ? angle - 2 * quarter : angle + 2 * quarter
    case .hypotenuse:
      let (sizeA, sizeB): (Self, Self) = (a < 0 ? -a : a, b < 0 ? -b : b)
      let (large, small) = sizeA > sizeB ? (sizeA, sizeB) : (sizeB, sizeA)
      guard large > 0, large.primal.isFinite else { return Self(hypot(a.primal, b.primal)) }
      return large * squareRoot(1 + (small / large) * (small / large))
    case .remainder:
      let quotient = (a.primal - f(a.primal, b.primal)) / b.primal
      return a - b * Self(quotient.rounded())
    }
  }
}
