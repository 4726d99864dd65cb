/// The exchanges of a program among processes: before each phase, what the instructions of a process read there and others have
/// computed; at the end, the outputs.
///
/// The plan walks through the phases once, for all processes, and notes who has the present value of each byte. All
/// processes make the same plan, so each knows what the others will ask of it.
struct ExchangePlan {
  /// The exchange before each phase, and the last one behind all of them.
  private(set) var exchanges: [Exchange] = []
  /// The part of an instruction that all processes run, by place in the schedule; −1 where each runs parts of its own.
  private(set) var commonParts: [Int32]
  /// True for each phase of which the processes run parts, false where each runs all of it.
  private(set) var isShared: [Bool] = []
  private let room: Room

  /// The instructions as the plan sees them.
  struct Schedule {
    let phases: [Phase]
    /// The number of instructions.
    let count: Int
    /// The number of parts of each instruction, and of those that each process runs.
    let parts: Int
    let threads: Int
    /// The footprint of a part of the instruction at a place.
    let footprint: (_ place: Int, _ part: Int, _ parts: Int) -> Footprint
    /// The bytes of an output that a process is to have in the end.
    let outputs: (_ rank: Int) -> [Region]
  }

  init(_ schedule: Schedule, memory base: UnsafeMutableRawPointer, byteCount: Int, on group: ProcessGroup) {
    commonParts = Array(repeating: -1, count: schedule.count)
    let block = Block(base: base, byteCount: byteCount)
    var walk = Walk(holders: Holders(byteCount: byteCount, heldBy: Walk.all(group.count)), processes: group.count)
    var lists: [TransferList] = []
    for phase in schedule.phases {
      var repeated = walk
      let isShared = phase.isShared || !repeated.repeatEverywhere(phase, of: schedule, in: block)
      if isShared { walk.share(phase, of: schedule, in: block, &commonParts) } else { walk = repeated }
      self.isShared.append(isShared)
      lists.append(walk.takeTransfers())
    }
    for rank in 0..<group.count {
      for region in schedule.outputs(rank) where region.byteCount > 0 {
        if let rows = block.rows(of: region) { walk.need(rows, by: rank) }
      }
    }
    lists.append(walk.takeTransfers())
    let transfers = lists.map(\.transfers)
    let room = Room(byteCount: transfers.map { Exchange.room(for: $0, rank: group.rank) }.max() ?? 0)
    self.room = room
    exchanges = transfers.map { Exchange($0, rank: group.rank, from: base, room: room.base) }
  }

  /// The bytes that this process sends in a run.
  var sentByteCount: Int { exchanges.reduce(0) { $0 + $1.sentByteCount } }
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

/// The walk through the phases of a program.
private struct Walk {
  private var holders: Holders
  private let processes: Int
  private var list = TransferList()

  init(holders: Holders, processes: Int) { (self.holders, self.processes) = (holders, processes) }

  /// The set of all processes.
  static func all(_ count: Int) -> UInt64 { count == 64 ? .max : 1 << UInt64(count) - 1 }

  /// The transfers since the last call.
  mutating func takeTransfers() -> TransferList {
    defer {
      list = TransferList()
      holders.settle()
    }
    return list
  }

  /// Lets a process have these bytes.
  mutating func need(_ rows: ByteRows, by rank: Int) {
    let missing = holders.missing(rows, by: rank)
    guard !missing.isEmpty else { return }
    for (bytes, holding) in missing { list.add(bytes, from: nearest(to: rank, among: holding), to: rank) }
    holders.receive(rows, by: rank)
  }

  /// The holder that follows a process most closely, so that not all ask the same one.
  private func nearest(to rank: Int, among holding: UInt64) -> Int {
    for distance in 1..<processes {
      let other = (rank + distance) % processes
      if holding & (1 << UInt64(other)) != 0 { return other }
    }
    fatalError("ExchangePlan: nobody has a value")
  }

  /// A phase whose parts the processes share.
  mutating func share(_ phase: Phase, of schedule: ExchangePlan.Schedule, in block: Block, _ common: inout [Int32]) {
    // What some processes write in this phase, and others therefore lack.
    var scattered = FootprintSpans()
    for place in phase.instructions {
      let parts = (0..<schedule.parts).map { schedule.footprint(place, $0, schedule.parts) }
      let writers = parts.indices.filter { !parts[$0].writes.isEmpty }
      if writers.count == 1, !FootprintSpans(parts[writers[0]]).readsWriting(of: scattered) {
        common[place] = Int32(writers[0])
        for rank in 0..<processes { read(parts[writers[0]], by: rank, in: block) }
        for region in parts[writers[0]].writes { write(region, by: Walk.all(processes), in: block) }
        continue
      }
      for (part, footprint) in parts.enumerated() {
        read(footprint, by: part / schedule.threads, in: block)
        scattered.add(footprint)
      }
      for (part, footprint) in parts.enumerated() {
        for region in footprint.writes { write(region, by: 1 << UInt64(part / schedule.threads), in: block) }
      }
    }
  }

  /// The most bytes that a process receives in order to compute what it would else receive a part of: they take as long as the work of
  /// a phase that repays sharing it.
  private static let mostForRepeating = 32 << 10

  /// A phase that is too small to be shared: all compute all of it. False where what they would receive before it is too much, and more
  /// than what they would send each other behind it if each had a part: then this walk is to be left.
  mutating func repeatEverywhere(_ phase: Phase, of schedule: ExchangePlan.Schedule, in block: Block) -> Bool {
    var written = 0
    for place in phase.instructions {
      let whole = schedule.footprint(place, 0, 1)
      for rank in 0..<processes { read(whole, by: rank, in: block) }
      for region in whole.writes { write(region, by: Walk.all(processes), in: block) }
      written += whole.writes.reduce(0) { $0 + $1.byteCount }
    }
    return list.mostReceived <= max(Walk.mostForRepeating, written)
  }

  private mutating func read(_ footprint: Footprint, by rank: Int, in block: Block) {
    for region in footprint.reads { if let rows = block.readRows(of: region) { need(rows, by: rank) } }
  }

  private mutating func write(_ region: Region, by mask: UInt64, in block: Block) {
    if let rows = block.rows(of: region) { holders.set(rows, to: mask) }
  }
}
