import Adjoint

/// Layers one after the other.
public struct Sequential<S: Scalar>: Layer, Detachable {
  public let layers: [any Layer<S>]
  public init(_ layers: any Layer<S>...) { self.layers = layers }
  public init(_ layers: [any Layer<S>]) { self.layers = layers }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { layers.reduce(x) { $1($0) } }

  /// - Precondition: every layer is `Detachable`.
  public func copy() -> Sequential {
    Sequential(
      layers.map { layer in
        guard let copy = (layer as? any Detachable)?.copy() as? any Layer<S> else {
          fatalError("Sequential.copy(): \(type(of: layer)) has no copy(); conform it to Detachable")
        }
        return copy
      })
  }
}

/// A multi-layer perceptron: linear layers with an activation between them, and logits or values at the end.
///
/// ```swift
/// let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
/// ```
public struct MLP<S: Scalar>: Layer, Detachable {
  public let sizes: [Int]
  public let activation: Activation
  public let dropoutRate: Double
  public let linears: [Linear<S>]

  /// - Parameters:
  ///   - sizes: inputs, hidden units of each layer, outputs; at least two.
  ///   - dropout: the rate after each hidden activation.
  ///   - name: the prefix of the parameters' names: `name1/weight`, `name1/bias`, `name2/weight`, …
  public init(
    _ sizes: [Int], activation: Activation = .relu, dropout: Double = 0, bias: Bool = true, name: String = "fc",
    initializer: Initializer = .heNormal, using generator: inout Generator
  ) {
    guard sizes.count >= 2 else { fatalError("MLP: \(sizes) names no layer; give inputs and outputs at least") }
    var linears: [Linear<S>] = []
    for (position, (inputs, outputs)) in zip(sizes, sizes.dropFirst()).enumerated() {
      linears.append(
        Linear(
          inputs, outputs, bias: bias, name: "\(name)\(position + 1)", initializer: initializer, using: &generator))
    }
    (self.sizes, self.activation, dropoutRate, self.linears) = (sizes, activation, dropout, linears)
  }

  private init(of other: MLP, linears: [Linear<S>]) {
    (sizes, activation, dropoutRate, self.linears) = (other.sizes, other.activation, other.dropoutRate, linears)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let features = linears.dropLast().reduce(x) { dropout(activation($1($0)), rate: dropoutRate) }
    return linears[linears.count - 1](features)
  }

  public func copy() -> MLP { MLP(of: self, linears: linears.map { $0.copy() }) }

  /// All parameters in order.
  public var parameters: [Parameter<S>] { linears.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }
}
