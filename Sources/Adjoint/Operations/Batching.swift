/// The operands of an operation for all entries of a batch, from which its rule `batched(_:)` records the results of all entries.
///
/// Some operands have the batch as their first axis; the others stand for every entry.
public struct BatchedOperands<S: Scalar> {
  /// The tape on which the results are recorded.
  public let tape: Tape<S>
  /// The number of entries.
  public let count: Int
  /// The shape of each operand for one entry.
  public let shapes: [Shape]
  /// The shape of the result for one entry.
  public let shape: Shape
  /// True for each operand that has the batch as its first axis; at least one has.
  public let isBatched: [Bool]
  let operands: [Variable<S>]
  /// The bound of an operand that holds indices.
  let indexBound: Int

  /// An operand as it is recorded: with the batch as its first axis, or without it.
  public subscript(position: Int) -> Variable<S> { operands[position] }

  /// An operand with the batch as its first axis, also where it stands for every entry.
  public func whole(_ position: Int) -> Variable<S> {
    isBatched[position] ? self[position] : repeated(self[position], to: shapes[position].inserting(count, at: 0))
  }

  /// An operand whose other axes broadcast beside those of a value of `rank` axes for each entry: axes of 1 stand between the
  /// batch and its own, where it has fewer.
  public func aligned(_ position: Int, toRank rank: Int) -> Variable<S> {
    guard isBatched[position] else { return self[position] }
    return reshaped(self[position], to: Shape([count] + shapes[position].padded(toRank: rank)))
  }

  /// Indices under another shape, or numbers.
  func reshaped(_ x: Variable<S>, to shape: Shape) -> Variable<S> {
    guard tape.holdsIndices(x.index), x.shape != shape else { return x.reshape(to: shape) }
    return tape.record(Reshape(to: shape, indicesBelow: indexBound), x)
  }

  /// The indices of an operand, those of an entry one after the other, each repeated along a row.
  func places(_ position: Int, besideRows row: Shape) -> Variable<S> {
    let lines = [count, shapes[position].elementCount]
    return repeated(reshaped(whole(position), to: Shape(lines + row.map { _ in 1 })), to: Shape(lines + row))
  }

  /// Indices repeated, or numbers.
  func repeated(_ x: Variable<S>, to shape: Shape) -> Variable<S> {
    guard tape.holdsIndices(x.index), x.shape != shape else { return x.broadcast(to: shape) }
    return tape.record(Broadcast(to: shape, indicesBelow: indexBound), x)
  }
}

extension LibraryOperation {
  /// An elementwise operation broadcasts, so the batch is one more axis. Any other says more than this.
  public func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    guard isElementwise else { return nil }
    return x.tape.record(self, inputs: x.shapes.indices.map { x.aligned($0, toRank: x.shape.rank) })
  }
}

extension Variable {
  /// Numbers that are positions, as indices: the place at which 0 ..< bound holds each.
  func indices(below bound: Int) -> Variable {
    let all = tape.constant(
      Tensor(shape: [Swift.max(bound, 1)], elements: (0..<Swift.max(bound, 1)).map { S(position: $0) }))
    return tape.record(ArgMax(), reshape(to: shape.inserting(1, at: shape.rank)) .== all)
  }
}
