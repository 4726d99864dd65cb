import Adjoint
import Testing

/// No public interface touches memory that is not its own, in release too: it traps with a sentence, or throws.
@Suite struct ForeignMemoryTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `Numbers are not written into an index leaf`() async {
    let write = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let rows = tape.index(Tensor<Int32>([0, 1]), name: "rows")
      Program<Float>([tape.input(.ones([3, 2])).gather(rows)]).write(Tensor([1e9, 1e9]), into: rows)
    }
    #expect(said(write).contains("write: 'rows' [2] holds indices, not numbers. Use feed or fillIndices"))
    let fill = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let rows = tape.index(Tensor<Int32>([0, 1]), name: "rows")
      Program<Float>([tape.input(.ones([2, 2])).scatterAdd(rows, rows: 3)]).fill(rows) { $0[0] = 1e9 }
    }
    #expect(said(fill).contains("fill: 'rows' [2] holds indices, not numbers"))
  }

  @Test func `Indices are not written into numbers`() {
    let x = Tape<Float>().input(.ones([2]), name: "x")
    let program = Program<Float>([x.exp()])
    #expect(throws: FeedError("'x' [2]: takes numbers, was given indices")) { try program.fillIndices(x) { $0[0] = 1 } }
    #expect(program.value(of: x) == .ones([2]))
  }

  @Test func `Positions are looked at in each run, whoever wrote them`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let rows = tape.index(Tensor<Int32>([0, 1]), name: "rows")
      let program = Program<Float>([tape.input(.ones([3, 2])).gather(rows)])
      var kept: UnsafeMutableBufferPointer<Int32>?
      try program.fillIndices(rows) { kept = $0 }
      program.run()
      kept?[1] = 1 << 20
      program.run()
    }
    #expect(said(result).contains("Program: 'rows' [2]: index 1048576 at position 1 is not in 0 ..< 3"))
  }

  @Test(
    arguments: zip(
      [Overreaching.Place.element, .operand, .output, .shape],
      [
        "forward: no element 2 among the 2 of [2]", "forward: no input 1 among 1",
        "forward: no element -1 among the 2 of [2]", "forward: an element of [2] for each of [3]",
      ]))
  func `An operation of one's own that reaches too far traps`(place: Overreaching.Place, sentence: String) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [place] in
      let tape = Tape<Float>()
      tape.record(Overreaching(at: place), tape.input(.ones([2])))
    }
    #expect(said(result).contains(sentence))
  }

  @Test func `What an operation says of its inputs is checked before it is believed`() async {
    let bands = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = Program<Float>([tape.record(Overreaching(at: .bands), tape.input(.ones([2])))])
    }
    #expect(said(bands).contains("overreaching: entrywiseInputs says [true] for [[2]]"))
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      tape.record(Overreaching(at: .index), tape.input(.ones([2])))
    }
    #expect(said(index).contains("overreaching: says that input 3 holds indices, and has 1 inputs"))
  }

  @Test func `A loop that is checked once gives the values of one that is checked at each element`() {
    let tape = Tape<Double>()
    let (a, b) = (tape.input(Tensor([1, -2, 3])), tape.input(Tensor([4, 5, -6])))
    #expect(tape.record(CheckedOnce(), a, b).value == Tensor([5, 3, 0]))
    #expect(tape.record(CheckedOnce(), a).value == Tensor([1, 4, 9]))
  }
}

/// y = x, with one step too far somewhere.
struct Overreaching: Adjoint.Operation {
  enum Place: String, Codable, Sendable { case element, operand, output, shape, bands, index, rule }
  let place: Place
  init(at place: Place) { self.place = place }

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { place == .shape || place == .bands ? [3] : x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    switch place {
    case .element: for i in 0...y.count { y[0] = x[0][i] }
    case .operand: y[0] = x[1][0]
    case .output: y[-1] = 1
    case .shape: y.map(x[0]) { $0 }
    case .bands, .index, .rule: for i in y.indices { y[i] = x[0][i % x[0].count] }
    }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * p.x[1])] }
  func entrywiseInputs(_ x: [Shape]) -> [Bool]? { place == .bands ? [true] : nil }
  var indexPosition: Int? { place == .index ? 3 : nil }
}

/// y = max(a + b, 0), or x².
struct CheckedOnce: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    if x.count == 1 { y.map(x[0]) { $0 * $0 } } else { y.zip(x[0], x[1]) { S.larger($0 + $1, 0) } }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
}
