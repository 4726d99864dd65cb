import Adjoint

// Layers for images [batch, height, width, channels].

/// z[n, i, j, o] = b[o] + Σ w[o, c, u, v] · x[n, i·s + u − p, j·t + v − q, c]: the weight is [out, in, height, width], the
/// bias [out]; see `Variable.conv2d`.
public struct Conv2D<S: Scalar>: Layer, Detachable {
  public let weight: Parameter<S>
  public let bias: Parameter<S>?
  public let stride: Extent2D
  public let padding: Extent2D
  public let name: String?

  /// - Parameters:
  ///   - inputs: channels of the images.
  ///   - outputs: how many kernels: channels of the result.
  ///   - size: height and width of a kernel.
  ///   - bias: whether there is one; it begins at 0.
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  public init(
    _ inputs: Int, _ outputs: Int, size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0,
    bias hasBias: Bool = true,
    name: String? = nil, initializer: Initializer = .heNormal, using generator: inout Generator
  ) {
    let places = size.height * size.width
    let values: Tensor<S> = initializer.tensor(
      [outputs, inputs, size.height, size.width], fanIn: inputs * places, fanOut: outputs * places, using: &generator)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.name) = (stride, padding, name)
  }

  /// A layer around parameters that exist, so that two layers may share them.
  public init(
    weight: Parameter<S>, bias: Parameter<S>?, stride: Extent2D = 1, padding: Extent2D = 0, name: String? = nil
  ) {
    (self.weight, self.bias, self.stride, self.padding, self.name) = (weight, bias, stride, padding, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.tape.scoped(name ?? "conv2d") {
      x.conv2d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding)
    }
  }

  public func copy() -> Conv2D {
    Conv2D(weight: weight.copy(), bias: bias?.copy(), stride: stride, padding: padding, name: name)
  }
}

/// The largest element of each window, channel by channel.
public struct MaxPool2D<S: Scalar>: Layer, Detachable {
  public let size: Extent2D
  public let stride: Extent2D

  /// Windows side by side, unless a stride says otherwise.
  public init(_ size: Extent2D, stride: Extent2D? = nil) { (self.size, self.stride) = (size, stride ?? size) }
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.maxPool(size, stride: stride) }
  public func copy() -> MaxPool2D { self }
}

/// The mean of each window, channel by channel.
public struct AveragePool2D<S: Scalar>: Layer, Detachable {
  public let size: Extent2D
  public let stride: Extent2D

  /// Windows side by side, unless a stride says otherwise.
  public init(_ size: Extent2D, stride: Extent2D? = nil) { (self.size, self.stride) = (size, stride ?? size) }
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.averagePool(size, stride: stride) }
  public func copy() -> AveragePool2D { self }
}

/// The rows of a batch: [batch, a, b, …] as [batch, a·b·…].
public struct Flatten<S: Scalar>: Layer, Detachable {
  public init() {}
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.flatten() }
  public func copy() -> Flatten { self }
}
