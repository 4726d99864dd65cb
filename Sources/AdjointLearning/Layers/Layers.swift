import Adjoint

/// A layer that can be detached: a copy with parameters of its own.
public protocol Detachable {
  /// The same layer with the same values in new parameters; training one no longer changes the other.
  func copy() -> Self
}

/// z = x·Wᵀ + b: x is [batch, inputs], W [outputs, inputs], b [outputs].
public struct Linear<S: Scalar>: Layer, Detachable {
  public let weight: Parameter<S>
  public let bias: Parameter<S>?
  public let name: String?

  /// - Parameters:
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  ///   - bias: whether there is one; it begins at 0.
  public init(
    _ inputs: Int, _ outputs: Int, bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator
  ) {
    let values: Tensor<S> = initializer.tensor([outputs, inputs], fanIn: inputs, fanOut: outputs, using: &generator)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    self.name = name
  }

  /// A layer around parameters that exist, so that two layers may share them.
  public init(weight: Parameter<S>, bias: Parameter<S>?, name: String? = nil) {
    (self.weight, self.bias, self.name) = (weight, bias, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.tape.scoped(name ?? "linear") {
      let z = x.matmul(x.tape.parameter(weight), transposeB: true)
      return bias.map { z.addBias(x.tape.parameter($0)) } ?? z
    }
  }

  public func copy() -> Linear { Linear(weight: weight.copy(), bias: bias?.copy(), name: name) }
}

extension Parameter {
  /// A new parameter with the same name and value.
  public func copy() -> Parameter {
    let twin = Parameter(value, name: name)
    twin.isFrozen = isFrozen
    return twin
  }
}

/// Activation functions, by name.
public enum Activation: String, Sendable, CaseIterable {
  case identity, relu, leakyRelu, elu, gelu, silu, sigmoid, tanh, softplus

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
public struct ActivationLayer<S: Scalar>: Layer, Detachable {
  public let activation: Activation
  public init(_ activation: Activation) { self.activation = activation }
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { activation(x) }
  public func copy() -> ActivationLayer { self }
}

/// In training, each element is set to 0 with probability `rate` and the others are divided by 1 − rate; in inference,
/// nothing happens. The mask is a random leaf: drawn anew in each step.
///
/// Source: Srivastava et al., "Dropout", JMLR 2014 (the inverted form).
public struct Dropout<S: Scalar>: Layer, Detachable {
  public let rate: Double

  /// - Precondition: 0 ≤ rate < 1.
  public init(rate: Double) {
    guard rate >= 0, rate < 1 else { fatalError("Dropout: the rate \(rate) is not in 0 ..< 1") }
    self.rate = rate
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { dropout(x, rate: rate) }
  public func copy() -> Dropout { self }
}

/// `x` with dropout, as the tape's mode says.
public func dropout<S: Scalar>(_ x: Variable<S>, rate: Double) -> Variable<S> {
  guard x.tape.mode == .training, rate > 0 else { return x }
  return x.tape.scoped("dropout") {
    x * x.tape.random(.bernoulli(probability: 1 - rate, value: 1 / (1 - rate)), shape: x.shape)
  }
}

/// y = γ ⊙ (x − mean) / √(variance + ε) + β, mean and variance over the last axis.
///
/// Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
public struct LayerNorm<S: Scalar>: Layer, Detachable {
  public let scale: Parameter<S>
  public let shift: Parameter<S>
  public let epsilon: Double
  public let name: String?

  public init(_ features: Int, epsilon: Double = 1e-5, name: String? = nil) {
    scale = Parameter(.ones([features]), name: name.map { $0 + "/scale" })
    shift = Parameter(.zeros([features]), name: name.map { $0 + "/shift" })
    (self.epsilon, self.name) = (epsilon, name)
  }

  private init(scale: Parameter<S>, shift: Parameter<S>, epsilon: Double, name: String?) {
    (self.scale, self.shift, self.epsilon, self.name) = (scale, shift, epsilon, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.tape.scoped(name ?? "layerNorm") {
      layerNorm(x, epsilon: epsilon) * x.tape.parameter(scale) + x.tape.parameter(shift)
    }
  }

  public func copy() -> LayerNorm { LayerNorm(scale: scale.copy(), shift: shift.copy(), epsilon: epsilon, name: name) }
}

/// (x − mean) / √(variance + ε) over the last axis.
public func layerNorm<S: Scalar>(_ x: Variable<S>, epsilon: Double = 1e-5) -> Variable<S> {
  let centred = x - x.mean(axes: [-1], keepingDimensions: true)
  return centred / (x.variance(axes: [-1], keepingDimensions: true) + epsilon).sqrt()
}
