import Adjoint
import Testing

/// Phases: parts of instructions that run without waiting for each other, in any order, with the same bits. Random programs are
/// cut into parts in `RandomProgramTests`.
@Suite struct PhaseTests {
  @Test("Every operation has the same bits in parts, in whatever order they run", arguments: ExampleCase.all)
  func parts(_ example: ExampleCase) {
    check(example, Float.self)
    check(example, Double.self)
  }

  private func check<S: BitComparable>(_ example: ExampleCase, _: S.Type) {
    let y = example.record(example.values(), as: S.self).y
    // Used again, so that parts of one instruction read what parts of another have written.
    let outputs = [y, (y.numbers + y.numbers).tanh()]
    let expected = outputs.map(\.value)
    for keeping in [Program<S>.Keeping.outputs, .all] {
      let program = Program<S>(outputs, keeping: keeping)
      for (parts, lastFirst) in [(2, true), (3, false), (5, true)] {
        program.pool = WorkerPool(partsInTurn: parts, lastFirst: lastFirst)
        program.run()
        for (output, value) in zip(outputs, expected) {
          #expect(program.value(of: output).isIdentical(to: value), "\(parts) parts, last first: \(lastFirst)")
        }
      }
    }
  }

  @Test("Loss and gradients of a classifier wait three times, not at every instruction")
  func phases() throws {
    var generator = Generator(seed: 2)
    func normal(_ shape: Shape) -> Tensor<Float> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.normal()) })
    }
    let tape = Tape<Float>()
    let (x, labels) = (tape.input(normal([128, 96])), tape.index(Tensor(repeating: 3, shape: [128])))
    let weights = [tape.input(normal([64, 96])), tape.input(normal([10, 64]))]
    let biases = [tape.input(normal([64])), tape.input(normal([10]))]
    let hidden = x.matmul(weights[0], transposeB: true).addBias(biases[0]).relu()
    let logits = hidden.matmul(weights[1], transposeB: true).addBias(biases[1])
    let loss = -logits.logSoftmax().pick(labels).mean()
    let program = Program<Float>([loss] + gradients(of: loss, withRespectTo: weights + biases))
    program.pool = WorkerPool(partsInTurn: 2, lastFirst: false)
    // The hidden layer; from there to the loss and back; the weights' gradients, with the loss, which nothing else waits for.
    #expect(program.phases.count == 3, "\(program.phases)")
    #expect(program.phases.map(\.instructions.count).reduce(0, +) == program.instructionCount)
    #expect(program.instructionCount > 10)
  }

  @Test("What waits does not hold up what stands behind it")
  func overtaking() {
    var generator = Generator(seed: 3)
    let tape = Tape<Float>()
    func normal() -> Variable<Float> {
      tape.input(Tensor(shape: [64, 64], elements: (0..<4096).map { _ in Float(generator.normal()) }))
    }
    let x = normal()
    // Each sum needs all rows of the value before it; the values do not need the sums.
    var (values, sums): ([Variable<Float>], [Variable<Float>]) = ([x], [])
    for _ in 0..<2 {
      values.append(values[values.count - 1].matmul(normal()).tanh() + x)
      sums.append(values[values.count - 1].sum(axes: [0], keepingDimensions: false).sum())
    }
    // The values are kept too, so that nothing takes their memory and has to wait for their readers.
    let outputs = values + sums
    let program = Program<Float>(outputs)
    let expected = outputs.map(\.value)
    for (parts, lastFirst) in [(2, true), (3, false)] {
      program.pool = WorkerPool(partsInTurn: parts, lastFirst: lastFirst)
      #expect(program.phases.count == 3, "\(program.phases)")
      program.run()
      for (output, value) in zip(outputs, expected) { #expect(program.value(of: output).isIdentical(to: value)) }
    }
  }

  @Test("Where a part reads what another one writes, there is a wait between them")
  func waits() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(repeating: 1, shape: [64, 64]))
    // Every row of the second product reads all rows of the first.
    let y = x.tanh().matmul(x.exp())
    let program = Program<Float>([y])
    program.pool = WorkerPool(partsInTurn: 2, lastFirst: true)
    #expect(program.phases.count == 2)
    program.run()
    #expect(program.value(of: y) == y.value)
  }

  /// Counts, part by part, how often it was run.
  private final class Tally: WorkerPool.Task {
    let counts: UnsafeMutableBufferPointer<Int>

    init(parts: Int) {
      counts = .allocate(capacity: parts)
      counts.initialize(repeating: 0)
    }
    deinit { counts.deallocate() }

    override func run(part: Int, of parts: Int) { counts[part] += 1 }
  }

  @Test("Every part of every task runs once, also with more threads than cores", arguments: [2, 3, 9])
  func everyPartOnce(threads: Int) {
    let pool = WorkerPool(threads: threads)
    let tally = Tally(parts: threads)
    // In step: a part that was left out, or run late or twice, shows before the next task could hide it.
    for round in 1...2_000 {
      pool.run(tally)
      guard tally.counts.allSatisfy({ $0 == round }) else {
        Issue.record("after \(round) tasks: \(Array(tally.counts))")
        return
      }
    }
  }
}
