/// The mode of a recording: layers record what they do in training, or in inference.
public enum Mode: String, Sendable, Hashable {
  /// Dropout drops, and running statistics move.
  case training
  /// Layers do what a finished model does.
  case inference
}

/// The purpose of a leaf of the tape.
public enum Role: Sendable, Hashable {
  /// A value fixed when it is recorded.
  case constant
  /// A value fed before each run, and checked.
  case input
  /// Positions or classes as `Int32`, fed and range-checked; never differentiated or perturbed.
  case index
  /// Trainable numbers, read where they stand.
  case parameter
  /// Numbers that are not trained; a run may store a node into them, such as running statistics.
  case state
  /// Random numbers, drawn anew before each run.
  case random(Distribution)

  /// The word for this role in listings.
  public var name: String {
    switch self {
    case .constant: "constant"
    case .input: "input"
    case .index: "index"
    case .parameter: "parameter"
    case .state: "state"
    case .random(let distribution): "random \(distribution)"
    }
  }
}

extension Variable {
  /// This value in memory of its own: where it is a parameter or a state, reshaped or not, a copy, which stays when an
  /// update or a store changes the place.
  package var standingApart: Variable {
    var source = self
    while let operation = source.operation, operation.form == .reshape { source = source.inputs[0] }
    return source.role == .parameter || source.role == .state ? self * 1 : self
  }
}

extension Tape {
  /// A value fixed from now on.
  public func constant(_ value: Tensor<S>, name: String? = nil) -> Variable<S> { leaf(.constant, value, name) }

  /// A single number fixed from now on.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func constant(_ value: Double) -> Variable<S> { number(S(value)) }

  /// A single number of the tape's own type, fixed from now on.
  @_disfavoredOverload
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func constant(_ value: S) -> Variable<S> { number(value) }

  @inline(__always)
  private func number(_ value: S) -> Variable<S> {
    let x = append(.constant, .scalar)
    output(x.index).base.pointee = value
    return x
  }

  /// A value that a program is fed anew for each run.
  public func input(_ value: Tensor<S>, name: String? = nil) -> Variable<S> { leaf(.input, value, name) }

  /// Class indices or positions, fed anew for each run.
  public func index(_ value: Tensor<Int32>, name: String? = nil) -> Variable<S> {
    let x = append(.index, value.shape)
    _ = output(x.index).indexElements.update(fromContentsOf: value.elements)
    labels[x.index] = name
    return x
  }

  /// The leaf of a parameter. Every use of the parameter has the same leaf, so tied weights share it. No gradient is
  /// taken for the leaf of a frozen parameter unless it is asked for.
  public func parameter(_ parameter: Parameter<S>) -> Variable<S> { place(parameter, .parameter) }

  /// The leaf of a state. It is used like a parameter and never trained; `store(_:into:)` changes it.
  public func state(_ state: Parameter<S>) -> Variable<S> { place(state, .state) }

  /// The newest value of a state: what was last recorded to be stored into it, or else its leaf. A layer that is used
  /// several times in one recording continues from there.
  public func newest(of state: Parameter<S>) -> Variable<S> {
    let leaf = self.state(state)
    return stores.last { $0.state === state }.map { self[$0.node] } ?? leaf
  }

  /// Stores `value` into `state` after each run of a program, or when `commitStores()` is called. Of several values for
  /// one state, the last one stays: see `newest(of:)`.
  public func store(
    _ value: Variable<S>, into state: Parameter<S>, file: StaticString = #fileID, line: UInt = #line
  ) {
    let node = index(of: value, for: "store", file: file, line: line)
    guard !nodes[node].isIndex else {
      fatalError("store: \(describe(node)) holds indices; a state holds numbers", file: file, line: line)
    }
    guard value.shape == state.shape else {
      fatalError(
        "store: a value of shape \(value.shape) does not fit the state '\(state.name ?? "unnamed")' \(state.shape). The "
          + "value is \(describe(node)).",
        file: file, line: line)
    }
    stores.append((value.standingApart.index, state))
  }

  /// The values that are to be stored.
  package var storedValues: [Variable<S>] { stores.map { handle($0.node) } }

  /// Stores the recorded values that `store(_:into:)` names. A program's run does the same by itself.
  public func commitStores() {
    for (node, state) in stores {
      _ = state.storage.elements.update(fromContentsOf: value(of: node).elements)
      state.noteChange()
    }
  }

  /// A leaf drawn from `distribution` now, and anew before each run of a program.
  /// - Precondition: finite bounds in order, a finite mean, a deviation that is not negative, a probability from 0 to 1.
  public func random(
    _ distribution: Distribution, shape: Shape, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    if let fault = distribution.fault { fatalError("random: \(distribution): \(fault)", file: file, line: line) }
    let x = append(.random(distribution), shape)
    distribution.fill(
      output(x.index).elements, rows: rows(of: shape), seed: seed, step: 0,
      leaf: x.index)
    return x
  }

  func rows(of shape: Shape) -> Int { shape.first ?? 1 }

  private func leaf(_ role: Role, _ value: Tensor<S>, _ name: String?) -> Variable<S> {
    let x = append(role, value.shape)
    _ = output(x.index).elements.update(fromContentsOf: value.elements)
    if let name { labels[x.index] = name }
    return x
  }

  private func place(_ parameter: Parameter<S>, _ role: Role) -> Variable<S> {
    if let known = leafOfParameter[ObjectIdentifier(parameter)] { return self[known] }
    let outerServing = serving
    serving = -1
    defer { serving = outerServing }
    let x = append(role, parameter.shape, of: parameter)
    leafOfParameter[ObjectIdentifier(parameter)] = x.index
    parameters.append(ParameterLeaf(leaf: x.index, parameter: parameter, version: parameter.storage.version.pointee))
    let path = scopes[Int(scope)]
    labels[x.index] = parameter.name ?? (path.isEmpty ? "p\(parameters.count - 1)" : path + "/p\(parameters.count - 1)")
    return x
  }

  /// The leaves that gradients are taken for when nobody says which: inputs, and parameters that are not frozen.
  var differentiableLeaves: [Int] {
    let frozen = Set(parameters.filter(\.parameter.isFrozen).map(\.leaf))
    return nodes.indices.filter { i in
      switch nodes[i].kind {
      case .leaf(.input): true
      case .leaf(.parameter): !frozen.contains(i)
      case .leaf, .operation: false
      }
    }
  }

  /// The trainable parameters used on this tape, in order of first use, each with its leaf.
  public var trainableParameters: [(leaf: Variable<S>, parameter: Parameter<S>)] {
    parameters.filter { !$0.parameter.isFrozen && isParameter($0.leaf) }.map { (self[$0.leaf], $0.parameter) }
  }

  /// All parameters and states used on this tape with the names under which a checkpoint stores them.
  package var namedParameters: [(name: String, parameter: Parameter<S>)] {
    parameters.map { (labels[$0.leaf] ?? "", $0.parameter) }
  }

  private func isParameter(_ node: Int) -> Bool {
    if case .leaf(.parameter) = nodes[node].kind { return true }
    return false
  }
}
