import Adjoint
import AdjointChecking
import AdjointDrawing
import AdjointGrading
import Testing

@Suite struct LayoutTests {
  @Test(arguments: Scenes.all, Layout.Direction.allCases)
  func nothingOverlapsInTheScenes(scene: Scenes.Scene, direction: Layout.Direction) {
    for folding in [Folding.none, .layers] {
      let layout = Layout(of: scene.graph, folding: folding, direction: direction)
      #expect(faults(of: layout, scene.graph, folding) == [])
    }
  }

  @Test(arguments: 0..<60)
  func nothingOverlapsInRandomProgramsWithRandomLayers(seed: Int) {
    let recording = RandomProgram(seed: UInt64(seed)).record(on: Tape<Double>())
    let cotangent = recording.output.tape.constant(RandomProgram(seed: UInt64(seed)).cotangent)
    let backward = recording.output.tape.backward(from: recording.output, cotangent: cotangent)
    var graph = Graph(of: recording.output, backward: seed.isMultiple(of: 3) ? nil : backward)
    // Layers of runs of nodes, some within others, some entered twice.
    var generator = Generator(seed: UInt64(seed))
    var scopes: [String] = []
    for i in graph.nodes.indices {
      if generator.uniform() < 0.3 { scopes = Array(["a", "b", "c"].shuffled(using: &generator).prefix(2)) }
      if generator.uniform() < 0.2 { scopes = [] }
      graph.nodes[i].scopes = scopes
    }
    let folding: Folding = seed.isMultiple(of: 2) ? .none : .only(["a", "b/c"])
    let layout = Layout(of: graph, folding: folding, direction: seed % 4 < 2 ? .down : .right)
    #expect(faults(of: layout, graph, folding) == [])
  }

  @Test func theSameGraphGivesTheSameLayout() {
    let (a, b) = (Drawing(of: Scenes.gated()).svg, Drawing(of: Scenes.gated()).svg)
    #expect(a == b)
  }

  @Test func anAdjointStandsAtTheMirroredPlaceOfItsNode() throws {
    let layout = Layout(of: Scenes.gated())
    for box in layout.boxes {
      guard case .node(let id) = box.place else { continue }
      let twin = try #require(layout.box(.adjoint(of: id))).rectangle
      #expect(twin.y == box.rectangle.y)
      #expect(abs(twin.x + twin.width + box.rectangle.x - layout.width) < 1e-6)
    }
  }

