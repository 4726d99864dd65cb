/// A handle to a node of a tape: a value that remembers how it was computed.
///
/// Operators and named methods record operations and compute at once. A handle is small and copied freely. It is valid
/// until its tape is truncated before it, and traps with a sentence afterwards.
public struct Variable<S: Scalar> {
  /// The tape that holds the node.
  public let tape: Tape<S>
  /// The position in the tape's list, printed as `%index`.
  public let index: Int
  let epoch: Int

  init(tape: Tape<S>, index: Int, epoch: Int) {
    self.tape = tape
    self.index = index
    self.epoch = epoch
  }

  /// The dimensions of the value.
  public var shape: Shape { tape.nodes[tape.index(of: self)].shape }

  /// The recorded value.
  ///
  /// - Precondition: the tape is not being recorded for replay. A training step, or a function to be minimised, is recorded
  ///   once and replayed ever after, so a branch taken on a value would be frozen. Use `where`, or record eagerly.
  public var value: Tensor<S> {
    refuseReplay(tape.index(of: self))
    return recordedValue
  }

  /// Traps while a step is recorded: what is read now would be frozen.
  func refuseReplay(_ position: Int) {
    guard tape.isRecordingForReplay || tape.recordsLoop else { return }
    if tape.recordsLoop {
      fatalError(
        "\(tape.describe(position)): its value was read in the body of a scan, or of a vmap. The body is recorded once and run "
          + "for every step or entry, so a branch taken on this value would be taken by all. Use `where(_:_:_:)` to choose between "
          + "values, or a Swift loop.")
    }
    if tape.guardsBranches {
      fatalError(
        "\(tape.describe(position)): its value was read while a compiled function is recorded. A branch taken on a plain number "
          + "cannot be guarded. Compare the variables themselves, as in `if x > 0`, use `where(_:_:_:)`, or `print` to look at "
          + "one.")
    }
    fatalError(
      "\(tape.describe(position)): its value was read while a training step is recorded, or a function to be "
        + "minimised. It is recorded once and replayed ever after, so a branch taken on this value would be frozen. "
        + "Use `where(_:_:_:)` to choose between values, `print` to look at one, or record on a tape of your own.")
  }

  /// The recorded value, also while recording for replay.
  var recordedValue: Tensor<S> {
    let position = tape.index(of: self)
    return tape.value(of: position).tensor(isIndex: tape.holdsIndices(position))
  }

  /// The recorded value of a single number.
  /// - Precondition: there is exactly one element.
  public var scalar: S {
    guard shape.elementCount == 1 else {
      fatalError(
        "scalar: \(tape.describe(index)) has \(shape.elementCount) elements; reduce it to one number first (sum, mean), or "
          + "read `value`")
    }
    return value[linear: 0]
  }

  /// Names this node in listings and messages.
  @discardableResult
  public func labeled(_ name: String, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.labels[tape.index(of: self, for: "labeled", file: file, line: line)] = name
    return self
  }
}
