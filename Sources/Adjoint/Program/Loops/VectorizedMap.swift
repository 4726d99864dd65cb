/// A function of one entry for all entries along the first axis of its arguments: `f` is recorded once, for one entry, and each of
/// its operations then stands on the tape once, for all entries.
///
/// ```swift
/// let slopes = vmap(over: [x, labels]) { entry in            // x is [batch, width], labels [batch]
///   gradients(of: loss(entry[0], entry[1]), withRespectTo: [w])
/// }
/// slopes[0]                                                  // a gradient for each example, [batch] + w.shape
/// ```
///
/// `f` may use variables and parameters from outside, which all entries share; what depends on no entry is computed once. It may
/// take gradients, `jvp`, loops and another `vmap`, and is differentiated in turn. Values have the bits of f on each entry by
/// itself, since the order of a sum follows from the shape of one entry. So have gradients, but for the sign of zeros; those of what
/// entries share add up over the batch.
///
/// An operation that says nothing of batches, such as one of your own, runs in a `scan` over the entries; see
/// `Operation.batched(_:)`.
///
/// - Parameter arguments: numbers or indices, whose entries along the first axis are given to `f`; at least one. Another axis is
///   brought to the front by `moveAxis(from:to:)`.
/// - Returns: each result of `f` with the batch as a first axis.
/// - Precondition: `f` reads no values, draws no random numbers and stores no states.
/// - Complexity: that of `f`, times the number of entries.
public func vmap<S: Scalar>(
  over arguments: [Variable<S>], file: StaticString = #fileID, line: UInt = #line,
  _ f: (_ entry: [Variable<S>]) -> [Variable<S>]
) -> [Variable<S>] {
  guard let tape = arguments.first?.tape else {
    fatalError("vmap: there is no argument to take entries of", file: file, line: line)
  }
  let count = commonExtent(of: arguments, for: "vmap: arguments", "the batch", file, line)
  let (body, shared) = tape.body(of: "vmap", [], arguments, entry: 0, sharesIndices: true, file, line) { ([], f($1)) }
  let values = body.recordBatched(on: tape, arguments, shared, count: count)
  return body.outputs.map { node in
    let (y, isBatched) = values[node]
    if isBatched { return y }
    guard !tape.holdsIndices(y.index) else {
      fatalError(
        "vmap: \(tape.describe(y.index)) is a result that holds indices and depends on no entry; use it outside",
        file: file,
        line: line)
    }
    return y.broadcast(to: y.shape.inserting(count, at: 0))
  }
}

/// A function of one variable's entries: `vmap(over: x) { $0.square().sum() }` has an element for each row of x.
public func vmap<S: Scalar>(
  over argument: Variable<S>, file: StaticString = #fileID, line: UInt = #line,
  _ f: (_ entry: Variable<S>) -> Variable<S>
) -> Variable<S> {
  vmap(over: [argument], file: file, line: line) { [f($0[0])] }[0]
}

extension ScanBody {
  /// Records the body for all entries of a batch at once, and tells of each node's value whether it has the batch as first axis.
  fileprivate func recordBatched<S: Scalar>(
    on tape: Tape<S>, _ arguments: [Variable<S>], _ shared: [Variable<S>], count: Int
  ) -> [(value: Variable<S>, isBatched: Bool)] {
    var known: [Int: (value: Variable<S>, isBatched: Bool)] = [:]
    for (leaf, x) in zip(entries, arguments) { known[leaf] = (x, true) }
    for (leaf, x) in zip(self.shared, shared) { known[leaf] = (x, false) }
    var values: [(value: Variable<S>, isBatched: Bool)] = []
    for (i, node) in nodes.enumerated() {
      if let leaf = known[i] ?? indices[i].map({ (tape.index($0), false) }) {
        values.append(leaf)
        continue
      }
      let operands = node.inputs.map { values[$0] }
      guard operands.contains(where: \.isBatched), let f = node.kind.operation else {
        values.append((tape.append(node.kind, to: operands.map(\.value), file: #fileID, line: #line), false))
        continue
      }
      let shapes = node.inputs.map { nodes[$0].shape }
      let batch = BatchedOperands(
        tape: tape, count: count, shapes: shapes, shape: node.shape, isBatched: operands.map(\.isBatched),
        operands: operands.map(\.value), indexBound: f.indexPosition == nil ? 0 : f.indexBound(for: shapes))
      let y = f.batched(batch) ?? tape.looped(f, batch)
      guard y.shape == node.shape.batched(count) else {
        fatalError(
          "vmap: batched(_:) of \(f.name) gives \(y.shape) for \(count) entries of \(node.shape); the batch is the first axis"
        )
      }
      values.append((y, true))
    }
    return values
  }
}

extension Tape {
  /// An operation that says nothing of batches, entry by entry. A loop takes numbers, so indices go through it as numbers.
  fileprivate func looped(_ f: any Operation, _ x: BatchedOperands<S>) -> Variable<S> {
    let numbers = x.operands.map(\.numbers)
    let batched = numbers.indices.filter { x.isBatched[$0] }
    let y = scan([], over: batched.map { numbers[$0] }) { _, entries in
      var operands = numbers
      for (entry, position) in zip(entries, batched) { operands[position] = entry }
      if let position = f.indexPosition { operands[position] = operands[position].indices(below: x.indexBound) }
      return ([], [self.append(.operation(f), to: operands, file: #fileID, line: #line).numbers])
    }.outputs[0]
    return f.resultIndexBound(for: x.shapes).map { y.indices(below: $0) } ?? y
  }
}
