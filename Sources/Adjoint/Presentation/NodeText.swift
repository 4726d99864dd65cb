// The words for a node in messages and prints: its name where somebody gave one, else its number and its formula.

/// A recording as messages speak of its nodes.
struct NodeText<Nodes: RandomAccessCollection> where Nodes.Element == Node, Nodes.Index == Int {
  let nodes: Nodes
  let names: NodeNames
  /// What a node without a name is called in formulas.
  let symbols: Symbols
  /// The value of a constant of one element; `nil` where it is not at hand.
  let number: (Int) -> Double?

  /// - Complexity: linear in the nodes.
  init(nodes: Nodes, names: NodeNames, number: @escaping (Int) -> Double?) {
    (self.nodes, self.names, self.number) = (nodes, names, number)
    symbols = Symbols(Array(nodes), names.labels)
  }

  /// A node with its shape: `'fc1/weight' [128, 784]`; one without a name also with its formula or role: `%5 [2] = exp(x)`,
  /// `%4 z⁽¹⁾ [2, 10] = x·fc1/weightᵀ + fc1/bias`.
  func description(of node: Int) -> String {
    let shape = nodes[node].shape
    guard names.labels[node] != nil else {
      let scope = names.scopes[Int(nodes[node].scope)]
      return "\(symbols.place(of: node, labeled: nil)) \(shape)" + formula(of: node)
        + (scope.isEmpty ? "" : " in '\(scope)'")
    }
    let name = "'\(names.path(of: node, nodes[node]))' \(shape)"
    return names.inventedLabels.contains(node) ? name + " (a parameter without a name)" : name
  }

  /// A node with its shape, and its formula or role whether it has a name or not.
  func line(of node: Int) -> String {
    description(of: node) + (names.labels[node] == nil ? "" : formula(of: node))
  }

  /// The formula of a node in terms of what has a name, ` = exp(x)`; the role of a leaf, `, input`.
  func formula(of node: Int) -> String {
    switch nodes[node].kind {
    case .leaf(let role): return number(of: node).map { " = " + $0.text } ?? ", \(role.name)"
    case .operation(let operation):
      let inputs = nodes[node].inputs
      // A node that is used twice is written out twice, so the text of a deep formula could become endless.
      for depth in [2, 1, 0] where inputs.count <= 4 {
        let text = operation.notation(inputs.map { notation(of: $0, depth) }).text
        if text.count <= 80 { return " = " + text }
      }
      return " = \(operation.name) of \(inputs.count) values"
    }
  }

  /// A node as an operand of a formula, with the operations of at most `depth` storeys written out.
  private func notation(of node: Int, _ depth: Int) -> Notation {
    if let number = number(of: node) { return number }
    if names.labels[node] != nil { return .symbol(names.path(of: node, nodes[node])) }
    guard depth > 0, case .operation(let operation) = nodes[node].kind, nodes[node].inputs.count <= 4 else {
      return .named(symbols[node])
    }
    return operation.notation(nodes[node].inputs.map { notation(of: $0, depth - 1) })
  }

  private func number(of node: Int) -> Notation? {
    guard case .leaf(.constant) = nodes[node].kind, nodes[node].shape.elementCount == 1 else { return nil }
    return number(node).map { .number($0) }
  }
}

extension Tape {
  /// A node as a message names it.
  package func describe(_ node: Int) -> String { text.description(of: node) }

  /// Nodes as a listing names them: with their formulas or roles, whether they have names or not.
  package func lines(of nodes: [Int]) -> [String] {
    let text = text
    return nodes.map { text.line(of: $0) }
  }

  /// The positions of nodes as a message gives them, each with the symbol beside it where that says more than the label.
  package func places(of nodes: some Sequence<Int>) -> [String] {
    let text = text
    return nodes.map { text.symbols.place(of: $0, labeled: text.names.labels[$0]) }
  }

  /// Nodes as a message names them.
  func describe(_ nodes: NodeList) -> String { nodes.map { describe($0) }.joined(separator: ", ") }

  /// A variable of this tape as a message names it, also when it was truncated away.
  func describe(_ x: Variable<S>) -> String { isLive(x) ? describe(x.index) : "%\(x.index)" }

  /// This tape as a message tells it from another one.
  var inWords: String {
    (isRecordingForReplay ? "the tape that is recorded for replay, of " : "a tape of ") + counted(count, "node")
  }

  var text: NodeText<NodeStorage> { NodeText(nodes: nodes, names: names) { shortest(self.value(of: $0)[0]) } }
}

/// The shortest decimal that reads back as this value in its precision: 0.02, not the Double nearest to Float(0.02).
func shortest<S: Scalar>(_ value: S) -> Double { Double("\(value)") ?? value.primal }
