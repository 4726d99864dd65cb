/// A loop's body compiled for one scalar, with the places of what a step is given and of what it gives.
final class ScanRun<S: Scalar> {
  private let program: Program<S>
  private let carries: [Place]
  private let entries: [Place]
  private let shared: [Place]
  private let next: [Place]
  private let outputs: [Place]
  /// True where the next carry may be another carry's place, so that none is overwritten before all are read.
  private let crosses: Bool

  /// A value in the memory of the body's program.
  private struct Place {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
  }

  init(_ body: ScanBody) {
    let tape = Tape<S>()
    let leaves = body.leaves.map { tape.input(.zeros(body.nodes[$0].shape)) }
    let variables = body.record(on: tape, leaves)
    let program = Program<S>(body.next.map { variables[$0] } + body.outputs.map { variables[$0] } + leaves)
    func places(_ nodes: [Int]) -> [Place] {
      nodes.map { node in
        let y = program.output(variables[node].index)
        return Place(address: UnsafeMutableRawPointer(y.base), byteCount: y.count * MemoryLayout<S>.stride)
      }
    }
    self.program = program
    (carries, entries, shared) = (places(body.carries), places(body.entries), places(body.shared))
    (next, outputs) = (places(body.next), places(body.outputs))
    let targets = Set(carries.map(\.address))
    crosses = zip(carries, next).contains { $0.address != $1.address && targets.contains($1.address) }
  }

  /// The threads that share the large instructions of a step.
  func use(_ pool: WorkerPool?) { if program.pool !== pool { program.pool = pool } }

  /// Runs all steps. The result holds each output's entries, one output after the other, and then the last carries.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func run(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) {
    let base = UnsafeMutableRawPointer(y.base)
    let (carryCount, entryCount) = (carries.count, entries.count)
    for number in 0..<carryCount { copy(x[number].address, to: carries[number]) }
    for number in 0..<shared.count { copy(x[carryCount + entryCount + number].address, to: shared[number]) }
    // The end of the result is room for carries that cross.
    let end = base + (y.count * MemoryLayout<S>.stride - carries.reduce(0) { $0 + $1.byteCount })
    for step in 0..<steps {
      let t = reversed ? steps - 1 - step : step
      for number in 0..<entryCount {
        let place = entries[number]
        copy(x[carryCount + number].address + t * place.byteCount, to: place)
      }
      program.recompute()
      var block = base
      for number in 0..<outputs.count {
        let place = outputs[number]
        (block + t * place.byteCount).copyMemory(from: place.address, byteCount: place.byteCount)
        block += steps * place.byteCount
      }
      if crosses {
        store(next, at: end)
        load(end)
      } else {
        for number in 0..<carryCount where next[number].address != carries[number].address {
          copy(next[number].address, to: carries[number])
        }
      }
    }
    store(carries, at: end)
  }

  @inline(__always)
  private func copy(_ source: UnsafeMutableRawPointer, to place: Place) {
    place.address.copyMemory(from: source, byteCount: place.byteCount)
  }

  private func store(_ places: [Place], at start: UnsafeMutableRawPointer) {
    var start = start
    for place in places {
      start.copyMemory(from: place.address, byteCount: place.byteCount)
      start += place.byteCount
    }
  }

  private func load(_ start: UnsafeMutableRawPointer) {
    var start = start
    for place in carries {
      copy(start, to: place)
      start += place.byteCount
    }
  }
}

/// A loop in a program. Steps run one after the other, so threads share what a step does, and not the steps.
final class PlacedScan<S: Scalar>: Placed<Scan, S> {
  private var pool: WorkerPool?

  override func execute() { operation.run(x, into: y, on: pool) }
  override var sharesItself: Bool { true }
  override func lend(_ pool: WorkerPool?) { self.pool = pool }
}
