import Adjoint

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
