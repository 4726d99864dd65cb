/// The first value of a run, in forward order, that is not a finite number.
package struct NonFiniteValue: Sendable, Equatable {
  /// The node as messages name it: label path or number, and shape.
  package let node: String
  /// The node's kind: an operation's formula, or the role of a leaf.
  package let formula: String
  /// True when the value was fed or is a parameter, rather than computed.
  package let isLeaf: Bool
  /// The row-major position of the element.
  package let element: Int
  package let value: Double
}

extension Program {
  /// Replays this program's last run with every value kept, and finds the first that is not finite.
  ///
  /// - Parameter outputs: the outputs that this program was compiled for.
  /// - Complexity: compiles a program that keeps everything, so it is meant for after a failure.
  package func firstNonFinite(of outputs: [Variable<S>]) -> NonFiniteValue? {
    guard let tape = outputs.first?.tape else { return nil }
    let replay = Program(outputs, keeping: .all, parameters: .copied)
    for node in replay.nodes.indices where replay.addresses[node] != nil && replay.nodes[node].isLeaf {
      if tape.isIndexLeaf(node) {
        replay.copyIndices(view(node).indices, into: node)
      } else {
        _ = replay.output(node).elements.update(fromContentsOf: view(node).elements)
      }
    }
    replay.replay()
    for node in replay.nodes.indices where replay.addresses[node] != nil && !tape.isIndexLeaf(node) {
      let elements = replay.view(node).elements
      guard let position = elements.firstIndex(where: { !$0.primal.isFinite }) else { continue }
      return NonFiniteValue(
        node: tape.describe(node), formula: tape.formula(of: node), isLeaf: replay.nodes[node].isLeaf,
        element: position,
        value: elements[position].primal)
    }
    return nil
  }
}
