/// A large value that is not copied: an input that is read where the caller has it, an output that is computed where it is handed out.
///
/// Links of chains alone touch such a value: each knows its places, and can be given others between runs. Whoever asks a program for a
/// value's address (`output`) has the value in the program's own memory from then on, where it stays.
final class LentValue<S: Scalar> {
  /// The leaf or output.
  let node: Int
  let isInput: Bool
  /// The nodes that stand in its memory.
  fileprivate let nodes: [Int]
  /// The links that touch it, with 1 for each place of theirs that lies in it.
  fileprivate let links: [(link: UnsafeMutablePointer<ChainLink<S>>, places: SIMD4<Int>)]
  /// The place in the program's own memory.
  fileprivate let home: UnsafeMutableBufferPointer<S>
  /// The elements, where they do not stand at home.
  fileprivate var elements: [S]?
  /// True for an output whose elements somebody else has as well, or wants to have.
  fileprivate var isShared = false

  fileprivate init(
    of node: Int, isInput: Bool, nodes: [Int], links: [(link: UnsafeMutablePointer<ChainLink<S>>, places: SIMD4<Int>)],
    home: UnsafeMutableBufferPointer<S>
  ) {
    (self.node, self.isInput, self.nodes, self.links, self.home) = (node, isInput, nodes, links, home)
  }

  /// The fewest bytes that are worth it.
  fileprivate static var leastSize: Int { 1 << 18 }
}

extension Program {
  /// The inputs and outputs that need not be copied.
  func findLentValues() -> [LentValue<S>] {
    let candidates = readable.indices.filter { node in
      guard readable[node], !nodes[node].isIndex, addresses[node] != nil,
        nodes[node].shape.elementCount * MemoryLayout<S>.stride >= LentValue<S>.leastSize
      else { return false }
      if case .leaf(let role) = nodes[node].kind { return role == .input }
      return true
    }
    if candidates.isEmpty { return [] }
    let spans = instructions.map { instruction in
      let footprint = instruction.footprint(part: 0, of: 1)
      return (footprint.reads + footprint.writes).map(\.span)
    }
    // Of outputs that are shapes of one value the first alone is lent, and none that is a shape of an input.
    var isHeld = [Bool](repeating: false, count: nodes.count)
    return candidates.compactMap { node in
      guard let value = lentValue(at: node, spans),
        !value.nodes.contains(where: { isHeld[$0] || nodes[$0].isLeaf && $0 != node })
      else { return nil }
      for held in value.nodes { isHeld[held] = true }
      return value
    }
  }

  /// The value of a node where chains alone touch its memory; `nil` for any other.
  /// - Parameter spans: the memory that each instruction touches.
  private func lentValue(at node: Int, _ spans: [[Range<UInt>]]) -> LentValue<S>? {
    let home = view(node)
    let start = UInt(bitPattern: home.address)
    let memory = start..<start + UInt(home.count * MemoryLayout<S>.stride)
    var links: [(link: UnsafeMutablePointer<ChainLink<S>>, places: SIMD4<Int>)] = []
    for (position, spans) in spans.enumerated() {
      let touched = spans.filter { $0.overlaps(memory) }
      if touched.isEmpty { continue }
      // Steps of the kernels hold addresses too.
      guard case .chain(let chain) = instructions[position], chain.steps == nil, let first = chain.links.baseAddress,
        touched.allSatisfy({ $0.clamped(to: memory) == $0 })
      else { return nil }
      for link in 0..<chain.links.count {
        guard let places = first[link].places(in: memory) else { return nil }
        if places != .zero { links.append((UnsafeMutablePointer(mutating: first + link), places)) }
      }
    }
    let held = nodes.indices.filter { addresses[$0].map { memory.contains(UInt(bitPattern: $0)) } ?? false }
    return LentValue(of: node, isInput: nodes[node].isLeaf, nodes: held, links: links, home: place(node).elements)
  }

  /// The value of a node that need not be copied; `nil` for any other.
  private func lentValue(of node: Int) -> LentValue<S>? {
    // By position: a loop over an array would retain it.
    for position in 0..<lent.count where lent[position].node == node { return lent[position] }
    return nil
  }

  /// Reads an input from elements of the caller's; false where they must be copied.
  func borrow(_ elements: [S], for node: Int) -> Bool {
    guard let value = lentValue(of: node), value.isInput else { return false }
    stand(value, in: elements)
    return true
  }

  /// The elements of a value that stands in an array, which the caller may keep; `nil` where they must be copied.
  func lentElements(of node: Int) -> [S]? {
    guard let value = lentValue(of: node) else { return nil }
    if !value.isInput { (value.isShared, renewsLent) = (true, true) }
    return value.elements
  }

  /// Makes arrays for the outputs whose last elements somebody else may keep.
  func renewLent() {
    for value in lent where value.isShared {
      stand(value, in: Array(unsafeUninitializedCapacity: value.home.count) { $1 = value.home.count })
      value.isShared = false
    }
    renewsLent = false
  }

  /// Puts all values into the program's own memory for good, or the one of which a node's is a part.
  func settle(_ node: Int? = nil) {
    func isMeant(_ value: LentValue<S>) -> Bool { node.map { value.nodes.contains($0) } ?? true }
    for value in lent where isMeant(value) {
      guard let elements = value.elements, let home = value.home.baseAddress else { continue }
      _ = value.home.update(fromContentsOf: elements)
      move(value, to: home)
    }
    lent.removeAll(where: isMeant)
  }

  private func stand(_ value: LentValue<S>, in elements: [S]) {
    // An array of plain elements stands still as long as somebody holds it, and the value does.
    elements.withUnsafeBufferPointer { elements in
      elements.baseAddress.map { move(value, to: UnsafeMutablePointer(mutating: $0)) }
    }
    value.elements = elements
  }

  private func move(_ value: LentValue<S>, to place: UnsafeMutablePointer<S>) {
    let distance = UnsafeMutableRawPointer(place) - view(value.node).address
    if distance == 0 { return }
    for position in 0..<value.links.count {
      value.links[position].link.pointee.move(value.links[position].places, by: distance)
    }
    for node in value.nodes { addresses[node] = addresses[node].map { $0 + distance } }
  }
}
