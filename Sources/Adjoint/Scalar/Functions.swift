import AdjointKernels
import Foundation

// The names by which loops know functions. The values and rules of `Unary`, `Binary` and `Comparison` stand in
// `Operations/`.

/// Elementwise functions of one argument without parameters.
public enum Unary: String, CaseIterable, Sendable {
  /// −x
  case negate
  /// eˣ
  case exp
  /// eˣ − 1, accurate near 0
  case expm1
  /// ln x
  case log
  /// ln(1 + x), accurate near 0
  case log1p
  /// √x
  case sqrt
  /// x²
  case square
  /// 1/x
  case reciprocal
  /// |x|
  case abs
  /// −1, 0 or 1
  case sign
  /// 1 where x > 0, else 0
  case step
  /// The sine of x in radians.
  case sin
  /// The cosine of x in radians.
  case cos
  /// The angle in −π/2 … π/2 whose tangent is x.
  case atan
  /// The hyperbolic tangent.
  case tanh
  /// 1 / cosh x
  case sech
  /// σ(x) = 1 / (1 + e⁻ˣ)
  case sigmoid
  /// The error function.
  case erf
  /// φ(x), the density of the standard normal distribution
  case normalDensity
  /// Φ(x), the standard normal distribution
  case normalDistribution
  /// max(x, 0)
  case relu
  /// x Φ(x)
  case gelu
  /// x σ(x)
  case silu
  /// ln(1 + eˣ)
  case softplus
}

/// Elementwise functions of two arguments.
public enum Binary: String, CaseIterable, Sendable {
  /// a + b
  case add
  /// a − b
  case subtract
  /// a b
  case multiply
  /// a / b
  case divide
  /// The larger of a and b.
  case maximum
  /// The smaller of a and b.
  case minimum
  /// a where b is not 0, else 0; selected, not multiplied
  case masked
}

/// Elementwise comparisons: 1 where true, else 0.
public enum Comparison: String, CaseIterable, Sendable {
  /// a < b
  case less
  /// a ≤ b
  case lessOrEqual
  /// a > b
  case greater
  /// a ≥ b
  case greaterOrEqual
  /// a = b
  case equal
  /// a ≠ b
  case notEqual
}

/// The loops' name of an elementwise function of one argument, with its parameters if it has any.
public enum MapFunction: Hashable, Sendable {
  /// A function without parameters.
  case unary(Unary)
  /// x where x > 0, else slope · x
  case leakyReLU(slope: Double)
  /// x where x > 0, else α (eˣ − 1)
  case elu(alpha: Double)
  /// xᵖ for a constant p
  case power(exponent: Double)
  /// x brought into low … high
  case clamp(low: Double, high: Double)

  /// y = f(x), the definition that kernels are tested against.
  @inlinable
  public func callAsFunction<S: Scalar>(_ x: S) -> S {
    switch self {
    case .unary(let f): f(x)
    case .leakyReLU(let slope): x > 0 ? x : S(slope) * x
    case .elu(let alpha): x > 0 ? x : S(alpha) * S.exponentialMinusOne(x)
    case .power(let exponent): S.power(x, exponent)
    case .clamp(let low, let high): x <= S(low) ? S(low) : x >= S(high) ? S(high) : x
    }
  }
}

/// The loops' name of an elementwise function of two arguments.
public enum ZipFunction: Hashable, Sendable {
  /// A function of two numbers.
  case binary(Binary)
  /// A comparison: 1 where it holds, else 0.
  case comparison(Comparison)

  /// y = f(a, b), the definition that kernels are tested against.
  @inlinable
  public func callAsFunction<S: Scalar>(_ a: S, _ b: S) -> S {
    switch self {
    case .binary(let f): f(a, b)
    case .comparison(let f): f(a, b) ? 1 : 0
    }
  }
}

