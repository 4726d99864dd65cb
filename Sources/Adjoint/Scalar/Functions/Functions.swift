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
  /// tan x
  case tan
  /// The angle in −π/2 … π/2 whose sine is x.
  case asin
  /// The angle in 0 … π whose cosine is x.
  case acos
  /// sinh x
  case sinh
  /// cosh x
  case cosh
  /// The number whose hyperbolic sine is x.
  case asinh
  /// The number at least 0 whose hyperbolic cosine is x.
  case acosh
  /// The number whose hyperbolic tangent is x.
  case atanh
  /// 2ˣ
  case exp2
  /// The logarithm to base 2.
  case log2
  /// The logarithm to base 10.
  case log10
  /// 1 − erf x, accurate in its tail
  case erfc
  /// ln |Γ(x)|
  case lgamma
  /// The largest whole number that is at most x.
  case floor
  /// The smallest whole number that is at least x.
  case ceil
  /// The nearest whole number, the even one of two that are as near.
  case round
  /// x without its fraction
  case trunc
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
  /// aᵇ
  case pow
  /// The angle of the point with height a and abscissa b, from −π to π.
  case atan2
  /// √(a² + b²), never overflowing on the way
  case hypot
  /// a − b⌊a/b⌋, which has the sign of b
  case remainder
  /// ln(eᵃ + eᵇ)
  case logAddExp
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
  /// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ
  case polygamma(order: Int)

  /// y = f(x), the definition that kernels are tested against.
  @inlinable
  public func callAsFunction<S: Scalar>(_ x: S) -> S {
    switch self {
    case .unary(let f): f(x)
    case .leakyReLU(let slope): x > 0 ? x : S(slope) * x
    case .elu(let alpha): x > 0 ? x : S(alpha) * S.exponentialMinusOne(x)
    case .power(let exponent): S.power(x, exponent)
    case .clamp(let low, let high): x <= S(low) ? S(low) : x >= S(high) ? S(high) : x
    case .polygamma(let order): S.elementary(.polygamma(order: order), x)
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
    case .polygamma: nil
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
    case .atan, .tan, .asin, .acos, .sinh, .cosh, .asinh, .acosh, .atanh, .exp2, .log2, .log10, .erfc, .lgamma, .floor,
      .ceil, .round, .trunc:
      nil
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
  /// The kernels' name; `nil` for a function that has no vector form, which plain loops compute.
  var kernel: ak_zip? {
    switch self {
    case .binary(.add): AK_ADD
    case .binary(.subtract): AK_SUBTRACT
    case .binary(.multiply): AK_MULTIPLY
    case .binary(.divide): AK_DIVIDE
    case .binary(.maximum): AK_MAXIMUM
    case .binary(.minimum): AK_MINIMUM
    case .binary(.masked): AK_MASKED
    case .binary(.pow), .binary(.atan2), .binary(.hypot), .binary(.remainder), .binary(.logAddExp): nil
    case .comparison(.less): AK_LESS
    case .comparison(.lessOrEqual): AK_LESS_OR_EQUAL
    case .comparison(.greater): AK_GREATER
    case .comparison(.greaterOrEqual): AK_GREATER_OR_EQUAL
    case .comparison(.equal): AK_EQUAL
    case .comparison(.notEqual): AK_NOT_EQUAL
    }
  }
}
