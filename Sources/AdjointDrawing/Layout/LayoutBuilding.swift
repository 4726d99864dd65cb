// From the forward half to the whole picture: turned, mirrored, labelled.

extension Layout {
  /// Lays out a graph.
  /// - Complexity: a fixed number of sweeps over nodes and lanes, each O(n log n).
  package init(of graph: Graph, folding: Folding = .none, direction: Direction = .down) {
    let builder = BlockBuilder(graph, direction: direction)
    let outline = Outline(of: graph, folding: folding)
    let headingSize = builder.turned(Point(x: BoxText.width("Backward") * 1.2, y: 20))
    var root = builder.block(of: outline.items)
    if graph.hasBackward {
      root = root.framed(path: "", name: "", titleSize: headingSize, direction: direction, isBorder: false)
    }
    self.init(width: 0, height: 0, direction: direction)

    for (node, layer) in outline.foldedLayers { places[node] = .layer(layer) }
    for node in graph.nodes where places[node.id] == nil { places[node.id] = .node(node.id) }

    let half = Half(layout: self, across: root.size.x, words: builder.words)
    var halves = [half]
    if graph.hasBackward { halves.append(half.mirror) }
    for half in halves { half.add(root, to: &self) }
    if graph.hasBackward {
      for node in graph.outputs where graph.node(node)?.adjoint != nil { addSeed(of: node, root, half) }
    }
    let extent = half.turned(
      Point(x: root.size.x * Double(halves.count) + (halves.count == 2 ? Half.space : 0), y: root.size.y))
    width = extent.x + 2 * Half.margin + (direction == .right && graph.hasBackward ? 20 : 0)
    height = extent.y + 2 * Half.margin + (direction == .down && graph.hasBackward ? 20 : 0)
  }

  /// The edge from the output to its adjoint, where the sweep begins with the cotangent that it was given.
  private mutating func addSeed(of node: Int, _ root: Block, _ half: Half) {
    guard let leaving = root.leaving[node], let from = leaving.from, let last = leaving.points.last else { return }
    let turn = Point(x: last.x, y: last.y + 14)
    let way =
      (leaving.points + [turn]).map { half.placed($0) }
      + ([turn] + leaving.points.reversed()).map { half.mirror.placed($0) }
    edges.append(Edge(node: node, from: from, to: half.mirror.place(from), points: way, isSeed: true))
  }
}

/// The place of one half of a picture.
private struct Half {
  static let margin = 16.0
  static let space = 40.0

  let direction: Layout.Direction
  let across: Double
  let words: BoxWords
  var isMirrored = false

  init(layout: Layout, across: Double, words: BoxWords) {
    (direction, self.across, self.words) = (layout.direction, across, words)
  }

  var mirror: Half {
    var copy = self
    copy.isMirrored = true
    return copy
  }

  func turned(_ p: Layout.Point) -> Layout.Point { direction == .down ? p : Layout.Point(x: p.y, y: p.x) }

  func placed(_ p: Layout.Point) -> Layout.Point {
    let x = isMirrored ? 2 * across + Half.space - p.x : p.x
    return turned(Layout.Point(x: x + Half.margin, y: p.y + Half.margin))
  }

  func placed(_ r: Layout.Rectangle) -> Layout.Rectangle {
    let corner = placed(Layout.Point(x: isMirrored ? r.x + r.width : r.x, y: r.y))
    let size = turned(Layout.Point(x: r.width, y: r.height))
    return Layout.Rectangle(x: corner.x, y: corner.y, width: size.x, height: size.y)
  }

  func place(_ place: Layout.Place) -> Layout.Place {
    guard isMirrored else { return place }
    switch place {
    case .node(let id): return .adjoint(of: id)
    case .layer(let path): return .layerAdjoint(of: path)
    case .adjoint, .layerAdjoint: return place
    }
  }

  func add(_ root: Block, to layout: inout Layout) {
    for frame in root.frames {
      let (rectangle, title) = (placed(frame.rectangle), placed(frame.title))
      if frame.isBorder {
        layout.frames.append(
          Layout.Frame(
            path: frame.path, rectangle: rectangle, titleRectangle: title,
            title: isMirrored ? "∂ " + frame.name : frame.name, isBackward: isMirrored))
      } else {
        let text = isMirrored ? "Backward" : "Forward"
        layout.headings.append(Layout.Heading(text: text, rectangle: title, isBackward: isMirrored))
      }
    }
    for box in root.boxes {
      guard let text = isMirrored ? box.backward : box.forward else { continue }
      layout.boxes.append(Layout.Box(place: place(box.place), rectangle: placed(box.rectangle), text: text))
    }
    var carried = Set(root.leaving.keys)
    for wire in root.wires where !isMirrored || wire.contributes {
      guard let from = wire.from, let to = wire.to else { continue }
      let points = (isMirrored ? wire.points.reversed() : wire.points).map { placed($0) }
      layout.edges.append(
        Layout.Edge(
          node: wire.node, from: place(isMirrored ? to : from), to: place(isMirrored ? from : to), points: points,
          isSeed: false))
      carried.insert(wire.node)
    }
    for (node, point) in root.sources where carried.contains(node) {
      let (p, text) = (placed(point), words.shape(of: node))
      guard !text.isEmpty else { continue }
      let corner =
        direction == .down ? Layout.Point(x: p.x + 6, y: p.y + 3) : Layout.Point(x: p.x + 7, y: p.y - 15)
      let rectangle = Layout.Rectangle(x: corner.x, y: corner.y, width: BoxText.width(text), height: 13)
      layout.labels.append(Layout.Label(node: node, text: text, rectangle: rectangle, isBackward: isMirrored))
    }
  }
}
