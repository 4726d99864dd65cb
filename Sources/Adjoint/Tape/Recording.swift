// The list that a tape keeps: appending, evaluating, handles, scopes and truncation. `Tape.swift` holds the idea.

extension Tape {
  /// The number of recorded nodes.
  public var count: Int { nodes.count }

  /// The handle of the node at a position of the list.
  public subscript(position: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable<S> {
    guard position >= 0, position < nodes.count else {
      fatalError("tape: no node %\(position) among \(nodes.count); print(tape) lists them", file: file, line: line)
    }
    return handle(position)
  }

  /// The handle of a node that is there.
  @inline(__always)
  func handle(_ position: Int) -> Variable<S> {
    Variable(tape: self, index: position, epoch: nodes[position].epoch)
  }

  /// The position of a live variable of this tape.
  /// - Precondition: the variable belongs to this tape and was not truncated away.
  @inline(__always)
  func index(of x: Variable<S>, file: StaticString = #fileID, line: UInt = #line) -> Int {
    guard x.tape === self, isLive(x) else { trap(on: x, nil, [], file, line) }
    return x.index
  }

  /// The position of a live variable of this tape, for a purpose that a mistake is told with. No closure has a default: one
  /// would be made on the heap at each call.
  @inline(__always)
  func index(
    of x: Variable<S>, for purpose: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
  ) -> Int {
    guard x.tape === self, isLive(x) else { trap(on: x, purpose(), [], file, line) }
    return x.index
  }

  /// The position of a live variable of this tape that is used together with others.
  @inline(__always)
  func index(
    of x: Variable<S>, for purpose: @autoclosure () -> String?, beside others: @autoclosure () -> [Variable<S>],
    file: StaticString = #fileID, line: UInt = #line
  ) -> Int {
    guard x.tape === self, isLive(x) else { trap(on: x, purpose(), others(), file, line) }
    return x.index
  }

  /// True unless a variable of this tape was truncated away.
  @inline(__always)
  func isLive(_ x: Variable<S>) -> Bool { x.index < nodes.count && nodes[x.index].epoch == x.epoch }

  @inline(never)
  private func trap(
    on x: Variable<S>, _ purpose: String?, _ others: [Variable<S>], _ file: StaticString, _ line: UInt
  ) -> Never {
    let prefix = purpose.map { $0 + ": " } ?? ""
    guard x.tape === self else {
      let own = others.first { $0.tape === self && isLive($0) }.map { describe($0.index) } ?? "what it is used with"
      fatalError(
        "\(prefix)a variable of another tape: \(x.tape.describe(x)) stands on \(x.tape.inWords), \(own) on "
          + "\(inWords). All inputs of an operation must be recorded on one tape. A usual cause is a constant "
          + "that the closure of a training step captured: record it inside of the closure, or pass it as an input.",
        file: file, line: line)
    }
    fatalError(
      "\(prefix)\(describe(x)) was truncated away: a variable is valid until its tape is truncated before it",
      file: file, line: line)
  }

  /// Appends an operation's node and computes its value. It is specialised for the scalars that people record in,
  /// because in generic code looking up types takes longer than the arithmetic of a small operation. It takes the operation
  /// inside of a kind: as an argument, the compiler would write this function out once for every type of operation.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func append(
    _ kind: Node.Kind, to inputs: [Variable<S>], file: StaticString, line: UInt
  ) -> Variable<S> {
    let list = NodeList(
      inputs.map { index(of: $0, for: kind.operation?.name, beside: inputs, file: file, line: line) })
    let (shape, bound) = result(of: kind, list, file: file, line: line)
    let y = append(kind, list, shape, isIndex: bound != nil)
    if computesLater {
      // What is read off values is read now.
      guard let operation = kind.operation, type(of: operation).mayBeFormula else {
        return Variable(tape: self, index: y, epoch: epoch)
      }
      computeValues(through: y)
    } else {
      evaluate(y)
    }
    if let bound { check(y, below: bound, file, line) }
    return Variable(tape: self, index: y, epoch: epoch)
  }

