/// A part of the forward half that is laid out: one box, or a layer with all that is in it.
///
/// Coordinates run across the flow (x) and along it (y), from the block's own corner; turning and mirroring come last.
struct Block {
  typealias Point = Layout.Point
  typealias Rectangle = Layout.Rectangle

  struct Box {
    let place: Layout.Place
    var rectangle: Rectangle
    let forward: BoxText
    let backward: BoxText?
  }

  struct Frame {
    let path: String
    let name: String
    var rectangle: Rectangle
    var title: Rectangle
    /// True for a border around a layer, false for a heading alone.
    let isBorder: Bool
  }

  /// The way of a value between two boxes, or between a box and the border of the block.
  struct Wire {
    let node: Int
    var from: Layout.Place?
    var to: Layout.Place?
    var contributes: Bool
    var points: [Point]
  }

  /// The point at which a value enters. An operand of a box has an entry of its own, a frame has one a value.
  struct Entry: Hashable {
    let node: Int
    let position: Int
  }

  var size = Point(x: 0, y: 0)
  var boxes: [Box] = []
  var frames: [Frame] = []
  /// The wires from box to box.
  var wires: [Wire] = []
  /// The wires from the upper border to the boxes, by node.
  var arriving: [Int: [Wire]] = [:]
  /// The wires from the boxes to the lower border, by node.
  var leaving: [Int: Wire] = [:]
  /// The places across the flow at which values enter and leave.
  var entries: [Entry: Double] = [:]
  var exits: [Int: Double] = [:]
  /// The point at which each value leaves its box, where the label with its shape stands.
  var sources: [(node: Int, point: Point)] = []

  /// This block with its corner moved.
  func moved(_ dx: Double, _ dy: Double) -> Block {
    func move(_ p: Point) -> Point { Point(x: p.x + dx, y: p.y + dy) }
    func move(_ r: Rectangle) -> Rectangle { Rectangle(x: r.x + dx, y: r.y + dy, width: r.width, height: r.height) }
    func move(_ wire: Wire) -> Wire {
      var wire = wire
      wire.points = wire.points.map { move($0) }
      return wire
    }
    var block = self
    for i in boxes.indices { block.boxes[i].rectangle = move(boxes[i].rectangle) }
    for i in frames.indices {
      block.frames[i].rectangle = move(frames[i].rectangle)
      block.frames[i].title = move(frames[i].title)
    }
    block.wires = wires.map { move($0) }
    block.arriving = arriving.mapValues { $0.map { move($0) } }
    block.leaving = leaving.mapValues { move($0) }
    block.entries = entries.mapValues { $0 + dx }
    block.exits = exits.mapValues { $0 + dx }
    block.sources = sources.map { ($0.node, move($0.point)) }
    return block
  }

  /// This block with a border around it and a title in the upper corner, which no value passes on its way in.
  func framed(path: String, name: String, titleSize: Point, direction: Layout.Direction, isBorder: Bool) -> Block {
    let padding = isBorder ? 14.0 : 0
    let entry = entries.values.min() ?? .infinity
    // Flowing down, the title has a strip above; flowing right, a strip beside the values that enter.
    let (left, top): (Double, Double) =
      switch direction {
      case .down: (max(padding, titleSize.x + 16 - entry), titleSize.y + 10)
      case .right: (titleSize.x + 10, padding)
      }
    var block = moved(left, top)
    block.size = Point(
      x: max(size.x + left + padding, titleSize.x + 16), y: max(size.y + top + padding, titleSize.y + 16))
    // The values go on to the border.
    for node in block.arriving.keys {
      for i in block.arriving[node, default: []].indices {
        guard let first = block.arriving[node]?[i].points.first else { continue }
        block.arriving[node]?[i].points.insert(Point(x: first.x, y: 0), at: 0)
      }
    }
    for node in block.leaving.keys {
      guard let last = block.leaving[node]?.points.last else { continue }
      block.leaving[node]?.points.append(Point(x: last.x, y: block.size.y))
    }
    let title = Rectangle(
      x: direction == .down ? 8 : 5, y: direction == .down ? 5 : 8, width: titleSize.x, height: titleSize.y)
    let border = Rectangle(x: 0, y: 0, width: block.size.x, height: block.size.y)
    block.frames.insert(Frame(path: path, name: name, rectangle: border, title: title, isBorder: isBorder), at: 0)
    return block
  }
}
