import AdjointKernels

// The names by which loops know functions. The values and rules of `Unary`, `Binary` and `Comparison` stand in
// `Operations/`.

/// Elementwise functions of one argument without parameters.
public enum Unary: String, CaseIterable, Sendable {
  case negate, exp, expm1, log, log1p, sqrt, square, reciprocal, abs, sign, step
  case sin, cos, tanh, sigmoid, erf, relu, gelu, silu, softplus
}

/// Elementwise functions of two arguments.
public enum Binary: String, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum
}

/// Elementwise comparisons: 1 where true, else 0.
public enum Comparison: String, CaseIterable, Sendable {
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
}

/// The loops' name of an elementwise function of one argument, with its parameters if it has any.
public enum MapFunction: Hashable, Sendable {
  case unary(Unary)
  case leakyReLU(slope: Double)
  case elu(alpha: Double)
  case power(exponent: Double)
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
  case binary(Binary)
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
    case .tanh: AK_TANH
    case .sigmoid: AK_SIGMOID
    case .erf: AK_ERF
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
    case .comparison(.less): AK_LESS
    case .comparison(.lessOrEqual): AK_LESS_OR_EQUAL
    case .comparison(.greater): AK_GREATER
    case .comparison(.greaterOrEqual): AK_GREATER_OR_EQUAL
    case .comparison(.equal): AK_EQUAL
    case .comparison(.notEqual): AK_NOT_EQUAL
    }
  }
}
