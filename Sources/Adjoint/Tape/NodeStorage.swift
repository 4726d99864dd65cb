/// The nodes of a tape and the places of their values: two lists behind fixed addresses.
///
/// Whoever keeps nodes beyond their tape copies them.
struct NodeStorage: RandomAccessCollection {
  private let nodes = StableList<Node>()
  private let places = StableList<Arena.Place>()

  /// Ends the life of this storage and of all handles to it.
  func deallocate() {
    nodes.deallocate()
    places.deallocate()
  }

  var startIndex: Int { 0 }
  var endIndex: Int { nodes.count }

  subscript(position: Int) -> Node {
    @inline(__always)
    _read { yield nodes[position] }
  }

  /// The place of a node's value.
  @inline(__always)
  func address(_ position: Int) -> Arena.Place { places[position] }

  @inline(__always)
  func append(_ node: consuming Node, at place: Arena.Place) {
    nodes.append(node)
    places.append(place)
  }

  func removeSubrange(from count: Int) {
    nodes.removeSubrange(from: count)
    places.removeSubrange(from: count)
  }
}

/// The inputs of a node: up to four in place, more in an array, so that most nodes allocate nothing.
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
