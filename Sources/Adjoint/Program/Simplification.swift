/// What a run need not compute: operations on constants alone, computed once when the program is made, and operations that
/// were recorded twice on the same operands. Neither changes a bit: each value is computed by its own operation, once.
struct Simplification {
  /// The nodes, reading the first of equal ones.
  private(set) var nodes: [Node]
  /// Which of them a run computes or reads.
  private(set) var live: [Bool]
  /// Those that depend on constants alone, in order.
  private(set) var folded: [Int] = []

  /// Values of constants stay in memory as long as the program; larger ones than this are rather computed again.
  private static let largestFolded = 1024
  /// How many users of an operand are compared: those recorded last.
  private static let compared = 16

  init(nodes: [Node], patterns: [Pattern], live: [Bool], kept: [Bool]) {
    (self.nodes, self.live) = (nodes, live)
    removeRepeated(patterns, kept)
    fold(patterns, kept)
  }

  /// Equal operations have the same first operand, so each is compared with that operand's other users: lists threaded through
  /// two flat arrays.
  private mutating func removeRepeated(_ patterns: [Pattern], _ kept: [Bool]) {
    var first = Array(0..<Int32(nodes.count))  // of each node and those equal to it
    var newestUser = [Int32](repeating: -1, count: nodes.count)
    var olderUser = newestUser
    for i in nodes.indices where live[i] && !patterns[i].isLeaf {
      if nodes[i].inputs.contains(where: { first[$0] != $0 }) {
        nodes[i] = nodes[i].reading(NodeList(nodes[i].inputs.map { Int(first[$0]) }))
      }
      guard let operand = nodes[i].inputs.first else { continue }
      var (other, left) = (newestUser[operand], Simplification.compared)
      while other >= 0, left > 0, !isRepeated(i, Int(other), patterns) {
        (other, left) = (olderUser[Int(other)], left - 1)
      }
      if other >= 0, left > 0, !kept[i] {
        (first[i], live[i]) = (other, false)
      } else {
        (olderUser[i], newestUser[operand]) = (newestUser[operand], Int32(i))
      }
    }
  }

  private func isRepeated(_ i: Int, _ j: Int, _ patterns: [Pattern]) -> Bool {
    guard nodes[i].shape == nodes[j].shape, nodes[i].inputs.elementsEqual(nodes[j].inputs) else { return false }
    switch (patterns[i], patterns[j]) {
    case (.map(let f), .map(let g)): return f == g
    case (.zip(let f), .zip(let g)): return f == g
    case (.product(let f), .product(let g)): return (f.transposeA, f.transposeB) == (g.transposeA, g.transposeB)
    case (.bias, .bias), (.select, .select), (.alias, .alias): return true
    case (.leaf, _), (.general, _), (.alias, _), (.product, _), (.bias, _), (.select, _), (.map, _), (.zip, _):
      return false
    }
  }

  private mutating func fold(_ patterns: [Pattern], _ kept: [Bool]) {
    var isConstant = [Bool](repeating: false, count: nodes.count)
    for i in nodes.indices where live[i] {
      if case .leaf(.constant) = nodes[i].kind {
        isConstant[i] = true
      } else if !patterns[i].isLeaf, !kept[i], nodes[i].shape.elementCount <= Simplification.largestFolded {
        isConstant[i] = !nodes[i].inputs.isEmpty && nodes[i].inputs.allSatisfy { isConstant[$0] }
        if isConstant[i], !patterns[i].isAlias { folded.append(i) }
      }
    }
  }
}

extension Node {
  fileprivate func reading(_ inputs: NodeList) -> Node {
    Node(shape: shape, epoch: epoch, serves: serves, scope: scope, inputs: inputs, kind: kind, isIndex: isIndex)
  }
}
