import AdjointCharts

// A graph as text for Graphviz.

extension Drawing {
  /// The graph in the DOT language. Layers are clusters, edges carry shapes, and the backward half runs against the
  /// forward half.
  public var dot: String {
    let words = BoxWords(graph)
    let layout = layout
    var lines = [
      "digraph \(DOT.quoted(title)) {",
      "  graph [rankdir=\(direction == .down ? "TB" : "LR"), labelloc=t, label=\(DOT.quoted(title)), fontname=monospace]",
      "  node [shape=box, fontname=monospace, fontsize=10]",
      "  edge [fontname=monospace, fontsize=9]",
    ]
    let boxes = Dictionary(layout.boxes.map { ($0.place, $0.text) }) { first, _ in first }
    for backward in graph.hasBackward ? [false, true] : [false] {
      let outline = Outline(of: graph, folding: folding)
      lines += DOT.lines(outline.items, boxes, backward, indent: "  ")
    }
    for edge in layout.edges {
      let label = "label=\(DOT.quoted(words.shape(of: edge.node)))"
      let (from, to) = (DOT.quoted(edge.from.identifier), DOT.quoted(edge.to.identifier))
      if edge.isSeed {
        lines.append("  \(from) -> \(to) [\(label), constraint=false, color=\"\(Palette.backward)\", style=dashed]")
      } else if edge.to.isBackward {
        // Declared the other way round, so that Graphviz ranks an adjoint where its node is.
        lines.append("  \(to) -> \(from) [\(label), dir=back, color=\"\(Palette.backward)\", style=dashed]")
      } else {
        lines.append("  \(from) -> \(to) [\(label), color=\"\(Palette.forward)\"]")
      }
    }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }
}

private enum DOT {
  /// A string in quotes; backslashes and quotes escaped, control characters other than line feeds dropped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: if scalar.value >= 32 { result.unicodeScalars.append(scalar) }
      }
    }
    return result + "\""
  }

  static func lines(
    _ items: [Outline.Item], _ boxes: [Layout.Place: BoxText], _ backward: Bool, indent: String
  ) -> [String] {
    items.flatMap { item -> [String] in
      switch item {
      case .node(let id):
        return [node(backward ? .adjoint(of: id) : .node(id), boxes, indent)]
      case .layer(let layer) where layer.isFolded:
        return [node(backward ? .layerAdjoint(of: layer.id) : .layer(layer.id), boxes, indent)]
      case .layer(let layer):
        let name = (backward ? "cluster-adjoint-" : "cluster-") + layer.id
        return [
          "\(indent)subgraph \(quoted(name)) {",
          "\(indent)  label=\(quoted((backward ? "∂ " : "") + layer.name)); style=rounded; color=gray50",
        ] + lines(layer.items, boxes, backward, indent: indent + "  ") + ["\(indent)}"]
      }
    }
  }

  private static func node(_ place: Layout.Place, _ boxes: [Layout.Place: BoxText], _ indent: String) -> String {
    guard let text = boxes[place] else { return "" }
    let look =
      switch text.style {
      case .leaf: "style=rounded, color=\"\(Palette.forward)\""
      case .parameter: "shape=octagon, penwidth=2, color=\"\(Palette.parameter)\""
      case .forward: "color=\"\(Palette.forward)\""
      case .backward: "peripheries=2, color=\"\(Palette.backward)\""
      case .absent: "style=dotted, color=gray40"
      case .layer: "shape=box3d, color=\"\(Palette.forward)\""
      case .layerAdjoint: "shape=box3d, peripheries=2, color=\"\(Palette.backward)\""
      }
    let label = quoted(([text.title] + text.lines).joined(separator: "\n"))
    return "\(indent)\(quoted(place.identifier)) [label=\(label), tooltip=\(quoted(text.full)), \(look)]"
  }
}
