/// The places of the boxes, frames and edges of a drawing: plain data, in pixels from the upper left corner.
///
/// The forward half is a layered drawing (Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical
/// system structures", 1981). A node stands one row below the lowest of its operands. Long edges keep a lane of their
/// own in every row that they pass. Orders within the rows are chosen to cross less, and positions to bend less. Boxes
/// never overlap, and edges pass between them. A layer is laid out by itself and then placed like a box, so its frame
/// holds its own nodes and no others.
///
/// The backward half is the mirror image: an adjoint stands at the place of its node, and contributions flow the other
/// way. The same graph gives the same layout on every system.
public struct Layout: Sendable {
  /// The direction of the forward pass. The backward half stands to the right of it, or below.
  public enum Direction: String, Sendable, CaseIterable { case down, right }

  /// The subject of a box.
  public enum Place: Hashable, Sendable {
    case node(Int)
    case adjoint(of: Int)
    /// A folded layer.
    case layer(String)
    case layerAdjoint(of: String)

    public var isBackward: Bool {
      switch self {
      case .node, .layer: false
      case .adjoint, .layerAdjoint: true
      }
    }

    /// A name for files and scripts: `n4`, `a4`, `layer-fc1`, `adjoint-fc1`.
    public var identifier: String {
      switch self {
      case .node(let id): "n\(id)"
      case .adjoint(let id): "a\(id)"
      case .layer(let path): "layer-\(path)"
      case .layerAdjoint(let path): "adjoint-\(path)"
      }
    }
  }

  public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double
    public init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  public struct Rectangle: Sendable, Hashable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// True when two rectangles share more than an edge.
    public func overlaps(_ other: Rectangle) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    public func contains(_ other: Rectangle) -> Bool {
      x <= other.x && y <= other.y && x + width >= other.x + other.width && y + height >= other.y + other.height
    }
  }

  public struct Box: Sendable {
    public let place: Place
    public let rectangle: Rectangle
    public let text: BoxText
  }

  /// The border of a layer that is not folded.
  public struct Frame: Sendable {
    public let path: String
    public let rectangle: Rectangle
    /// The rectangle that the title fills.
    public let titleRectangle: Rectangle
    public let title: String
    public let isBackward: Bool
  }

  /// A value on its way to a consumer, or a contribution on its way back.
  public struct Edge: Sendable {
    /// The node whose value it is, or whose adjoint receives it.
    public let node: Int
    public let from: Place
    public let to: Place
    /// The corners from border to border. Consecutive points differ either along the flow alone, or cross the space
    /// between two rows.
    public let points: [Point]
    /// True for the edge from the output to its adjoint.
    public let isSeed: Bool
  }

  /// The shape that edges carry, written once where they leave their box or arrive at it together.
  public struct Label: Sendable {
    public let node: Int
    public let text: String
    /// The rectangle that the text fills.
    public let rectangle: Rectangle
    public let isBackward: Bool
  }

  /// A heading over a half.
  public struct Heading: Sendable {
    public let text: String
    public let rectangle: Rectangle
    public let isBackward: Bool
  }

  public var width: Double
  public var height: Double
  public var direction: Direction
  public var boxes: [Box] = []
  /// The frames, outer ones before inner ones.
  public var frames: [Frame] = []
  public var edges: [Edge] = []
  public var labels: [Label] = []
  public var headings: [Heading] = []
  /// The box in which each node of the graph is drawn: its own, or that of a folded layer.
  public var places: [Int: Place] = [:]

  init(width: Double, height: Double, direction: Direction) {
    (self.width, self.height, self.direction) = (width, height, direction)
  }

  /// The box of a place, if there is one: a node in a folded layer has none of its own.
  public func box(_ place: Place) -> Box? { boxes.first { $0.place == place } }
}

extension Layout {
  /// The outline of an edge as SVG path data: straight along the flow, S-shaped between rows.
  public func path(of edge: Edge) -> String {
    guard let first = edge.points.first else { return "" }
    func text(_ p: Point) -> String { "\(Markup.rounded(p.x)) \(Markup.rounded(p.y))" }
    var path = "M\(text(first))"
    for (a, b) in zip(edge.points, edge.points.dropFirst()) {
      if edge.isSeed || a.x == b.x || a.y == b.y {
        path += " L\(text(b))"
      } else {
        let (middleX, middleY) = ((a.x + b.x) / 2, (a.y + b.y) / 2)
        let (c, d) =
          direction == .down
          ? (Point(x: a.x, y: middleY), Point(x: b.x, y: middleY))
          : (Point(x: middleX, y: a.y), Point(x: middleX, y: b.y))
        path += " C\(text(c)) \(text(d)) \(text(b))"
      }
    }
    return path
  }
}
