import Foundation

/// A function of one real argument that is no composition of others: value and two derivatives, each in one line.
///
/// Values come from the system's mathematics library. The derivatives are those of dual numbers, and stand here alone.
/// No rule of `Operations/` uses them, so a replay in dual numbers is an independent witness against the VJPs.
public enum ElementaryFunction: CaseIterable, Sendable {
  /// eˣ
  case exponential
  /// eˣ − 1, accurate near 0
  case exponentialMinusOne
  /// ln x
  case logarithm
  /// ln(1 + x), accurate near 0
  case logarithmOnePlus
  /// √x
  case squareRoot
  /// sin x, x in radians
  case sine
  /// cos x, x in radians
  case cosine
  /// tanh x
  case hyperbolicTangent
  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt
  case errorFunction

  /// f(x)
  @inlinable
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .exponential: exp(x)
    case .exponentialMinusOne: expm1(x)
    case .logarithm: log(x)
    case .logarithmOnePlus: log1p(x)
    case .squareRoot: x.squareRoot()
    case .sine: sin(x)
    case .cosine: cos(x)
    case .hyperbolicTangent: tanh(x)
    case .errorFunction: erf(x)
    }
  }

  /// f(x) in single precision.
  @inlinable
  public func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .exponential: exp(x)
    case .exponentialMinusOne: expm1(x)
    case .logarithm: log(x)
    case .logarithmOnePlus: log1p(x)
    case .squareRoot: x.squareRoot()
    case .sine: sin(x)
    case .cosine: cos(x)
    case .hyperbolicTangent: tanh(x)
    case .errorFunction: erf(x)
    }
  }

  /// f′(x), given y = f(x).
  @inlinable
  public func slope(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .exponential: return y
    case .exponentialMinusOne: return exp(x)
    case .logarithm: return 1 / x
    case .logarithmOnePlus: return 1 / (1 + x)
    case .squareRoot: return 0.5 / y
    case .sine: return cos(x)
    case .cosine: return -sin(x)
    case .hyperbolicTangent:
      let inverse = 1 / cosh(x)
      return inverse * inverse
    case .errorFunction:
      // 2/√π e^(−x²). The rounding of x² would be magnified by e^(−x²), so it is put back to first order.
      let square = x * x
      let slope = 2 / Double.pi.squareRoot() * exp(-square)
      return slope == 0 ? 0 : slope - slope * (-square).addingProduct(x, x)
    }
  }

  /// f″(x), given y = f(x) and s = f′(x).
  package func curvature(_ x: Double, _ y: Double, _ s: Double) -> Double {
    switch self {
    case .exponential, .exponentialMinusOne: s
    case .logarithm, .logarithmOnePlus: -s * s
    case .squareRoot: -0.5 * s / x
    case .sine, .cosine: -y
    case .hyperbolicTangent: -2 * y * s
    case .errorFunction: -2 * x * s
    }
  }
}

extension Scalar {
  @inlinable public static func exponential(_ x: Self) -> Self { elementary(.exponential, x) }
  @inlinable public static func exponentialMinusOne(_ x: Self) -> Self { elementary(.exponentialMinusOne, x) }
  @inlinable public static func logarithm(_ x: Self) -> Self { elementary(.logarithm, x) }
  @inlinable public static func logarithmOnePlus(_ x: Self) -> Self { elementary(.logarithmOnePlus, x) }
  @inlinable public static func squareRoot(_ x: Self) -> Self { elementary(.squareRoot, x) }
  @inlinable public static func sine(_ x: Self) -> Self { elementary(.sine, x) }
  @inlinable public static func cosine(_ x: Self) -> Self { elementary(.cosine, x) }
  @inlinable public static func hyperbolicTangent(_ x: Self) -> Self { elementary(.hyperbolicTangent, x) }
  @inlinable public static func errorFunction(_ x: Self) -> Self { elementary(.errorFunction, x) }
}

/// The derivatives of x ↦ xᵖ.
@usableFromInline
package enum PowerFunction {
  /// p xᵖ⁻¹
  @inlinable package static func slope(_ x: Double, _ p: Double) -> Double { p == 0 ? 0 : p * lowered(x, p, by: 1) }

  /// p (p − 1) xᵖ⁻²
  package static func curvature(_ x: Double, _ p: Double) -> Double {
    p == 0 || p == 1 ? 0 : p * (p - 1) * lowered(x, p, by: 2)
  }

  /// xᵖ⁻ⁿ. Where p − n is not exact, its rounding would count ln x times; xᵖ is divided instead.
  @inlinable
  static func lowered(_ x: Double, _ p: Double, by n: Double) -> Double {
    let exponent = p - n
    if exponent + n == p || x == 0 { return pow(x, exponent) }
    return n == 1 ? pow(x, p) / x : pow(x, p) / x / x
  }
}
