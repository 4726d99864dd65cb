import Adjoint

/// A tape or a loss as a picture: SVG laid out by the library, DOT text for Graphviz, or lines of text.
///
/// ```swift
/// let drawing = Drawing(of: loss, backward: tape.backward(from: loss), folding: .layers)
/// try drawing.svg.write(toFile: "model.svg", atomically: true, encoding: .utf8)
/// ```
///
/// Forward, backward and parameters have three colours, and three outlines for print: plain, double, and bold with cut corners.
/// Edges carry shapes. An adjoint that was not computed is a dotted box that says so.
public struct Drawing: Sendable, CustomStringConvertible {
  /// The direction of the forward pass. The backward half stands to the right of it, or below.
  public enum Direction: String, Sendable, CaseIterable {
    /// From top to bottom.
    case down
    /// From left to right.
    case right
  }

  /// The nodes and edges that are drawn.
  public let graph: Graph
  /// The nodes that are drawn as one.
  public let folding: Folding
  /// The direction of the forward pass.
  public let direction: Direction
  /// The name of the picture for readers who cannot see it, and under a pointer that rests on it.
  public let title: String

  /// Draws a graph.
  public init(
    of graph: Graph, folding: Folding = .none, direction: Direction = .down,
    title: String = "Computational graph"
  ) {
    (self.graph, self.folding, self.direction, self.title) = (graph, folding, direction, title)
  }

  /// Draws the nodes that `output` depends on, and beside them the adjoints that a sweep from it found.
  /// - Parameter unfolded: true for a box for each recorded step, also where it teaches nothing.
  public init<S: Scalar>(
    of output: Variable<S>, backward: Backward<S>? = nil, folding: Folding = .none,
    direction: Direction = .down, title: String = "Computational graph", notation: AdjointNotation = .bar,
    unfolded: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) {
    let graph = Graph(of: output, backward: backward, notation: notation, unfolded: unfolded, file: file, line: line)
    self.init(of: graph, folding: folding, direction: direction, title: title)
  }

  /// Draws everything on a tape.
  public init<S: Scalar>(
    of tape: Tape<S>, folding: Folding = .none, direction: Direction = .down, title: String = "Tape"
  ) {
    self.init(of: Graph(of: tape), folding: folding, direction: direction, title: title)
  }

  package var layout: Layout { Layout(of: graph, folding: folding, direction: direction) }

  /// A line for each node and its adjoint, indented by layer.
  public var text: String {
    let words = BoxWords(graph)
    func lines(_ items: [Outline.Item], _ indent: String) -> [String] {
      items.sorted { ($0.nodes.last ?? 0) < ($1.nodes.last ?? 0) }.flatMap { item -> [String] in
        switch item {
        case .node(let id):
          [words.forward(id).full] + (graph.hasBackward ? ["  " + words.adjoint(id).full] : [])
        case .layer(let layer) where layer.isFolded:
          [words.layer(layer).full] + (graph.hasBackward ? ["  " + words.layerAdjoint(layer).full] : [])
        case .layer(let layer):
          ["layer \(layer.path)"] + lines(layer.items, "  ")
        }
      }.map { indent + $0 }
    }
    return lines(Outline(of: graph, folding: folding).items, "").joined(separator: "\n")
  }

  /// The contents of the picture, in a sentence.
  public var description: String {
    let operations = graph.nodes.count { !$0.kind.isLeaf }
    let parameters = graph.nodes.count { $0.kind == .parameter }
    var sentence = "\(operations) operations on \(graph.nodes.count - operations) leaves"
    if parameters > 0 { sentence += ", \(parameters) of them parameters" }
    guard graph.hasBackward else { return sentence + "." }
    let absent = graph.nodes.count { $0.adjoint == nil }
    return sentence + "; beside them their adjoints" + (absent > 0 ? ", \(absent) of which were not computed." : ".")
  }
}
