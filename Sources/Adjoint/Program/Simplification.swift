/// The removal of work that a run need not do. An operation recorded again on the same operands is run once. An
/// operation on constants alone is run when the program is made. Neither changes a bit, because each value is still
/// computed by its own operation.
enum Simplification {
  /// The number of users of an operand that are compared: those recorded last.
  private static let compared = 16
  /// The most elements of a folded value. Folded values stay in memory as long as the program, so larger ones are
  /// computed again instead.
  private static let largestFolded = 1024

  /// Lets every node read the first of equal ones. The others are live no more, unless they are kept.
  ///
  /// Equal operations have the same first operand, so each is compared with that operand's other users: lists threaded
  /// through two flat arrays.
  static func removeRepeated(
    from nodes: inout [Node], _ live: inout [Bool], forms: [OperationForm?], kept: [Bool]
  ) {
    // The first of the nodes equal to each node, or −1 for itself.
    var first = [Int32](repeating: -1, count: nodes.count)
    var (newestUser, olderUser) = (first, first)
    for i in nodes.indices where live[i] && forms[i] != nil {
      if nodes[i].inputs.contains(where: { first[$0] >= 0 }) {
        let inputs = nodes[i].inputs.map { first[$0] >= 0 ? Int(first[$0]) : $0 }
        nodes[i] = nodes[i].reading(NodeList(inputs))
      }
      guard !nodes[i].inputs.isEmpty else { continue }
      let operand = nodes[i].inputs[0]
      var (other, left) = (newestUser[operand], compared)
      while other >= 0, !isRepeated(i, Int(other), nodes, forms) {
        left -= 1
        other = left > 0 ? olderUser[Int(other)] : -1
      }
      if other >= 0, !kept[i] {
        (first[i], live[i]) = (other, false)
      } else {
        (olderUser[i], newestUser[operand]) = (newestUser[operand], Int32(i))
      }
    }
  }

  /// True when two operations are known to be the same on the same operands. Nothing is known of an operation of
  /// another module: its type may keep to itself what distinguishes it.
  private static func isRepeated(_ i: Int, _ j: Int, _ nodes: [Node], _ forms: [OperationForm?]) -> Bool {
    guard let form = forms[i], forms[j] == form, form.identifiesOperation else { return false }
    return nodes[i].shape == nodes[j].shape && nodes[i].inputs.elementsEqual(nodes[j].inputs)
  }

  /// Lets a loop that keeps more of its steps stand in the place of the loop that it repeats. Whoever cuts its parts out of the
  /// result of the one finds them at the same places in that of the other.
  static func joinLoops(in nodes: inout [Node], _ live: inout [Bool], forms: [OperationForm?], kept: [Bool]) {
    let loops = nodes.indices.filter { live[$0] && forms[$0] == .scan && !kept[$0] }
    guard loops.count > 1 else { return }
    var isCut = [Bool](repeating: true, count: nodes.count)
    for i in nodes.indices where live[i] && forms[i] != .slice { for x in nodes[i].inputs { isCut[x] = false } }
    var first: [Int: Int] = [:]
    for (number, j) in loops.enumerated() where isCut[j] {
      guard let loop = nodes[j].kind.operation?.loop else { continue }
      for i in loops[..<number] where live[i] && isCut[i] && nodes[i].inputs.elementsEqual(nodes[j].inputs) {
        guard let other = nodes[i].kind.operation?.loop, loop.includes(other) || other.includes(loop) else { continue }
        if loop.includes(other) { nodes[i] = nodes[i].replaced(by: nodes[j]) }
        (first[j], live[j]) = (i, false)
        break
      }
    }
    for i in nodes.indices where live[i] && forms[i] == .slice {
      if let loop = first[nodes[i].inputs[0]] { nodes[i] = nodes[i].reading(NodeList([loop])) }
    }
  }

  /// Lets functions of two numbers read a single number where it stands, in place of an array that repeats it. Arrays that nobody
  /// else reads are live no more.
  static func readSingleNumbers(in nodes: inout [Node], _ live: inout [Bool], forms: [OperationForm?], kept: [Bool]) {
    var isReplaced = false
    for i in nodes.indices where live[i] && forms[i]?.isZip == true {
      let (inputs, shape) = (nodes[i].inputs, nodes[i].shape)
      for position in 0..<2 where forms[inputs[position]] == .broadcast && nodes[inputs[1 - position]].shape == shape {
        let number = nodes[inputs[position]].inputs[0]
        guard nodes[number].shape.elementCount == 1, inputs[0] != inputs[1] else { continue }
        nodes[i] = nodes[i].reading(position == 0 ? NodeList(number, inputs[1]) : NodeList(inputs[0], number))
        isReplaced = true
        break
      }
    }
    guard isReplaced else { return }
    var isRead = kept
    for i in nodes.indices where live[i] { for x in nodes[i].inputs { isRead[x] = true } }
    for i in nodes.indices where forms[i] == .broadcast && !isRead[i] { live[i] = false }
  }

  /// The live operations that depend on constants alone, in order.
  static func constants(in nodes: [Node], live: [Bool], forms: [OperationForm?], kept: [Bool]) -> [Int] {
    var folded: [Int] = []
    var isConstant = [Bool](repeating: false, count: nodes.count)
    for i in nodes.indices where live[i] {
      if forms[i] == nil {
        if case .leaf(.constant) = nodes[i].kind { isConstant[i] = true }
      } else if nodes[i].inputs.allSatisfy({ isConstant[$0] }), !nodes[i].inputs.isEmpty, !kept[i],
        nodes[i].shape.elementCount <= largestFolded
      {
        isConstant[i] = true
        if forms[i] != .reshape { folded.append(i) }
      }
    }
    return folded
  }
}

extension Node {
  /// The same operation on other operands, or another one.
  func reading(_ inputs: NodeList, shape: Shape? = nil, by operation: (any Operation)? = nil) -> Node {
    Node(
      shape: shape ?? self.shape, serves: serves, epoch: epoch, inputs: inputs, scope: scope,
      kind: operation.map { .operation($0) } ?? kind,
      isIndex: isIndex, isParameter: isParameter)
  }

  /// Another operation on the same operands, in the place of this one.
  fileprivate func replaced(by other: Node) -> Node {
    Node(
      shape: other.shape, serves: serves, epoch: epoch, inputs: inputs, scope: scope, kind: other.kind,
      isIndex: isIndex, isParameter: isParameter)
  }
}
