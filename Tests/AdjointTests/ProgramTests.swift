import Adjoint
import Testing

/// What a program promises besides speed: its hooks, its outputs, what it shares, and what it refuses to be fed.
@Suite struct ProgramTests {
  private func parameter(_ elements: [Double], name: String? = nil) -> Parameter<Double> {
    Parameter(Tensor(elements), name: name)
  }

  @Test func `Any node can be written, and the suffix is replayed after it`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let a = x.square()
    let b = a * 3
    let c = b + x
    let program = Program<Double>([c], keeping: .all)
    program.run()
    program.write(Tensor([10, 20]), into: a)
    program.run(after: a)
    #expect(program.value(of: a) == Tensor([10, 20]))
    #expect(program.value(of: b) == Tensor([30, 60]))
    #expect(program.value(of: c) == Tensor([31, 62]))
    program.write(Tensor([0, 1]), into: b)
    program.run(after: b)
    #expect(program.value(of: a) == Tensor([10, 20]))
    #expect(program.value(of: c) == Tensor([1, 3]))
    program.run(after: c)
    #expect(program.value(of: c) == Tensor([1, 3]))
    program.run()
    #expect(program.value(of: c) == c.value)
  }

  @Test func `A Float tape runs in Double, with its constants, inputs, parameters, indices and states`() throws {
    let tape = Tape<Float>()
    let w = Parameter<Float>(Tensor([[0.5, -1.25], [2, 0.75]]), name: "w")
    let state = Parameter<Float>(Tensor([0.25, 0.5]))
    let x = tape.input(Tensor([[1, 2], [3, 4]]))
    let rows = tape.index(Tensor<Int32>([1, 0, 1]))
    let y = (x.matmul(tape.parameter(w)) + tape.state(state) * 0.1).gather(rows).exp()
    let program = Program<Double>([y])
    program.run()
    let value = program.value(of: y)
    // Row 1 of x·w is [9.5, −0.75].
    #expect(abs(value[0, 0] - Double.exponential(9.5 + 0.25 * Double(Float(0.1)))) < 1e-8)
    #expect(value[0, 1] == value[2, 1])
    try program.feed(x, Tensor<Double>([[0, 0], [0, 0]]))
    try program.feed(rows, Tensor<Int32>([0, 0, 1]))
    program.run()
    #expect(abs(program.value(of: y)[2, 1] - Double.exponential(0.5 * Double(Float(0.1)))) < 1e-15)
    #expect(x.value[0, 1] == 2, "the tape is untouched")
  }

  @Test func `Programs share parameters where they stand, and copied ones have their own`() {
    let w = parameter([1, 2, 3], name: "w")
    let (tapeA, tapeB) = (Tape<Double>(), Tape<Double>())
    let a = tapeA.parameter(w).square()
    let b = tapeB.parameter(w).sum()
    let (programA, programB) = (Program<Double>([a]), Program<Double>([b]))
    let copied = Program<Double>([a], parameters: .copied)
    w.value = Tensor([4, 5, 6])
    for program in [programA, programB, copied] { program.run() }
    #expect(programA.value(of: a) == Tensor([16, 25, 36]))
    #expect(programB.value(of: b) == Tensor(scalar: 15))
    #expect(copied.value(of: a) == Tensor([1, 4, 9]))
    copied.write(Tensor([7, 7, 7]), into: tapeA.parameter(w))
    copied.run()
    #expect(copied.value(of: a) == Tensor([49, 49, 49]))
    #expect(w.value == Tensor([4, 5, 6]))
    w.withElements { $0[0] = -1 }
    programA.run()
    #expect(programA.value(of: a) == Tensor([1, 25, 36]))
  }

  @Test func `A result never takes the memory of a parameter that it reads last`() {
    let w = parameter([1, 2, 3])
    let tape = Tape<Double>()
    let x = tape.parameter(w)
    let y = x.square()
    let program = Program<Double>([y])
    for _ in 0..<3 { program.run() }
    #expect(program.value(of: y) == Tensor([1, 4, 9]))
    #expect(w.value == Tensor([1, 2, 3]))
  }

  @Test func `An output may be asked for twice, be a leaf, or be a reshape of a leaf`() throws {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([1, 2, 3, 4]))
    let w = Parameter<Float>(Tensor([1, 1, 1, 1]))
    let folded = x.reshape(to: [2, 2])
    let y = x * 2 + tape.parameter(w)
    let program = Program<Float>([y, x, folded, y, tape.parameter(w), tape.parameter(w).reshape(to: [2, 2])])
    try program.feed(x, Tensor<Float>([5, 6, 7, 8]))
    program.run()
    #expect(program.value(of: y) == Tensor([11, 13, 15, 17]))
    #expect(program.value(of: folded) == Tensor([[5, 6], [7, 8]]))
    #expect(program.value(of: x) == Tensor([5, 6, 7, 8]))
    #expect(program.withValue(of: folded) { Array($0) } == [5, 6, 7, 8])
  }

  @Test func `A run stores into states, and a replay does not`() {
    let tape = Tape<Double>()
    let running = parameter([0, 0], name: "running")
    let x = tape.input(Tensor([2, 4]))
    let mixed = 0.5 * tape.state(running) + 0.5 * x
    tape.store(mixed, into: running)
    #expect(running.value == Tensor([0, 0]), "recording stores nothing by itself")
    let program = Program<Double>([x.sum()])
    program.replay()
    #expect(running.value == Tensor([0, 0]))
    program.run()
    #expect(running.value == Tensor([1, 2]))
    program.run()
    #expect(running.value == Tensor([1.5, 3]))
    tape.commitStores()
    #expect(running.value == Tensor([1, 2]), "the recorded value, as after recording")
  }

  @Test func `A program with parameters of its own stores into its own states`() {
    let tape = Tape<Double>()
    let count = parameter([0])
    let next = tape.state(count) + 1
    tape.store(next, into: count)
    let copied = Program<Double>([next], parameters: .copied)
    let single = Program<Float>([next])
    for _ in 0..<3 {
      copied.run()
      single.run()
    }
    #expect(copied.value(of: next) == Tensor([3]))
    #expect(single.value(of: next) == Tensor([3]))
    #expect(count.value == Tensor([0]))
  }

  @Test func `Feeding checks shape, kind and range, and writes nothing when it throws`() throws {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([[1, 2], [3, 4]]), name: "images")
    let labels = tape.index(Tensor<Int32>([0, 1]), name: "labels")
    let picked = x.pick(labels)
    let program = Program<Float>([picked], keeping: .all)
    func error(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing was thrown"
      } catch { return "\(error)" }
    }
    #expect(
      error { try program.feed(x, Tensor<Float>([1, 2])) } == "'images' [2, 2]: takes the shape [2, 2], was given [2]")
    #expect(error { try program.feed(x, Tensor<Int32>([1, 2])) }.contains("takes numbers, was given indices"))
    #expect(
      error { try program.feed(labels, Tensor<Float>([1, 0])) }.contains("takes indices (Int32), was given numbers"))
    #expect(
      error { try program.feed(labels, Tensor<Int32>([1, 2])) }
        == "'labels' [2]: index 2 at position 1 is not in 0 ..< 2")
    #expect(error { try program.feed(labels, Tensor<Int32>([-1, 0])) }.contains("index -1 at position 0"))
    #expect(error { try program.feed(picked, Tensor<Float>([1, 2])) }.contains("only inputs and index leaves are fed"))
    program.run()
    #expect(program.value(of: picked) == Tensor([1, 4]))
    #expect(program.value(of: labels) == Tensor([0, 1]))
    try program.feed(labels, Tensor<Int32>([1, 0]))
    program.fill(x) { elements in elements[1] = 9 }
    program.run()
    #expect(program.value(of: picked) == Tensor([9, 3]))
  }

  @Test func `An index leaf that several operations read is held to the smallest bound`() {
    let tape = Tape<Float>()
    let index = tape.index(Tensor<Int32>([0, 1]))
    let y = tape.input(.ones([5])).gather(index) + tape.input(.ones([3])).gather(index)
    let program = Program<Float>([y])
    #expect(throws: FeedError.self) { try program.feed(index, Tensor<Int32>([0, 3])) }
  }
}
