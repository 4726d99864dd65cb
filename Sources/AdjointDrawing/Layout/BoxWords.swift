import Adjoint

/// The words in the boxes of a graph.
struct BoxWords {
  let graph: Graph
  private let nodes: [Int: Graph.Node]
  private let used: Set<Int>

  init(_ graph: Graph) {
    self.graph = graph
    nodes = Dictionary(graph.nodes.map { ($0.id, $0) }) { first, _ in first }
    used = Set(graph.edges.map(\.from))
  }

  /// The shape of a value; nothing for a number that stands in its box.
  func shape(of node: Int) -> String {
    nodes[node].map { graph.hasNumbers($0) && $0.shape.rank == 0 ? "" : "\($0.shape)" } ?? ""
  }

  func forward(_ id: Int) -> BoxText {
    guard let node = nodes[id] else { return BoxText(title: "", formula: "", style: .forward) }
    let name = name(of: node)
    let title = node.symbol + (name.isEmpty || name == node.symbol ? "" : " " + name)
    let formula = node.kind.isLeaf ? node.formula : "= " + node.formula
    // The picked probability ŷ_t is its own formula.
    var lines = node.formula == node.symbol ? [] : BoxText.broken(formula)
    if !used.contains(id), !graph.hasBackward, shape(of: id) != "" { lines.append(shape(of: id)) }
    if graph.hasNumbers(node) { lines += ["−0.0000e−00", node.adjointSymbol + " −0.00000"] }
    let style: BoxStyle =
      switch node.kind {
      case .parameter: .parameter
      case .input, .index, .constant, .state, .random: .leaf
      case .forward: .forward
      case .backward: .backward
      }
    let path = node.path.isEmpty || node.path == node.symbol ? "" : " " + node.path
    let full = "\(node.symbol)\(path): \(formula), shape \(node.shape)"
    return BoxText(title: title, lines: lines, full: full, style: style)
  }

  func adjoint(_ id: Int) -> BoxText {
    guard let node = nodes[id] else { return BoxText(title: "", formula: "", style: .absent) }
    let title = node.adjointSymbol
    guard let adjoint = node.adjoint else {
      return BoxText(title: title, formula: "— not computed", style: .absent)
    }
    let formula = "= " + adjoint.formula
    let full = "\(title): \(formula), shape \(node.shape)"
    return BoxText(title: title, lines: BoxText.broken(formula), full: full, style: .backward)
  }

  func layer(_ layer: Outline.Layer) -> BoxText {
    let inside = layer.nodes.compactMap { nodes[$0] }
    let operations = inside.count { !$0.kind.isLeaf }
    var lines = ["\(operations) operation" + (operations == 1 ? "" : "s")]
    lines += inside.filter { $0.kind == .parameter }.map { "\($0.symbol) \($0.shape)" }
    if !graph.hasBackward {
      lines += inside.filter { graph.outputs.contains($0.id) }.map { "gives \($0.symbol) \($0.shape)" }
    }
    let full = "layer \(layer.path): " + lines.joined(separator: ", ")
    return BoxText(title: layer.name, lines: elided(lines), full: full, style: .layer)
  }

  func layerAdjoint(_ layer: Outline.Layer) -> BoxText {
    let inside = layer.nodes.compactMap { nodes[$0] }
    guard inside.contains(where: { $0.adjoint != nil }) else {
      return BoxText(title: "∂ " + layer.name, formula: "— not computed", style: .absent)
    }
    let lines = inside.filter { $0.kind == .parameter }.map {
      $0.adjointSymbol + " " + ($0.adjoint == nil ? "— not computed" : "\($0.shape)")
    }
    let full = "adjoints of layer \(layer.path)" + (lines.isEmpty ? "" : ": " + lines.joined(separator: ", "))
    return BoxText(title: "∂ " + layer.name, lines: elided(lines), full: full, style: .layerAdjoint)
  }

  private func elided(_ lines: [String]) -> [String] {
    lines.count <= 6 ? lines : lines.prefix(5) + ["… and \(lines.count - 5) more"]
  }

  /// The path without what a frame around it says already.
  private func name(of node: Graph.Node) -> String {
    let scope = node.scopes.joined(separator: "/")
    guard !scope.isEmpty else { return node.path }
    return node.path == scope
      ? "" : node.path.hasPrefix(scope + "/") ? String(node.path.dropFirst(scope.count + 1)) : node.path
  }
}
