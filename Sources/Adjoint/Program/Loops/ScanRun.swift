/// A loop's body compiled for one scalar. One thread uses it at a time.
class ScanRun<S: Scalar> {
  /// Takes the threads that share what a step does.
  func use(_ pool: WorkerPool?) {}
  /// Runs all steps. The result holds each output's entries, one output after the other, then the last carries, and then the
  /// entries of what is kept.
  func run(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) { fatalError("ScanRun: an abstract class") }
}

/// A body compiled to a program that runs once for each step, with the places of what a step is given and of what it gives.
final class StepRun<S: Scalar>: ScanRun<S> {
  private let program: Program<S>
  private let carries: [Place]
  private let entries: [Place]
  private let shared: [Place]
  private let next: [Place]
  private let outputs: [Place]
  private let kept: [Place]
  /// True where the next carry may stand in another carry's place, or be a part of it, so that none is overwritten before all are read.
  private let crosses: Bool

  /// A value in the memory of the body's program.
  private struct Place {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    /// True for what a step is given and does not read.
    let isIdle: Bool
    /// True for a carry that a step is given.
    let isCarry: Bool

    var range: Range<UnsafeMutableRawPointer> { address..<address + byteCount }
  }

  init(_ body: ScanBody) {
    let tape = Tape<S>()
    let leaves = body.leaves.map { tape.input(.zeros(body.nodes[$0].shape)) }
    let variables = body.record(on: tape, leaves)
    let (results, given) = (body.next + body.outputs + body.kept, Set(body.carries))
    var isRead = [Bool](repeating: false, count: body.nodes.count)
    for node in body.nodes { for x in node.inputs { isRead[x] = true } }
    // A carry that is a result is taken before the step, which may then put the next one in its place.
    let handed = zip(body.carries, body.next).filter { isRead[$0.0] }
    let asked =
      body.next + results.filter { !given.contains($0) }
      + body.leaves.filter { !given.contains($0) || !isRead[$0] }
    let program = Program<S>(
      asked.map { variables[$0] }, altering: nil,
      handing: Dictionary(handed.map { (variables[$0].index, variables[$1].index) }, uniquingKeysWith: { $1 }))
    for node in results { isRead[node] = true }
    func places(_ nodes: [Int]) -> [Place] {
      nodes.map { node in
        let y = program.output(variables[node].index)
        return Place(
          address: UnsafeMutableRawPointer(y.base), byteCount: y.count * MemoryLayout<S>.stride, isIdle: !isRead[node],
          isCarry: given.contains(node))
      }
    }
    self.program = program
    (carries, entries, shared) = (places(body.carries), places(body.entries), places(body.shared))
    (next, outputs, kept) = (places(body.next), places(body.outputs), places(body.kept))
    let targets = carries.map(\.range)
    crosses = zip(carries, next).contains { carry, next in
      carry.address != next.address && targets.contains { $0.overlaps(next.range) }
    }
  }

  /// The threads share the large instructions of a step.
  override func use(_ pool: WorkerPool?) { if program.pool !== pool { program.pool = pool } }

  override func run(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) {
    runSteps(x, into: y, steps: steps, reversed: reversed)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func runSteps(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) {
    let base = UnsafeMutableRawPointer(y.base)
    let (carryCount, entryCount) = (carries.count, entries.count)
    for number in 0..<carryCount { copy(x[number].address, to: carries[number]) }
    for number in 0..<shared.count { copy(x[carryCount + entryCount + number].address, to: shared[number]) }
    // The place of the last carries is room for carries that cross.
    var end = base
    for number in 0..<outputs.count { end += steps * outputs[number].byteCount }
    var behind = end
    for number in 0..<carryCount { behind += carries[number].byteCount }
    for step in 0..<steps {
      let t = reversed ? steps - 1 - step : step
      for number in 0..<entryCount where !entries[number].isIdle {
        let place = entries[number]
        copy(x[carryCount + number].address + t * place.byteCount, to: place)
      }
      store(outputs, areCarries: true, entry: t, of: steps, at: base)
      store(kept, areCarries: true, entry: t, of: steps, at: behind)
      program.recompute()
      store(outputs, areCarries: false, entry: t, of: steps, at: base)
      store(kept, areCarries: false, entry: t, of: steps, at: behind)
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

  /// Puts what a step gives, or those of its results that it was given, at its place among that of all steps.
  @inline(__always)
  private func store(
    _ places: [Place], areCarries: Bool, entry t: Int, of steps: Int, at start: UnsafeMutableRawPointer
  ) {
    var block = start
    for number in 0..<places.count {
      let place = places[number]
      if place.isCarry == areCarries {
        (block + t * place.byteCount).copyMemory(from: place.address, byteCount: place.byteCount)
      }
      block += steps * place.byteCount
    }
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

/// A loop in a program, which has a compiled body of its own. Steps run one after the other, so threads share what a step does, and
/// not the steps.
final class PlacedScan<S: Scalar>: Placed<Scan, S> {
  private let loop: ScanRun<S>

  override init(_ operation: Scan, _ x: Operands<S>, into y: Output<S>) {
    loop = operation.body.takeRun(steps: operation.steps)
    super.init(operation, x, into: y)
  }

  deinit { operation.body.giveBack(loop) }

  override func execute() { loop.run(x, into: y, steps: operation.steps, reversed: operation.isReversed) }
  override var sharesItself: Bool { true }
  override func lend(_ pool: WorkerPool?) { loop.use(pool) }
}
