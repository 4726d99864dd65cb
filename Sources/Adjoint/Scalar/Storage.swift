/// Memory for the values of a tape or a program: aligned blocks that are handed out in order and never move.
///
/// A tape asks for each node's value in turn; truncating gives back everything after a mark and keeps the blocks, so that
/// a loop that records, differentiates and truncates reaches a state in which it allocates nothing.
final class Arena {
  /// A place to return to.
  struct Mark {
    fileprivate var block = 0
    fileprivate var offset = 0
  }

  static let alignment = 64
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var current = Mark()

  deinit { for block in blocks { block.deallocate() } }

  var mark: Mark { current }

  func release(to mark: Mark) { current = mark }

  /// Undefined memory for `byteCount` bytes, aligned to 64.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let size = max(byteCount + Arena.alignment - 1, Arena.alignment) & ~(Arena.alignment - 1)
    while current.block < blocks.count {
      let block = blocks[current.block]
      if current.offset + size <= block.count, let base = block.baseAddress {
        defer { current.offset += size }
        return base + current.offset
      }
      current = Mark(block: current.block + 1, offset: 0)
    }
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(size, 1 << min(16 + blocks.count, 24)), alignment: Arena.alignment)
    blocks.append(block)
    return allocate(byteCount: byteCount)
  }
}

/// A block of elements that lives as long as its owner and never moves.
final class Buffer<S: Scalar> {
  let elements: UnsafeMutableBufferPointer<S>
  var address: UnsafeMutableRawPointer { UnsafeMutableRawPointer(base) }
  var base: UnsafeMutablePointer<S>

  init(repeating value: S, count: Int) {
    // At least one element, so that an empty tensor has an address too.
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<S>.stride, alignment: Arena.alignment)
    base = raw.bindMemory(to: S.self, capacity: max(count, 1))
    base.initialize(repeating: value, count: max(count, 1))
    elements = UnsafeMutableBufferPointer(start: base, count: count)
  }

  deinit { base.deallocate() }
}
