/// The places of a program's values: byte offsets in one arena, shared by values that are never alive together.
///
/// A value lives from the pass that computes it to the last pass that reads it, or for ever when it is kept. Passes are
/// walked in order with a list of free ranges. An elementwise result takes over the memory of an operand that dies with
/// it.
struct MemoryPlan {
  /// The offset of each node's value; −1 for a node without one (pruned, or only ever in a register or a scratch
  /// block).
  var offsets: [Int]
  /// The size of the arena.
  private(set) var byteCount = 0
  private var free: [Range<Int>] = []
  /// Small values that are dead but not yet free, with the number of the pass that read them last.
  private var resting: [(range: Range<Int>, step: Int)] = []
  /// The largest values that rest.
  private let restingSize: Int

  /// - Parameters:
  ///   - root: the node that holds each node's value in memory: itself unless it is an alias.
  ///   - place: the place of each node's first element among those of its root.
  ///   - leaves: the leaves, which live for ever and are never overwritten, like the kept values.
  ///   - handed: leaves whose memory one value may take over, which a next run is given in their place; and that value.
  ///   - isElsewhere: true for a leaf whose value stands outside the arena, such as a shared parameter's.
  ///   - isForProcesses: true to let large values rest too: who waits for others waits longer than memory is worth.
  init(
    nodes: [Node], passes: [Pass], root: [Int], place: [Int], leaves: [Int], isElsewhere: [Bool], handed: [Int: Int],
    kept: [Bool], sharing: Bool, elementSize: Int, isForProcesses: Bool
  ) {
    restingSize = isForProcesses ? .max : MemoryPlan.smallSize
    offsets = Array(repeating: -1, count: nodes.count)
    func size(_ node: Int) -> Int {
      let bytes = nodes[node].shape.elementCount * max(elementSize, MemoryLayout<Int32>.stride)
      return max(bytes + Arena.alignment - 1, Arena.alignment) & ~(Arena.alignment - 1) + RedZone.byteCount
    }

    let index = PassIndex(passes, nodeCount: nodes.count)
    var lastUse = [Int](repeating: -1, count: nodes.count)
    for (number, pass) in passes.enumerated() {
      for node in pass.nodes {
        for x in nodes[node].inputs where index.pass[x] != number { lastUse[root[x]] = number }
      }
    }
    for node in nodes.indices where kept[node] { lastUse[root[node]] = Int.max }
    for leaf in leaves {
      if handed[leaf] == nil { lastUse[leaf] = Int.max }
      if !isElsewhere[leaf] { offsets[leaf] = allocate(size(leaf)) }
    }

    var operands = DyingOperands(nodeCount: nodes.count)
    for (number, pass) in passes.enumerated() {
      operands.find(in: pass, number, nodes, root, index, lastUse)
      for result in pass.results {
        if sharing, let operand = operands.takeOver(for: result, of: pass, nodes, index, handed, size: size) {
          offsets[result] = offsets[operand]
        } else {
          offsets[result] = allocate(size(result))
        }
      }
      guard sharing else { continue }
      for node in operands.dying where handed[node] == nil {
        retire(offsets[node]..<offsets[node] + size(node), after: number)
      }
      // A result that nobody reads is still written, and one may be read by its own pass alone, under another shape.
      for result in pass.results where lastUse[result] <= number {
        retire(offsets[result]..<offsets[result] + size(result), after: number)
      }
    }
    for node in nodes.indices where root[node] != node && offsets[root[node]] >= 0 {
      offsets[node] = offsets[root[node]] + place[node] * elementSize
    }
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

  /// Frees a dead value's memory: at once, or a few passes later when it is small. A thread that writes there has to
  /// wait for those that still read the old value (see `Phase`), and a small value saves little.
  private mutating func retire(_ range: Range<Int>, after step: Int) {
    if range.count > restingSize { release(range) } else { resting.append((range, step)) }
    while let oldest = resting.first, oldest.step < step - MemoryPlan.restingSteps {
      release(oldest.range)
      resting.removeFirst()
    }
  }

  private static let smallSize = 8 << 10
  private static let restingSteps = 8

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

/// The operands whose last use is one pass. Their memory is free after it, or for a result to take over.
private struct DyingOperands {
  /// The operands, in order of position on the tape.
  private(set) var dying: [Int] = []
  /// The pass in which each operand was found.
  private var found: [Int32]
  /// The position in that pass of each operand's last reader.
  private var lastReader: [Int32]
  /// True for each operand that every reader in that pass takes element by element.
  private var isReadInStep: [Bool]

  init(nodeCount: Int) {
    found = Array(repeating: -1, count: nodeCount)
    lastReader = found
    isReadInStep = Array(repeating: true, count: nodeCount)
  }

  mutating func find(
    in pass: Pass, _ number: Int, _ nodes: [Node], _ root: [Int], _ index: PassIndex, _ lastUse: [Int]
  ) {
    dying.removeAll(keepingCapacity: true)
    for (position, node) in pass.nodes.enumerated() {
      for x in nodes[node].inputs where index.pass[root[x]] != number && lastUse[root[x]] == number {
        let operand = root[x]
        if found[operand] != number {
          found[operand] = Int32(number)
          isReadInStep[operand] = true
          dying.append(operand)
        }
        lastReader[operand] = Int32(position)
        let isWhole = nodes[x].shape.elementCount == nodes[operand].shape.elementCount
        if nodes[x].shape != nodes[node].shape || !isWhole { isReadInStep[operand] = false }
      }
    }
    dying.sort()
  }

  /// Returns an operand whose memory `result` may overwrite, element by element. It is no longer free afterwards.
  mutating func takeOver(
    for result: Int, of pass: Pass, _ nodes: [Node], _ index: PassIndex, _ handed: [Int: Int], size: (Int) -> Int
  ) -> Int? {
    switch pass.kind.overwriting {
    case .none: return nil
    case .operand(let addend):
      return dying.firstIndex { $0 == addend && size($0) == size(result) && handed[$0, default: result] == result }
        .map { dying.remove(at: $0) }
    case .elementwise: break
    }
    // Every read of that memory must be of whole elements in turn with the result, and not after it is overwritten. The
    // youngest operand is still in a cache.
    func fits(_ operand: Int) -> Bool {
      nodes[operand].isIndex == nodes[result].isIndex
        && nodes[operand].shape.elementCount == nodes[result].shape.elementCount && size(operand) == size(result)
        && isReadInStep[operand] && lastReader[operand] <= index.position[result]
    }
    let place =
      dying.firstIndex { handed[$0] == result && fits($0) } ?? dying.lastIndex { handed[$0] == nil && fits($0) }
    return place.map { dying.remove(at: $0) }
  }
}