  /// Appends y = f(x) by a short way, which looks up and counts nothing. What is wrong takes the long way, which says so.
  @usableFromInline
  @specialized(where S == Float)
  @specialized(where S == Double)
  func apply(
    _ f: Unary, _ x: Variable<S>, _ file: StaticString = #fileID, _ line: UInt = #line
  ) -> Variable<S> {
    guard isLive(x), !nodes[x.index].isIndex else { return takeLongWay(f, [x], file, line) }
    if nodes[x.index].isParameter { noteRead(of: x.index) }
    let y = append(.operation(f), NodeList(x.index), nodes[x.index].shape)
    if !computesLater { output(y).map(.unary(f), view(of: x.index)) }
    return Variable(tape: self, index: y, epoch: epoch)
  }

  /// Appends y = f(a, b) by a short way when nothing is broadcast.
  @inline(__always)
  func apply(
    _ f: Binary, _ a: Variable<S>, _ b: Variable<S>, _ file: StaticString, _ line: UInt
  ) -> Variable<S> {
    guard b.tape === self, isLive(a), isLive(b), nodes[a.index].shape == nodes[b.index].shape else {
      return takeLongWay(f, [a, b], file, line)
    }
    guard !nodes[a.index].isIndex, !nodes[b.index].isIndex else { return takeLongWay(f, [a, b], file, line) }
    return apply(f, a, b)
  }

