import Adjoint

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
public struct CNN<S: Scalar>: Layer, Detachable {
  /// Height, width and channels of an image.
  public let input: Shape
  public let convolutions: [Conv2D<S>]
  /// Batch normalisation after each convolution; empty when there is none.
  public let norms: [BatchNorm<S>]
  public let activation: Activation
  public let dropoutRate: Double
  public let head: MLP<S>

  /// - Parameters:
  ///   - filters: kernels of each convolution.
  ///   - hidden: units of the hidden layers behind the convolutions.
  ///   - dropout: the rate in the perceptron: on what it is given, and after each hidden activation.
  ///   - batchNorm: whether each convolution is followed by batch normalisation.
  /// - Precondition: the images are large enough: `features` is not `nil`.
  public init(
    height: Int, width: Int, channels: Int = 1, classes: Int, filters: [Int] = [16, 32], hidden: [Int] = [128],
    activation: Activation = .relu, dropout: Double = 0, batchNorm: Bool = false, initializer: Initializer = .heNormal,
    using generator: inout Generator
  ) {
    guard let features = CNN.features(height: height, width: width, filters: filters) else {
      fatalError("CNN: images of \(height) × \(width) are too small for \(filters.count) convolutions and poolings")
    }
    var convolutions: [Conv2D<S>] = []
    for (position, (inputs, outputs)) in zip([channels] + filters, filters).enumerated() {
      convolutions.append(
        Conv2D(
          inputs, outputs, size: 5, bias: !batchNorm, name: "conv\(position + 1)", initializer: initializer,
          using: &generator))
    }
    self.convolutions = convolutions
    norms = batchNorm ? filters.enumerated().map { BatchNorm($1, name: "norm\($0 + 1)") } : []
    head = MLP(
      [filters.isEmpty ? features * channels : features] + hidden + [classes], activation: activation, dropout: dropout,
      initializer: initializer, using: &generator)
    (input, self.activation, dropoutRate) = ([height, width, channels], activation, dropout)
  }

  /// How many numbers are left of an image for the perceptron, or `nil` when the image is too small.
  public static func features(height: Int, width: Int, filters: [Int] = [16, 32]) -> Int? {
    var (height, width) = (height, width)
    for _ in filters {
      (height, width) = ((height - 4) / 2, (width - 4) / 2)
      guard height > 0, width > 0 else { return nil }
    }
    return height * width * (filters.last ?? 1)
  }

  private init(copying other: CNN) {
    (input, activation, dropoutRate) = (other.input, other.activation, other.dropoutRate)
    (convolutions, norms) = (other.convolutions.map { $0.copy() }, other.norms.map { $0.copy() })
    head = other.head.copy()
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    var y = x.reshape(to: input.batched(x.shape[0]))
    for (position, convolution) in convolutions.enumerated() {
      y = convolution(y)
      if !norms.isEmpty { y = norms[position](y) }
      y = activation(y).maxPool(2)
    }
    return head(dropout(y.flatten(), rate: dropoutRate))
  }

  public func copy() -> CNN { CNN(copying: self) }
}
