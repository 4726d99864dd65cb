/// Lays out a graph's forward half, layer within layer.
struct BlockBuilder {
  let graph: Graph
  let direction: Layout.Direction
  let words: BoxWords
  private let incoming: [Int: [Graph.Edge]]
  private let outgoing: [Int: [Graph.Edge]]
  private let outputs: Set<Int>

  init(_ graph: Graph, direction: Layout.Direction) {
    (self.graph, self.direction, words) = (graph, direction, BoxWords(graph))
    incoming = Dictionary(grouping: graph.edges, by: \.to)
    outgoing = Dictionary(grouping: graph.edges, by: \.from)
    // An output's value goes on to its adjoint.
    outputs = graph.hasBackward ? Set(graph.outputs) : []
  }

  /// The depth, along the flow, of the strip behind a row in which the shapes stand.
  private var labelDepth: Double {
    switch direction {
    case .down: 18
    case .right: (graph.nodes.map { BoxText.width("\($0.shape)") }.max() ?? 0) + 16
    }
  }
  private static let bendDepth = 34.0
  private static let straightDepth = 18.0

  /// Lays out the items of one level, between the values that enter and those that leave.
  func block(of items: [Outline.Item]) -> Block {
    let inside = items.map { Set($0.nodes) }
    var vertexOf: [Int: Int] = [:]
    let entering = values(entering: inside.reduce(into: []) { $0.formUnion($1) })
    let leaving = values(leaving: inside.reduce(into: []) { $0.formUnion($1) })
    for (i, nodes) in inside.enumerated() { for node in nodes { vertexOf[node] = entering.count + i } }
    let entryOf = Dictionary(uniqueKeysWithValues: entering.enumerated().map { ($1, $0) })
    let exitOf = Dictionary(
      uniqueKeysWithValues: leaving.enumerated().map { ($1, entering.count + items.count + $0) })

    let parts = items.map { laidOut($0) }
    var vertices = entering.map { _ in RowGraph.Vertex(kind: .entry, size: 0, depth: 0) }
    vertices += zip(items, parts).map { item, part in
      RowGraph.Vertex(kind: isLeaf(item) ? .leaf : .item, size: part.size.x, depth: part.size.y)
    }
    vertices += leaving.map { _ in RowGraph.Vertex(kind: .exit, size: 0, depth: 0) }

    func part(at vertex: Int) -> Block? {
      parts.indices.contains(vertex - entering.count) ? parts[vertex - entering.count] : nil
    }
    var links: [RowGraph.Link] = []
    var known: [[Int]: Int] = [:]
    func connect(_ node: Int, _ from: Int, _ to: Int, position: Int, contributes: Bool) {
      let target = part(at: to)
      let ownEntry = target?.entries[Block.Entry(node: node, position: position)]
      let key = [node, from, to, ownEntry == nil ? -1 : position]
      if let link = known[key] {
        links[link].contributes = links[link].contributes || contributes
        return
      }
      known[key] = links.count
      links.append(
        RowGraph.Link(
          from: from, to: to, fromOffset: part(at: from)?.exits[node] ?? 0,
          toOffset: ownEntry ?? target?.entries[Block.Entry(node: node, position: -1)] ?? 0, node: node,
          contributes: contributes))
    }
    for edge in graph.edges {
      let from = vertexOf[edge.from] ?? entryOf[edge.from]
      let to = vertexOf[edge.to] ?? (vertexOf[edge.from] == nil ? nil : exitOf[edge.from])
      guard let from, let to, from != to else { continue }
      connect(edge.from, from, to, position: edge.position, contributes: edge.contributes)
    }
    for node in leaving where outputs.contains(node) {
      guard let from = vertexOf[node], let to = exitOf[node] else { continue }
      connect(node, from, to, position: 0, contributes: true)
    }
    links.sort { ($0.from, $0.to) < ($1.from, $1.to) }
    let rows = RowGraph(vertices: vertices, links: links)
    return composed(rows, parts, entering, leaving)
  }

  private func values(entering inside: Set<Int>) -> [Int] {
    var found: Set<Int> = []
    return inside.sorted().flatMap { incoming[$0] ?? [] }.map(\.from).filter {
      !inside.contains($0) && found.insert($0).inserted
    }
  }

  private func values(leaving inside: Set<Int>) -> [Int] {
    inside.sorted().filter { node in
      outputs.contains(node) || (outgoing[node] ?? []).contains { !inside.contains($0.to) }
    }
  }

  private func isLeaf(_ item: Outline.Item) -> Bool {
    switch item {
    case .node(let id): incoming[id] == nil
    case .layer: false
    }
  }

  // MARK: Boxes

  private func laidOut(_ item: Outline.Item) -> Block {
    switch item {
    case .node(let id):
      let entries = (incoming[id] ?? []).map { Block.Entry(node: $0.from, position: $0.position) }
      let exits = outgoing[id] == nil && !outputs.contains(id) ? [] : [id]
      return box(
        .node(id), words.forward(id), graph.hasBackward ? words.adjoint(id) : nil, entries: entries, exits: exits)
    case .layer(let layer) where layer.isFolded:
      let inside = Set(layer.nodes)
      return box(
        .layer(layer.id), words.layer(layer), graph.hasBackward ? words.layerAdjoint(layer) : nil,
        entries: values(entering: inside).map { Block.Entry(node: $0, position: -1) }, exits: values(leaving: inside))
    case .layer(let layer):
      let title = Layout.Point(x: BoxText.width("∂ " + layer.name), y: BoxText.lineHeight)
      return block(of: layer.items).framed(
        path: layer.path, name: layer.name, titleSize: turned(title), direction: direction, isBorder: true)
    }
  }

