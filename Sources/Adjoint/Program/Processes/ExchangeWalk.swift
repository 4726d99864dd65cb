/// The walk through the phases of a program, for all processes at once: what each reads and lacks, and who has it.
struct ExchangeWalk {
  private let schedule: ExchangePlan.Schedule
  private let block: Block
  private var holders: Holders
  /// The same as it was before the present phase received anything; `nil` where nobody asks who waits.
  private var before: Holders?
  /// What processes lack in the present phase.
  private var lacking: [Lack] = []
  /// The instructions of the present phase that read what is received before it.
  private(set) var waiting: [Int] = []
  /// The part of an instruction that all processes run, by place; −1 where each runs parts of its own.
  private(set) var commonParts: [Int32]
  /// What some processes write in the present phase, and others therefore lack.
  private var scattered = FootprintSpans()

  /// Bytes that a process lacks.
  struct Lack {
    let bytes: Range<Int>
    let from: Int
    let to: Int
    /// The instruction that has written them, by place; −1 for none.
    let origin: Int
  }

  init(_ schedule: ExchangePlan.Schedule, memory base: UnsafeMutableRawPointer, byteCount: Int, notingWaits: Bool) {
    (self.schedule, block) = (schedule, Block(base: base, byteCount: byteCount))
    holders = Holders(byteCount: byteCount, heldBy: ExchangeWalk.all(schedule.processes))
    before = notingWaits ? holders : nil
    commonParts = Array(repeating: -1, count: schedule.count)
  }

  /// The set of all processes.
  private static func all(_ count: Int) -> UInt64 { count == 64 ? .max : 1 << UInt64(count) - 1 }

  /// What processes lack since the last call, in an order that is the same on each.
  mutating func takeLacking() -> [Lack] {
    defer {
      (lacking, waiting) = ([], [])
      if before != nil { before = holders }
    }
    return lacking
  }

  /// Begins a phase: nothing is scattered yet.
  mutating func beginPhase() { scattered = FootprintSpans() }

  /// Lets each process have its outputs.
  mutating func readOutputs() {
    for rank in 0..<schedule.processes {
      for region in schedule.outputs(rank) where region.byteCount > 0 {
        if let rows = block.rows(of: region) { need(rows, by: rank) }
      }
    }
  }

  /// Instructions of a phase whose parts the processes share.
  mutating func share(_ places: [Int]) {
    for place in places {
      let parts = schedule.footprints[place]
      let writers = parts.indices.filter { !parts[$0].writes.isEmpty }
      if writers.count == 1, !FootprintSpans(parts[writers[0]]).readsWriting(of: scattered) {
        commonParts[place] = Int32(writers[0])
        for rank in 0..<schedule.processes { read(parts[writers[0]], by: rank, at: place) }
        for region in parts[writers[0]].writes { write(region, by: ExchangeWalk.all(schedule.processes), at: place) }
        continue
      }
      for (part, footprint) in parts.enumerated() {
        read(footprint, by: part / schedule.threads, at: place)
        scattered.add(footprint)
      }
      for (part, footprint) in parts.enumerated() {
        for region in footprint.writes { write(region, by: 1 << UInt64(part / schedule.threads), at: place) }
      }
    }
  }

  /// The most bytes that a process receives in order to compute what it would else receive a part of: they take as long as the work of
  /// a phase that repays sharing it.
  private static let mostForRepeating = 32 << 10

  /// Instructions of a phase that is too small to be shared: all compute all of it. False where what they would receive before it is too
  /// much, and more than what they would send each other behind it if each had a part: then this walk is to be left.
  mutating func repeatEverywhere(_ places: [Int]) -> Bool {
    var written = 0
    for place in places {
      let whole = schedule.whole(place)
      for rank in 0..<schedule.processes { read(whole, by: rank, at: place) }
      for region in whole.writes { write(region, by: ExchangeWalk.all(schedule.processes), at: place) }
      written += whole.writes.reduce(0) { $0 + $1.byteCount }
    }
    var received = Array(repeating: 0, count: schedule.processes)
    for lack in lacking { received[lack.to] += lack.bytes.count }
    return (received.max() ?? 0) <= max(ExchangeWalk.mostForRepeating, written)
  }

  private mutating func read(_ footprint: Footprint, by rank: Int, at place: Int) {
    for region in footprint.reads {
      guard let rows = block.readRows(of: region) else { continue }
      if let before, waiting.last != place, !before.missing(rows, by: rank).isEmpty { waiting.append(place) }
      need(rows, by: rank)
    }
  }

  /// Lets a process have these bytes.
  private mutating func need(_ rows: ByteRows, by rank: Int) {
    let missing = holders.missing(rows, by: rank)
    guard !missing.isEmpty else { return }
    for (bytes, origin) in missing {
      lacking.append(
        Lack(bytes: bytes, from: nearest(to: rank, among: origin.writers), to: rank, origin: origin.place))
    }
    holders.receive(rows, by: rank)
  }

  private mutating func write(_ region: Region, by mask: UInt64, at place: Int) {
    guard let rows = block.rows(of: region) else { return }
    holders.write(rows, by: mask, at: place)
    before?.write(rows, by: mask, at: place)
  }

  /// The one that follows a process most closely, so that not all ask the same one.
  private func nearest(to rank: Int, among writers: UInt64) -> Int {
    for distance in 1..<schedule.processes {
      let other = (rank + distance) % schedule.processes
      if writers & (1 << UInt64(other)) != 0 { return other }
    }
    fatalError("ExchangePlan: nobody has a value")
  }
}

/// The memory of a program's values. What stands elsewhere is a parameter, which all have, or a thread's own room.
private struct Block {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  func rows(of region: Region) -> ByteRows? {
    let start = Int(bitPattern: region.start) - Int(bitPattern: base)
    guard start >= 0, start < byteCount else { return nil }
    return ByteRows(start: start, rows: region.rows, width: region.width, stride: region.stride)
  }

  /// The same for what is read. Narrow rows are read with what stands between them: a message of many short pieces takes longer
  /// than one that is twice as long.
  func readRows(of region: Region) -> ByteRows? {
    let leastWidth = 256
    guard let rows = rows(of: region), rows.rows > 1, rows.width < leastWidth else { return rows(of: region) }
    return ByteRows(rows.start..<rows.end)
  }
}
