/// The processes that have the present value of each byte of a block of memory, and what has written it.
///
/// Adjacent bytes of which all is the same are one segment. A set of processes is a mask, so there are at most 64.
struct Holders {
  static let maximumCount = 64

  /// What is known of a byte.
  struct Origin: Equatable {
    /// The processes that have written it, and give it to others.
    let writers: UInt64
    /// The instruction that has, by place; −1 for what stood there from the beginning.
    let place: Int
    /// The processes that have it, or are to receive it.
    let holders: UInt64
  }

  /// The first byte of each segment; the next one's is its end.
  private var starts: [Int]
  private var origins: [Origin]
  private let end: Int

  /// Memory that these processes hold.
  init(byteCount: Int, heldBy mask: UInt64) {
    (starts, origins, end) = ([0], [Origin(writers: mask, place: -1, holders: mask)], max(byteCount, 1))
  }

  /// The position of the segment that holds a byte.
  private func segment(of byte: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= byte { low = middle } else { high = middle }
    }
    return low
  }

  /// The bytes of a region that a process lacks, in order.
  func missing(_ region: ByteRows, by rank: Int) -> [(bytes: Range<Int>, origin: Origin)] {
    var found: [(bytes: Range<Int>, origin: Origin)] = []
    var position = segment(of: region.start)
    for row in 0..<region.rows {
      let (first, last) = (region.start + row * region.stride, region.start + row * region.stride + region.width)
      while position + 1 < starts.count, starts[position + 1] <= first { position += 1 }
      var here = position
      while here < starts.count, starts[here] < last {
        if origins[here].holders & (1 << UInt64(rank)) == 0 {
          let next = here + 1 < starts.count ? starts[here + 1] : end
          found.append((max(first, starts[here])..<min(last, next), origins[here]))
        }
        here += 1
      }
    }
    return found
  }

  /// Notes that an instruction writes a region on these processes alone.
  mutating func write(_ region: ByteRows, by mask: UInt64, at place: Int) {
    rewrite(region) { _ in Origin(writers: mask, place: place, holders: mask) }
  }

  /// Notes that a process is to receive a region, where it lacks it.
  mutating func receive(_ region: ByteRows, by rank: Int) {
    rewrite(region) {
      Origin(writers: $0.writers, place: $0.place, holders: $0.holders | 1 << UInt64(rank))
    }
  }

  private mutating func rewrite(_ region: ByteRows, _ change: (Origin) -> Origin) {
    let (first, last) = (segment(of: region.start), segment(of: region.end - 1))
    var (newStarts, newOrigins): ([Int], [Origin]) = ([], [])
    func append(_ start: Int, _ origin: Origin) {
      if newOrigins.last == origin { return }
      newStarts.append(start)
      newOrigins.append(origin)
    }
    for position in first...last {
      let next = position + 1 < starts.count ? starts[position + 1] : end
      var byte = starts[position]
      while byte < next {
        let (isInside, edge) = region.part(at: byte)
        append(byte, isInside ? change(origins[position]) : origins[position])
        byte = min(edge, next)
      }
    }
    starts.replaceSubrange(first...last, with: newStarts)
    origins.replaceSubrange(first...last, with: newOrigins)
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