extension MapFunction {
  /// The kernels' name and the parameters; `nil` for a function that has no vector form, which plain loops compute.
  var kernel: (ak_map, Double, Double)? {
    switch self {
    case .unary(let f): f.kernel.map { ($0, 0, 0) }
    case .leakyReLU(let slope): (AK_LEAKY_RELU, slope, 0)
    case .elu(let alpha): (AK_ELU, alpha, 0)
    case .power(let exponent): (AK_POWER, exponent, 0)
    case .clamp(let low, let high): (AK_CLAMP, low, high)
    }
  }
}

extension Unary {
  fileprivate var kernel: ak_map? {
    switch self {
    case .negate: AK_NEGATE
    case .exp: AK_EXP
    case .expm1: AK_EXPM1
    case .log: AK_LOG
    case .log1p: AK_LOG1P
    case .sqrt: AK_SQRT
    case .square: AK_SQUARE
    case .reciprocal: AK_RECIPROCAL
    case .abs: AK_ABS
    case .sign: AK_SIGN
    case .step: AK_STEP
    case .sin: AK_SIN
    case .cos: AK_COS
    case .atan: nil
    case .tanh: AK_TANH
    case .sech: AK_SECH
    case .sigmoid: AK_SIGMOID
    case .erf: AK_ERF
    case .normalDensity: AK_NORMAL_DENSITY
    case .normalDistribution: AK_NORMAL_DISTRIBUTION
    case .relu: AK_RELU
    case .gelu: AK_GELU
    case .silu: AK_SILU
    case .softplus: AK_SOFTPLUS
    }
  }
}

extension ZipFunction {
  /// The kernels' name.
  var kernel: ak_zip {
    switch self {
    case .binary(.add): AK_ADD
    case .binary(.subtract): AK_SUBTRACT
    case .binary(.multiply): AK_MULTIPLY
    case .binary(.divide): AK_DIVIDE
    case .binary(.maximum): AK_MAXIMUM
    case .binary(.minimum): AK_MINIMUM
    case .binary(.masked): AK_MASKED
    case .comparison(.less): AK_LESS
    case .comparison(.lessOrEqual): AK_LESS_OR_EQUAL
    case .comparison(.greater): AK_GREATER
    case .comparison(.greaterOrEqual): AK_GREATER_OR_EQUAL
    case .comparison(.equal): AK_EQUAL
    case .comparison(.notEqual): AK_NOT_EQUAL
    }
  }
}

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
  /// arctan x in radians, from −π/2 to π/2
  case arcTangent
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
    case .hyperbolicSecant, .normalDensity, .normalDistribution: Float(self(Double(x)))
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

/// Functions that the system's mathematics library lacks, made of those that it has.
@usableFromInline
enum NormalFunction {
  /// 2 / (eˣ + e⁻ˣ), which never overflows.
  @inlinable
  static func hyperbolicSecant(_ x: Double) -> Double {
    let e = exp(-abs(x))
    return 2 * e / (1 + e * e)
  }

  /// factor · e^(−rate x²). The rounding of x² would be magnified by the exponential, so it is put back to first order.
  /// The exponential is taken in two halves, so that it costs no digits where it is subnormal.
  @inlinable
  static func gaussian(_ x: Double, rate: Double, times factor: Double) -> Double {
    let square = x * x
    let half = exp(-0.5 * rate * square)
    if half == 0 { return 0 }
    let corrected = half - half * (0.5 * rate * (-square).addingProduct(x, x))
    return factor * corrected * corrected
  }

  /// factor · φ(x)
  @inlinable
  static func density(_ x: Double, times factor: Double) -> Double {
    gaussian(x, rate: 0.5, times: factor / (2 * Double.pi).squareRoot())
  }

  /// ½ erfc(−x/√2), with what the rounding of x/√2 loses put back to first order.
  @inlinable
  static func distribution(_ x: Double) -> Double {
    let rootHalf = 0.5.squareRoot()
    let z = -x * rootHalf
    guard z.isFinite else { return 0.5 * erfc(z) }
    // √½ is rootHalf and this rest.
    let lost = (-z).addingProduct(-x, rootHalf) + x * 0x1.bdd3413b26456p-55
    return 0.5 * erfc(z) - lost * exp(-z * z) / Double.pi.squareRoot()
  }
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
