// What checkers read of a program, and the one place where a checker that measures itself interferes with one.

extension Program {
  /// The value of a node that this program keeps.
  package func value(at node: Int) -> Tensor<S> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.elements))
  }

  /// The indices that an index leaf of this program holds.
  package func indices(at node: Int) -> Tensor<Int32> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.indices))
  }

  /// Reads the elements of a node that this program keeps.
  package func withElements<R>(at node: Int, _ body: (UnsafeMutableBufferPointer<S>) throws -> R) rethrows -> R {
    try body(output(node).elements)
  }

  /// Whether this program has memory for a node.
  package func holds(_ node: Int) -> Bool { node < addresses.count && addresses[node] != nil }

  /// Which side each element of a piecewise operation's node takes at the present values.
  package func branches(of node: Int) -> Branches<S>? {
    guard case .operation(let operation) = nodes[node].kind else { return nil }
    let views = nodes[node].inputs.map { view($0) }
    return views.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { operation.branches(Operands(views: $0, count: buffer.count)) }
    }
  }
}

/// What a checker that measures itself changes in a program's plan before it is resolved.
package struct PlanAlteration {
  /// The passes to run instead of those planned.
  package var passes: ([Pass]) -> [Pass]
  /// Other places for the values: byte offsets in the arena by node, −1 for none.
  package var offsets: (inout [Int], [Pass]) -> Void

  package init(
    passes: @escaping ([Pass]) -> [Pass] = { $0 }, offsets: @escaping (inout [Int], [Pass]) -> Void = { _, _ in }
  ) {
    (self.passes, self.offsets) = (passes, offsets)
  }
}
