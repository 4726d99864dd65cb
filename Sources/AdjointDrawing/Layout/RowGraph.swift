/// One level of a layered drawing: vertices in rows, links from row to row.
///
/// A vertex stands in the row below the lowest of its predecessors; a leaf moves down to the row above its first successor.
/// A link that passes rows is given a bend in each, which all links of one value share: a lane down which the value travels.
struct RowGraph {
  enum Kind { case entry, leaf, item, exit, bend }

  struct Vertex {
    let kind: Kind
    /// The extent across the flow.
    let size: Double
    /// The extent along the flow.
    let depth: Double
    var row = 0
    /// The beginning, across the flow.
    var position = 0.0
  }

  struct Link {
    let from: Int
    let to: Int
    /// The points of departure and arrival across the flow, from the beginning of each vertex.
    let fromOffset: Double
    let toOffset: Double
    /// The node whose value it carries.
    let node: Int
    var contributes: Bool
    /// The bends on its way, from the top.
    var bends: [Int] = []
  }

  /// A link, or the part of one between two rows.
  struct Segment {
    let from: Int
    let to: Int
    let fromOffset: Double
    let toOffset: Double
    /// The importance of its being straight.
    let weight: Double
  }

  private(set) var vertices: [Vertex]
  private(set) var links: [Link]
  private(set) var segments: [Segment] = []
  /// The vertices of each row, in their order across.
  private(set) var rows: [[Int]] = []

  /// - Precondition: links lead from earlier vertices to later ones.
  init(vertices: [Vertex], links: [Link]) {
    (self.vertices, self.links) = (vertices, links)
    assignRows()
    insertBends()
    rows = [[Int]](repeating: [], count: (self.vertices.map(\.row).max() ?? -1) + 1)
    for i in self.vertices.indices { rows[self.vertices[i].row].append(i) }
    rows = RowOrder(rows: rows, vertices: self.vertices, segments: segments).reduced()
    for (i, position) in RowPositions(rows: rows, vertices: self.vertices, segments: segments).placed().enumerated() {
      self.vertices[i].position = position
    }
  }

  /// True when no link bends between a row and the next.
  func isStraight(below row: Int) -> Bool {
    segments.allSatisfy { segment in
      let (from, to) = (vertices[segment.from], vertices[segment.to])
      return from.row != row || abs(from.position + segment.fromOffset - to.position - segment.toOffset) < 0.5
    }
  }

  private mutating func assignRows() {
    let first = vertices.contains { $0.kind == .entry } ? 1 : 0
    for i in vertices.indices where vertices[i].kind != .entry { vertices[i].row = first }
    let incoming = Dictionary(grouping: links.indices) { links[$0].to }
    for i in vertices.indices {
      for link in incoming[i] ?? [] { vertices[i].row = max(vertices[i].row, vertices[links[link].from].row + 1) }
    }
    let outgoing = Dictionary(grouping: links.indices) { links[$0].from }
    for i in vertices.indices where vertices[i].kind == .leaf {
      guard let next = (outgoing[i] ?? []).map({ vertices[links[$0].to].row }).min() else { continue }
      vertices[i].row = max(vertices[i].row, next - 1)
    }
    let last = vertices.filter { $0.kind != .exit }.map(\.row).max() ?? 0
    for i in vertices.indices where vertices[i].kind == .exit { vertices[i].row = last + 1 }
  }

  /// A value that leaves a vertex.
  private struct Source: Hashable {
    let vertex: Int
    let node: Int
  }

  private mutating func insertBends() {
    var lanes: [Source: [Int]] = [:]
    for i in links.indices {
      let link = links[i]
      let source = Source(vertex: link.from, node: link.node)
      let span = vertices[link.to].row - vertices[link.from].row
      var lane = lanes[source] ?? []
      while lane.count < span - 1 {
        vertices.append(Vertex(kind: .bend, size: 0, depth: 0, row: vertices[link.from].row + lane.count + 1))
        let bend = vertices.count - 1
        segments.append(
          Segment(
            from: lane.last ?? link.from, to: bend, fromOffset: lane.isEmpty ? link.fromOffset : 0, toOffset: 0,
            weight: lane.isEmpty ? 2 : 8))
        lane.append(bend)
      }
      lanes[source] = lane
      links[i].bends = Array(lane.prefix(span - 1))
      let last = links[i].bends.last
      let weight: Double = vertices[link.from].kind == .leaf ? 1 : last == nil ? 4 : 2
      segments.append(
        Segment(
          from: last ?? link.from, to: link.to, fromOffset: last == nil ? link.fromOffset : 0, toOffset: link.toOffset,
          weight: weight))
    }
  }
}
