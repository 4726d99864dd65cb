import Adjoint
import AdjointFiles

/// The drawings of one graph that a page changes between: all layers folded, each layer open by itself, and everything
/// unfolded.
///
/// They are laid out here, once and for all, by the library's own `Layout`. The page chooses one and colours it.
struct PageLayouts {
  private let graph: Graph
  /// The outermost layers, in order, with the nodes inside.
  private let layers: [(path: String, nodes: [Int])]

  init(_ graph: Graph) {
    self.graph = graph
    var layers: [(path: String, nodes: [Int])] = []
    for case .layer(let layer) in Outline(of: graph, folding: .layers).items {
      layers.append((layer.path, layer.nodes))
    }
    self.layers = layers
  }

  /// The layer that each node stands in.
  var layerOfNode: JSON {
    .object(layers.flatMap { layer in layer.nodes.map { (String($0), .string(layer.path)) } })
  }

  /// The layouts by the layer that is open: its path, "" for none, "*" for all.
  var json: JSON {
    let paths = layers.map(\.path)
    var open = [("*", Folding.none)]
    if !paths.isEmpty { open.append(("", .layers)) }
    var seen: Set<String> = []
    for path in paths where seen.insert(path).inserted { open.append((path, .only(paths.filter { $0 != path }))) }
    return .object(open.map { ($0.0, json(of: Layout(of: graph, folding: $0.1))) })
  }

  private func json(of layout: Layout) -> JSON {
    .object([
      ("size", .array([number(layout.width), number(layout.height)])),
      (
        "frames",
        .array(
          layout.frames.map { .array([rectangle($0.rectangle), rectangle($0.titleRectangle), .string($0.title)]) })
      ),
      ("boxes", .array(layout.boxes.map(json))),
      (
        "edges",
        .array(
          layout.edges.map {
            .object([
              ("path", .string(layout.path(of: $0))), ("from", .string($0.from.identifier)),
              ("to", .string($0.to.identifier)),
            ])
          })
      ),
      ("labels", .array(layout.labels.map { .array([rectangle($0.rectangle), .string($0.text)]) })),
    ])
  }

  private func json(of box: Layout.Box) -> JSON {
    let hasNumbers = hasNumbers(box.place)
    return .object([
      ("id", .string(box.place.identifier)), ("nodes", .integers(nodes(at: box.place))),
      ("place", rectangle(box.rectangle)), ("style", .string(box.text.style.rawValue)),
      ("title", .string(box.text.title)),
      ("lines", .array(box.text.lines.dropLast(hasNumbers ? 2 : 0).map { .string($0) })),
      ("full", .string(box.text.full)),
      ("numbers", .bool(hasNumbers)),
    ])
  }

  private func hasNumbers(_ place: Layout.Place) -> Bool {
    guard case .node(let id) = place, let node = graph.node(id) else { return false }
    return graph.hasNumbers(node)
  }

  private func nodes(at place: Layout.Place) -> [Int] {
    switch place {
    case .node(let id), .adjoint(let id): [id]
    case .layer(let id), .layerAdjoint(let id):
      // A scope that was entered again has a number after its path.
      Outline(of: graph, folding: .layers).items.compactMap { item -> [Int]? in
        if case .layer(let layer) = item, layer.id == id { return layer.nodes }
        return nil
      }.first ?? []
    }
  }

  private func number(_ value: Double) -> JSON { .number((value * 10).rounded() / 10) }
  private func rectangle(_ r: Layout.Rectangle) -> JSON {
    .array([number(r.x), number(r.y), number(r.width), number(r.height)])
  }
}
