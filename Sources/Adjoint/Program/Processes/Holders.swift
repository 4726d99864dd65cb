/// The processes that have the present value of each byte of a block of memory.
///
/// Adjacent bytes with the same holders are one segment. A set of processes is a mask, so there are at most 64.
struct Holders {
  static let maximumCount = 64

  /// The processes that have a byte, and those that are to receive it in the present exchange and cannot yet send it.
  private struct Masks: Equatable {
    var held: UInt64
    var coming: UInt64 = 0
  }

  /// The first byte of each segment; the next one's is its end.
  private var starts: [Int]
  private var masks: [Masks]
  private let end: Int

  /// Memory that these processes hold.
  init(byteCount: Int, heldBy mask: UInt64) { (starts, masks, end) = ([0], [Masks(held: mask)], max(byteCount, 1)) }

  /// The position of the segment that holds a byte.
  private func segment(of byte: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= byte { low = middle } else { high = middle }
    }
    return low
  }

  /// The bytes of a region that a process lacks and is not to receive, in order, each range with its holders.
  func missing(_ region: ByteRows, by rank: Int) -> [(bytes: Range<Int>, holders: UInt64)] {
    var found: [(bytes: Range<Int>, holders: UInt64)] = []
    var position = segment(of: region.start)
    for row in 0..<region.rows {
      let (first, last) = (region.start + row * region.stride, region.start + row * region.stride + region.width)
      while position + 1 < starts.count, starts[position + 1] <= first { position += 1 }
      var here = position
      while here < starts.count, starts[here] < last {
        if (masks[here].held | masks[here].coming) & (1 << UInt64(rank)) == 0 {
          let next = here + 1 < starts.count ? starts[here + 1] : end
          found.append((max(first, starts[here])..<min(last, next), masks[here].held))
        }
        here += 1
      }
    }
    return found
  }

  /// Lets a region be held by these processes alone.
  mutating func set(_ region: ByteRows, to mask: UInt64) { rewrite(region) { _ in Masks(held: mask) } }

  /// Notes that a process is to receive a region, where it lacks it.
  mutating func receive(_ region: ByteRows, by rank: Int) {
    rewrite(region) { Masks(held: $0.held, coming: $0.coming | (1 << UInt64(rank) & ~$0.held)) }
  }

  /// Ends an exchange: whoever was to receive holds.
  mutating func settle() {
    var (newStarts, newMasks): ([Int], [Masks]) = ([], [])
    for (start, mask) in zip(starts, masks) {
      let settled = Masks(held: mask.held | mask.coming)
      if newMasks.last == settled { continue }
      newStarts.append(start)
      newMasks.append(settled)
    }
    (starts, masks) = (newStarts, newMasks)
  }

  private mutating func rewrite(_ region: ByteRows, _ change: (Masks) -> Masks) {
    let (first, last) = (segment(of: region.start), segment(of: region.end - 1))
    var (newStarts, newMasks): ([Int], [Masks]) = ([], [])
    func append(_ start: Int, _ mask: Masks) {
      if newMasks.last == mask { return }
      newStarts.append(start)
      newMasks.append(mask)
    }
    for position in first...last {
      let next = position + 1 < starts.count ? starts[position + 1] : end
      var byte = starts[position]
      while byte < next {
        let (isInside, edge) = region.part(at: byte)
        append(byte, isInside ? change(masks[position]) : masks[position])
        byte = min(edge, next)
      }
    }
    starts.replaceSubrange(first...last, with: newStarts)
    masks.replaceSubrange(first...last, with: newMasks)
  }
}

/// Rows of bytes within a block, at equal distances.
struct ByteRows: Hashable {
  let start: Int
  let rows: Int
  let width: Int
  let stride: Int

  var end: Int { start + (rows - 1) * stride + width }
  var byteCount: Int { rows * width }

  /// Says for a byte whether it is in a row, and where that row, or the gap before the next one, ends.
  func part(at byte: Int) -> (isInside: Bool, end: Int) {
    if byte < start { return (false, start) }
    let row = (byte - start) / stride
    if row >= rows { return (false, Int.max) }
    let first = start + row * stride
    if byte < first + width { return (true, first + width) }
    return (false, row + 1 < rows ? first + stride : Int.max)
  }
}
