/// The layers that are drawn as one box.
public enum Folding: Sendable, Hashable {
  /// Every layer is a labelled frame around its nodes.
  case none
  /// Every outermost layer is a box.
  case layers
  /// The layers of these paths, such as `fc1` or `encoder/fc1`, are boxes.
  case only([String])

  func folds(_ path: String) -> Bool {
    switch self {
    case .none: false
    case .layers: true
    case .only(let paths): paths.contains(path)
    }
  }
}

/// The nodes of a graph arranged by layer: a tree.
///
/// A layer is a run of operations recorded one after another in the same scope, with the leaves that its operations use
/// first. A run is an interval of the tape, so edges between runs go forward only, and a scope that is entered again makes a layer
/// of its own: however layers are folded, the graph stays acyclic.
struct Outline {
  enum Item {
    case node(Int)
    case layer(Layer)
  }

  struct Layer {
    /// The scopes, joined by `/`.
    let path: String
    /// The path, with a number where the scope was entered before.
    let id: String
    let items: [Item]
    let isFolded: Bool

    /// The innermost scope.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// The positions of all nodes inside.
    var nodes: [Int] { items.flatMap(\.nodes) }
  }

  let items: [Item]

  init(of graph: Graph, folding: Folding) {
    var firstConsumer: [Int: Int] = [:]
    for edge in graph.edges where firstConsumer[edge.from] == nil { firstConsumer[edge.from] = edge.to }
    let (leaves, operations) = (graph.nodes.filter(\.kind.isLeaf), graph.nodes.filter { !$0.kind.isLeaf })
    var leavesOf: [Int: [Graph.Node]] = [:]
    var others: [Graph.Node] = []
    for leaf in leaves {
      if let consumer = firstConsumer[leaf.id] {
        leavesOf[consumer, default: []].append(leaf)
      } else {
        others.append(leaf)
      }
    }
    let ordered = others + operations.flatMap { (leavesOf[$0.id] ?? []) + [$0] }
    var counts: [String: Int] = [:]
    items = Outline.arrange(ordered, depth: 0, folding, &counts)
  }

  /// The folded layer that hides each node that has no box of its own.
  var foldedLayers: [Int: String] {
    func found(_ items: [Item]) -> [(Int, String)] {
      items.flatMap { item -> [(Int, String)] in
        switch item {
        case .node: []
        case .layer(let layer): layer.isFolded ? layer.nodes.map { ($0, layer.id) } : found(layer.items)
        }
      }
    }
    return Dictionary(found(items)) { first, _ in first }
  }

  /// Arranges nodes: leaves that belong to no deeper layer, then operations and layers in tape order.
  private static func arrange(
    _ nodes: [Graph.Node], depth: Int, _ folding: Folding, _ counts: inout [String: Int]
  ) -> [Item] {
    var leaves: [Item] = []
    var items: [Item] = []
    var run: [Graph.Node] = []
    func close(_ run: inout [Graph.Node], _ counts: inout [String: Int]) {
      guard let first = run.first else { return }
      let path = first.scopes.prefix(depth + 1).joined(separator: "/")
      counts[path, default: 0] += 1
      let id = counts[path] == 1 ? path : "\(path)#\(counts[path] ?? 0)"
      let inner = arrange(run, depth: depth + 1, folding, &counts)
      items.append(.layer(Layer(path: path, id: id, items: inner, isFolded: folding.folds(path))))
      run = []
    }
    for node in nodes {
      if node.scopes.count > depth {
        if run.first?.scopes[depth] != node.scopes[depth] { close(&run, &counts) }
        run.append(node)
      } else if node.kind.isLeaf {
        leaves.append(.node(node.id))
      } else {
        close(&run, &counts)
        items.append(.node(node.id))
      }
    }
    close(&run, &counts)
    return leaves + items
  }
}

extension Outline.Item {
  /// The positions of all nodes inside.
  var nodes: [Int] {
    switch self {
    case .node(let id): [id]
    case .layer(let layer): layer.nodes
    }
  }
}
