import AdjointCharts

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
package struct Layout: Sendable {
  package typealias Direction = Drawing.Direction

  /// The subject of a box.
  package enum Place: Hashable, Sendable {
    case node(Int)
    case adjoint(of: Int)
    /// A folded layer.
    case layer(String)
    case layerAdjoint(of: String)

    package var isBackward: Bool {
      switch self {
      case .node, .layer: false
      case .adjoint, .layerAdjoint: true
      }
    }

    /// A name for files and scripts: `n4`, `a4`, `layer-fc1`, `adjoint-fc1`.
    package var identifier: String {
      switch self {
      case .node(let id): "n\(id)"
      case .adjoint(let id): "a\(id)"
      case .layer(let path): "layer-\(path)"
      case .layerAdjoint(let path): "adjoint-\(path)"
      }
    }
  }

  package struct Point: Sendable, Hashable {
    package var x: Double
    package var y: Double
    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  package struct Rectangle: Sendable, Hashable {
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// True when two rectangles share more than an edge.
    package func overlaps(_ other: Rectangle) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    package func contains(_ other: Rectangle) -> Bool {
      x <= other.x && y <= other.y && x + width >= other.x + other.width && y + height >= other.y + other.height
    }
  }

  package struct Box: Sendable {
    package let place: Place
    package let rectangle: Rectangle
    package let text: BoxText
  }

  /// The border of a layer that is not folded.
  package struct Frame: Sendable {
    package let path: String
    package let rectangle: Rectangle
    /// The rectangle that the title fills.
    package let titleRectangle: Rectangle
    package let title: String
    package let isBackward: Bool
  }

  /// A value on its way to a consumer, or a contribution on its way back.
  package struct Edge: Sendable {
    /// The node whose value it is, or whose adjoint receives it.
    package let node: Int
    package let from: Place
    package let to: Place
    /// The corners from border to border. Consecutive points differ either along the flow alone, or cross the space
    /// between two rows.
    package let points: [Point]
    /// True for the edge from the output to its adjoint.
    package let isSeed: Bool
  }

  /// The shape that edges carry, written once where they leave their box or arrive at it together.
  package struct Label: Sendable {
    package let node: Int
    package let text: String
    /// The rectangle that the text fills.
    package let rectangle: Rectangle
    package let isBackward: Bool
  }

  /// A heading over a half.
  package struct Heading: Sendable {
    package let text: String
    package let rectangle: Rectangle
    package let isBackward: Bool
  }

  package var width: Double
  package var height: Double
  package var direction: Direction
  package var boxes: [Box] = []
  /// The frames, outer ones before inner ones.
  package var frames: [Frame] = []
  package var edges: [Edge] = []
  package var labels: [Label] = []
  package var headings: [Heading] = []
  /// The box in which each node of the graph is drawn: its own, or that of a folded layer.
  package var places: [Int: Place] = [:]

  init(width: Double, height: Double, direction: Direction) {
    (self.width, self.height, self.direction) = (width, height, direction)
  }

  /// The box of a place, if there is one: a node in a folded layer has none of its own.
  package func box(_ place: Place) -> Box? { boxes.first { $0.place == place } }
}

extension Layout {
  /// The outline of an edge as SVG path data: straight along the flow, S-shaped between rows.
  package func path(of edge: Edge) -> String {
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
