import Adjoint

// Layers for images [batch, height, width, channels], and a network of them.

/// A convolution, z[n, i, j, o] = b[o] + Σ w[o, c, u, v] · x[n, i·s + u − p, j·t + v − q, c]: the weight is
/// [out, in, height, width], the bias [out]; see `Variable.conv2d`.
public struct Conv2D<S: Scalar>: LibraryLayer {
  /// The weight, [out, in, height, width].
  public private(set) var weight: Parameter<S>
  /// The bias, [out]; `nil` in a layer without one.
  public private(set) var bias: Parameter<S>?
  package let stride: Extent2D
  package let padding: Extent2D
  package let name: String?

  /// A convolution with new parameters.
  /// - Parameters:
  ///   - inputs: channels of the images.
  ///   - outputs: how many kernels: channels of the result.
  ///   - size: height and width of a kernel.
  ///   - hasBias: true when there is a bias; it begins at 0.
  ///   - name: the prefix of the parameters' names, `name/weight` and `name/bias`; numbered by first use when left out.
  public init(
    _ inputs: Int, _ outputs: Int, size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0,
    bias hasBias: Bool = true, name: String? = nil, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(inputs, "Conv2D: inputs", atLeast: 1, at: site)
    check(outputs, "Conv2D: outputs", atLeast: 1, at: site)
    checkWindow("Conv2D", size, stride, padding, at: site)
    let places = size.height * size.width
    let values: Tensor<S> = initializer.tensor(
      [outputs, inputs, size.height, size.width], fanIn: inputs * places, fanOut: outputs * places, using: &generator,
      file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    bias = hasBias ? Parameter(.zeros([outputs]), name: name.map { $0 + "/bias" }) : nil
    (self.stride, self.padding, self.name) = (stride, padding, name)
  }

  /// A layer around parameters that exist, so that two layers may share them.
  package init(weight: Parameter<S>, bias: Parameter<S>?, stride: Extent2D = 1, padding: Extent2D = 0) {
    checkWindow("Conv2D", 1, stride, padding, at: CallSite())
    (self.weight, self.bias, self.stride, self.padding, name) = (weight, bias, stride, padding, nil)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let (kernels, window) = (weight.shape, Extent2D(weight.shape[2], weight.shape[3]))
    let fits = x.shape.rank == 4 && x.shape[3] == kernels[1]
    require(fits, x, takes: "images [batch, height, width, \(kernels[1])]")
    let room = (x.shape[1] + 2 * padding.height, x.shape[2] + 2 * padding.width)
    require(
      room.0 >= window.height && room.1 >= window.width, x, takes: "images of at least \(window), padding included")
    return x.tape.scoped(name ?? "conv2d") {
      x.conv2d(
        x.tape.parameter(weight), bias: bias.map { x.tape.parameter($0) }, stride: stride, padding: padding)
    }
  }

  package mutating func detach() { (weight, bias) = (weight.copy(), bias?.copy()) }

  public var description: String {
    let kernels = "\(weight.shape[0]) kernels \(weight.shape[2]) × \(weight.shape[3])"
    return title("Conv2D", name) + "\(weight.shape[1]) → \(weight.shape[0]) channels, \(kernels), stride \(stride), "
      + "padding \(padding), " + words(of: [weight, bias])
  }
}

/// The largest element of each window, channel by channel.
public struct MaxPool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D
  package let stride: Extent2D?

  /// Windows side by side, unless a stride says otherwise.
  public init(_ size: Extent2D, stride: Extent2D? = nil, file: StaticString = #fileID, line: UInt = #line) {
    checkWindow("MaxPool2D", size, stride ?? size, at: CallSite(file, line))
    (self.size, self.stride) = (size, stride)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.maxPool(size, stride: stride) }
  package mutating func detach() {}
  public var description: String { "MaxPool2D: windows \(size), stride \(stride ?? size)" }
}

/// The mean of each window, channel by channel.
public struct AveragePool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D
  package let stride: Extent2D?

  /// Windows side by side, unless a stride says otherwise.
  public init(_ size: Extent2D, stride: Extent2D? = nil, file: StaticString = #fileID, line: UInt = #line) {
    checkWindow("AveragePool2D", size, stride ?? size, at: CallSite(file, line))
    (self.size, self.stride) = (size, stride)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.averagePool(size, stride: stride) }
  package mutating func detach() {}
  public var description: String { "AveragePool2D: windows \(size), stride \(stride ?? size)" }
}

/// Traps when a window is empty, does not move, or its padding is negative.
private func checkWindow(
  _ layer: String, _ size: Extent2D, _ stride: Extent2D, _ padding: Extent2D = 0, at site: CallSite
) {
  for (name, extent, least) in [("size", size, 1), ("stride", stride, 1), ("padding", padding, 0)] {
    check(extent.height, "\(layer): the \(name)'s height", atLeast: least, at: site)
    check(extent.width, "\(layer): the \(name)'s width", atLeast: least, at: site)
  }
}

