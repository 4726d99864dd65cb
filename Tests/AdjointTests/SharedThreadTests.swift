import Adjoint
import Foundation
import Testing

/// What is shared by threads survives it, or says that it may not be shared.
@Suite struct SharedThreadTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  /// A few products and elementwise operations, large enough to be split.
  private static func program(_ seed: UInt64) -> (program: Program<Float>, y: Variable<Float>) {
    var generator = Generator(seed: seed)
    let numbers = (0..<64 * 64).map { _ in Float(generator.normal()) }
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [64, 64], elements: numbers))
    let y = x.matmul(x).tanh().matmul(x).exp().sum(axes: [0])
    return (Program([y]), y)
  }

  @Test(.timeLimit(.minutes(1))) func `Two threads share a pool, and each gets its own values`() {
    let pool = WorkerPool(threads: 2)
    let wrong = LockedCount()
    DispatchQueue.concurrentPerform(iterations: 2) { thread in
      let (program, y) = SharedThreadTests.program(UInt64(thread))
      program.run()
      let alone = program.value(of: y)
      program.pool = pool
      for _ in 0..<200 {
        program.run()
        if program.value(of: y) != alone { wrong.add() }
      }
    }
    #expect(wrong.count == 0)
  }

  @Test(.timeLimit(.minutes(1))) func `A task on a pool may run another one on it`() {
    let pool = WorkerPool(threads: 2)
    let outer = Nested(pool)
    for _ in 0..<100 { pool.run(outer) }
    #expect(outer.inner.runs.count == 100 * 2 * 2)
  }

  @Test func `A program that runs on two threads at once traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      // What two threads must not share is what they share here.
      nonisolated(unsafe) let (program, y) = SharedThreadTests.program(1)
      DispatchQueue.concurrentPerform(iterations: 2) { _ in
        let end = Date(timeIntervalSinceNow: 20)
        while Date() < end {
          program.run()
          _ = program.value(of: y)
        }
      }
    }
    #expect(said(result).contains("Program: two threads use one program at once"))
    #expect(said(result).contains("compile one for each thread"))
  }

  @Test func `A pool has at least one thread, and not more than serve`() async {
    let many = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WorkerPool(threads: 100_000)
    }
    #expect(said(many).contains("WorkerPool: 100000 threads; there must be between 1 and 1024"))
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WorkerPool(threads: 0)
    }
    #expect(said(none).contains("WorkerPool: 0 threads; there must be between 1 and 1024"))
  }
}

/// A count that threads add to.
private final class LockedCount: @unchecked Sendable {
  private let lock = NSLock()
  private var total = 0
  var count: Int { lock.withLock { total } }
  func add() { lock.withLock { total += 1 } }
}

private final class Counting: WorkerPool.Task {
  let runs = LockedCount()
  override func run(part: Int, of parts: Int) { runs.add() }
}

private final class Nested: WorkerPool.Task {
  let inner = Counting()
  private let pool: WorkerPool
  init(_ pool: WorkerPool) { self.pool = pool }
  override func run(part: Int, of parts: Int) { pool.run(inner) }
}
