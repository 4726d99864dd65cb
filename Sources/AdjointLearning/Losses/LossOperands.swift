import Adjoint

/// The outputs of a model and the targets that a loss compares them with, tested before anything is recorded: where they
/// do not fit, the trap says what the loss takes, and not what the third operation inside of it takes.
struct LossOperands<S: Scalar> {
  private let loss: String
  private let outputs: Variable<S>
  private let targets: Variable<S>
  private let site: CallSite

  init(_ loss: String, _ outputs: Variable<S>, _ targets: Variable<S>, _ site: CallSite) {
    (self.loss, self.outputs, self.targets, self.site) = (loss, outputs, targets, site)
  }

  private func trap(_ sentence: String) -> Never { site.trap("\(loss): \(sentence)") }
  private func name(_ x: Variable<S>) -> String { x.tape.describe(x.index) }

  /// Traps unless both are numbers whose shapes broadcast, with one extent along the axis.
  func requireRowsThatBroadcast(along axis: Int) {
    let (a, b) = (outputs.shape, targets.shape)
    guard outputs.tape === targets.tape, !outputs.holdsIndices, !targets.holdsIndices, max(a.rank, b.rank) > 0 else {
      return requireRows()
    }
    let fromEnd = axis < 0 ? -axis : max(a.rank, b.rank) - axis
    func extent(_ shape: Shape) -> Int? {
      (1...max(shape.rank, 1)).contains(fromEnd) ? shape[shape.rank - fromEnd] : nil
    }
    let fits = zip(a.reversed(), b.reversed()).allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }
    guard fits, a.rank > 0, b.rank > 0, extent(a) == extent(b) else {
      trap(
        "\(name(outputs)) and \(name(targets)) do not go together along axis \(axis): there both must have one extent, and the "
          + "other axes must broadcast, as [n, 1, width] and [1, m, width] do along the last")
    }
  }

  /// Traps unless both are of one tape, and the outputs are numbers.
  private func requireOutputs() {
    guard outputs.tape === targets.tape else {
      trap(
        "the outputs \(outputs.shape) and the targets \(targets.shape) are variables of two tapes. Record both on one; inside of "
          + "a step, use the variables that its closure is given.")
    }
    guard !outputs.holdsIndices else {
      trap(
        "the outputs, \(name(outputs)), are indices; give the numbers that the model computes first, the targets second"
      )
    }
  }

  /// Traps unless the targets are class indices, one for each row of outputs. A label to ignore is a class or the number of
  /// classes.
  func requireLabels(ignoring ignored: Int? = nil) {
    requireOutputs()
    guard targets.holdsIndices else {
      trap(
        "the labels, \(name(targets)), are numbers; they must be class indices (Int32), one a row: [Int] or Tensor<Int32> "
          + "given to the step, or tape.index(_:). One-hot rows go into crossEntropy(logits:probabilities:).")
    }
    guard outputs.shape.rank >= 1, Array(targets.shape) == Array(outputs.shape.dropLast()) else {
      trap(
        outputs.shape.rank == 0
          ? "the outputs, \(name(outputs)), are a single number; give [batch, classes]"
          : "the labels, \(name(targets)), do not fit the outputs, \(name(outputs)): give labels "
            + "\(Shape(outputs.shape.dropLast())), one a row")
    }
    let classes = outputs.shape[outputs.shape.rank - 1]
    if let ignored, ignored < 0 || ignored > classes {
      trap(
        "the label to ignore is \(ignored); an index is never negative, so ignore a class, 0 ..< \(classes), or "
          + "\(classes), which stands for none")
    }
    // What a step is fed is tested by the feeding, which throws.
    guard !targets.tape.isRecordingForReplay else { return }
    let labels = targets.indexValue.elements
    if let place = labels.firstIndex(where: { $0 < 0 || $0 >= classes && Int($0) != ignored }) {
      trap("label \(labels[place]) at position \(place) is no class: outputs \(outputs.shape) know 0 ..< \(classes)")
    }
  }

  /// Traps unless both are rows of numbers, […, width].
  func requireRows() {
    requireNumbers()
    if outputs.shape.rank == 0 { trap("\(name(outputs)) is a single number; give rows, such as [batch, width]") }
  }

  /// Traps unless the targets are numbers of the outputs' shape, or either is repeated along the other's axes. [8, 1] and
  /// [8] would be compared each with each.
  func requireNumbers() {
    requireOutputs()
    guard !targets.holdsIndices else {
      trap(
        "the targets, \(name(targets)), are class indices; give numbers (such as Tensor<Float>), or their one-hot rows, "
          + "labels.oneHot(classes)")
    }
    guard
      outputs.shape == targets.shape || targets.shape.broadcasts(to: outputs.shape)
        || outputs.shape.broadcasts(to: targets.shape)
    else {
      trap(
        "the targets, \(name(targets)), do not fit the outputs, \(name(outputs)): both must have one shape; reshape one of them"
      )
    }
  }
}

extension Tensor where Element: BinaryInteger {
  /// The same integers as class indices.
  /// - Throws: `FeedError` for one that `Int32` does not hold.
  func asIndices() throws(FeedError) -> Tensor<Int32> {
    if let same = self as? Tensor<Int32> { return same }
    if let place = elements.firstIndex(where: { Int32(exactly: $0) == nil }) {
      throw FeedError(
        "label \(elements[place]) at position \(place) is no class index: Int32 does not hold it; number the classes from 0"
      )
    }
    return map { Int32($0) }
  }
}
