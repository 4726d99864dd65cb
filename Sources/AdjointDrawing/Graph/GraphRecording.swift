import Adjoint

// Reading a graph off a tape.

extension Graph {
  /// Reads the nodes that `output` depends on, and where a sweep from it is given, the adjoints that it found.
  /// - Parameters:
  ///   - notation: the way in which adjoints are written.
  ///   - unfolded: true for a node for each rearrangement and for x·Wᵀ before its bias, which stand inside the formula of
  ///     what uses them otherwise.
  /// - Precondition: `backward` is a sweep from `output`.
  /// - Complexity: linear in the nodes and edges drawn.
  public init<S: Scalar>(
    of output: Variable<S>, backward: Backward<S>? = nil, notation: AdjointNotation = .bar,
    unfolded: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) {
    if let backward, backward.output.tape !== output.tape || backward.output.live.index != output.live.index {
      fatalError(
        "Graph: the backward sweep starts at \(backward.output.tape.describe(backward.output.index)), the graph ends at "
          + "\(output.tape.describe(output.index)); give the sweep from that, tape.backward(from:)", file: file,
        line: line)
    }
    let tape = output.tape
    let symbols = Symbols(of: output, notation: notation)
    self.init(
      tape, output.dependencies, outputs: [output.index], backward, symbols,
      unfolded ? FoldedNodes() : FoldedNodes(output, symbols))
  }

  /// Reads everything on a tape, recorded backward nodes among the others.
  public init<S: Scalar>(of tape: Tape<S>) {
    var isUsed = [Bool](repeating: false, count: tape.count)
    for i in 0..<tape.count { for input in tape[i].inputs { isUsed[input.index] = true } }
    self.init(
      tape, Array(0..<tape.count), outputs: isUsed.indices.filter { !isUsed[$0] }, nil, Symbols(of: tape), FoldedNodes()
    )
  }

  private init<S: Scalar>(
    _ tape: Tape<S>, _ positions: [Int], outputs: [Int], _ backward: Backward<S>?, _ symbols: Symbols,
    _ folded: FoldedNodes
  ) {
    var reader = TapeReader(tape, positions, outputs: outputs, symbols, folded)
    let drawn = positions.filter { !reader.isInline[$0, default: false] }
    let contributing = Set(
      (backward?.edges ?? []).map { EdgeKey(producer: $0.producer, host: folded.host(of: $0.consumer)) })

    var edges: [Edge] = []
    var firstConsumer: [Int: Int] = [:]
    for i in drawn {
      for (position, input) in folded.operands(of: tape[i]).enumerated() where !reader.isInline[input, default: false] {
        let key = EdgeKey(producer: input, host: i)
        edges.append(Edge(from: input, to: i, position: position, contributes: contributing.contains(key)))
        if firstConsumer[input] == nil { firstConsumer[input] = i }
      }
    }
    let adjoints = backward.map { reader.adjoints(of: drawn, in: $0) } ?? [:]
    let nodes = drawn.map { i in
      let kind = reader.kind(of: i)
      var scopes = tape[i].scopes
      if kind.isLeaf {
        let around = firstConsumer[i].map { tape[$0].scopes } ?? []
        scopes = zip(scopes, around).prefix { $0 == $1 }.map(\.0)
      }
      return Node(
        id: i, kind: kind, symbol: symbols[i], adjointSymbol: symbols.adjoint(of: i), path: tape.path(of: i),
        scopes: scopes,
        formula: reader.formula(of: i), shape: tape[i].shape, adjoint: adjoints[i])
    }
    self.init(nodes: nodes, edges: edges, outputs: outputs, hasBackward: backward != nil)
    self.folded = folded
  }
}

private struct EdgeKey: Hashable {
  let producer: Int
  /// The consumer that is drawn.
  let host: Int
}

/// The names and formulas of a tape's nodes.
private struct TapeReader<S: Scalar> {
  let tape: Tape<S>
  let symbols: Symbols
  /// Numbers that stand in formulas instead of being nodes.
  var isInline: [Int: Bool] = [:]
  var names: [Int: String] = [:]
  let folded: FoldedNodes

  init(_ tape: Tape<S>, _ positions: [Int], outputs: [Int], _ symbols: Symbols, _ folded: FoldedNodes) {
    (self.tape, self.symbols, self.folded) = (tape, symbols, folded)
    for i in positions {
      let x = tape[i]
      let isNumber = x.role == .constant && x.shape.elementCount == 1 && x.label == nil
      if folded.contains(i) || isNumber && !outputs.contains(i) {
        isInline[i] = true
      } else {
        names[i] = symbols[i]
      }
    }
  }

  func kind(of node: Int) -> Graph.Kind {
    switch tape[node].role {
    case nil: tape[node].serves == nil ? .forward : .backward
    case .constant: .constant
    case .input: .input
    case .index: .index
    case .parameter: .parameter
    case .state: .state
    case .random: .random
    }
  }

  func formula(of node: Int) -> String {
    let x = tape[node]
    if let role = x.role { return role.name }
    return folded.formula(of: x, names).text
  }

  /// The adjoints that the sweep found: sums of contributions, in forward values and in the consumers' adjoints.
  mutating func adjoints(of drawn: [Int], in backward: Backward<S>) -> [Int: Graph.Adjoint] {
    var arriving: [Int: [Backward<S>.Edge]] = [:]
    for edge in backward.edges { arriving[edge.producer, default: []].append(edge) }
    var result: [Int: Graph.Adjoint] = [:]
    for i in drawn {
      guard let adjoint = backward.adjoint(of: tape[i]) else { continue }
      var formulas: [Notation] = []
      var known: Set<Int> = []
      if i == backward.output.index { formulas.append(folded.formula(of: adjoint, names, isNamed: true)) }
      for edge in arriving[i] ?? [] {
        let consumer = folded.host(of: edge.consumer)
        guard let above = backward.adjoint(of: tape[consumer]) else { continue }
        let hidden = names.updateValue(symbols.adjoint(of: consumer), forKey: above.index)
        formulas.append(folded.formula(of: edge.contribution, names, isNamed: true))
        names[above.index] = hidden
        known.insert(above.index)
      }
      let sum = formulas.dropFirst().reduce(formulas.first ?? .named(symbols[adjoint.index])) { .infix(.add, $0, $1) }
      let recorded = recorded(from: adjoint.index, after: backward.output.index, downTo: known)
      result[i] = Graph.Adjoint(formula: sum.text, position: adjoint.index, recorded: recorded)
    }
    return result
  }

  /// The nodes recorded by the sweep between an adjoint and the adjoints that it was made of.
  private func recorded(from adjoint: Int, after output: Int, downTo known: Set<Int>) -> [Int] {
    var found: Set<Int> = [adjoint]
    var waiting = known.contains(adjoint) ? [] : [adjoint]
    while let next = waiting.popLast() {
      for input in tape[next].inputs where input.index > output && !known.contains(input.index) {
        if found.insert(input.index).inserted { waiting.append(input.index) }
      }
    }
    return found.sorted()
  }
}
