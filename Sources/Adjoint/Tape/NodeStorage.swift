/// The nodes of a tape and where their values stand: one growing block behind a fixed address.
///
/// Arrays in a class are checked for exclusive access and counted at each touch, which for a node of one number takes longer
/// than computing it; here reading a node is a load. A handle to memory that the tape owns and gives back: whoever keeps nodes
/// beyond their tape copies them.
struct NodeStorage: RandomAccessCollection {
  private struct Header {
    var nodes: UnsafeMutablePointer<Node>
    var addresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
    var count = 0
    var capacity: Int
  }

  private let header: UnsafeMutablePointer<Header>

  init() {
    let capacity = 64
    header = .allocate(capacity: 1)
    header.initialize(
      to: Header(nodes: .allocate(capacity: capacity), addresses: .allocate(capacity: capacity), capacity: capacity))
  }

  /// Ends the life of this storage and of all handles to it.
  func deallocate() {
    removeSubrange(from: 0)
    header.pointee.nodes.deallocate()
    header.pointee.addresses.deallocate()
    header.deallocate()
  }

  var startIndex: Int { 0 }
  var endIndex: Int { header.pointee.count }

  subscript(position: Int) -> Node {
    @inline(__always)
    _read {
      precondition(position >= 0 && position < header.pointee.count)
      yield header.pointee.nodes[position]
    }
  }

  /// Where the value of a node stands.
  @inline(__always)
  func address(_ position: Int) -> UnsafeMutableRawPointer {
    precondition(position >= 0 && position < header.pointee.count)
    return header.pointee.addresses[position]
  }

  @inline(__always)
  func append(_ node: consuming Node, at address: UnsafeMutableRawPointer) {
    if header.pointee.count == header.pointee.capacity { grow() }
    (header.pointee.nodes + header.pointee.count).initialize(to: node)
    (header.pointee.addresses + header.pointee.count).initialize(to: address)
    header.pointee.count += 1
  }

  func removeSubrange(from count: Int) {
    guard count < header.pointee.count else { return }
    (header.pointee.nodes + count).deinitialize(count: header.pointee.count - count)
    header.pointee.count = count
  }

  @inline(never)
  private func grow() {
    let (old, count) = (header.pointee, header.pointee.count)
    let capacity = 2 * old.capacity
    header.pointee.nodes = .allocate(capacity: capacity)
    header.pointee.nodes.moveInitialize(from: old.nodes, count: count)
    header.pointee.addresses = .allocate(capacity: capacity)
    header.pointee.addresses.moveInitialize(from: old.addresses, count: count)
    header.pointee.capacity = capacity
    old.nodes.deallocate()
    old.addresses.deallocate()
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
