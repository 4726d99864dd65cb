import Adjoint

/// The first values of a layer's weights.
///
/// Variances are given for a weight with `fanIn` inputs and `fanOut` outputs. The defaults of the layers: He for weights
/// (its variance suits ReLU), zeros for biases.
public enum Initializer: Sendable, Hashable {
  /// Zeros.
  case zeros
  /// One number everywhere.
  case constant(Double)
  /// U(low, high).
  case uniform(low: Double, high: Double)
  /// N(mean, deviation²).
  case normal(mean: Double, deviation: Double)
  /// U(−a, a) with a = √(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 16).
  case glorotUniform
  /// N(0, 2 / (fanIn + fanOut)) (Glorot & Bengio 2010).
  case glorotNormal
  /// U(−a, a) with a = √(6 / fanIn) (He et al. 2015).
  case heUniform
  /// N(0, 2 / fanIn) (He et al. 2015, eq. 10).
  case heNormal
  /// U(−a, a) with a = √(3 / fanIn) (LeCun et al. 1998).
  case leCunUniform
  /// N(0, 1 / fanIn) (LeCun et al. 1998, eq. 16).
  case leCunNormal

  /// Traps with the name of a number that is out of range.
  private func validate(at site: CallSite) {
    switch self {
    case .constant(let value): check(value, "Initializer.constant", .anyNumber, at: site)
    case .uniform(let low, let high):
      check(low, "Initializer.uniform: low", .anyNumber, at: site)
      check(high - low, "Initializer.uniform: high less low", .notNegative, at: site)
    case .normal(let mean, let deviation):
      check(mean, "Initializer.normal: mean", .anyNumber, at: site)
      check(deviation, "Initializer.normal: deviation", .notNegative, at: site)
    case .zeros, .glorotUniform, .glorotNormal, .heUniform, .heNormal, .leCunUniform, .leCunNormal: break
    }
  }

  /// A tensor of this shape, drawn from `generator` in row-major order.
  public func tensor<S: Scalar>(
    _ shape: Shape, fanIn: Int, fanOut: Int, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<S> {
    validate(at: CallSite(file, line))
    let (into, both) = (Double(max(fanIn, 1)), Double(max(fanIn + fanOut, 1)))
    func draw(_ number: () -> Double) -> Tensor<S> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(number()) })
    }
    func uniform(_ bound: Double) -> Tensor<S> { draw { generator.uniform(-bound, bound) } }
    func normal(_ deviation: Double) -> Tensor<S> { draw { deviation * generator.normal() } }
    switch self {
    case .zeros: return .zeros(shape)
    case .constant(let value): return Tensor(repeating: S(value), shape: shape)
    case .uniform(let low, let high): return draw { generator.uniform(low, high) }
    case .normal(let mean, let deviation): return draw { mean + deviation * generator.normal() }
    case .glorotUniform: return uniform((6 / both).squareRoot())
    case .glorotNormal: return normal((2 / both).squareRoot())
    case .heUniform: return uniform((6 / into).squareRoot())
    case .heNormal: return normal((2 / into).squareRoot())
    case .leCunUniform: return uniform((3 / into).squareRoot())
    case .leCunNormal: return normal((1 / into).squareRoot())
    }
  }
}