  @inline(never)
  private func takeLongWay(
    _ f: some Operation, _ inputs: [Variable<S>], _ file: StaticString, _ line: UInt
  ) -> Variable<S> { append(.operation(f), to: inputs, file: file, line: line) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func apply(_ f: Binary, _ a: Variable<S>, _ b: Variable<S>) -> Variable<S> {
    let (first, second) = (index(of: a, for: f.name, beside: [b]), index(of: b, for: f.name, beside: [a]))
    return Variable(tape: self, index: apply(f, first, second), epoch: epoch)
  }

  @inline(__always)
  func apply(_ f: Binary, _ a: Int, _ b: Int) -> Int {
    let shape = nodes[a].shape
    guard shape == nodes[b].shape, !nodes[a].isIndex, !nodes[b].isIndex else {
      return record(f, inputs: [handle(a), handle(b)]).index
    }
    if nodes[a].isParameter || nodes[b].isParameter { noteReads(of: NodeList(a, b)) }
    let y = append(.operation(f), NodeList(a, b), shape)
    if !computesLater { output(y).zip(.binary(f), view(of: a), view(of: b)) }
    return y
  }

  @inline(__always)
  func append(
    _ kind: consuming Node.Kind, _ inputs: NodeList, _ shape: Shape, isIndex: Bool = false,
    of parameter: Parameter<S>? = nil
  ) -> Int {
    let size = shape.elementCount * Swift.max(MemoryLayout<S>.stride, 4)
    let place = parameter?.storage.address ?? arena.allocate(byteCount: size)
    nodes.append(
      Node(
        shape: shape, serves: serving, epoch: epoch, inputs: inputs, scope: scope, kind: kind, isIndex: isIndex,
        isParameter: parameter != nil),
      at: place)
    return nodes.count - 1
  }

  /// Appends a leaf. Its value is still to be written, unless it is a parameter's.
  func append(_ role: Role, _ shape: Shape, of parameter: Parameter<S>? = nil) -> Variable<S> {
    let x = append(.leaf(role), NodeList(), shape, isIndex: role == .index, of: parameter)
    return Variable(tape: self, index: x, epoch: epoch)
  }

  func view(of node: Int) -> View<S> { View(shape: nodes[node].shape, address: nodes.address(node)) }
  func output(_ node: Int) -> Output<S> { Output(shape: nodes[node].shape, address: nodes.address(node)) }

  /// True for a constant leaf whose elements are all 1.
  func isConstantOfOnes(_ node: Int) -> Bool {
    guard case .leaf(.constant) = nodes[node].kind else { return false }
    return view(of: node).elements.allSatisfy { $0 == 1 }
  }

  /// The value of a node, computed now if that was left until it is looked at. That of a leaf stands.
  func value(of node: Int) -> View<S> {
    if computesLater, !nodes[node].isLeaf { computeValues(through: node) }
    return view(of: node)
  }

  /// Computes the values up to a node's that were left until one is looked at.
  private func computeValues(through node: Int) {
    guard computesLater, node >= valueCount else { return }
    let first = valueCount
    valueCount = node + 1
    for i in first...node { evaluate(i) }
  }

  /// Computes the value of an operation's node from those of its inputs.
  func evaluate(_ node: Int) {
    guard case .operation(let operation) = nodes[node].kind else { return }
    let inputs = nodes[node].inputs
    Operands.gathered(inputs, view(of:)) { x in
      if type(of: operation).mayBeFormula {
        evaluate(operation, x, into: node)
      } else {
        operation.forward(x, into: output(node))
      }
    }
  }

  /// The shape that `operation` gives, and the bound of its indices if it gives some, after a check of which inputs are
  /// indices.
  private func result(
    of kind: Node.Kind, _ inputs: NodeList, file: StaticString, line: UInt
  ) -> (Shape, indexBound: Int?) {
    guard case .operation(let operation) = kind else { fatalError("record: a leaf has no operands") }
    let shapes = inputs.map { nodes[$0].shape }
    do throws(ShapeError) {
      let shape = try operation.shape(of: shapes)
      if let position = operation.indexPosition, position < 0 || position >= inputs.count {
        throw ShapeError("\(operation.name): says that input \(position) holds indices, and has \(inputs.count) inputs")
      }
      for (position, input) in inputs.enumerated() {
        let isIndex = nodes[input].isIndex
        if isIndex != (operation.indexPosition == position) {
          throw ShapeError(
            "\(operation.name): input \(position), \(describe(input)), "
              + (isIndex
                ? "holds indices; numbers are expected"
                : "holds numbers; indices are expected: tape.index(Tensor<Int32>(…)), or the result of argMax, argSort "
                  + "and the like"))
        }
        if isIndex { try checkIndices(of: input, below: operation.indexBound(for: shapes), for: operation.name) }
      }
      noteReads(of: inputs)
      return (shape, operation.resultIndexBound(for: shapes))
    } catch { refuse(error, of: inputs.map { self[$0] }, file, line) }
  }

  /// Traps with an error about shapes, and says what stands behind the operands.
  @inline(never)
  func refuse(_ error: ShapeError, of operands: [Variable<S>], _ file: StaticString, _ line: UInt) -> Never {
    let names = operands.map { $0.tape.describe($0) }.joined(separator: ", ")
    let scope = scopes[Int(scope)].isEmpty ? "" : "; recorded in '\(scopes[Int(scope)])'"
    let listing = names.contains("%") ? "; print(tape) lists its nodes" : ""
    fatalError("\(error.description) (operands: \(names)\(scope)\(listing))", file: file, line: line)
  }

  /// Traps unless an operation's own indices lie in the range that it states.
  private func check(_ node: Int, below bound: Int, _ file: StaticString, _ line: UInt) {
    let indices = view(of: node).indices
    guard let place = indices.firstPlace(outside: bound) else { return }
    fatalError(
      "\(describe(node)): index \(indices[place]) at position \(place) is not in 0 ..< \(bound), the range that "
        + "resultIndexBound(for:) states",
      file: file, line: line)
  }

  private func checkIndices(of node: Int, below bound: Int, for name: String) throws(ShapeError) {
    if case .operation(let source) = nodes[node].kind {
      // Another run may compute any index of its range.
      let own = source.resultIndexBound(for: nodes[node].inputs.map { nodes[$0].shape }) ?? 0
      guard own > bound, nodes[node].shape.elementCount > 0 else { return }
      throw ShapeError(
        "\(name): \(describe(node)) gives indices in 0 ..< \(own), and here they must be in 0 ..< \(bound)")
    }
    let indices = view(of: node).indices
    guard let place = indices.firstPlace(outside: bound) else { return }
    guard isRecordingForReplay, bound > 0 else {
      throw ShapeError("\(name): index \(indices[place]) in \(describe(node)) is not in 0 ..< \(bound)")
    }
    // These indices come from outside. The program about to be compiled is fed them next, and that throws.
    let elements = output(node).indexElements
    for position in elements.indices where elements[position] < 0 || elements[position] >= bound {
      elements[position] = 0
    }
  }

  /// True for a node whose value is indices: an index leaf, or the result of an operation that gives some.
  func holdsIndices(_ node: Int) -> Bool { nodes[node].isIndex }

  // MARK: Labels and scopes

  /// Puts everything that `body` records into a scope: `fc1/weight` is `weight` recorded within `fc1`.
  public func scoped<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    let outer = scope
    let path = scopes[Int(outer)].isEmpty ? name : scopes[Int(outer)] + "/" + name
    if let known = scopes.firstIndex(of: path) {
      scope = Int32(known)
    } else {
      scopes.append(path)
      scope = Int32(scopes.count - 1)
    }
    defer { scope = outer }
    return try body()
  }

