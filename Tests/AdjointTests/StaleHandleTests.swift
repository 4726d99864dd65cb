import Adjoint
import Testing

/// A handle names one node, not its place: where the tape was truncated in between, nothing answers with the numbers of the
/// node that took the place.
@Suite struct StaleHandleTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }
  private let otherNode = "is not the node that this program was compiled with: the tape was truncated between them"

  @Test func `A program answers to the handles that it was compiled with, also after a truncation`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let program = Program<Double>([x.square()], keeping: .all)
    let y = x.square()
    tape.truncate()
    _ = tape.input(Tensor([5, 6])).exp()
    try program.feed(x, Tensor<Double>([3, 4]))
    program.run()
    #expect(program.value(of: x) == Tensor([3, 4]))
    #expect(y.index == 2)
  }

  @Test func `A program does not answer to handles of another recording in the same places`() async {
    let value = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let program = Program<Double>([tape.input(Tensor([1, 2])).square()])
      tape.truncate()
      _ = program.value(of: tape.input(Tensor([0.76, 0.96])).tanh())
    }
    #expect(said(value).contains("Program: %1 [2] = tanh(x) " + otherNode))
    let feed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let stale = tape.input(Tensor([1, 2]))
      tape.truncate()
      let program = Program<Double>([tape.input(Tensor([3, 4])).square()])
      try program.feed(stale, Tensor<Double>([5, 6]))
    }
    #expect(said(feed).contains("Program: %0 " + otherNode))
    let suffix = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let program = Program<Double>([tape.input(Tensor([1, 2])).square()], keeping: .all)
      tape.truncate()
      program.run(after: tape.input(Tensor([1, 2])))
    }
    #expect(said(suffix).contains("Program: %0 x [2], input " + otherNode))
    let foreign = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let program = Program<Double>([Tape<Double>().input(Tensor([1, 2]))], keeping: .all)
      program.run(after: Tape<Double>().input(Tensor([1, 2])))
    }
    #expect(said(foreign).contains("Program: %0 x [2], input belongs to another tape"))
  }

  @Test func `A sweep does not answer once its output or its adjoints were truncated away`() async {
    let output = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([1, 2]))
      let backward = tape.backward(from: x.square().sum(), to: [x])
      tape.truncate(to: 1)
      _ = x.tanh().sum().exp().square() * 2
      _ = backward.adjoint(of: x)?.value
    }
    #expect(said(output).contains("%2 was truncated away"))
    let contributions = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([1, 2]))
      let backward = tape.backward(from: x.square().sum(), to: [x])
      tape.truncate(to: 1)
      _ = x.tanh().sum().exp().square() * 2
      _ = backward.contributions(to: x)
    }
    #expect(said(contributions).contains("%2 was truncated away"))
    let adjoint = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([1, 2]))
      let y = x.square().sum()
      let mark = tape.count
      let backward = tape.backward(from: y, to: [x])
      tape.truncate(to: mark)
      for _ in 0..<9 { _ = x.tanh() }
      _ = backward.adjoint(of: x)?.value
    }
    #expect(said(adjoint).contains("backward: the adjoint of %0 x [2], input, %"))
    #expect(said(adjoint).contains("was truncated away"))
  }

  @Test func `Truncations are counted beyond 2³¹`() {
    let tape = Tape<Double>()
    tape.countTruncations(upTo: Int(Int32.max))
    _ = tape.input(Tensor([1, 2]))
    for round in 1...3 {
      tape.truncate()
      let x = tape.input(Tensor(scalar: Double(round)))
      #expect(gradient(of: x.square(), withRespectTo: x).scalar == 2 * Double(round))
    }
  }

  @Test func `A rule that asks for an input which the operation does not have traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 2]))
      _ = gradient(of: x.tape.record(Overreaching(at: .rule), x).sum(), withRespectTo: x)
    }
    #expect(said(result).contains("vjp: there is no input 1 among the 1 of %1 [2]"))
  }
}
