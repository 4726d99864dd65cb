// What checkers and drawings read of a recording, and the few places where a checker may interfere with one.

extension Variable {
  /// The operation that computed this node, or `nil` for a leaf.
  public var operation: (any Operation)? { tape.operation(at: tape.index(of: self)) }
  /// What a leaf is for, or `nil` for the result of an operation.
  public var role: Role? {
    if case .leaf(let role) = tape.nodes[tape.index(of: self)].kind { return role }
    return nil
  }
  /// The inputs of the operation that computed this node.
  public var inputs: [Variable] { tape.nodes[tape.index(of: self)].inputs.map { tape[$0] } }
  /// The forward node whose VJP recorded this one, or `nil` in a forward pass.
  public var serves: Variable? {
    let node = tape.nodes[tape.index(of: self)].serves
    return node < 0 ? nil : tape[Int(node)]
  }
  /// The name given to this node itself, or `nil`.
  public var label: String? { tape.labels[tape.index(of: self)] }
  /// The scope in which it was recorded, such as `encoder/fc1`; empty at the top.
  public var scope: String { tape.scopes[Int(tape.nodes[tape.index(of: self)].scope)] }
  /// Scope and label, such as `fc1/weight`; empty when there is neither.
  public var path: String { tape.path(of: tape.index(of: self)) }
  /// The scopes in which it was recorded, outermost first: `["encoder", "fc1"]`.
  public var scopes: [String] {
    tape.scopes[Int(tape.nodes[tape.index(of: self)].scope)].split(separator: "/").map(String.init)
  }
}

extension Tape {
  /// The operation recorded at a position, or `nil` for a leaf.
  public func operation(at node: Int) -> (any Operation)? {
    if case .operation(let operation) = nodes[node].kind { return operation }
    return nil
  }

  /// The leaves that gradients are taken for when nobody says which: inputs, and parameters that are not frozen.
  public var differentiableVariables: [Variable<S>] { differentiableLeaves.map { self[$0] } }
}

extension Tape {
  /// The contributions of one node's rule to its inputs, given its adjoint: one turn of the backward sweep.
  package func contributions(of node: Int, adjoint g: Variable<S>, wanted: @escaping (Int) -> Bool) -> [Variable<S>?] {
    operation(at: node)?.vjp(g, at: Point(tape: self, node: node, wanted: wanted)) ?? []
  }
}

/// What a checker that measures itself changes in a program's plan before it is resolved.
package struct PlanAlteration {
  /// The steps to run instead of those planned.
  package var steps: ([Step]) -> [Step]
  /// Other places for the values: byte offsets in the arena by node, −1 for none.
  package var offsets: (inout [Int], [Step]) -> Void

  package init(
    steps: @escaping ([Step]) -> [Step] = { $0 }, offsets: @escaping (inout [Int], [Step]) -> Void = { _, _ in }
  ) {
    (self.steps, self.offsets) = (steps, offsets)
  }
}

extension Backward.Edge {
  package init(consumer: Int, position: Int, from producer: Int, contribution: Variable<S>) {
    self.init(consumer: consumer, position: position, producer: producer, contribution: contribution)
  }
}

extension Backward {
  /// This sweep with other contributions and adjoints: what a faulty accumulation would have produced. A node for which
  /// `adjoint` gives `nil` has none.
  package func replaced(edges: [Edge], adjoint: (Int) -> Int?) -> Backward {
    var copy = self
    copy.edges = edges
    copy.adjoints = adjoints.indices.map { node in adjoint(node).map { Int32($0) } ?? -1 }
    return copy
  }
}

extension Program {
  /// The value of a node that this program keeps.
  package func value(at node: Int) -> Tensor<S> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.elements))
  }

  /// The indices that an index leaf of this program holds.
  package func indices(at node: Int) -> Tensor<Int32> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.indices))
  }

  /// Reads the elements of a node that this program keeps.
  package func withElements<R>(at node: Int, _ body: (UnsafeMutableBufferPointer<S>) throws -> R) rethrows -> R {
    try body(output(node).elements)
  }

  /// Whether this program has memory for a node.
  package func holds(_ node: Int) -> Bool { node < addresses.count && addresses[node] != nil }

  /// Which side each element of a piecewise operation's node takes at the present values.
  package func branches(of node: Int) -> Branches<S>? {
    guard case .operation(let operation) = nodes[node].kind else { return nil }
    let views = nodes[node].inputs.map { view($0) }
    return views.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { operation.branches(Operands(views: $0, count: buffer.count)) }
    }
  }
}

/// Which side each element of a piecewise operation took, and how far it stood from the other.
public struct Branches<S: Scalar> {
  /// A number for each element: the piece that it took.
  public let sides: [Int32]
  /// The signed distance of each element's argument to the nearest kink; its derivative part, where S has one, tells
  /// whether the element moves.
  public let distances: [S]

  public init(sides: [Int32], distances: [S]) {
    (self.sides, self.distances) = (sides, distances)
  }

  /// The pieces of a function of one argument with kinks at these points.
  init(of x: View<S>, kinks: [Double]) {
    sides = x.elements.map { value in Int32(kinks.count { value.primal > $0 }) }
    distances = x.elements.map { value in
      let nearest = kinks.min { Swift.abs(value.primal - $0) < Swift.abs(value.primal - $1) } ?? 0
      return value - S(nearest)
    }
  }

  /// The pieces of a function of two arguments that changes where they are equal.
  init(between a: View<S>, _ b: View<S>) {
    guard let shape = try? Shape.broadcast(a.shape, b.shape, in: "branches") else {
      fatalError("branches: shapes differ")
    }
    let difference = Tensor<S>(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      Output<S>(shape: shape, address: UnsafeMutableRawPointer(base)).zip(.binary(.subtract), a, b)
    }
    distances = difference.elements
    sides = distances.map { $0.primal > 0 ? 1 : $0.primal < 0 ? -1 : 0 }
  }

  /// The pieces of an extremum over groups of elements: which element is best, and how far the second is behind.
  init(bestOf groups: [[S]], largest: Bool) {
    var (sides, distances): ([Int32], [S]) = ([], [])
    for group in groups {
      let order = group.indices.sorted { largest ? group[$0] > group[$1] : group[$0] < group[$1] }
      sides.append(Int32(order.first ?? 0))
      distances.append(order.count > 1 ? group[order[0]] - group[order[1]] : S(Double.infinity))
    }
    (self.sides, self.distances) = (sides, distances)
  }
}

extension Variable {
  /// The recorded indices of an index leaf.
  /// - Precondition: this is an index leaf.
  public var indexValue: Tensor<Int32> {
    guard role == .index else { fatalError("indexValue: \(tape.describe(index)) holds numbers, not indices") }
    return Tensor(shape: shape, elements: Array(tape.view(of: index).indices))
  }
}
