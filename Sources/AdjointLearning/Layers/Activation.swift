import Adjoint

/// Activation functions, by name.
public enum Activation: String, Sendable, CaseIterable {
  /// x
  case identity
  /// max(x, 0)
  case relu
  /// x where x > 0, else x/100
  case leakyRelu
  /// x where x > 0, else eˣ − 1
  case elu
  /// x Φ(x)
  case gelu
  /// x σ(x)
  case silu
  /// σ(x) = 1 / (1 + e⁻ˣ)
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// ln(1 + eˣ)
  case softplus

  /// Records the function of x, element by element.
  public func callAsFunction<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    switch self {
    case .identity: x
    case .relu: x.relu()
    case .leakyRelu: x.leakyRelu()
    case .elu: x.elu()
    case .gelu: x.gelu()
    case .silu: x.silu()
    case .sigmoid: x.sigmoid()
    case .tanh: x.tanh()
    case .softplus: x.softplus()
    }
  }
}

/// An activation function as a layer.
public struct ActivationLayer<S: Scalar>: LibraryLayer {
  package let activation: Activation
  /// A layer that applies this function.
  public init(_ activation: Activation) { self.activation = activation }
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { activation(x) }
  package mutating func detach() {}
  public var description: String { "ActivationLayer: \(activation)" }
}

/// Sets each element to 0 with probability `rate` in training, and divides the others by 1 − rate; in inference, nothing
/// happens. The mask is a random leaf: drawn anew in each step.
///
/// Source: Srivastava et al., "Dropout", JMLR 2014 (the inverted form).
public struct Dropout<S: Scalar>: LibraryLayer {
  package let rate: Double

  /// A layer that drops this share of the elements in training.
  /// - Precondition: 0 ≤ rate < 1.
  public init(rate: Double, file: StaticString = #fileID, line: UInt = #line) {
    self.rate = checked(rate, "Dropout: the rate", .share, at: CallSite(file, line))
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { dropout(x, rate: rate) }
  package mutating func detach() {}
  public var description: String { "Dropout: rate \(rate)" }
}

/// `x` with dropout, as the tape's mode says.
/// - Precondition: 0 ≤ rate < 1.
package func dropout<S: Scalar>(_ x: Variable<S>, rate: Double) -> Variable<S> {
  check(rate, "dropout: the rate", .share)
  guard x.tape.mode == .training, rate > 0 else { return x }
  return x.tape.scoped("dropout") {
    x * x.tape.random(.bernoulli(probability: 1 - rate, value: 1 / (1 - rate)), shape: x.shape)
  }
}
