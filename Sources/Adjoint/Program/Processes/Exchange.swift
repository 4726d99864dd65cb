import AdjointProcesses

/// What one process sends to others and receives from them at one place: packed into a message for each pair, beside which
/// long runs of bytes go as they stand.
///
/// All processes make the same exchange by themselves, from what each lacks, in one order. So nobody has to be told.
struct Exchange {
  /// Bytes that go from one process to another.
  struct Transfer {
    let from: Int
    let to: Int
    let bytes: ByteRows
  }

  private(set) var sends: [AdjointMessage] = []
  private(set) var receives: [AdjointMessage] = []
  /// What is copied before sending, and after receiving.
  private var packing: [Copy] = []
  private var unpacking: [Copy] = []
  /// The bytes that this process sends.
  private(set) var sentByteCount = 0

  /// The least run of bytes that goes without being packed.
  private static let leastDirect = 16 << 10

  var isEmpty: Bool { sends.isEmpty && receives.isEmpty }

  /// - Parameters:
  ///   - transfers: those between all processes, in an order that is the same on each.
  ///   - base: the block in which the bytes stand.
  ///   - room: the memory for packed messages, of `room(for:rank:)` bytes.
  init(_ transfers: [Transfer], rank: Int, from base: UnsafeMutableRawPointer, room: UnsafeMutableRawPointer) {
    var free = room
    for peer in Exchange.peers(in: transfers, of: rank) {
      add(transfers.filter { $0.from == rank && $0.to == peer }, peer, base, &free, to: &sends, &packing)
      add(transfers.filter { $0.from == peer && $0.to == rank }, peer, base, &free, to: &receives, &unpacking)
    }
    sentByteCount = sends.reduce(0) { $0 + $1.count }
  }

  private func add(
    _ transfers: [Transfer], _ peer: Int, _ base: UnsafeMutableRawPointer, _ free: inout UnsafeMutableRawPointer,
    to messages: inout [AdjointMessage], _ copies: inout [Copy]
  ) {
    let start = free
    for transfer in transfers {
      let (place, bytes) = (base + transfer.bytes.start, transfer.bytes)
      if Exchange.isDirect(bytes) {
        messages.append(AdjointMessage(peer: Int32(peer), bytes: place, count: bytes.byteCount))
      } else {
        copies.append(Copy(rows: place, packed: free, shape: bytes))
        free += bytes.byteCount
      }
    }
    if free > start { messages.append(AdjointMessage(peer: Int32(peer), bytes: start, count: free - start)) }
  }

  private static func isDirect(_ bytes: ByteRows) -> Bool { bytes.rows == 1 && bytes.width >= leastDirect }

  private static func peers(in transfers: [Transfer], of rank: Int) -> [Int] {
    Set(transfers.filter { $0.from == rank || $0.to == rank }.map { $0.from == rank ? $0.to : $0.from }).sorted()
  }

  /// The bytes that packed messages of these transfers take.
  static func room(for transfers: [Transfer], rank: Int) -> Int {
    transfers.reduce(0) { sum, transfer in
      let isOwn = transfer.from == rank || transfer.to == rank
      return isOwn && !isDirect(transfer.bytes) ? sum + transfer.bytes.byteCount : sum
    }
  }

  /// Packs what is to be sent, and begins to send and to receive. What is sent and what is received is left alone until the end.
  func begin(on group: ProcessGroup) -> ProcessGroup.OpenExchange {
    // By position: a loop over an array would retain it.
    for position in 0..<packing.count { packing[position].pack() }
    if group.isMarkingMissing { for copy in unpacking { copy.fill() } }
    return group.begin(sends: sends, receives: receives)
  }

  /// Returns when all that was to be received stands in its place.
  func end(_ exchange: ProcessGroup.OpenExchange, on group: ProcessGroup) {
    if group.isMarkingMissing { for copy in unpacking { copy.checkFilled() } }
    group.end(exchange, sends: sends, receives: receives)
    for position in 0..<unpacking.count { unpacking[position].unpack() }
  }
}

/// Rows in memory, and their place in a packed message.
private struct Copy {
  let rows: UnsafeMutableRawPointer
  let packed: UnsafeMutableRawPointer
  let shape: ByteRows

  func pack() {
    for row in 0..<shape.rows {
      (packed + row * shape.width).copyMemory(from: rows + row * shape.stride, byteCount: shape.width)
    }
  }

  func unpack() {
    for row in 0..<shape.rows {
      (rows + row * shape.stride).copyMemory(from: packed + row * shape.width, byteCount: shape.width)
    }
  }

  /// Fills the rows for tests: nobody may read them while they are on their way.
  func fill() { for row in 0..<shape.rows { Poison.fill(rows + row * shape.stride, shape.width) } }

  /// Traps where somebody has written them meanwhile.
  func checkFilled() {
    for row in 0..<shape.rows where !Poison.isWhole(rows + row * shape.stride, shape.width) {
      fatalError("Exchange: bytes were written where others were on their way to")
    }
  }
}

/// The transfers of one exchange as they are found: rows at equal distances become one.
struct TransferList {
  private var found: [Pair: [ByteRows]] = [:]
  private var order: [Pair] = []

  private struct Pair: Hashable {
    let from: Int
    let to: Int
  }

  var isEmpty: Bool { order.isEmpty }

  mutating func add(_ bytes: Range<Int>, from: Int, to: Int) {
    let pair = Pair(from: from, to: to)
    if found[pair] == nil { order.append(pair) }
    found[pair, default: []].add(bytes)
  }

  /// Adds a range that is never joined with the one before it: one of another array, which may stand elsewhere on another process.
  mutating func addApart(_ bytes: Range<Int>, from: Int, to: Int) {
    let pair = Pair(from: from, to: to)
    if found[pair] == nil { order.append(pair) }
    found[pair, default: []].append(ByteRows(bytes))
  }

  mutating func add(_ other: TransferList) {
    for pair in other.order {
      if found[pair] == nil { order.append(pair) }
      found[pair, default: []] += other.found[pair] ?? []
    }
  }

  /// The most bytes that a process receives.
  var mostReceived: Int {
    var received: [Int: Int] = [:]
    for (pair, rows) in found { received[pair.to, default: 0] += rows.reduce(0) { $0 + $1.byteCount } }
    return received.values.max() ?? 0
  }

  /// The transfers of each pair in the order in which they were found.
  var transfers: [Exchange.Transfer] {
    order.flatMap { pair in (found[pair] ?? []).map { Exchange.Transfer(from: pair.from, to: pair.to, bytes: $0) } }
  }
}

extension [ByteRows] {
  /// Adds a range: as a row more of the last rows where it continues them.
  fileprivate mutating func add(_ bytes: Range<Int>) {
    guard let previous = last else { return append(ByteRows(bytes)) }
    if previous.rows == 1, previous.end == bytes.lowerBound {
      self[count - 1] = ByteRows(previous.start..<bytes.upperBound)
    } else if previous.width == bytes.count, bytes.lowerBound >= previous.end,
      previous.rows == 1 || bytes.lowerBound == previous.start + previous.rows * previous.stride
    {
      let stride = previous.rows == 1 ? bytes.lowerBound - previous.start : previous.stride
      self[count - 1] = ByteRows(start: previous.start, rows: previous.rows + 1, width: previous.width, stride: stride)
    } else {
      append(ByteRows(bytes))
    }
  }
}

extension ByteRows {
  init(_ bytes: Range<Int>) { self.init(start: bytes.lowerBound, rows: 1, width: bytes.count, stride: bytes.count) }
}