  /// Marks what `body` records as a segment whose inner values a program does not keep for the backward pass: it computes
  /// them again, just before they are read there, from what went into the segment.
  ///
  /// The recording stays as it is, and no bit changes: random leaves are drawn once, states are stored once. A chain of n
  /// layers in √n segments needs the memory of about 2√n layers instead of n, and a third more time. Values that are read
  /// behind the segment, and values asked for, are kept. Within another segment the outer one counts.
  ///
  /// ```swift
  /// for block in blocks { x = x.tape.checkpointed { block(x) } }
  /// ```
  ///
  /// Source: Chen et al., Training deep nets with sublinear memory cost, 2016.
  public func checkpointed<R>(_ body: () throws -> R) rethrows -> R {
    guard !isCheckpointing else { return try body() }
    isCheckpointing = true
    let first = nodes.count
    defer {
      isCheckpointing = false
      if first < nodes.count { segments.append(first..<nodes.count) }
    }
    return try body()
  }

  /// The scope and label of a node, or an empty string.
  package func path(of node: Int) -> String { names.path(of: node, nodes[node]) }

  var names: NodeNames {
    let invented = parameters.enumerated().filter { number, place in
      place.parameter.name == nil && labels[place.leaf]?.hasSuffix("p\(number)") == true
    }
    return NodeNames(scopes: scopes, labels: labels, inventedLabels: Set(invented.map(\.element.leaf)))
  }

  // MARK: Truncation

  /// Forgets every node from `count` on. Their variables trap when used, and their memory is used again.
  public func truncate(to count: Int = 0, file: StaticString = #fileID, line: UInt = #line) {
    guard count >= 0 else { fatalError("truncate: \(count) nodes cannot be kept", file: file, line: line) }
    guard count < nodes.count else { return }
    _ = (count..<nodes.count).first { arena.release(from: nodes.address($0)) }  // parameters stand elsewhere
    nodes.removeSubrange(from: count)
    if !labels.isEmpty { labels = labels.filter { $0.key < count } }
    if !formulas.isEmpty { formulas = formulas.filter { $0.key < count } }
    while let last = parameters.last, last.leaf >= count {
      leafOfParameter[ObjectIdentifier(last.parameter)] = nil
      parameters.removeLast()
    }
    for place in parameters.indices { parameters[place].truncate(to: count) }
    stores.removeAll { $0.node >= count }
    indicesOfLoops.removeAll { max($0.leaf, $0.loop) >= count }
    while let last = guards.last, last.node >= count { guards.removeLast() }
    segments = segments.filter { $0.lowerBound < count }.map { $0.clamped(to: 0..<count) }
    valueCount = Swift.min(valueCount, count)
    epoch += 1
  }

  /// Counts more truncations than a test has time for. The count itself is internal: accesses of what another module could
  /// change are checked for exclusivity, which takes a third of a small operation.
  package func countTruncations(upTo epoch: Int) { self.epoch = Swift.max(self.epoch, epoch) }
}

/// The identity of a tape, which outlives it: another tape may take its address.
final class TapeIdentity {}

/// The names that messages give to the nodes of a tape, also after it is gone.
struct NodeNames {
  let scopes: [String]
  let labels: [Int: String]
  /// The leaves of parameters without a name, whose labels a tape made up.
  let inventedLabels: Set<Int>

  /// Scope and label, or an empty string.
  func path(of position: Int, _ node: Node) -> String {
    let scope = scopes[Int(node.scope)]
    guard let label = labels[position] else { return scope }
    return scope.isEmpty || label.hasPrefix(scope + "/") ? label : scope + "/" + label
  }
}
