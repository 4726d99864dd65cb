// The parts of a program that checkers read, and the one place where a checker that measures itself interferes with it.

extension Program: CustomStringConvertible {
  /// Passes, operations, bytes, parameters, threads and runs; then a line for each of the first outputs.
  public var description: String {
    let operations = passNodes.dropFirst(foldedCount).reduce(0) { $0 + $1.count }
    let parameters = nodes.indices.count { nodes[$0].isParameter && addresses[$0] != nil }
    let facts = [
      counted(instructionCount, "pass", "passes") + " for " + counted(operations, "operation"),
      byteText(byteCount), counted(parameters, "parameter or state", "parameters and states"),
      counted(pool?.threads ?? 1, "thread"), counted(step, "run"),
    ]
    let outputs = outputNodes.prefix(4).map { "  " + name($0) }
    let others = outputNodes.count > 4 ? ["  … \(counted(outputNodes.count - 4, "more output"))"] : []
    return (["Program<\(S.self)>: " + facts.joined(separator: ", ")] + outputs + others).joined(separator: "\n")
  }
}

extension WorkerPool: CustomStringConvertible {
  /// The number of threads: `pool of 4 threads`.
  public var description: String { "pool of \(counted(threads, "thread"))" }
}

extension Program {
  /// The value of a node that this program keeps.
  package func value(at node: Int) -> Tensor<S> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.elements))
  }

  /// The indices that a node of this program holds.
  package func indices(at node: Int) -> Tensor<Int32> {
    let view = view(node)
    return Tensor(shape: view.shape, elements: Array(view.indices))
  }

  /// Reads the elements of a node that this program keeps.
  package func withElements<R>(at node: Int, _ body: (UnsafeMutableBufferPointer<S>) throws -> R) rethrows -> R {
    try body(output(node).elements)
  }

  /// True when this program has memory for a node.
  package func holds(_ node: Int) -> Bool { node < addresses.count && addresses[node] != nil }

  /// The pieces that the elements of a piecewise operation's node take at the present values.
  package func branches(of node: Int) -> Branches<S>? {
    guard case .operation(let operation) = nodes[node].kind else { return nil }
    let views = nodes[node].inputs.map { view($0) }
    return views.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { operation.branches(Operands(views: $0, count: buffer.count)) }
    }
  }
}

extension Tape {
  /// Writes other indices where an operation has computed some.
  package func hold(_ indices: Tensor<Int32>, at node: Variable<S>) {
    _ = output(index(of: node)).indexElements.update(fromContentsOf: indices.elements)
  }
}

extension Program {
  /// Takes over the computed indices of a recording. Returns their nodes.
  func takenIndices<R: Scalar>(of tape: Tape<R>) -> Set<Int> {
    let computed = nodes.indices.filter { nodes[$0].givesIndices && holds($0) }
    for node in computed { copyIndices(tape.value(of: node).indices, into: node) }
    return Set(computed)
  }

  /// The present values of the states that a run stores.
  package var storedStates: [[S]] { stores.map { Array($0.target) } }

  /// Puts the states that a run stores back to earlier values.
  package func restore(states: [[S]]) {
    for (store, value) in zip(stores, states) { _ = store.target.update(fromContentsOf: value) }
    for version in storedVersions { version.pointee &+= 1 }
  }

  /// Takes over the computed indices of another program of the same recording, where this one holds them.
  package func takeIndices<R: Scalar>(of other: Program<R>) {
    for node in heldIndices where other.holds(node) { copyIndices(other.view(node).indices, into: node) }
  }

  /// Takes over what another program of the same recording holds in its leaves.
  package func takeLeaves(of other: Program) {
    for node in nodes.indices where nodes[node].isLeaf && holds(node) && other.holds(node) {
      if addresses[node] == other.addresses[node] { continue }  // a parameter of both
      if holdsIndices(node) {
        copyIndices(other.view(node).indices, into: node)
      } else {
        _ = output(node).elements.update(fromContentsOf: other.view(node).elements)
      }
    }
  }

