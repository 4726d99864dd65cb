import Adjoint

/// The contents of a drawing of a tape: nodes with their formulas, the edges between them, and beside each node its
/// adjoint.
///
/// For y = f(x₀, x₁, …) there is an edge from each xᵢ to y. Where a backward pass is shown, the mirror image of an edge
/// carries the contribution (∂y/∂xᵢ)ᵀ·ȳ, and a node's adjoint is the sum of the contributions: x̄ = Σ (∂y/∂x)ᵀ·ȳ over
/// its consumers y. An adjoint that was not computed is `nil`: a drawing shows it as absent, never as zero.
///
/// A graph is plain data, precision-free and `Sendable`. Numbers fixed when recorded stand in the formulas and are no
/// nodes. Of a loss, the steps that a derivation leaves out are no nodes either, unless they are asked for.
public struct Graph: Sendable {
  /// The kind of a node: a kind of leaf, or an operation of the forward or of a recorded backward pass.
  public enum Kind: String, Sendable, CaseIterable {
    /// A fed value.
    case input
    /// Fed positions or classes.
    case index
    /// Trainable numbers.
    case parameter
    /// A value fixed when it was recorded.
    case constant
    /// Numbers that a run stores and nothing trains.
    case state
    /// Numbers drawn anew before each run.
    case random
    /// An operation of the forward pass.
    case forward
    /// An operation of a recorded backward pass.
    case backward

    package var isLeaf: Bool {
      switch self {
      case .input, .index, .parameter, .constant, .state, .random: true
      case .forward, .backward: false
      }
    }
  }

  /// One line of the tape.
  public struct Node: Sendable, Identifiable {
    /// The position on the tape.
    public let id: Int
    /// The kind of leaf, or the pass of the operation.
    public let kind: Kind
    /// The symbol in formulas, such as `z⁽¹⁾`.
    public let symbol: String
    /// The symbol of the adjoint, such as `z̄⁽¹⁾`.
    package let adjointSymbol: String
    /// Scope and label, such as `fc1/weight`; empty when there is neither.
    public let path: String
    /// The scopes around it, outermost first. A leaf's are those that it shares with its first consumer.
    package var scopes: [String]
    /// The right-hand side, such as `x·Wᵀ`. A leaf has the word for its role.
    public let formula: String
    /// The dimensions of the value.
    public let shape: Shape
    /// Its adjoint, or `nil` where none was computed.
    public var adjoint: Adjoint?

    package init(
      id: Int, kind: Kind, symbol: String, adjointSymbol: String? = nil, path: String = "", scopes: [String] = [],
      formula: String,
      shape: Shape,
      adjoint: Adjoint? = nil
    ) {
      (self.id, self.kind, self.symbol, self.path) = (id, kind, symbol, path)
      self.adjointSymbol = adjointSymbol ?? symbol.barred
      (self.scopes, self.formula, self.shape, self.adjoint) = (scopes, formula, shape, adjoint)
    }
  }

  /// The adjoint x̄ = ∂output/∂x of a node, as the sweep recorded it.
  public struct Adjoint: Sendable {
    /// The contributions of the consumers, added: `h̄ ⊙ (1 − h²) + z̄·W`.
    public let formula: String
    /// The position of the recorded node that holds it.
    package let position: Int
    /// The positions of all recorded nodes that were needed to get it from the adjoints of the consumers.
    package let recorded: [Int]

    package init(formula: String, position: Int, recorded: [Int]) {
      (self.formula, self.position, self.recorded) = (formula, position, recorded)
    }
  }

  /// One use of a node by another.
  public struct Edge: Sendable, Hashable {
    /// The position of the node that is used.
    public let from: Int
    /// The position of the consumer.
    public let to: Int
    /// The operand of the consumer that it is, counted from 0.
    public let position: Int
    /// True when a contribution to the adjoint of `from` was computed along it.
    public let contributes: Bool

    package init(from: Int, to: Int, position: Int, contributes: Bool = false) {
      (self.from, self.to, self.position, self.contributes) = (from, to, position, contributes)
    }
  }

  /// The nodes in tape order, which is a topological order.
  public var nodes: [Node]
  /// The edges in the order of their consumers.
  public var edges: [Edge]
  /// The nodes that the graph is drawn for.
  public var outputs: [Int]
  /// True when the adjoints are part of the picture.
  package var hasBackward: Bool
  /// The nodes that are written inside others.
  var folded = FoldedNodes()
  /// True when the box of a single number keeps room for its value and its adjoint.
  private(set) var reservesNumbers = false

  package init(nodes: [Node], edges: [Edge], outputs: [Int], hasBackward: Bool = false) {
    (self.nodes, self.edges, self.outputs, self.hasBackward) = (nodes, edges, outputs, hasBackward)
  }

  /// The node at a position of the tape, if it is drawn.
  package func node(_ id: Int) -> Node? { nodes.first { $0.id == id } }

  /// The same graph, in which the box of a single number keeps room for two lines: its value and its adjoint.
  var reservingNumbers: Graph {
    var graph = self
    graph.reservesNumbers = true
    return graph
  }

  /// True for a box that keeps room for a number.
  func hasNumbers(_ node: Node) -> Bool {
    reservesNumbers && node.kind != .index && node.shape.elementCount == 1
  }
}

extension Graph: CustomStringConvertible {
  /// The number of nodes and edges, and what it is drawn for.
  public var description: String {
    let drawn = outputs.compactMap { node($0)?.symbol }.prefix(6).joined(separator: ", ")
    return
      "Graph of \(nodes.count) nodes and \(edges.count) edges\(hasBackward ? " with adjoints" : ""), drawn for \(drawn)"
  }
}

extension Graph.Node: CustomStringConvertible {
  /// A line of the listing: `a = relu(z)  [4, 3]`.
  public var description: String {
    "\(symbol) = \(formula)  \(shape)" + (path.isEmpty ? "" : "  \(path)") + (adjoint.map { "; \($0)" } ?? "")
  }
}

extension Graph.Adjoint: CustomStringConvertible {
  public var description: String { "adjoint = \(formula)" }
}
