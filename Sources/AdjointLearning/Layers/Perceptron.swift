import Adjoint

/// An affine function of the last axis, z = x·Wᵀ + b: x is […, inputs], such as [batch, inputs] or [batch, time, inputs],
/// W [outputs, inputs], b [outputs], and z […, outputs].
public struct Linear<S: Scalar>: LibraryLayer {
  /// The weight W, [outputs, inputs].
  public private(set) var weight: Parameter<S>
  /// The bias b, [outputs]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let name: String?

  /// A layer with new parameters.
  /// - Parameters:
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  ///   - hasBias: true when there is a bias; it begins at 0.
  public init(
    _ inputs: Int, _ outputs: Int, bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    check(inputs, "Linear: inputs", atLeast: 1, at: CallSite(file, line))
    check(outputs, "Linear: outputs", atLeast: 1, at: CallSite(file, line))
    let values: Tensor<S> = initializer.tensor(
      [outputs, inputs], fanIn: inputs, fanOut: outputs, using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    self.name = name
  }

  /// A layer around parameters that exist, so that two layers may share them.
  package init(weight: Parameter<S>, bias: Parameter<S>?, name: String? = nil) {
    (self.weight, self.bias, self.name) = (weight, bias, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(x.shape.last == weight.shape[1], x, takes: "[…, \(weight.shape[1])]")
    return x.tape.scoped(name ?? "linear") {
      let z = x.matmul(x.tape.parameter(weight), transposeB: true)
      return bias.map { z.addBias(x.tape.parameter($0)) } ?? z
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    title("Linear", name) + "\(weight.shape[1]) → \(weight.shape[0])\(bias == nil ? ", no bias" : ""), "
      + words(of: [weight, bias])
  }
}

/// A multi-layer perceptron: linear layers with an activation between them, and logits or values at the end.
///
/// ```swift
/// let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
/// ```
public struct MLP<S: Scalar>: LibraryLayer {
  package private(set) var linears: [Linear<S>]
  package let activation: Activation
  package let dropoutRate: Double

  /// A perceptron with new parameters.
  /// - Parameters:
  ///   - sizes: inputs, hidden units of each layer, outputs; at least two.
  ///   - dropout: the rate after each hidden activation.
  ///   - name: the prefix of the parameters' names: `name1/weight`, `name1/bias`, `name2/weight`, …
  public init(
    _ sizes: [Int], activation: Activation = .relu, dropout: Double = 0, bias: Bool = true, name: String = "fc",
    initializer: Initializer = .heNormal, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    guard sizes.count >= 2 else { site.trap("MLP: \(sizes) names no layer; give inputs and outputs at least") }
    linears = zip(sizes, sizes.dropFirst()).enumerated().map {
      Linear(
        $1.0, $1.1, bias: bias, name: "\(name)\($0 + 1)", initializer: initializer, using: &generator, file: file,
        line: line)
    }
    (self.activation, dropoutRate) = (activation, checked(dropout, "MLP: dropout", .share, at: site))
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let features = linears.dropLast().reduce(x) { dropout(activation($1($0)), rate: dropoutRate) }
    return linears[linears.count - 1](features)
  }

  package mutating func detach() { linears = linears.map { $0.copy() } }

  /// The sizes as a person writes them: `784 → 128 → 10`.
  var sizesText: String {
    (linears.prefix(1).map { $0.weight.shape[1] } + linears.map { $0.weight.shape[0] }).map(String.init)
      .joined(separator: " → ")
  }

  public var description: String {
    "MLP: \(sizesText), \(activation)" + (dropoutRate > 0 ? ", dropout \(dropoutRate)" : "") + ", "
      + words(of: parameters)
  }

  /// All parameters in order.
  public var parameters: [Parameter<S>] { linears.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }
}