  /// The hash by which a trace knows a node's value; Docs/Traces.md states it.
  ///
  /// Each element is a word: its bits, those of one NaN for every NaN. Two values that differ in one element never have one
  /// hash, because a step h ← rotate(h ⊕ word, 29) · p is a bijection of h and of the word. The product alone (FNV-1a)
  /// never carries a high bit downwards, and would miss two changed signs.
  /// - Precondition: this program holds the node, and its scalars are `Float` or `Double`.
  /// Source of the prime: XXH64's first, Y. Collet, "xxHash fast digest algorithm".
  package func hash(of node: Int) -> UInt64 {
    var hash: UInt64 = 0
    func add(_ word: UInt64) {
      hash = hash ^ word
      hash = (hash << 29 | hash >> 35) &* 0x9E37_79B1_85EB_CA87
    }
    let elements = UnsafeRawBufferPointer(view(node).elements)
    if holdsIndices(node) {
      for index in view(node).indices { add(UInt64(UInt32(bitPattern: index))) }
    } else if MemoryLayout<S>.size == 4 {
      elements.withMemoryRebound(to: UInt32.self) { words in
        for word in words { add(word & 0x7FFF_FFFF > 0x7F80_0000 ? 0x7FC0_0000 : UInt64(word)) }
      }
    } else {
      let (magnitude, infinity): (UInt64, UInt64) = (0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000)
      elements.withMemoryRebound(to: UInt64.self) { words in
        for word in words { add(word & magnitude > infinity ? 0x7FF8_0000_0000_0000 : word) }
      }
    }
    return hash ^ hash >> 32
  }

  /// The bytes of a node's elements at these positions, little-endian; of all of them for `nil`.
  /// - Precondition: this program holds the node.
  package func bytes(of node: Int, at positions: [Int]?) -> [UInt8] {
    let size = holdsIndices(node) ? 4 : MemoryLayout<S>.size
    let count = nodes[node].shape.elementCount
    let held = UnsafeRawBufferPointer(start: view(node).indices.baseAddress, count: count * size)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size * (positions?.count ?? count))
    #if _endian(little)
      guard let positions else { return Array(held) }
    #else
      let positions = positions ?? Array(0..<count)
    #endif
    for position in positions {
      let element = held[position * size..<(position + 1) * size]
      #if _endian(little)
        bytes += element
      #else
        bytes += element.reversed()
      #endif
    }
    return bytes
  }
}

/// The changes that a checker that measures itself makes to a program's plan before it is resolved.
package struct PlanAlteration {
  /// The passes to run instead of those planned.
  package var passes: ([Pass]) -> [Pass]
  /// Other places for the values: byte offsets in the arena by node, −1 for none.
  package var offsets: (inout [Int], [Pass]) -> Void

  package init(
    passes: @escaping ([Pass]) -> [Pass] = { $0 }, offsets: @escaping (inout [Int], [Pass]) -> Void = { _, _ in }
  ) {
    (self.passes, self.offsets) = (passes, offsets)
  }
}

// MARK: Places

extension Program {
  func view(_ node: Int) -> View<S> { View(shape: nodes[node].shape, address: address(node)) }
  /// The place of a node until values are lent or given back.
  func place(_ node: Int) -> Output<S> { Output(shape: nodes[node].shape, address: address(node)) }
  /// The place of a node for as long as the program lasts.
  func output(_ node: Int) -> Output<S> {
    if !lent.isEmpty { settle(node) }
    return place(node)
  }

  private func address(_ node: Int) -> UnsafeMutableRawPointer {
    guard let address = addresses[node] else { fatalError("Program: %\(node) has no memory in this program") }
    return address
  }

  /// A node as a message names it.
  func name(_ node: Int) -> String {
    let text = NodeText(nodes: nodes, names: names) { self.addresses[$0] == nil ? nil : shortest(self.view($0)[0]) }
    return text.description(of: node)
  }
  func indexBound(_ node: Int) -> Int { indexBounds[node] ?? Int.max }
  func holdsIndices(_ node: Int) -> Bool { nodes[node].isIndex }
}
