import Foundation

/// A function of one real argument that is no composition of others: value and two derivatives, each in one line.
///
/// Values come from the system's mathematics library. The derivatives are those of dual numbers, and stand here alone.
/// No rule of `Operations/` uses them, so a replay in dual numbers is an independent witness against the VJPs.
public enum ElementaryFunction: Hashable, Sendable {
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
  /// arctan x in radians, from −π/2 to π/2
  case arcTangent
  /// tan x
  case tangent
  /// arcsin x in radians, from −π/2 to π/2
  case arcSine
  /// arccos x in radians, from 0 to π
  case arcCosine
  /// sinh x
  case hyperbolicSine
  /// cosh x
  case hyperbolicCosine
  /// arsinh x
  case areaSine
  /// arcosh x
  case areaCosine
  /// artanh x
  case areaTangent
  /// 2ˣ
  case binaryExponential
  /// log₂ x
  case binaryLogarithm
  /// log₁₀ x
  case decimalLogarithm
  /// erfc x = 1 − erf x
  case complementaryErrorFunction
  /// ln |Γ(x)|
  case logGamma
  /// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ
  case polygamma(order: Int)
  /// tanh x
  case hyperbolicTangent
  /// sech x = 2 / (eˣ + e⁻ˣ)
  case hyperbolicSecant
  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt
  case errorFunction
  /// φ(x) = e^(−x²/2) / √(2π)
  case normalDensity
  /// Φ(x) = ½ erfc(−x/√2)
  case normalDistribution

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
    case .arcTangent: atan(x)
    case .tangent: tan(x)
    case .arcSine: asin(x)
    case .arcCosine: acos(x)
    case .hyperbolicSine: sinh(x)
    case .hyperbolicCosine: cosh(x)
    case .areaSine: asinh(x)
    case .areaCosine: acosh(x)
    case .areaTangent: atanh(x)
    case .binaryExponential: exp2(x)
    case .binaryLogarithm: log2(x)
    case .decimalLogarithm: log10(x)
    case .complementaryErrorFunction: erfc(x)
    case .logGamma: GammaFunction.logarithm(x)
    case .polygamma(let order): GammaFunction.polygamma(order, x)
    case .hyperbolicTangent: tanh(x)
    case .hyperbolicSecant: NormalFunction.hyperbolicSecant(x)
    case .errorFunction: erf(x)
    case .normalDensity: NormalFunction.density(x, times: 1)
    case .normalDistribution: NormalFunction.distribution(x)
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
    case .arcTangent: atan(x)
    case .hyperbolicTangent: tanh(x)
    case .errorFunction: erf(x)
    case .tangent, .arcSine, .arcCosine, .hyperbolicSine, .hyperbolicCosine, .areaSine, .areaCosine, .areaTangent,
      .binaryExponential, .binaryLogarithm, .decimalLogarithm, .complementaryErrorFunction, .logGamma, .polygamma,
      .hyperbolicSecant, .normalDensity, .normalDistribution:
      Float(self(Double(x)))
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
    case .arcTangent: return abs(x) < 0x1p500 ? 1 / (1 + x * x) : 1 / x / x
    case .tangent: return 1 + y * y
    case .arcSine: return 1 / ((1 - x) * (1 + x)).squareRoot()
    case .arcCosine: return -1 / ((1 - x) * (1 + x)).squareRoot()
    case .hyperbolicSine: return cosh(x)
    case .hyperbolicCosine: return sinh(x)
    case .areaSine: return 1 / hypot(x, 1)
    case .areaCosine: return 1 / ((x - 1).squareRoot() * (x + 1).squareRoot())
    case .areaTangent: return 1 / ((1 - x) * (1 + x))
    case .binaryExponential: return y * 0x1.62e42fefa39efp-1
    case .binaryLogarithm: return 0x1.71547652b82fep+0 / x
    case .decimalLogarithm: return 0x1.bcb7b1526e50ep-2 / x
    case .complementaryErrorFunction:
      return NormalFunction.gaussian(x, rate: 1, times: -2 / Double.pi.squareRoot())
    case .logGamma: return GammaFunction.polygamma(0, x)
    case .polygamma(let order): return GammaFunction.polygamma(order + 1, x)
    case .hyperbolicTangent:
      let inverse = 1 / cosh(x)
      return inverse * inverse
    case .hyperbolicSecant: return -y * tanh(x)
    case .errorFunction: return NormalFunction.gaussian(x, rate: 1, times: 2 / Double.pi.squareRoot())
    case .normalDensity: return NormalFunction.density(x, times: -x)
    case .normalDistribution: return NormalFunction.density(x, times: 1)
    }
  }

  /// f″(x), given y = f(x) and s = f′(x).
  package func curvature(_ x: Double, _ y: Double, _ s: Double) -> Double {
    switch self {
    case .exponential, .exponentialMinusOne: s
    case .logarithm, .logarithmOnePlus: -s * s
    case .squareRoot: -0.5 * s / x
    case .sine, .cosine: -y
    case .arcTangent: -2 * (x * s) * s
    case .tangent: 2 * y * s
    case .arcSine, .arcCosine: x * s / ((1 - x) * (1 + x))
    case .hyperbolicSine, .hyperbolicCosine: y
    case .areaSine, .areaCosine: -(x * s) * s * s
    case .areaTangent: 2 * (x * s) * s
    case .binaryExponential: s * 0x1.62e42fefa39efp-1
    case .binaryLogarithm, .decimalLogarithm: -s / x
    case .complementaryErrorFunction: NormalFunction.gaussian(x, rate: 1, times: 4 / Double.pi.squareRoot() * x)
    case .logGamma: GammaFunction.polygamma(1, x)
    case .polygamma(let order): GammaFunction.polygamma(order + 2, x)
    case .hyperbolicTangent: -2 * y * s
    case .hyperbolicSecant: y * tanh(x) * tanh(x) - y * y * y
    case .errorFunction: NormalFunction.gaussian(x, rate: 1, times: -4 / Double.pi.squareRoot() * x)
    case .normalDensity: NormalFunction.density(x, times: x * x - 1)
    case .normalDistribution: NormalFunction.density(x, times: -x)
    }
  }
}

