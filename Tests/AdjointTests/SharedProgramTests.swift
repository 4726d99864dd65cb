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

  @Test("Sums, means and variances of many rows have the recorded bits on 2 and 3 processes", arguments: [2, 3])
  func manyRows(_ count: Int) {
    let wrong = onProcesses(count) { group in
      manyRowsDifferences(Float.self, on: group) + manyRowsDifferences(Double.self, on: group)
    }
    #expect(wrong.allSatisfy { $0.isEmpty }, "\(wrong)")
  }

  @Test("Of a variance, processes send sums of blocks of rows, also where a phase is too small to be shared")
  func statistics() {
    let sent = onProcesses(2, isMarkingMissing: false) { group in
      let tape = Tape<Float>()
      let x = tape.input(manyNumbers([8192, 64]))
      let y = x.matmul(tape.constant(manyNumbers([64, 16])))
      let variance = y.variance(axes: [0])
      let program = Program<Float>([variance])
      let wrong = differences(program, [variance], on: group)
      program.pool = nil
      return ["\(program.sentByteCount)"] + wrong
    }
    // Four blocks of 16 columns for the mean, and four for the squares.
    #expect(sent == [["512"], ["512"]])
  }

  @Test(
    "What others need is computed first, and on its way while what does not need it is computed",
    arguments: [false, true])
  func overlap(isRecordedLast: Bool) {
    let found = onProcesses(2) { group in
      let tape = Tape<Float>()
      let x = tape.input(manyNumbers([256, 64]))
      func beside() -> Variable<Float> { x.matmul(tape.constant(manyNumbers([64, 1024]))).sin() }
      let before = isRecordedLast ? [beside()] : []
      // All rows of the hidden numbers, of which each process has half.
      let hidden = x.matmul(tape.constant(manyNumbers([64, 64]))).tanh()
      let outputs = [hidden.transpose().matmul(hidden)] + (isRecordedLast ? before : [beside()])
      let program = Program<Float>(outputs)
      let wrong = differences(program, outputs, on: group)
      program.pool = nil
      return wrong + (program.sharedCost.hidesAnExchange ? ["hidden"] : [])
    }
    #expect(found == [["hidden"], ["hidden"]])
  }

  @Test("Sums and largest elements of whole arrays have the recorded bits on 2 and 3 processes", arguments: [2, 3])
  func wholeArrays(_ count: Int) {
    let wrong = onProcesses(count) { group in
      [1025, 16_385, 40_000, 100_003].flatMap { size -> [String] in
        let tape = Tape<Double>()
        let x = tape.input(manyNumbers([size]))
        let (a, y) = (x.max(), x * 0.5)
        let loss = a + (x - a).exp().sum().log()
        let outputs = gradients(of: loss, withRespectTo: [x]) + [y, y.mean(), (-y).min(), loss]
        return differences(Program<Double>(outputs), outputs, on: group).map { "\(size): \($0)" }
      }
    }
    #expect(wrong.allSatisfy { $0.isEmpty }, "\(wrong)")
  }

  @Test("Kernels' gradients of convolutions have the recorded bits on 2, 3 and 5 processes", arguments: [2, 3, 5])
  func convolutions(_ count: Int) {
    let wrong = onProcesses(count) { group in
      convolutionDifferences(Float.self, on: group) + convolutionDifferences(Double.self, on: group)
    }
    #expect(wrong.allSatisfy { $0.isEmpty }, "\(wrong)")
  }

  @Test("Of a convolution, processes send sums of chains of windows in place of images and cotangents")
  func chains() {
    let sent = onProcesses(2, isMarkingMissing: false) { group in
      let tape = Tape<Float>()
      let x = tape.input(manyNumbers([16, 16, 16, 4])).tanh()
      let w = tape.input(manyNumbers([8, 4, 3, 3]))
      let loss = x.conv2d(w).square().sum()
      let outputs = gradients(of: loss, withRespectTo: [w])
      return [false, true].map { isForProcesses in
        let program = Program<Float>(outputs, altering: nil, isForProcesses: isForProcesses)
        program.share(among: group, cutting: 0..<1)
        return program.sentByteCount
      }
    }
    // Of 16 chains of 288 numbers half.
    #expect(sent.allSatisfy { $0[1] == 16 * 288 * 4 / 2 && $0[0] > 5 * $0[1] }, "\(sent)")
  }

  @Test("Parts of chains of windows write what they say, each byte once", arguments: [2, 3, 7])
  func partsOfChains(_ parts: Int) {
    let tape = Tape<Float>()
    let x = tape.input(manyNumbers([3, 16, 16, 1]))
    let w = tape.input(manyNumbers([2, 1, 3, 3]))
    let program = Program<Float>(
      gradients(of: x.conv2d(w).square().sum(), withRespectTo: [w]), altering: nil, isForProcesses: true)
    program.run()
    #expect(program.faultsOfParts(parts).isEmpty)
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

extension Program.SharedCost {
  /// True where something is computed between the beginning and the end of an exchange.
  fileprivate var hidesAnExchange: Bool {
    var open: Set<Int> = []
    for step in steps {
      switch step {
      case .begin(let number, let messages, _): if messages > 0 { open.insert(number) }
      case .end(let number): open.remove(number)
      case .work(let shared, _): if shared > 0, !open.isEmpty { return true }
      }
    }
    return false
  }
}

/// The outputs that do not have the recorded bits when processes share the program.
private func differences<S: Scalar & BitComparable>(
  _ program: Program<S>, _ outputs: [Variable<S>], on group: ProcessGroup
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

/// Numbers of both signs and of many sizes, that follow from their position.
private func manyNumbers<S: Scalar>(_ shape: Shape) -> Tensor<S> {
  var generator = Generator(seed: 5)
  return Tensor(
    shape: shape, elements: (0..<shape.elementCount).map { _ in S(generator.normal() * exp(generator.normal())) })
}

/// What reductions over the first axes have on processes other than recorded, where blocks of 1,024 rows are full, are not, and are
/// many; with infinities, NaN and a column of −0.
private func manyRowsDifferences<S: Scalar & BitComparable>(_ type: S.Type, on group: ProcessGroup) -> [String] {
  [1024, 1025, 2048, 2049, 3071, 5000, 9221].flatMap { rows -> [String] in
    [2, 8, 31].flatMap { columns -> [String] in
      let tape = Tape<S>()
      var numbers: Tensor<S> = manyNumbers([rows, columns])
      for row in 0..<rows { numbers[row, 0] = S(-0.0) }
      if columns > 2 { (numbers[rows - 1, 1], numbers[rows / 2, 2]) = (S(Double.infinity), S(Double.nan)) }
      let x = tape.input(numbers)
      let y = x * x - x
      let outputs = [
        x.sum(axes: [0]), x.mean(axes: [0], keepingDimensions: true), y.mean(axes: [0]), y.variance(axes: [0]),
        y.variance(axes: [0], keepingDimensions: true, correction: 1), y.sum(axes: [0]),
      ]
      return differences(Program<S>(outputs), outputs, on: group).map { "\(S.self), \(rows) rows of \(columns): \($0)" }
    }
  }
}

/// What gradients of convolutions have on processes other than recorded: of images that are fed and that are computed, with one image and
/// many, and chains of windows that end within an image; also where something follows the gradient.
private func convolutionDifferences<S: Scalar & BitComparable>(_ type: S.Type, on group: ProcessGroup) -> [String] {
  let cases: [(images: Shape, weight: Shape, stride: Extent2D, padding: Extent2D)] = [
    ([3, 16, 16, 1], [4, 1, 5, 5], 1, 0), ([1, 16, 27, 3], [2, 3, 3, 3], 1, 1), ([13, 9, 11, 2], [5, 2, 2, 3], 1, 0),
    ([7, 20, 21, 2], [3, 2, 3, 3], 2, 1),
  ]
  return cases.flatMap { images, weight, stride, padding -> [String] in
    let tape = Tape<S>()
    let (x, w): (Variable<S>, Variable<S>) = (tape.input(manyNumbers(images)), tape.input(manyNumbers(weight)))
    let outputs = [x, x.tanh()].flatMap { x -> [Variable<S>] in
      let y = x.conv2d(w, stride: stride, padding: padding)
      let cotangent = tape.constant(manyNumbers(y.shape))
      let gradients = gradients(of: (y.sin() * cotangent).sum(), withRespectTo: [w, x])
      return gradients + [gradients[0] * 0.25 + w]
    }
    return differences(Program<S>(outputs, altering: nil, isForProcesses: true), outputs, on: group)
      .map { "\(S.self), \(images) by \(weight): \($0)" }
  }
}

/// What is on its way is left alone, or the tests end.
@Suite struct BytesOnTheirWayTests {
  /// Two processes of which each has one half of an array; the first one writes an element while the halves are exchanged.
  private static func exchange(_ count: Int, writing place: Int?) -> [[Float]] {
    onProcesses(2) { group in
      let elements = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      defer { elements.deallocate() }
      for i in 0..<count { elements[i] = Float(i) }
      guard let cut = ElementCut(of: count, among: group) else { return [] }
      let array = Output(shape: [count], elements: elements)
      ArrayExchange([(array, cut)], on: group).run {
        if let place, group.rank == 0 { elements[place] = 0.5 }
      }
      return Array(elements)
    }
  }

  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test(arguments: [1 << 11, 1 << 14]) func `Halves that nobody writes arrive`(count: Int) {
    #expect(Self.exchange(count, writing: nil) == Array(repeating: (0..<count).map { Float($0) }, count: 2))
  }

  // Halves of 4 KiB go in packed messages, of 32 KiB as they stand.
  @Test func `Whoever writes what is sent or received meanwhile is stopped`() async {
    let sent = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BytesOnTheirWayTests.exchange(1 << 14, writing: 1)
    }
    #expect(said(sent).contains("bytes changed while they were sent"), "\(said(sent))")
    let whole = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BytesOnTheirWayTests.exchange(1 << 14, writing: (1 << 14) - 1)
    }
    let packed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BytesOnTheirWayTests.exchange(1 << 11, writing: (1 << 11) - 1)
    }
    for (result, part) in [(whole, "ProcessGroup"), (packed, "Exchange")] {
      #expect(
        said(result).contains("\(part): bytes were written where others were on their way to"), "\(said(result))")
    }
  }
}

/// Runs a body on a thread for each of several processes, and returns what each gives.
func onProcesses<Result: Sendable>(
  _ count: Int, isMarkingMissing: Bool = true, _ body: @escaping @Sendable (ProcessGroup) -> Result
) -> [Result] {
  let lock = NSLock()
  // Written under the lock, read when all threads are done.
  nonisolated(unsafe) var results = [Result?](repeating: nil, count: count)
  let done = DispatchSemaphore(value: 0)
  for group in ProcessGroup.threads(count, isMarkingMissing: isMarkingMissing) {
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
