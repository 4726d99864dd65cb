/// A named place for trainable numbers.
///
/// A parameter has identity: every use of one on a tape is the same leaf, so tied weights share it, and copying a model
/// struct shares its parameters (`model.copy()` detaches). Its storage never moves, so several programs read and one
/// optimiser updates it in place. Not `Sendable`: it crosses threads only by `sending` or as a copy.
public final class Parameter<S: Scalar> {
  /// The name given by its maker, or `nil`: then a tape numbers it by first use.
  public let name: String?
  public let shape: Shape
  /// A frozen parameter is used but not trained: no gradient is computed for it.
  public var isFrozen = false
  let storage: Buffer<S>

  public init(_ value: Tensor<S>, name: String? = nil) {
    self.name = name
    shape = value.shape
    storage = Buffer(repeating: 0, count: value.shape.elementCount)
    self.value = value
  }

  /// The number of elements.
  public var count: Int { shape.elementCount }

  /// The numbers themselves.
  /// - Precondition: a new value has the same shape.
  public var value: Tensor<S> {
    get { Tensor(shape: shape, elements: Array(storage.elements)) }
    set {
      guard newValue.shape == shape else {
        fatalError(
          "parameter '\(name ?? "unnamed")' is \(shape); it cannot be set to a tensor of shape \(newValue.shape)")
      }
      _ = storage.elements.update(fromContentsOf: newValue.elements)
    }
  }

  /// Reads and writes the elements in place, in row-major order. The buffer is valid inside `body` only.
  public func withElements<R>(_ body: (UnsafeMutableBufferPointer<S>) throws -> R) rethrows -> R {
    try body(storage.elements)
  }
}
