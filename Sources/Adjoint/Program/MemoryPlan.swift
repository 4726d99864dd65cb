/// Where every value of a program stands: byte offsets in one arena, shared by values that are never alive together.
///
/// A value lives from the step that computes it to the last step that reads it (or for ever, when it is kept). Steps are
/// walked in order with a list of free ranges; an elementwise result takes over the memory of an operand that dies with it.
struct MemoryPlan {
  /// The offset of each node's value; −1 where it has none (pruned, or only ever in a register or a scratch block).
  var offsets: [Int]
  /// The size of the arena.
  private(set) var byteCount = 0
  private var free: [Range<Int>] = []

  /// - Parameters:
  ///   - root: the node whose memory a node's value is; itself unless it is an alias.
  ///   - leaves: they live for ever and are never overwritten, like the kept values.
  ///   - elsewhere: the leaves whose values stand outside the arena, such as shared parameters.
  init(
    nodes: [Node], steps: [Step], root: [Int], leaves: [Int], elsewhere: (Int) -> Bool, kept: Set<Int>, sharing: Bool,
    elementSize: Int
  ) {
    offsets = Array(repeating: -1, count: nodes.count)
    func size(_ node: Int) -> Int {
      let bytes = nodes[node].shape.elementCount * max(elementSize, MemoryLayout<Int32>.stride)
      return max(bytes + Arena.alignment - 1, Arena.alignment) & ~(Arena.alignment - 1)
    }

    var lastUse = [Int](repeating: -1, count: nodes.count)
    for (position, step) in steps.enumerated() { for x in step.reads(nodes) { lastUse[root[x]] = position } }
    for node in kept { lastUse[root[node]] = Int.max }
    for leaf in leaves {
      lastUse[leaf] = Int.max
      if !elsewhere(leaf) { offsets[leaf] = allocate(size(leaf)) }
    }

    for (position, step) in steps.enumerated() {
      let reads = step.reads(nodes)
      var dying = Set(reads.map { root[$0] }.filter { lastUse[$0] == position })
      for result in step.results {
        if sharing, let operand = step.inPlaceOperand(for: result, nodes, root, dying: dying, size: size) {
          offsets[result] = offsets[operand]
          dying.remove(operand)
        } else {
          offsets[result] = allocate(size(result))
        }
      }
      guard sharing else { continue }
      for node in dying { release(offsets[node]..<offsets[node] + size(node)) }
      // A result that nobody reads is still written.
      for result in step.results where lastUse[result] < position {
        release(offsets[result]..<offsets[result] + size(result))
      }
    }
    for node in nodes.indices where root[node] != node { offsets[node] = offsets[root[node]] }
  }

  /// The tightest free range that fits, else new memory at the end.
  private mutating func allocate(_ size: Int) -> Int {
    let fitting = free.indices.filter { free[$0].count >= size }.min { free[$0].count < free[$1].count }
    if let fitting {
      let range = free.remove(at: fitting)
      if range.count > size { free.append(range.lowerBound + size..<range.upperBound) }
      return range.lowerBound
    }
    defer { byteCount += size }
    return byteCount
  }

  private mutating func release(_ range: Range<Int>) {
    var merged = range
    free.removeAll { other in
      guard other.upperBound == merged.lowerBound || other.lowerBound == merged.upperBound else { return false }
      merged = min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
      return true
    }
    free.append(merged)
  }
}

extension Step {
  /// An operand that dies in this step and whose memory `result` may overwrite, element by element.
  fileprivate func inPlaceOperand(
    for result: Int, _ all: [Node], _ root: [Int], dying: Set<Int>, size: (Int) -> Int
  ) -> Int? {
    guard let position = nodes.firstIndex(of: result) else { return nil }
    switch kind {
    case .product: return nil
    case .general:
      guard case .operation(let operation) = all[result].kind, operation.isElementwise else { return nil }
    case .chain: break
    }
    return dying.sorted().first { candidate in
      guard all[candidate].shape.elementCount == all[result].shape.elementCount, size(candidate) == size(result) else {
        return false
      }
      // Every read of that memory must be of whole elements in step with the result, and not after it is overwritten.
      return nodes.enumerated().allSatisfy { index, node in
        all[node].inputs.allSatisfy { x in
          root[x] != candidate
            || (index <= position && all[x].shape.elementCount == all[result].shape.elementCount
              && all[x].shape == all[node].shape)
        }
      }
    }
  }
}