extension Scalar {
  /// eˣ
  @inlinable public static func exponential(_ x: Self) -> Self { elementary(.exponential, x) }
  /// eˣ − 1, accurate near 0
  @inlinable public static func exponentialMinusOne(_ x: Self) -> Self { elementary(.exponentialMinusOne, x) }
  /// ln x
  @inlinable public static func logarithm(_ x: Self) -> Self { elementary(.logarithm, x) }
  /// ln(1 + x), accurate near 0
  @inlinable public static func logarithmOnePlus(_ x: Self) -> Self { elementary(.logarithmOnePlus, x) }
  /// √x
  @inlinable public static func squareRoot(_ x: Self) -> Self { elementary(.squareRoot, x) }
  /// The sine of x in radians.
  @inlinable public static func sine(_ x: Self) -> Self { elementary(.sine, x) }
  /// The cosine of x in radians.
  @inlinable public static func cosine(_ x: Self) -> Self { elementary(.cosine, x) }
  /// The angle in −π/2 … π/2 whose tangent is x.
  @inlinable public static func arcTangent(_ x: Self) -> Self { elementary(.arcTangent, x) }
  /// tanh x
  @inlinable public static func hyperbolicTangent(_ x: Self) -> Self { elementary(.hyperbolicTangent, x) }
  /// 1 / cosh x
  @inlinable public static func hyperbolicSecant(_ x: Self) -> Self { elementary(.hyperbolicSecant, x) }
  /// erf x = 2/√π ∫₀ˣ e^(−t²) dt
  @inlinable public static func errorFunction(_ x: Self) -> Self { elementary(.errorFunction, x) }
  /// φ(x) = e^(−x²/2) / √(2π)
  @inlinable public static func normalDensity(_ x: Self) -> Self { elementary(.normalDensity, x) }
  /// Φ(x) = ½ erfc(−x/√2)
  @inlinable public static func normalDistribution(_ x: Self) -> Self { elementary(.normalDistribution, x) }
}
