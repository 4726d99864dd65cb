// The parts of a recording that checkers and drawings read.

extension Variable {
  /// The operation that computed this node, or `nil` for a leaf.
  public var operation: (any Operation)? { tape.operation(at: tape.index(of: self)) }
  /// The role of a leaf, or `nil` for the result of an operation.
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
  package var scopes: [String] {
    tape.scopes[Int(tape.nodes[tape.index(of: self)].scope)].split(separator: "/").map(String.init)
  }
}

extension Variable {
  /// This variable, whose `index` may be taken: the place is still its own.
  /// - Precondition: it was not truncated away.
  package var live: Variable {
    _ = tape.index(of: self)
    return self
  }
}

extension Tape {
  /// The operation recorded at a position, or `nil` for a leaf.
  package func operation(at node: Int) -> (any Operation)? {
    if case .operation(let operation) = nodes[node].kind { return operation }
    return nil
  }

  /// The leaves that gradients are taken for when nobody says which: inputs, and parameters that are not frozen.
  package var differentiableVariables: [Variable<S>] { differentiableLeaves.map { self[$0] } }
}

extension Variable {
  /// True when the value is indices (Int32): that of an index leaf, or of an operation such as `argSort`.
  public var holdsIndices: Bool { tape.holdsIndices(tape.index(of: self)) }

  /// The recorded indices.
  /// - Precondition: the value is indices, and the tape is not being recorded for replay.
  public var indexValue: Tensor<Int32> {
    guard holdsIndices else {
      fatalError("indexValue: \(tape.describe(index)) holds numbers, not indices; `value` reads them")
    }
    if role == nil { refuseReplay(tape.index(of: self)) }
    return recordedIndices
  }

  /// The recorded indices, also while recording for replay.
  package var recordedIndices: Tensor<Int32> {
    Tensor(shape: shape, elements: Array(tape.value(of: tape.index(of: self)).indices))
  }
}
