/// A named place for trainable numbers.
///
/// A parameter has identity: every use of one on a tape is the same leaf, so tied weights share it. Copying a model
/// struct shares its parameters; `model.copy()` detaches them. Its storage never moves, so several programs read it and
/// one optimiser updates it in place.
///
/// It is not `Sendable`: it crosses threads only by `sending` or as a copy.
public final class Parameter<S: Scalar> {
  /// The name given by its maker. Without one a tape numbers the parameter by its first use.
  public let name: String?
  /// The dimensions of the value, which never change.
  public let shape: Shape
  /// True when the parameter is used but not trained: no gradient is computed for it.
  public var isFrozen = false
  /// True when this was made while a model was recorded for replay: each further recording would make another one.
  package let isMadeWhileRecording = ModelRecording.isUnderWay
  /// The latest copy of this, and the copying of a whole model that it was made for, while these last.
  package weak var twin: Parameter?
  package weak var copying: AnyObject?
  let storage: Buffer<S>

  /// A parameter that begins with a value.
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
      noteChange()
    }
  }

  /// Reads and writes the elements in place, in row-major order. The buffer is valid inside `body` only.
  ///
  /// It counts as a change, whatever `body` does: a gradient is not taken of what was recorded before.
  public func withElements<R>(_ body: (UnsafeMutableBufferPointer<S>) throws -> R) rethrows -> R {
    defer { noteChange() }
    return try body(storage.elements)
  }

  /// Counts a change of the numbers. Whoever writes to the storage says so, so that a gradient of what was recorded
  /// with the old numbers is refused.
  package func noteChange() { storage.version.pointee &+= 1 }
}

/// The recording of a model for replay, as the task that makes it sees it.
package enum ModelRecording {
  /// True while a step or a predictor records its model.
  @TaskLocal package static var isUnderWay = false
}
