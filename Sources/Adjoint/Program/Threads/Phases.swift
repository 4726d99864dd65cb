// The work of threads between two waits. Instructions are cut into parts by rows or columns. A thread goes on from its
// part of one instruction to its part of the next without waiting, as long as no part touches what another part of the
// same phase writes.
//
// From a narrow layer to the loss and back, a batch is cut by its rows. An instruction that must wait does not hold up
// those behind it that need not. So a training step waits a few times only.

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
    var parts: [FootprintSpans]
    var work = 0
  }

  /// Puts every instruction into the earliest phase in which it need not wait. It comes after those whose results it
  /// needs or which need what it overwrites, and in a later phase where that is another part's.
  /// - Parameters:
  ///   - count: the number of parts of each instruction.
  ///   - leastWork: the work of a phase that repays cutting it into parts.
  init<S: Scalar>(
    of instructions: UnsafeMutableBufferPointer<Instruction<S>>, from first: Int, parts count: Int, leastWork: Int
  ) {
    var open: [OpenPhase] = []
    for position in first..<instructions.count {
      let instruction = instructions[position]
      if instruction.sharesItself {
        close(open, leastWork)
        open = []
        close([OpenPhase(instructions: [position], parts: [])], .max)
        continue
      }
      let parts = (0..<count).map { FootprintSpans(instruction.footprint(part: $0, of: count)) }
      let phase = PhaseOrder.earliest(for: parts, in: open)
      if phase == open.count { open.append(OpenPhase(parts: Array(repeating: FootprintSpans(), count: count))) }
      open[phase].instructions.append(position)
      for part in parts.indices { open[phase].parts[part].add(parts[part]) }
      open[phase].work += instruction.work
      if open.count > PhaseOrder.mostOpen { close([open.removeFirst()], leastWork) }
    }
    close(open, leastWork)
  }

  /// The earliest of the open phases that an instruction with these parts may join; their count when it needs a new
  /// one.
  private static func earliest(for parts: [FootprintSpans], in open: [OpenPhase]) -> Int {
    var earliest = open.count
    for phase in open.indices.reversed() {
      let relation = Relation(of: parts, to: open[phase].parts)
      if relation == .waits { break }
      if open[phase].instructions.count < longest { earliest = phase }
      if relation == .follows { break }
    }
    return earliest
  }

  /// Not inlined, since the compiler would write it out at each call and for each type of numbers.
  @inline(never)
  private mutating func close(_ open: [OpenPhase], _ leastWork: Int) {
    for phase in open {
      let start = order.count
      order += phase.instructions
      phases.append(Phase(instructions: start..<order.count, isShared: phase.work >= leastWork))
    }
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

  init(of parts: [FootprintSpans], to earlier: [FootprintSpans]) {
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
  /// True for what cuts its own work among the threads.
  fileprivate var sharesItself: Bool {
    guard case .general(let operation) = self else { return false }
    return operation._withUnsafeGuaranteedRef { $0.sharesItself }
  }

  /// The memory that one of several parts reads and writes.
  func footprint(part: Int, of parts: Int) -> Footprint {
    switch self {
    case .general(let operation), .numbers(_, let operation):
      operation._withUnsafeGuaranteedRef { $0.footprint(part: part, of: parts) }
    case .product(let product, let addend):
      product.part(part, of: parts).footprint(from: addend.map { $0 + (product.part(part, of: parts).c - product.c) })
    case .chain(let chain): chain.footprint(chain.band(part, of: parts))
    }
  }
}

extension MatrixProduct {
  fileprivate func footprint(from addend: UnsafePointer<S>?) -> Footprint {
    var footprint = Footprint()
    guard rows > 0, columns > 0 else { return footprint }
    let (rowsOfA, columnsOfA) = transposeA ? (depth, rows) : (rows, depth)
    let (rowsOfB, columnsOfB) = transposeB ? (columns, depth) : (depth, columns)
    footprint.read(a, rows: rowsOfA, columns: columnsOfA, stride: strideA)
    footprint.read(b, rows: rowsOfB, columns: columnsOfB, stride: strideB)
    if let bias { footprint.read(bias, count: columns) }
    if let addend { footprint.read(addend, rows: rows, columns: columns, stride: strideC) }
    footprint.write(c, rows: rows, columns: columns, stride: strideC)
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