/// The rows of a batch: [batch, a, b, …] as [batch, a·b·…].
public struct Flatten<S: Scalar>: LibraryLayer {
  /// A layer without parameters.
  public init() {}
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.flatten() }
  package mutating func detach() {}
  public var description: String { "Flatten: [batch, a, b, …] to [batch, a·b·…]" }
}

/// A convolutional network for small images, given as rows of pixels [batch, height·width·channels] or as images:
///   convolution 5 × 5, activation, max pooling 2 × 2, once for each entry of `filters`; then a perceptron on what remains.
///
/// ```swift
/// let model = CNN<Float>(height: 28, width: 28, classes: 10, using: &generator)
/// ```
///
/// With the defaults, an image of 28 × 28 becomes 12 × 12 × 16, then 4 × 4 × 32, then 128 numbers, then logits.
///
/// Source: after LeCun et al., "Gradient-based learning applied to document recognition", 1998, with ReLU and max pooling.
public struct CNN<S: Scalar>: LibraryLayer {
  /// Height, width and channels of an image.
  package let input: Shape
  package private(set) var convolutions: [Conv2D<S>]
  /// Batch normalisation after each convolution; empty when there is none.
  package private(set) var norms: [BatchNorm<S>]
  package let activation: Activation
  package let dropoutRate: Double
  package private(set) var head: MLP<S>

  /// A network for images of one size, with new parameters.
  /// - Parameters:
  ///   - filters: kernels of each convolution.
  ///   - hidden: units of the hidden layers behind the convolutions.
  ///   - dropout: the rate in the perceptron: on what it is given, and after each hidden activation.
  ///   - batchNorm: whether each convolution is followed by batch normalisation.
  /// - Precondition: the images are large enough: they remain at least 1 × 1 behind every pooling.
  public init(
    height: Int, width: Int, channels: Int = 1, classes: Int, filters: [Int] = [16, 32], hidden: [Int] = [128],
    activation: Activation = .relu, dropout: Double = 0, batchNorm: Bool = false, initializer: Initializer = .heNormal,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard let features = CNN.features(height: height, width: width, filters: filters) else {
      CallSite(file, line).trap(
        "CNN: images of \(height) × \(width) are too small for \(filters.count) convolutions and poolings; give fewer filters"
      )
    }
    convolutions = zip([channels] + filters, filters).enumerated().map {
      Conv2D(
        $1.0, $1.1, size: 5, bias: !batchNorm, name: "conv\($0 + 1)", initializer: initializer, using: &generator,
        file: file, line: line)
    }
    norms = batchNorm ? filters.enumerated().map { BatchNorm($1, name: "norm\($0 + 1)") } : []
    head = MLP(
      [filters.isEmpty ? features * channels : features] + hidden + [classes], activation: activation, dropout: dropout,
      initializer: initializer, using: &generator, file: file, line: line)
    (input, self.activation, dropoutRate) = ([height, width, channels], activation, dropout)
  }

  /// The count of numbers that are left of an image for the perceptron, or `nil` when the image is too small.
  package static func features(height: Int, width: Int, filters: [Int] = [16, 32]) -> Int? {
    var (height, width) = (height, width)
    for _ in filters {
      (height, width) = ((height - 4) / 2, (width - 4) / 2)
      guard height > 0, width > 0 else { return nil }
    }
    return height * width * (filters.last ?? 1)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let fits = x.shape.rank > 0 && x.shape.dropFirst().reduce(1, *) == input.elementCount
    require(
      fits, x,
      takes: "[batch, \(input.elementCount)] or images [batch, \(input.map(String.init).joined(separator: ", "))]")
    var y = x.reshape(to: input.batched(x.shape[0]))
    for (position, convolution) in convolutions.enumerated() {
      y = convolution(y)
      if !norms.isEmpty { y = norms[position](y) }
      y = activation(y).maxPool(2)
    }
    return head(dropout(y.flatten(), rate: dropoutRate))
  }

  package mutating func detach() {
    (convolutions, norms) = (convolutions.map { $0.copy() }, norms.map { $0.copy() })
    head = head.copy()
  }

  public var description: String {
    let filters = convolutions.map { "\($0.weight.shape[0])" }.joined(separator: ", ")
    let kernels = convolutions.isEmpty ? "no convolutions" : "convolutions of \(filters) kernels 5 × 5"
    let all: [Parameter<S>?] =
      convolutions.flatMap { [$0.weight, $0.bias] as [Parameter<S>?] }
      + norms.flatMap { [$0.scale, $0.shift] as [Parameter<S>?] }
    return
      "CNN: images \(input), \(kernels)\(norms.isEmpty ? "" : " with batch normalisation"), then \(head.sizesText), "
      + "\(activation), " + words(of: all + head.parameters)
  }
}
