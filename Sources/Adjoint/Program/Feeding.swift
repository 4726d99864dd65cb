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
  public func feed(_ x: Variable<some Scalar>, _ value: Tensor<S>) throws(FeedError) {
    let node = try inputNode(x, value.shape, isIndex: false)
    copies(of: node)?.unite()
    _ = output(node).elements.update(fromContentsOf: value.elements)
  }

  /// Writes the indices of an index leaf for the next run.
  /// - Throws: `FeedError` when the shape differs or an index is out of range. Nothing has been written then.
  public func feed(_ x: Variable<some Scalar>, _ value: Tensor<Int32>) throws(FeedError) {
    let node = try inputNode(x, value.shape, isIndex: true)
    let bound = indexBound(node)
    for position in 0..<value.elements.count where value.elements[position] < 0 || value.elements[position] >= bound {
      throw FeedError(
        "\(name(node)): index \(value.elements[position]) at position \(position) is not in 0 ..< \(bound)")
    }
    value.elements.withUnsafeBufferPointer { copyIndices($0, into: node) }
  }

  /// Lets `body` write the value of an input in place, without a copy or an allocation. Elements are in row-major
  /// order.
  public func fill(_ x: Variable<some Scalar>, _ body: (UnsafeMutableBufferPointer<S>) throws -> Void) rethrows {
    let node = readableNode(x)
    copies(of: node)?.unite()
    try body(output(node).elements)
  }

  /// Lets `body` write the indices of an index leaf in place, without a copy or an allocation.
  /// - Throws: `FeedError` when an index is out of range. The leaf holds zeros then.
  public func fillIndices(_ x: Variable<some Scalar>, _ body: (UnsafeMutableBufferPointer<Int32>) -> Void)
    throws(FeedError)
  {
    let node = readableNode(x)
    let indices = output(node).indexElements
    body(indices)
    let bound = indexBound(node)
    for position in indices.indices where indices[position] < 0 || indices[position] >= bound {
      let wrong = indices[position]
      indices.update(repeating: 0)
      throw FeedError("\(name(node)): index \(wrong) at position \(position) is not in 0 ..< \(bound)")
    }
  }

  private func inputNode(_ x: Variable<some Scalar>, _ shape: Shape, isIndex: Bool) throws(FeedError) -> Int {
    guard x.tape.identity === tape, x.index < nodes.count, readable[x.index] else {
      throw FeedError("%\(x.index): no output of this program depends on it, so there is nothing to feed")
    }
    let node = x.index
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

  /// The value of an output or leaf after a run, or of any node when all are kept.
  public func value(of x: Variable<some Scalar>) -> Tensor<S> {
    let node = readableNode(x)
    return view(node).tensor(isIndex: isIndexLeaf(node))
  }

  /// Reads a value in place, without a copy or an allocation. The buffer is valid inside `body` only.
  public func withValue<Result>(of x: Variable<some Scalar>, _ body: (UnsafeBufferPointer<S>) throws -> Result) rethrows
    -> Result
  {
    try body(view(readableNode(x)).elements)
  }

  /// Overwrites the value of any node, to prepare `run(after:)`.
  /// - Precondition: the shape is the node's. An operation's result needs `keeping: .all`, a parameter `parameters:
  ///   .copied`.
  public func write(_ value: Tensor<S>, into x: Variable<some Scalar>) {
    let node = readableNode(x)
    guard value.shape == nodes[node].shape else {
      fatalError("write: \(name(node)) cannot hold the shape \(value.shape)")
    }
    copies(of: node)?.unite()
    _ = output(node).elements.update(fromContentsOf: value.elements)
    if case .leaf(.constant) = nodes[node].kind { fold() }
  }

  func readableNode(_ x: Variable<some Scalar>) -> Int {
    guard x.tape.identity === tape else {
      fatalError("Program: %\(x.index) belongs to another tape than the one that this program was compiled from")
    }
    guard x.index < nodes.count, readable[x.index] else {
      fatalError(
        "Program: %\(x.index) is not among what this program keeps: its value may have been fused away or overwritten. Make "
          + "it an output, or compile with keeping: .all.")
    }
    return x.index
  }
}
