import AdjointKernels

/// Memory for the values of a tape or a program: aligned blocks that are handed out in order and never move.
///
/// A tape asks for each node's value in turn. Truncating it gives back everything from some value on and keeps the
/// blocks, so a loop that records, differentiates and truncates comes to allocate nothing.
final class Arena {
  /// The address of a value.
  typealias Place = UnsafeMutableRawPointer

  static let alignment = 64
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  /// The position of the block in use.
  private var current = -1
  private var next: UnsafeMutableRawPointer?
  private var bytesLeft = 0

  deinit { for block in blocks { block.deallocate() } }

  /// Undefined memory for `byteCount` bytes, aligned to 64; up to 16 bytes are aligned to 16, so that single numbers
  /// lie close.
  @inline(__always)
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let alignment = byteCount <= 16 ? 16 : Arena.alignment
    let size = Swift.max(byteCount + alignment - 1, alignment) & ~(alignment - 1) + RedZone.byteCount
    let padding = -Int(bitPattern: next) & (alignment - 1)
    guard let place = next, padding + size <= bytesLeft else { return allocateFromNextBlock(byteCount, size) }
    next = place + (padding + size)
    bytesLeft -= padding + size
    RedZone.allow(place + padding, byteCount)
    return place + padding
  }

  /// A list that lasts as long as the arena.
  func kept<T: BitwiseCopyable>(_ list: [T]) -> UnsafeMutableBufferPointer<T> {
    let place = allocate(byteCount: max(list.count, 1) * MemoryLayout<T>.stride)
    let copy = UnsafeMutableBufferPointer(start: place.bindMemory(to: T.self, capacity: list.count), count: list.count)
    _ = copy.initialize(from: list)
    return copy
  }

  @inline(never)
  private func allocateFromNextBlock(_ byteCount: Int, _ size: Int) -> UnsafeMutableRawPointer {
    repeat {
      current += 1
      if current == blocks.count {
        blocks.append(
          .allocate(byteCount: max(size, 1 << min(16 + blocks.count, 24)), alignment: Arena.alignment))
      }
    } while blocks[current].count < size
    enter(current, offset: 0)
    return allocate(byteCount: byteCount)
  }

  /// Gives back the value at `address` and all that were handed out after it. Returns false for an address of another
  /// owner.
  func release(from address: UnsafeMutableRawPointer) -> Bool {
    for (number, block) in blocks.enumerated() {
      guard let base = block.baseAddress, address >= base, address < base + block.count else { continue }
      enter(number, offset: address - base)
      return true
    }
    return false
  }

  private func enter(_ block: Int, offset: Int) {
    (current, bytesLeft) = (block, blocks[block].count - offset)
    next = blocks[block].baseAddress.map { $0 + offset }
    if let next { RedZone.forbid(next, bytesLeft) }
  }
}

/// The memory between the values of an arena, which a build with the condition `RED_ZONES` forbids to the address sanitizer.
///
/// The sanitizer knows an arena's blocks alone. With red zones it sees what reads or writes beside a value, and what reads a
/// value that was given back. Any other build has none, and pays nothing.
enum RedZone {
  #if RED_ZONES
    /// The bytes that are left free behind each value.
    static var byteCount: Int { 64 }
    static func forbid(_ address: UnsafeRawPointer, _ count: Int) { ak_forbid(address, count) }
    static func allow(_ address: UnsafeRawPointer, _ count: Int) { ak_allow(address, count) }
  #else
    @inline(__always)
    static var byteCount: Int { 0 }
    @inline(__always)
    static func forbid(_ address: UnsafeRawPointer, _ count: Int) {}
    @inline(__always)
    static func allow(_ address: UnsafeRawPointer, _ count: Int) {}
  #endif
}

/// A block of elements that lives as long as its owner and never moves.
final class Buffer<S: Scalar> {
  let elements: UnsafeMutableBufferPointer<S>
  var address: UnsafeMutableRawPointer { UnsafeMutableRawPointer(base) }
  let base: UnsafeMutablePointer<S>
  /// The number of changes so far, behind an address, so that a program counts them without counting references.
  let version = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  init(repeating value: S, count: Int) {
    // At least one element, so that an empty tensor has an address too.
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<S>.stride, alignment: Arena.alignment)
    base = raw.bindMemory(to: S.self, capacity: max(count, 1))
    base.initialize(repeating: value, count: max(count, 1))
    elements = UnsafeMutableBufferPointer(start: base, count: count)
    version.initialize(to: 0)
  }

  deinit {
    base.deallocate()
    version.deallocate()
  }
}

/// A growing list of elements, each with a companion of plain bits, behind a fixed address.
///
/// An array in a class is checked for exclusive access and counted at each touch, which for a node of one number takes longer
/// than computing it; here reading an element is a load. A handle to memory that its owner gives back.
struct StableList<Element, Companion: BitwiseCopyable> {
  private struct Header {
    var elements: UnsafeMutablePointer<Element>
    var companions: UnsafeMutablePointer<Companion>
    var count = 0
    var capacity: Int
  }

  private let header: UnsafeMutablePointer<Header>

  init() {
    let capacity = 64
    header = .allocate(capacity: 1)
    header.initialize(
      to: Header(
        elements: .allocate(capacity: capacity), companions: .allocate(capacity: capacity), capacity: capacity))
  }

  /// Ends the life of this list and of all handles to it.
  func deallocate() {
    removeSubrange(from: 0)
    header.pointee.elements.deallocate()
    header.pointee.companions.deallocate()
    header.deallocate()
  }

  @inline(__always)
  var count: Int { header.pointee.count }

  subscript(position: Int) -> Element {
    @inline(__always)
    _read {
      precondition(position >= 0 && position < header.pointee.count)
      yield header.pointee.elements[position]
    }
  }

  @inline(__always)
  func companion(_ position: Int) -> Companion {
    precondition(position >= 0 && position < header.pointee.count)
    return header.pointee.companions[position]
  }

  @inline(__always)
  func append(_ element: consuming Element, _ companion: Companion) {
    if header.pointee.count == header.pointee.capacity { grow() }
    (header.pointee.elements + header.pointee.count).initialize(to: element)
    (header.pointee.companions + header.pointee.count).initialize(to: companion)
    header.pointee.count += 1
  }

  func removeSubrange(from count: Int) {
    guard count < header.pointee.count else { return }
    (header.pointee.elements + count).deinitialize(count: header.pointee.count - count)
    header.pointee.count = count
  }

  @inline(never)
  private func grow() {
    let (old, count) = (header.pointee, header.pointee.count)
    guard count <= Int32.max / 2 else {
      fatalError("tape: more than \(count) nodes; truncate it, or begin another one")
    }
    let capacity = 2 * old.capacity
    header.pointee.elements = .allocate(capacity: capacity)
    header.pointee.elements.moveInitialize(from: old.elements, count: count)
    header.pointee.companions = .allocate(capacity: capacity)
    header.pointee.companions.moveInitialize(from: old.companions, count: count)
    header.pointee.capacity = capacity
    old.elements.deallocate()
    old.companions.deallocate()
  }
}
