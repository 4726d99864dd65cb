/// The nodes of a tape and the places of their values: lists behind a fixed address.
///
/// A copy of the nodes outlives their tape; this storage does not.
struct NodeStorage: RandomAccessCollection {
  private let list = StableList<Node, Arena.Place>()

  /// Ends the life of this storage and of all handles to it.
  func deallocate() { list.deallocate() }

  var startIndex: Int { 0 }
  var endIndex: Int { list.count }

  subscript(position: Int) -> Node {
    @inline(__always)
    _read { yield list[position] }
  }

  /// The place of a node's value.
  @inline(__always)
  func address(_ position: Int) -> Arena.Place { list.companion(position) }

  @inline(__always)
  func append(_ node: consuming Node, at place: Arena.Place) { list.append(node, place) }

  func removeSubrange(from count: Int) { list.removeSubrange(from: count) }
}

/// The inputs of a node. Up to four stand in place and more in an array, so most nodes allocate nothing.
struct NodeList: RandomAccessCollection {
  private var inline: SIMD4<Int32>
  private var spilled: [Int32]?
  private let size: Int32

  init() { (inline, size) = (SIMD4(repeating: 0), 0) }
  init(_ x: Int) { (inline, size) = (SIMD4(Int32(truncatingIfNeeded: x), 0, 0, 0), 1) }
  init(_ a: Int, _ b: Int) {
    (inline, size) = (SIMD4(Int32(truncatingIfNeeded: a), Int32(truncatingIfNeeded: b), 0, 0), 2)
  }

  init(_ positions: [Int]) {
    inline = SIMD4(repeating: 0)
    size = Int32(positions.count)
    if positions.count <= 4 {
      for (i, position) in positions.enumerated() { inline[i] = Int32(position) }
    } else {
      spilled = positions.map(Int32.init)
    }
  }

  var startIndex: Int { 0 }
  var endIndex: Int { Int(size) }
  subscript(i: Int) -> Int { Int(spilled?[i] ?? inline[i]) }
}
