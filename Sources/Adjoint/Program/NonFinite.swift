/// The first value of a run, in forward order, that is not a finite number.
package struct NonFiniteValue: Sendable, Equatable {
  /// The node as messages name it: label path or number, and shape; then the operation's formula, or the role of a leaf.
  package let node: String
  /// The role of a leaf; `nil` for a value that was computed.
  package let role: Role?
  /// The forward node in whose derivative the value was computed, with its formula; `nil` in a forward pass.
  package let serving: String?
  /// The row-major position of the element.
  package let element: Int
  package let value: Double
}

extension Program {
  /// Computes this program's last run again with every value kept, and finds where a value that is not finite came from.
  ///
  /// Only values count from which `failed` has it: a mask may hold −∞ that does no harm.
  ///
  /// - Parameters:
  ///   - failed: a node that this program computed, and that is not finite.
  ///   - outputs: the outputs that this program was compiled for.
  /// - Complexity: compiles a program that keeps everything, so it is meant for after a failure.
  package func origin(of failed: Variable<S>, among outputs: [Variable<S>]) -> NonFiniteValue? {
    let tape = failed.tape
    let text = tape.text
    let replay = Program(outputs, keeping: .all, parameters: .copied)
    replay.takeLeaves(of: self)
    replay.replay()
    var isBehind = [Bool](repeating: false, count: failed.index + 1)
    isBehind[failed.index] = true
    var first: NonFiniteValue?
    for node in (0...failed.index).reversed() where isBehind[node] && replay.holds(node) && !tape.holdsIndices(node) {
      let elements = replay.view(node).elements
      guard let position = elements.firstIndex(where: { !$0.primal.isFinite }) else { continue }
      for input in replay.nodes[node].inputs { isBehind[input] = true }
      let x = tape[node]
      first = NonFiniteValue(
        node: text.line(of: node), role: x.role, serving: x.serves.map { text.line(of: $0.index) },
        element: position,
        value: elements[position].primal)
    }
    return first
  }

  /// True when everything that `commit()` would store is finite.
  package var hasFiniteStores: Bool {
    for position in 0..<stores.count where !S.allFinite(view(stores[position].node).elements) { return false }
    return true
  }

  /// The first value that `commit()` would store and that is not finite, with the name of its state.
  package func nonFiniteStore(on tape: Tape<S>) -> (value: Variable<S>, state: String)? {
    for (node, state) in tape.stores where !S.allFinite(view(node).elements) {
      let leaf = tape.leafOfParameter[ObjectIdentifier(state)]
      return (tape[node], leaf.map { tape.path(of: $0) } ?? state.name ?? "unnamed")
    }
    return nil
  }
}

extension Scalar {
  /// True when every element is neither NaN nor infinite.
  fileprivate static func allFinite(_ elements: UnsafeBufferPointer<Self>) -> Bool {
    elements.baseAddress.map { allFinite($0, count: elements.count) } ?? true
  }
}

extension Parameter {
  /// The first element that is NaN or infinite, with its row-major position.
  package var firstNonFinite: (element: Int, value: Double)? {
    guard !S.allFinite(storage.base, count: count) else { return nil }
    return storage.elements.firstIndex { !$0.primal.isFinite }.map { ($0, storage.elements[$0].primal) }
  }
}
