import Adjoint

/// How the weights of a layer begin.
///
/// Variances are given for a weight with `fanIn` inputs and `fanOut` outputs. The defaults of the layers: He for weights
/// (its variance suits ReLU), zeros for biases.
public enum Initializer: Sendable, Hashable {
  case zeros
  case constant(Double)
  case uniform(low: Double, high: Double)
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

  /// A tensor of this shape, drawn from `generator` in row-major order.
  public func tensor<S: Scalar>(_ shape: Shape, fanIn: Int, fanOut: Int, using generator: inout Generator) -> Tensor<S>
  {
    let into = Double(max(fanIn, 1))
    let both = Double(max(fanIn + fanOut, 1))
    switch self {
    case .zeros: return .zeros(shape)
    case .constant(let value): return Tensor(repeating: S(value), shape: shape)
    case .uniform(let low, let high): return draw(shape) { generator.uniform(low, high) }
    case .normal(let mean, let deviation): return draw(shape) { mean + deviation * generator.normal() }
    case .glorotUniform: return symmetric(shape, (6 / both).squareRoot(), &generator)
    case .glorotNormal: return draw(shape) { (2 / both).squareRoot() * generator.normal() }
    case .heUniform: return symmetric(shape, (6 / into).squareRoot(), &generator)
    case .heNormal: return draw(shape) { (2 / into).squareRoot() * generator.normal() }
    case .leCunUniform: return symmetric(shape, (3 / into).squareRoot(), &generator)
    case .leCunNormal: return draw(shape) { (1 / into).squareRoot() * generator.normal() }
    }
  }

  private func symmetric<S: Scalar>(_ shape: Shape, _ bound: Double, _ generator: inout Generator) -> Tensor<S> {
    draw(shape) { generator.uniform(-bound, bound) }
  }

  private func draw<S: Scalar>(_ shape: Shape, _ number: () -> Double) -> Tensor<S> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(number()) })
  }
}