  @Test func aChainOfFiveHundredNodesThatAllUseItsBeginningIsLaidOut() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.5]), name: "x")
    var y = x
    for _ in 0..<500 { y = y.tanh() + x }
    let graph = Graph(of: y.sum())
    let layout = Layout(of: graph)
    #expect(layout.boxes.count == 1002)
    #expect(layout.edges.count == 1501)
    let rows = layout.boxes.map(\.rectangle).sorted { $0.y < $1.y }
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.y + $0.height <= $1.y }, "a chain has one box a row")
  }

  @Test func anEmptyTapeAndASingleLeafAreDrawings() {
    let tape = Tape<Float>()
    let empty = Layout(of: Graph(of: tape))
    #expect(empty.boxes.isEmpty && empty.edges.isEmpty && empty.width > 0)
    let leaf = Layout(of: Graph(of: tape.input(Tensor([1, 2]), name: "x")))
    #expect(leaf.boxes.map(\.text.title) == ["x"])
    #expect(leaf.boxes[0].text.lines == ["input", "[2]"], "where no edge can say the shape, the box does")
  }

  // MARK: What must hold of every layout

  private func faults(of layout: Layout, _ graph: Graph, _ folding: Folding) -> [String] {
    var faults: [String] = []
    let page = Layout.Rectangle(x: 0, y: 0, width: layout.width, height: layout.height)
    for (i, a) in layout.boxes.enumerated() {
      if !page.contains(a.rectangle) { faults.append("\(a.place) leaves the page") }
      let longest = ([a.text.title] + a.text.lines).map(\.count).max() ?? 0
      if Double(longest) * 7.2 > a.rectangle.width { faults.append("the text of \(a.place) is wider than its box") }
      if Double(a.text.lines.count + 1) * 14 > a.rectangle.height { faults.append("\(a.place) is too low") }
      for b in layout.boxes[(i + 1)...] where a.rectangle.overlaps(b.rectangle) {
        faults.append("\(a.place) overlaps \(b.place)")
      }
      for frame in layout.frames where frame.rectangle.overlaps(a.rectangle) {
        if !frame.rectangle.contains(a.rectangle) { faults.append("\(a.place) stands on the border of \(frame.path)") }
        if frame.titleRectangle.overlaps(a.rectangle) { faults.append("\(a.place) covers the title of \(frame.path)") }
      }
    }
    for (i, a) in layout.frames.enumerated() {
      for b in layout.frames[(i + 1)...] where a.rectangle.overlaps(b.rectangle) {
        if !a.rectangle.contains(b.rectangle) { faults.append("frames \(a.path) and \(b.path) cross") }
      }
    }
    for (i, a) in layout.labels.enumerated() {
      if !page.contains(a.rectangle) { faults.append("the label \(a.text) leaves the page") }
      for b in layout.labels[(i + 1)...] where a.rectangle.overlaps(b.rectangle) { faults.append("labels overlap") }
      for box in layout.boxes where box.rectangle.overlaps(a.rectangle) { faults.append("a label on \(box.place)") }
    }
    for edge in layout.edges { faults += self.faults(of: edge, layout) }
    return faults + connections(of: layout, graph)
  }

  /// An edge joins its boxes, flows one way, and passes no box on its way.
  private func faults(of edge: Layout.Edge, _ layout: Layout) -> [String] {
    guard let from = layout.box(edge.from)?.rectangle, let to = layout.box(edge.to)?.rectangle,
      let first = edge.points.first, let last = edge.points.last
    else { return ["an edge of \(edge.node) without a box at an end"] }
    var faults: [String] = []
    func along(_ p: Layout.Point) -> Double { layout.direction == .down ? p.y : p.x }
    func touches(_ p: Layout.Point, _ r: Layout.Rectangle) -> Bool {
      let wide = Layout.Rectangle(x: r.x - 0.01, y: r.y - 0.01, width: r.width + 0.02, height: r.height + 0.02)
      return wide.contains(Layout.Rectangle(x: p.x, y: p.y, width: 0, height: 0))
    }
    if !touches(first, from) || !touches(last, to) {
      faults.append("\(edge.from) → \(edge.to) does not reach its boxes")
    }
    for (a, b) in zip(edge.points, edge.points.dropFirst()) {
      if !edge.isSeed, edge.to.isBackward ? along(b) > along(a) + 0.01 : along(b) < along(a) - 0.01 {
        faults.append("\(edge.from) → \(edge.to) turns back")
      }
      let path = Layout.Rectangle(
        x: min(a.x, b.x) + 0.01, y: min(a.y, b.y) + 0.01, width: abs(a.x - b.x) - 0.02, height: abs(a.y - b.y) - 0.02)
      for box in layout.boxes where box.rectangle.overlaps(path) {
        faults.append("\(edge.from) → \(edge.to) crosses \(box.place)")
      }
    }
    return faults
  }

  /// The drawn edges are those of the graph between the boxes that stand for its nodes; each half has a box for every node.
  private func connections(of layout: Layout, _ graph: Graph) -> [String] {
    struct Pair: Hashable {
      let from: Layout.Place
      let to: Layout.Place
    }
    let places = layout.places
    func pairs(_ edges: [Graph.Edge]) -> Set<Pair> {
      var found: Set<Pair> = []
      for edge in edges {
        guard let from = places[edge.from], let to = places[edge.to], from != to else { continue }
        found.insert(Pair(from: from, to: to))
      }
      return found
    }
    func forward(_ place: Layout.Place) -> Layout.Place {
      switch place {
      case .adjoint(let id): .node(id)
      case .layerAdjoint(let path): .layer(path)
      case .node, .layer: place
      }
    }
    let drawn = layout.edges.filter { !$0.isSeed }
    let values = Set(drawn.filter { !$0.to.isBackward }.map { Pair(from: $0.from, to: $0.to) })
    let contributions = Set(drawn.filter(\.to.isBackward).map { Pair(from: forward($0.to), to: forward($0.from)) })
    var faults: [String] = []
    if values != pairs(graph.edges) { faults.append("the values flow elsewhere") }
    if contributions != pairs(graph.edges.filter(\.contributes)) { faults.append("the contributions flow elsewhere") }
    let boxes = Set(layout.boxes.map(\.place))
    if Set(graph.nodes.compactMap { places[$0.id] }) != boxes.filter({ !$0.isBackward }) {
      faults.append("boxes are missing")
    }
    if graph.hasBackward, boxes.filter(\.isBackward).count * 2 != boxes.count { faults.append("adjoints are missing") }
    return faults
  }
}
