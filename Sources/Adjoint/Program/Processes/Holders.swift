/// The processes that have the present value of each byte of a block of memory.
///
/// Adjacent bytes with the same holders are one segment. A set of processes is a mask, so there are at most 64.
struct Holders {
  static let maximumCount = 64

  /// The first byte of each segment; the next one's is its end.
  private var starts: [Int]
  private var masks: [UInt64]
  private let end: Int

  /// Memory that all hold.
  init(byteCount: Int, heldBy mask: UInt64) { (starts, masks, end) = ([0], [mask], max(byteCount, 1)) }

  /// The position of the segment that holds a byte.
  private func segment(of byte: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= byte { low = middle } else { high = middle }
    }
    return low
  }

  /// The bytes of a region that a process lacks, in order, each range with its holders.
  func missing(_ region: ByteRows, by rank: Int) -> [(bytes: Range<Int>, holders: UInt64)] {
    var found: [(bytes: Range<Int>, holders: UInt64)] = []
    var position = segment(of: region.start)
    for row in 0..<region.rows {
      let (first, last) = (region.start + row * region.stride, region.start + row * region.stride + region.width)
      while position + 1 < starts.count, starts[position + 1] <= first { position += 1 }
      var here = position
      while here < starts.count, starts[here] < last {
        if masks[here] & (1 << UInt64(rank)) == 0 {
          let next = here + 1 < starts.count ? starts[here + 1] : end
          found.append((max(first, starts[here])..<min(last, next), masks[here]))
        }
        here += 1
      }
    }
    return found
  }

  /// Lets a region be held by these processes alone.
  mutating func set(_ region: ByteRows, to mask: UInt64) { rewrite(region) { _ in mask } }
  /// Adds processes to those that hold a region.
  mutating func add(_ mask: UInt64, to region: ByteRows) { rewrite(region) { $0 | mask } }

  private mutating func rewrite(_ region: ByteRows, _ change: (UInt64) -> UInt64) {
    let (first, last) = (segment(of: region.start), segment(of: region.end - 1))
    var (newStarts, newMasks): ([Int], [UInt64]) = ([], [])
    func append(_ start: Int, _ mask: UInt64) {
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