  /// A point with its coordinates across and along the flow exchanged where the flow is to the right.
  func turned(_ point: Layout.Point) -> Layout.Point {
    direction == .down ? point : Layout.Point(x: point.y, y: point.x)
  }

  private func box(
    _ place: Layout.Place, _ forward: BoxText, _ backward: BoxText?, entries: [Block.Entry], exits: [Int]
  ) -> Block {
    var size = turned(
      Layout.Point(
        x: max(forward.width, backward?.width ?? 0), y: max(forward.height, backward?.height ?? 0)))
    // Every value that leaves has room for its shape beside it, on either side.
    let labels = exits.map { direction == .down ? 2 * BoxText.width(words.shape(of: $0)) + 24 : 40 }
    let slot = labels.max() ?? 0
    size.x = max(size.x, slot * Double(exits.count), 14 * Double(entries.count + 1))
    var block = Block()
    block.size = size
    let rectangle = Layout.Rectangle(x: 0, y: 0, width: size.x, height: size.y)
    block.boxes = [Block.Box(place: place, rectangle: rectangle, forward: forward, backward: backward)]
    for (i, entry) in entries.enumerated() {
      let x = size.x * Double(i + 1) / Double(entries.count + 1)
      block.entries[entry] = x
      block.arriving[entry.node, default: []].append(
        Block.Wire(node: entry.node, to: place, contributes: false, points: [Layout.Point(x: x, y: 0)]))
    }
    for (i, node) in exits.enumerated() {
      let point = Layout.Point(x: size.x * (Double(i) + 0.5) / Double(exits.count), y: size.y)
      block.exits[node] = point.x
      block.leaving[node] = Block.Wire(node: node, from: place, contributes: false, points: [point])
      block.sources.append((node, point))
    }
    return block
  }

  // MARK: Putting the parts in their places

  private func composed(_ rows: RowGraph, _ parts: [Block], _ entering: [Int], _ leaving: [Int]) -> Block {
    var block = Block()
    // Along the flow: a row as deep as its deepest vertex, then the strip of the shapes, then the strip where links bend.
    var (starts, ends): ([Double], [Double]) = ([], [])
    var next = 0.0
    for (i, row) in rows.rows.enumerated() {
      let depth = row.map { rows.vertices[$0].depth }.max() ?? 0
      starts.append(next)
      next += depth
      if depth > 0, i + 1 < rows.rows.count || !leaving.isEmpty { next += labelDepth }
      ends.append(next)
      if i + 1 < rows.rows.count {
        next += rows.isStraight(below: i) ? BlockBuilder.straightDepth : BlockBuilder.bendDepth
      }
    }
    block.size.y = next
    block.size.x = rows.vertices.map { $0.position + $0.size }.max() ?? 0

    let placed = parts.enumerated().map { i, part -> Block in
      let vertex = rows.vertices[entering.count + i]
      let room = (rows.rows[vertex.row].map { rows.vertices[$0].depth }.max() ?? 0) - vertex.depth
      return part.moved(vertex.position, starts[vertex.row] + room / 2)
    }
    for part in placed {
      block.boxes += part.boxes
      block.frames += part.frames
      block.wires += part.wires
      block.sources += part.sources
    }
    for (i, node) in entering.enumerated() {
      block.entries[Block.Entry(node: node, position: -1)] = rows.vertices[i].position
    }
    for (i, node) in leaving.enumerated() {
      block.exits[node] = rows.vertices[entering.count + parts.count + i].position
    }
    for link in rows.links {
      let (from, to) = (rows.vertices[link.from], rows.vertices[link.to])
      var points: [Layout.Point] = [Layout.Point(x: from.position + link.fromOffset, y: ends[from.row])]
      for bend in link.bends.map({ rows.vertices[$0] }) {
        points.append(Layout.Point(x: bend.position, y: starts[bend.row]))
        points.append(Layout.Point(x: bend.position, y: ends[bend.row]))
      }
      points.append(Layout.Point(x: to.position + link.toOffset, y: starts[to.row]))
      let source = from.kind == .entry ? nil : placed[link.from - entering.count].leaving[link.node]
      var wire = Block.Wire(node: link.node, contributes: link.contributes, points: points)
      if let source { (wire.from, wire.points) = (source.from, source.points + points) }
      if to.kind == .exit {
        block.leaving[link.node] = wire
        continue
      }
      let target = placed[link.to - entering.count]
      for part in target.arriving[link.node] ?? [] where begins(part, at: points.last) {
        var whole = wire
        whole.to = part.to
        whole.contributes = target.frames.isEmpty ? link.contributes : part.contributes
        whole.points += part.points
        if from.kind == .entry {
          block.arriving[link.node, default: []].append(whole)
        } else {
          block.wires.append(whole)
        }
      }
    }
    return block
  }

  /// True for the wire that begins at a point. An operand that is used twice has an entry for each use.
  private func begins(_ wire: Block.Wire, at point: Layout.Point?) -> Bool {
    abs((wire.points.first?.x ?? 0) - (point?.x ?? 0)) < 1e-6
  }
}
