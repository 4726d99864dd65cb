import AdjointKernels
import Foundation

/// Which instruction set the loops of `Float` and `Double` run on, chosen once.
///
/// The best that this machine has, or what the environment variable `ADJOINT_KERNELS` names: `avx512`, `avx2`,
/// `baseline`, `neon`, or `reference` for the default bodies of `Scalar`.
public enum Kernels {
  // Unsafe only in name: a pointer to a constant C table, written never.
  nonisolated(unsafe) static let active: UnsafePointer<ak_kernels>? = choose()

  /// The name of the instruction set in use.
  public static var name: String { active.map { String(cString: $0.pointee.name) } ?? "reference" }

  /// The instruction sets that this machine has, best first, and `reference`.
  public static var available: [String] {
    var tables: UnsafePointer<UnsafePointer<ak_kernels>?>?
    let count = Int(ak_available(&tables))
    return (0..<count).compactMap { tables?[$0].map { String(cString: $0.pointee.name) } } + ["reference"]
  }

  private static func choose() -> UnsafePointer<ak_kernels>? {
    guard let wanted = ProcessInfo.processInfo.environment["ADJOINT_KERNELS"], !wanted.isEmpty else {
      return ak_kernels_named(nil)
    }
    if wanted == "reference" { return nil }
    guard let table = ak_kernels_named(wanted) else {
      fatalError("ADJOINT_KERNELS=\(wanted): this machine has \(available.joined(separator: ", "))")
    }
    return table
  }
}

extension MapFunction {
  /// The kernels' name of this function, and its parameters.
  var kernel: (ak_map, Double, Double) {
    switch self {
    case .unary(let f): (f.kernel, 0, 0)
    case .leakyReLU(let slope): (AK_LEAKY_RELU, slope, 0)
    case .elu(let alpha): (AK_ELU, alpha, 0)
    case .power(let exponent): (AK_POWER, exponent, 0)
    case .clamp(let low, let high): (AK_CLAMP, low, high)
    }
  }
}

extension Unary {
  fileprivate var kernel: ak_map {
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
  /// The kernels' name of this function.
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

extension Reduction {
  /// The kernels' name of this reduction.
  var kernel: ak_reduction {
    switch self {
    case .sum: AK_SUM
    case .maximum: AK_MAX
    case .minimum: AK_MIN
    }
  }
}

extension UpdateRule {
  /// The kernels' name of this rule, with its coefficients.
  var coefficients: UpdateCoefficients {
    var c = UpdateCoefficients()
    switch self {
    case .descent(let rate): (c.rule, c.rate) = (AK_DESCENT, rate)
    case .momentum(let rate, let decay, let weight):
      (c.rule, c.rate, c.decay, c.weight) = (AK_MOMENTUM, rate, decay, weight)
    case .nesterov(let rate, let decay): (c.rule, c.rate, c.decay) = (AK_NESTEROV, rate, decay)
    case .scaled(let rate, let decay, let weight, let epsilon):
      (c.rule, c.rate, c.decay, c.weight, c.epsilon) = (AK_SCALED, rate, decay, weight, epsilon)
    case .adam(let rate, let beta1, let beta2, let scale, let epsilon, let keep):
      (c.rule, c.rate, c.scale, c.epsilon, c.keep) = (AK_ADAM, rate, scale, epsilon, keep)
      (c.decay, c.weight, c.decay2, c.weight2) = (beta1, 1 - beta1, beta2, 1 - beta2)
    }
    return c
  }
}

/// What a rule of the kernels takes, before it is rounded to their precision.
struct UpdateCoefficients {
  var rule = AK_DESCENT
  var (rate, decay, weight, decay2, weight2, scale, epsilon, keep) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
}

extension Float {
  /// Asks that bytes which are read soon come to the second-level cache. A hint, with no effect on any value.
  package static func prefetch(_ bytes: UnsafeBufferPointer<UInt8>) { ak_prefetch(bytes.baseAddress, bytes.count) }

  /// Bytes as numbers from 0 to 1: byte / 255, to the last bit.
  /// - Precondition: the output holds as many numbers.
  package static func fractions(
    of bytes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(output.count >= bytes.count)
    guard let x = bytes.baseAddress, let y = output.baseAddress else { return }
    if let kernels = Kernels.active { return kernels.pointee.fractions_f32(x, y, bytes.count) }
    for i in bytes.indices { y[i] = Float(x[i]) / 255 }
  }
}
