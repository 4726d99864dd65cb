import Adjoint

/// The nodes that a drawing leaves out since they teach nothing: each is written inside the one node that uses it.
///
/// Rearrangements go into what they feed, the product x·Wᵀ into its sum x·Wᵀ + b, and a constant of equal numbers into
/// every formula that reads it. A node with a label is never left out. A derivation leaves out the same.
struct FoldedNodes: Sendable {
  private var users: [Int: Int] = [:]
  private var constants: Set<Int> = []

  /// No node at all.
  init() {}

  /// Those among the nodes that an output depends on.
  init<S: Scalar>(_ output: Variable<S>, _ symbols: Symbols) {
    let (tape, nodes) = (output.tape, output.dependencies)
    var consumers: [Int: [Int]] = [:]
    for node in nodes { for input in tape[node].inputs { consumers[input.index, default: []].append(node) } }
    for node in nodes.reversed() where node != output.index && tape[node].label == nil {
      let x = tape[node]
      if x.role == .constant, x.shape.elementCount > 1, let first = x.value.elements.first,
        x.value.elements.allSatisfy({ $0 == first })
      {
        constants.insert(node)
      }
      guard let form = x.operation?.form, let uses = consumers[node], uses.count == 1, !symbols.isWeightedSum(node),
        let user = tape[uses[0]].operation?.form
      else { continue }
      let isRearranged = [.reshape, .permute, .unfold].contains(form)
      // x·Wᵀ, and x·Wᵀ + b where the rows of windows become images again.
      let isInSum =
        (form.isProduct || form == .addBias || form == .binary(.add)) && symbols.isWeightedSum(host(of: uses[0]))
        && (user == .addBias || user == .binary(.add) || user == .reshape)
      if isRearranged || isInSum { users[node] = uses[0] }
    }
  }

  /// True for a node that is left out.
  func contains(_ node: Int) -> Bool { users[node] != nil || constants.contains(node) }

  /// The node in whose formula one stands; itself where it is drawn.
  func host(of node: Int) -> Int {
    var node = node
    while let user = users[node] { node = user }
    return node
  }

  /// The nodes from one that is used to the one that is drawn, by way of which it reaches it.
  func path(from node: Int) -> [Int] {
    var path = [node]
    while let user = users[path[path.count - 1]] { path.append(user) }
    return path
  }

  /// The drawn operands of a node, in the order in which its formula reads them.
  func operands<S: Scalar>(of node: Variable<S>) -> [Int] {
    node.inputs.flatMap { input -> [Int] in
      if users[input.index] != nil { return operands(of: input) }
      return constants.contains(input.index) ? [] : [input.index]
    }
  }
}

extension FoldedNodes {
  /// The formula of a node in terms of names, with what is left out written inside it.
  func formula<S: Scalar>(of x: Variable<S>, _ names: [Int: String], isNamed: Bool = false) -> Notation {
    func tree(_ node: Variable<S>, isRoot: Bool) -> Formula {
      if isNamed || !isRoot, let name = names[node.index] { return .symbol(name, node: node.index, node.shape) }
      if let operation = node.operation {
        return .apply(operation, node.inputs.map { tree($0, isRoot: false) }, node.shape)
      }
      let number = node.role == .constant ? node.value.elements.first.flatMap { Double("\($0)") } : nil
      guard let number, constants.contains(node.index) || node.shape.elementCount == 1 else {
        return .symbol(
          (node.role == .constant ? "c" : "u") + Notation.lowered(node.index), node: node.index, node.shape)
      }
      return .number(number, node.shape)
    }
    let tree = tree(x, isRoot: true)
    return (users.isEmpty && constants.isEmpty ? tree : tree.folded).notation
  }
}
