import Adjoint
import AdjointChecking
import AdjointGrading
import Foundation
import Testing

/// Programs that several processes run together. Threads stand for the processes; what one of them neither computes nor receives
/// is NaN.
@Suite struct SharedProgramTests {
  @Test("Parts of every operation write what they say, each byte once", arguments: [2, 3, 7])
  func partsOfExamples(_ parts: Int) {
    for example in ExampleCase.all {
      let y = example.record(example.values(), as: Double.self).y
      let program = Program<Double>([y, (y.numbers + y.numbers).tanh()])
      program.run()
      let faults = program.faultsOfParts(parts)
      #expect(faults.isEmpty, "\(example.testDescription): \(faults)")
    }
  }

  @Test("Parts of random programs write what they say, each byte once", arguments: [2, 3])
  func partsOfRandomPrograms(_ parts: Int) throws {
    for seed in 0..<UInt64(80) {
      let (outputs, program) = try recorded(seed)
      program.run()
      let faults = program.faultsOfParts(parts)
      #expect(faults.isEmpty, "seed \(seed), \(outputs.count) outputs: \(faults)")
    }
  }

  @Test("Every operation has the same bits on 2 and 3 processes, of 1 and 2 threads", arguments: [2, 3])
  func examples(_ count: Int) {
    let wrong = onProcesses(count) { group in
      ExampleCase.all.flatMap { example -> [String] in
        let y = example.record(example.values(), as: Double.self).y
        let outputs = [y, (y.numbers + y.numbers).tanh()]
        return differences(Program<Double>(outputs), outputs, on: group).map { "\(example.testDescription): \($0)" }
      }
    }
    #expect(wrong.allSatisfy { $0.isEmpty }, "\(wrong)")
  }

  @Test("Random programs have the same bits on 2 and 4 processes, of 1 and 2 threads", arguments: [2, 4])
  func randomPrograms(_ count: Int) {
    let wrong = onProcesses(count) { group in
      (0..<UInt64(80)).flatMap { seed -> [String] in
        guard let (outputs, program) = try? recorded(seed) else { return ["seed \(seed) cannot be recorded"] }
        return differences(program, outputs, on: group).map { "seed \(seed): \($0)" }
      }
    }
    #expect(wrong.allSatisfy { $0.isEmpty }, "\(wrong)")
  }

  @Test("Bytes are sent where processes share a product, and none by a program for one")
  func bytes() {
    let sent = onProcesses(2) { group in
      let tape = Tape<Float>()
      let x = tape.input(Tensor(repeating: 0.5, shape: [64, 64]))
      let y = x.matmul(x).tanh().matmul(x)
      let program = Program<Float>([y])
      let before = program.sentByteCount
      program.share(among: group, cutting: 0..<0)
      return [before, program.sentByteCount]
    }
    // Half of the result to the other process. Rows of the second product need the same rows of the first alone.
    #expect(sent == [[0, 64 * 64 * 4 / 2], [0, 64 * 64 * 4 / 2]])
  }

  private func recorded(_ seed: UInt64) throws -> ([Variable<Double>], Program<Double>) {
    let program = RandomProgram(seed: seed)
    let tape = Tape<Double>()
    let recording = program.record(on: tape, at: 0)
    let cotangent = tape.constant(program.cotangent.converted() as Tensor<Double>)
    let outputs =
      [recording.output] + gradients(of: recording.output, withRespectTo: recording.moving, cotangent: cotangent)
    return (outputs, Program(outputs))
  }
}

/// The outputs that do not have the recorded bits when processes share the program.
private func differences(
  _ program: Program<Double>, _ outputs: [Variable<Double>], on group: ProcessGroup
) -> [String] {
  let expected = outputs.map(\.value)
  program.share(among: group, cutting: 0..<0)
  var found: [String] = []
  for threads in [1, 2] {
    program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: group.rank % 2 == 0)
    for _ in 0..<2 {
      program.run()
      for (position, (output, value)) in zip(outputs, expected).enumerated()
      where !program.value(of: output).isIdentical(to: value) {
        found.append("output \(position) on \(group), \(threads) threads")
      }
    }
  }
  return found
}

/// Runs a body on a thread for each of several processes, and returns what each gives.
func onProcesses<Result: Sendable>(
  _ count: Int, _ body: @escaping @Sendable (ProcessGroup) -> Result
) -> [Result] {
  let lock = NSLock()
  // Written under the lock, read when all threads are done.
  nonisolated(unsafe) var results = [Result?](repeating: nil, count: count)
  let done = DispatchSemaphore(value: 0)
  for group in ProcessGroup.threads(count) {
    let thread = Thread {
      let result = body(group)
      lock.withLock { results[group.rank] = result }
      done.signal()
    }
    thread.stackSize = 16 << 20
    thread.start()
  }
  for _ in 0..<count { done.wait() }
  return lock.withLock { results.compactMap { $0 } }
}
