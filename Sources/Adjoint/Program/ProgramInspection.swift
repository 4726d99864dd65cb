// The parts of a program that checkers read, and the one place where a checker that measures itself interferes with it.

extension Program: CustomStringConvertible {
  /// Passes, operations, bytes, parameters, threads and runs; then a line for each of the first outputs.
  public var description: String {
    let operations = passNodes.dropFirst(foldedCount).reduce(0) { $0 + $1.count }
    let parameters = nodes.indices.count { nodes[$0].isParameter && addresses[$0] != nil }
    let facts = [
      counted(instructionCount, "pass", "passes") + " for " + counted(operations, "operation"),
      byteText(byteCount), counted(parameters, "parameter or state", "parameters and states"),
      counted(pool?.threads ?? 1, "thread"), counted(step, "run"),
    ]
    let outputs = outputNodes.prefix(4).map { "  " + name($0) }
    let others = outputNodes.count > 4 ? ["  … \(counted(outputNodes.count - 4, "more output"))"] : []
    return (["Program<\(S.self)>: " + facts.joined(separator: ", ")] + outputs + others).joined(separator: "\n")
  }
}

extension WorkerPool: CustomStringConvertible {
  /// The number of threads: `pool of 4 threads`.
  public var description: String { "pool of \(counted(threads, "thread"))" }
}

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

  /// True when this program has memory for a node.
  package func holds(_ node: Int) -> Bool { node < addresses.count && addresses[node] != nil }

  /// The pieces that the elements of a piecewise operation's node take at the present values.
  package func branches(of node: Int) -> Branches<S>? {
    guard case .operation(let operation) = nodes[node].kind else { return nil }
    let views = nodes[node].inputs.map { view($0) }
    return views.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { operation.branches(Operands(views: $0, count: buffer.count)) }
    }
  }
}

/// The changes that a checker that measures itself makes to a program's plan before it is resolved.
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
