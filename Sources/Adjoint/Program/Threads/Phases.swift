// The work of threads between two waits. Instructions are cut into parts by rows or columns. A thread goes on from its
// part of one instruction to its part of the next without waiting, as long as no part touches what another part of the
// same phase writes.
//
// From a narrow layer to the loss and back, a batch is cut by its rows. An instruction that must wait does not hold up
// those behind it that need not. So a training step waits a few times only.

/// The memory that a part of an instruction reads and writes.
struct Footprint {
  private(set) var reads: [Range<UInt>] = []
  private(set) var writes: [Range<UInt>] = []

  mutating func read<T>(_ address: UnsafePointer<T>, count: Int) {
    read(bytes: count * MemoryLayout<T>.stride, at: UnsafeRawPointer(address))
  }
  mutating func write<T>(_ address: UnsafePointer<T>, count: Int) {
    write(bytes: count * MemoryLayout<T>.stride, at: UnsafeRawPointer(address))
  }
  mutating func read(bytes: Int, at address: UnsafeRawPointer) { Footprint.append(bytes, address, to: &reads) }
  mutating func write(bytes: Int, at address: UnsafeRawPointer) { Footprint.append(bytes, address, to: &writes) }

  mutating func add(_ other: Footprint) {
    for range in other.reads { Footprint.append(range, to: &reads) }
    for range in other.writes { Footprint.append(range, to: &writes) }
  }

  /// True when the order of this and another part matters.
  func conflicts(with other: Footprint) -> Bool {
    Footprint.overlap(writes, other.writes) || Footprint.overlap(writes, other.reads)
      || Footprint.overlap(reads, other.writes)
  }

  private static func overlap(_ a: [Range<UInt>], _ b: [Range<UInt>]) -> Bool {
    a.contains { range in b.contains { range.overlaps($0) } }
  }

  private static func append(_ bytes: Int, _ address: UnsafeRawPointer, to ranges: inout [Range<UInt>]) {
    let first = UInt(bitPattern: address)
    if bytes > 0 { append(first..<first + UInt(bytes), to: &ranges) }
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

/// Instructions that threads run without waiting for each other.
package struct Phase {
  /// The positions of the instructions in the schedule.
  package let instructions: Range<Int>
  /// True when cutting the phase into parts repays waking the threads.
  package let isShared: Bool
}

/// The order in which threads run the instructions of a program, and the phases between which they wait.
struct PhaseOrder {
  /// The positions of the instructions in the program, in that order.
  private(set) var order: [Int] = []
  private(set) var phases: [Phase] = []

  /// The most instructions in a phase, since each is compared with all before it; and the most phases that stay open.
  private static let (longest, mostOpen) = (64, 4)

  /// A phase that instructions may still be put into.
  private struct OpenPhase {
    var instructions: [Int] = []
    var parts: [Footprint]
    var work = 0
  }

  /// Puts every instruction into the earliest phase in which it need not wait. It comes after those whose results it
  /// needs or which need what it overwrites, and in a later phase where that is another part's.
  init<S: Scalar>(
    of instructions: UnsafeMutableBufferPointer<Instruction<S>>, from first: Int, for pool: WorkerPool
  ) {
    var open: [OpenPhase] = []
    for position in first..<instructions.count {
      let instruction = instructions[position]
      let parts = (0..<pool.threads).map { instruction.footprint(part: $0, of: pool.threads) }
      let phase = PhaseOrder.earliest(for: parts, in: open)
      if phase == open.count { open.append(OpenPhase(parts: Array(repeating: Footprint(), count: pool.threads))) }
      open[phase].instructions.append(position)
      for part in parts.indices { open[phase].parts[part].add(parts[part]) }
      open[phase].work += instruction.work
      if open.count > PhaseOrder.mostOpen { close(open.removeFirst(), for: pool) }
    }
    for phase in open { close(phase, for: pool) }
  }

  /// The earliest of the open phases that an instruction with these parts may join; their count when it needs a new
  /// one.
  private static func earliest(for parts: [Footprint], in open: [OpenPhase]) -> Int {
    var earliest = open.count
    for phase in open.indices.reversed() {
      let relation = Relation(of: parts, to: open[phase].parts)
      if relation == .waits { break }
      if open[phase].instructions.count < longest { earliest = phase }
      if relation == .follows { break }
    }
    return earliest
  }

  private mutating func close(_ phase: OpenPhase, for pool: WorkerPool) {
    let start = order.count
    order += phase.instructions
    phases.append(Phase(instructions: start..<order.count, isShared: phase.work >= pool.leastWork))
  }
}

/// The relation of an instruction's parts to those of a phase before it.
private enum Relation {
  /// No part meets one of the phase: their order is free.
  case none
  /// A part comes after the same part of the phase.
  case follows
  /// A part comes after another part of the phase.
  case waits

  init(of parts: [Footprint], to earlier: [Footprint]) {
    var meets = false
    for part in parts.indices {
      for other in earlier.indices where parts[part].conflicts(with: earlier[other]) {
        if part != other {
          self = .waits
          return
        }
        meets = true
      }
    }
    self = meets ? .follows : .none
  }
}

extension Instruction {
  /// The memory that one of several parts reads and writes. A band of columns counts as all that stands between its
  /// first and its last element.
  func footprint(part: Int, of parts: Int) -> Footprint {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.footprint(part: part, of: parts) }
    case .product(let product, let addend):
      product.part(part, of: parts).footprint(from: addend.map { $0 + (product.part(part, of: parts).c - product.c) })
    case .chain(let links, let rows, let width, _):
      links.reduce(into: Footprint()) { footprint, link in
        let elements = Instruction.elements(rows, width, part, of: parts)
        guard !elements.isEmpty else { return }
        if case .repeated(let width) = link.function { return footprint.read(link.a.base, count: width) }
        for operand in [link.a, link.b, link.c] {
          footprint.read(operand.address(from: elements.lowerBound, part: part), count: operand.extent(elements.count))
        }
        footprint.write(link.y.address(from: elements.lowerBound, part: part), count: link.y.extent(elements.count))
      }
    }
  }
}

extension MatrixProduct {
  fileprivate func footprint(from addend: UnsafePointer<S>?) -> Footprint {
    var footprint = Footprint()
    guard rows > 0, columns > 0 else { return footprint }
    func extent(_ rows: Int, _ columns: Int, _ stride: Int) -> Int { rows > 0 ? (rows - 1) * stride + columns : 0 }
    footprint.read(a, count: transposeA ? extent(depth, rows, strideA) : extent(rows, depth, strideA))
    footprint.read(b, count: transposeB ? extent(columns, depth, strideB) : extent(depth, columns, strideB))
    if let bias { footprint.read(bias, count: columns) }
    if let addend { footprint.read(addend, count: extent(rows, columns, strideC)) }
    footprint.write(c, count: extent(rows, columns, strideC))
    return footprint
  }
}

/// A phase of a program, cut into parts.
final class PhaseTask<S: Scalar>: WorkerPool.Task {
  var instructions = UnsafeBufferPointer<Instruction<S>>(start: nil, count: 0)

  override func run(part: Int, of parts: Int) { execute(part, parts) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func execute(_ part: Int, _ parts: Int) {
    for position in 0..<instructions.count { instructions[position].execute(part: part, of: parts) }
  }
}
