/// Rows of bytes at equal distances: the memory of a matrix, or of some columns of one.
struct Region: Hashable {
  /// The address of the first byte.
  let start: UInt
  let rows: Int
  /// The bytes of a row.
  let width: Int
  /// The bytes from one row to the next.
  let stride: Int

  /// Rows of bytes; those that touch one another are one row.
  init(start: UInt, rows: Int, width: Int, stride: Int) {
    let isWhole = rows == 1 || stride == width
    self.start = start
    self.rows = isWhole ? 1 : rows
    self.width = isWhole ? rows * width : width
    self.stride = isWhole ? rows * width : stride
  }

  /// The bytes of one value.
  init(start: UInt, count: Int) { self.init(start: start, rows: 1, width: count, stride: count) }

  var byteCount: Int { rows * width }
  /// All bytes from the first to the last one, also those between rows.
  var span: Range<UInt> { start..<start + UInt((rows - 1) * stride + width) }
}

/// The memory that a part of an instruction reads and writes.
///
/// It is stated exactly: a process that has no memory in common with others sends what was written, and nothing beside it.
/// Threads wait by spans, which are fewer: rows count with all that stands between them.
struct Footprint {
  private(set) var reads: [Region] = []
  private(set) var writes: [Region] = []

  mutating func read<T>(_ address: UnsafePointer<T>, count: Int) {
    read(address, rows: 1, columns: count, stride: count)
  }
  mutating func write<T>(_ address: UnsafePointer<T>, count: Int) {
    write(address, rows: 1, columns: count, stride: count)
  }
  mutating func read(bytes: Int, at address: UnsafeRawPointer) {
    append(Region(start: UInt(bitPattern: address), count: bytes), to: \.reads)
  }
  mutating func write(bytes: Int, at address: UnsafeRawPointer) {
    append(Region(start: UInt(bitPattern: address), count: bytes), to: \.writes)
  }

  /// Some columns of each of several rows; the stride counts elements.
  mutating func read<T>(_ address: UnsafePointer<T>, rows: Int, columns: Int, stride: Int) {
    append(Region(address, rows: rows, columns: columns, stride: stride), to: \.reads)
  }
  /// Some columns of each of several rows; the stride counts elements.
  mutating func write<T>(_ address: UnsafePointer<T>, rows: Int, columns: Int, stride: Int) {
    append(Region(address, rows: rows, columns: columns, stride: stride), to: \.writes)
  }

  mutating func add(_ other: Footprint) {
    reads += other.reads
    writes += other.writes
  }

  private mutating func append(_ region: Region, to list: WritableKeyPath<Footprint, [Region]>) {
    if region.byteCount > 0 { self[keyPath: list].append(region) }
  }
}

extension Region {
  fileprivate init<T>(_ address: UnsafePointer<T>, rows: Int, columns: Int, stride: Int) {
    let size = MemoryLayout<T>.stride
    self.init(start: UInt(bitPattern: address), rows: rows, width: columns * size, stride: stride * size)
  }
}

/// The spans of memory that a part of an instruction, or of several, reads and writes.
struct FootprintSpans {
  private(set) var reads: [Range<UInt>] = []
  private(set) var writes: [Range<UInt>] = []

  init() {}

  init(_ footprint: Footprint) { add(footprint) }

  mutating func add(_ footprint: Footprint) {
    for region in footprint.reads { Self.append(region.span, to: &reads) }
    for region in footprint.writes { Self.append(region.span, to: &writes) }
  }

  mutating func add(_ other: FootprintSpans) {
    for range in other.reads { Self.append(range, to: &reads) }
    for range in other.writes { Self.append(range, to: &writes) }
  }

  /// True when the order of this and another part matters.
  func conflicts(with other: FootprintSpans) -> Bool {
    Self.overlap(writes, other.writes) || Self.overlap(writes, other.reads) || Self.overlap(reads, other.writes)
  }

  /// True when this part reads what another one writes.
  func readsWriting(of other: FootprintSpans) -> Bool { Self.overlap(reads, other.writes) }

  private static func overlap(_ a: [Range<UInt>], _ b: [Range<UInt>]) -> Bool {
    a.contains { range in b.contains { range.overlaps($0) } }
  }

  /// Adds a range, merged with one that it touches: instructions mostly touch what others touched, so the list stays
  /// short.
  private static func append(_ range: Range<UInt>, to ranges: inout [Range<UInt>]) {
    let touching = ranges.firstIndex { $0.lowerBound <= range.upperBound && range.lowerBound <= $0.upperBound }
    guard let touching else {
      ranges.append(range)
      return
    }
    ranges[touching] =
      min(ranges[touching].lowerBound, range.lowerBound)..<max(ranges[touching].upperBound, range.upperBound)
  }
}
