// What threads run between two waits. Instructions are cut into parts by rows or columns; a thread goes on from its part of one
// to its part of the next without waiting for the others, as long as no part touches what another one of the same phase
// writes. Forward, a batch is cut by its rows from the first layer to the loss, so that a step waits a few times only.

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
    reads += other.reads
    writes += other.writes
  }

  /// Whether the order of this and another part matters.
  func conflicts(with other: Footprint) -> Bool {
    Footprint.overlap(writes, other.writes) || Footprint.overlap(writes, other.reads)
      || Footprint.overlap(reads, other.writes)
  }

  private static func overlap(_ a: [Range<UInt>], _ b: [Range<UInt>]) -> Bool {
    a.contains { range in b.contains { range.overlaps($0) } }
  }

  private static func append(_ bytes: Int, _ address: UnsafeRawPointer, to ranges: inout [Range<UInt>]) {
    let first = UInt(bitPattern: address)
    if bytes > 0 { ranges.append(first..<first + UInt(bytes)) }
  }
}

/// Instructions that threads run without waiting for each other.
package struct Phase {
  package let instructions: Range<Int>
  /// Whether cutting it into parts repays waking the threads.
  package let isShared: Bool

  /// The most instructions in a phase, since each is compared with all before it.
  private static let longest = 64

  /// The fewest phases in which every part may run at its own pace: each is extended until parts would meet.
  static func phases<S: Scalar>(
    of instructions: UnsafeMutableBufferPointer<Instruction<S>>, from first: Int, for pool: WorkerPool
  ) -> [Phase] {
    let parts = pool.threads
    var phases: [Phase] = []
    var (start, work) = (first, 0)
    var open = [Footprint](repeating: Footprint(), count: parts)
    func close(before end: Int) {
      if end > start { phases.append(Phase(instructions: start..<end, isShared: work >= pool.leastWork)) }
      (start, work, open) = (end, 0, Array(repeating: Footprint(), count: parts))
    }
    for position in first..<instructions.count {
      let instruction = instructions[position]
      let next = (0..<parts).map { instruction.footprint(part: $0, of: parts) }
      let meet = next.indices.contains { p in open.indices.contains { $0 != p && next[p].conflicts(with: open[$0]) } }
      if meet || position - start == longest { close(before: position) }
      for part in 0..<parts { open[part].add(next[part]) }
      work += instruction.work
    }
    close(before: instructions.count)
    return phases
  }
}

extension Instruction {
  /// What one of several parts reads and writes. Bands of columns count as all that stands between their first and their last
  /// element.
  func footprint(part: Int, of parts: Int) -> Footprint {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.footprint(part: part, of: parts) }
    case .product(let product, let addend):
      product.part(part, of: parts).footprint(from: addend.map { $0 + (product.part(part, of: parts).c - product.c) })
    case .chain(let links, let rows, let width):
      links.reduce(into: Footprint()) { footprint, link in
        let elements = Instruction.elements(rows, width, part, of: parts)
        guard !elements.isEmpty else { return }
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
