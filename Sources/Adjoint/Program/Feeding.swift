// The values that go into a program and come out of it. Everything fed is checked before anything is written.

/// The error of a value that does not fit the place it is fed to: it names the place, what it takes, and what was
/// given.
public struct FeedError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String
  package init(_ description: String) { self.description = description }
}

extension Program {
  /// Writes the value of an input for the next run.
  /// - Throws: `FeedError` when the shape differs. Nothing has been written then.
  public func feed(
    _ x: Variable<some Scalar>, _ value: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
  ) throws(FeedError) {
    let node = try inputNode(x, value.shape, isIndex: false, file, line)
    if borrow(value.elements, for: node) { return }
    copies(of: node)?.unite()
    _ = output(node).elements.update(fromContentsOf: value.elements)
  }

  /// Writes the indices of an index leaf for the next run.
  /// - Throws: `FeedError` when the shape differs, an index is out of range, or the body of a `scan` reads x from outside.
  ///   Nothing has been written then.
  @_disfavoredOverload  // `Tensor([3, 4])` is of the program's own numbers
  public func feed(
    _ x: Variable<some Scalar>, _ value: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws(FeedError) {
    let node = try inputNode(x, value.shape, isIndex: true, file, line)
    let bound = indexBound(node)
    if let place = value.elements.withUnsafeBufferPointer({ $0.firstPlace(outside: bound) }) {
      throw FeedError("\(name(node)): index \(value.elements[place]) at position \(place) is not in 0 ..< \(bound)")
    }
    value.elements.withUnsafeBufferPointer { copyIndices($0, into: node) }
  }

  /// Lets `body` write the value of an input in place, without a copy or an allocation. Elements are in row-major
  /// order.
  /// - Precondition: x holds numbers. An index leaf is filled by `fillIndices`, which checks them.
  public func fill(
    _ x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line,
    _ body: (UnsafeMutableBufferPointer<S>) throws -> Void
  ) rethrows {
    let node = writableNode(x, for: "fill", file, line)
    defer { noteWriting(to: node) }
    try body(output(node).elements)
  }

  /// Lets `body` write the indices of an index leaf in place, without a copy or an allocation.
  /// - Throws: `FeedError` when x holds numbers, an index is out of range, or the body of a `scan` reads x from outside. The leaf
  ///   holds zeros where an index is out of range, and else what it held.
  public func fillIndices(
    _ x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line,
    _ body: (UnsafeMutableBufferPointer<Int32>) -> Void
  ) throws(FeedError) {
    let node = readableNode(x, file, line)
    guard nodes[node].isIndex else { throw FeedError("\(name(node)): takes numbers, was given indices") }
    try refuseIndicesOfLoop(node)
    let indices = output(node).indexElements
    body(indices)
    let bound = indexBound(node)
    if let place = UnsafeBufferPointer(indices).firstPlace(outside: bound) {
      let wrong = indices[place]
      indices.update(repeating: 0)
      throw FeedError("\(name(node)): index \(wrong) at position \(place) is not in 0 ..< \(bound)")
    }
  }

  private func inputNode(
    _ x: Variable<some Scalar>, _ shape: Shape, isIndex: Bool, _ file: StaticString, _ line: UInt
  ) throws(FeedError) -> Int {
    let node = position(of: x, file, line)
    try refuseIndicesOfLoop(node)
    guard node < nodes.count, readable[node] else {
      throw FeedError("\(name(x)): no output of this program depends on it, so there is nothing to feed")
    }
    checkIdle(file, line)
    guard case .leaf(let role) = nodes[node].kind, role == .input || role == .index else {
      throw FeedError("\(name(node)): only inputs and index leaves are fed; parameters are set by their `value`")
    }
    guard (role == .index) == isIndex else {
      throw FeedError(
        "\(name(node)): takes \(isIndex ? "numbers, was given indices" : "indices (Int32), was given numbers")")
    }
    guard nodes[node].shape == shape else {
      throw FeedError("\(name(node)): takes the shape \(nodes[node].shape), was given \(shape)")
    }
    return node
  }

  /// Throws where the body of a loop reads an index leaf: it would go on with the indices of its recording.
  private func refuseIndicesOfLoop(_ node: Int) throws(FeedError) {
    guard indicesOfLoops.contains(node) else { return }
    throw FeedError(
      "\(name(node)): the body of a loop reads these indices from outside and keeps those of its recording; gather what they "
        + "name before the loop, and give the loop that")
  }

  /// The value of an output or leaf after a run, or of any node when all are kept.
  public func value(
    of x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<S> {
    let node = readableNode(x, file, line)
    if let elements = lentElements(of: node) { return Tensor(shape: nodes[node].shape, elements: elements) }
    return view(node).tensor(isIndex: holdsIndices(node))
  }

  /// Reads a value in place, without a copy or an allocation. The buffer is valid inside `body` only.
  /// - Precondition: x holds numbers.
  public func withValue<Result>(
    of x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line,
    _ body: (UnsafeBufferPointer<S>) throws -> Result
  ) rethrows -> Result {
    let node = readableNode(x, file, line)
    guard !nodes[node].isIndex else {
      fatalError("withValue: \(name(node)) holds indices; `value(of:)` reads them", file: file, line: line)
    }
    return try body(view(node).elements)
  }

  /// Overwrites the value of any node, to prepare `run(after:)`.
  /// - Precondition: x holds numbers, and the shape is the node's. An operation's result needs `keeping: .all`, a
  ///   parameter `parameters: .copied`.
  public func write(
    _ value: Tensor<S>, into x: Variable<some Scalar>, file: StaticString = #fileID, line: UInt = #line
  ) {
    let node = writableNode(x, for: "write", file, line)
    guard value.shape == nodes[node].shape else {
      fatalError("write: \(name(node)) cannot hold the shape \(value.shape)", file: file, line: line)
    }
    _ = output(node).elements.update(fromContentsOf: value.elements)
    noteWriting(to: node)
  }

  /// The node of a variable into which numbers may be written.
  private func writableNode(
    _ x: Variable<some Scalar>, for purpose: String, _ file: StaticString, _ line: UInt
  ) -> Int {
    let node = readableNode(x, file, line)
    guard !nodes[node].isIndex else {
      fatalError(
        "\(purpose): \(name(node)) holds indices, not numbers. Use feed or fillIndices, which check them.", file: file,
        line: line)
    }
    copies(of: node)?.unite()
    return node
  }

  /// Computes what depends on constants alone.
  func fold() {
    for position in 0..<foldedCount where !heldIndices.contains(lastNodes[position]) {
      instructions[position].executeApart()
    }
  }

  /// Brings up to date what depends on a node whose value was written.
  private func noteWriting(to node: Int) {
    if nodes[node].isParameter { sharedParameters.first { $0.leaf == node }?.parameter.noteChange() }
    if foldedCount > 0, case .leaf(.constant) = nodes[node].kind { fold() }
  }

  /// The node of a variable that this program keeps, while no run is under way.
  func readableNode(_ x: Variable<some Scalar>, _ file: StaticString = #fileID, _ line: UInt = #line) -> Int {
    let node = position(of: x, file, line)
    guard node < nodes.count, readable[node] else {
      fatalError(
        "Program: \(name(x)) is not among what this program keeps: its value may have been fused away or overwritten. Make "
          + "it an output, or compile with keeping: .all.",
        file: file, line: line)
    }
    checkIdle(file, line)
    return node
  }

  /// The position of a variable of the tape behind this program.
  /// - Precondition: the variable was not truncated away before this program was compiled, nor recorded in such a place
  ///   after it was.
  func position(of x: Variable<some Scalar>, _ file: StaticString = #fileID, _ line: UInt = #line) -> Int {
    guard x.tape.identity === tape else {
      fatalError(
        "Program: \(name(x)) belongs to another tape than the one that this program was compiled from", file: file,
        line: line)
    }
    guard x.index >= nodes.count || nodes[x.index].epoch == x.epoch else {
      fatalError(
        "Program: \(name(x)) is not the node that this program was compiled with: the tape was truncated between them",
        file: file, line: line)
    }
    return x.index
  }

  /// A variable of whatever tape as a message names it.
  private func name(_ x: Variable<some Scalar>) -> String { x.tape.describe(x) }
}

extension Program {
  /// Copies the present value of a leaf, converted to the precision of the program.
  func copyLeaf<R: Scalar>(_ leaf: Int, from tape: Tape<R>, _ ownTape: Tape<S>?) {
    if tape.holdsIndices(leaf) {
      copyIndices(tape.view(of: leaf).indices, into: leaf)
    } else if let ownTape {
      _ = output(leaf).elements.update(fromContentsOf: ownTape.view(of: leaf).elements)
    } else {
      // By position: an iterator that is not specialised looks up its types for every element.
      let (target, source) = (output(leaf).elements, tape.view(of: leaf).elements)
      for i in source.indices { target[i] = S(source[i].primal) }
    }
  }

  func copyIndices(_ indices: UnsafeBufferPointer<Int32>, into leaf: Int) {
    _ = output(leaf).indexElements.update(fromContentsOf: indices)
  }
}
