import Adjoint
import Testing

/// A tape that computes a value when somebody looks at it has the values of one that computes at once.
@Suite struct LaterTapeTests {
  /// y = x³ as an operation of somebody else, which the tape reads off values.
  private struct Cubed: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [3 * p.x[0].square() * g] }
    var name: String { "cubed" }
  }

  private func tapes() -> [Tape<Double>] {
    [Tape(mode: .training, seed: 3), Tape(mode: .training, seed: 3, computesLater: true)]
  }

  /// A recording of all kinds of nodes, and its gradient.
  private func recorded(on tape: Tape<Double>, _ weight: Parameter<Double>, foreign: Bool) -> [Variable<Double>] {
    var generator = Generator(seed: 2)
    let x = tape.input(generator.tensor([5, 4]))
    let noise = tape.random(.normal(mean: 0, deviation: 1), shape: [5, 4])
    var y = (x + noise).matmul(tape.parameter(weight)).tanh()
    if foreign { y = tape.record(Cubed(), y) }
    y = y.gather(y.argSort(axis: 1), axis: 1) * y.exp()
    let loss = (y.cumsum() - 2).square().mean()
    return [y, loss] + gradients(of: loss, withRespectTo: [x, tape.parameter(weight)])
  }

  @Test("Values, gradients and programs are the same", arguments: [false, true])
  func values(foreign: Bool) {
    var generator = Generator(seed: 1)
    let weight = Parameter<Double>(generator.tensor([4, 4]))
    let outputs = tapes().map { recorded(on: $0, weight, foreign: foreign) }
    let programs = outputs.map { Program<Double>($0) }
    for program in programs { program.run() }
    for (now, later) in zip(outputs[0], outputs[1]) {
      #expect(programs[1].value(of: later).isIdentical(to: programs[0].value(of: now)))
    }
    // From the last to the first, and from the first to the last.
    for (now, later) in zip(outputs[0], outputs[1]).reversed() { #expect(later.value.isIdentical(to: now.value)) }
    let again = recorded(on: tapes()[1], weight, foreign: foreign)
    for (now, later) in zip(outputs[0], again) { #expect(later.value.isIdentical(to: now.value)) }
  }

  @Test func `A value is computed when it is looked at, and stands from then on`() {
    let weight = Parameter<Double>(Tensor([1, 2]))
    let tape = tapes()[1]
    let (first, second) = (tape.parameter(weight) * 2, tape.parameter(weight) * 3)
    weight.value = Tensor([10, 20])
    #expect(first.value == Tensor([20, 40]))
    weight.value = Tensor([0, 0])
    #expect(first.value == Tensor([20, 40]) && second.value == Tensor([0, 0]))
  }

  @Test("The body of a loop sees what it is given, computed or not", arguments: [false, true], [0, 1, 3])
  func loop(reversed: Bool, steps: Int) {
    var found: [(text: [String], values: [Tensor<Double>])] = []
    for tape in tapes() {
      var text: [String] = []
      let x = (tape.input(Tensor((0..<steps).map { 0.5 + Double($0) })) * 2).exp()
      let start = (tape.input(Tensor([0.25, -1])) * 3).sin()
      let y = scan([start], over: [x], reversed: reversed) { carry, entry in
        // What is read off values needs them while it is recorded.
        let z = tape.record(Cubed(), carry[0] * 0.5 + entry[0])
        text += [carry[0], entry[0], z].map { "\($0)" }
        return ([z], [z * 2])
      }
      let slope = gradients(of: y.carry[0].sum() + y.outputs[0].sum(), withRespectTo: [x, start])
      found.append((text, (y.carry + y.outputs + slope).map(\.value)))
    }
    #expect(found[0].text == found[1].text)
    for (now, later) in zip(found[0].values, found[1].values) { #expect(later.isIdentical(to: now)) }
    // The first step is given the first carry, and zeros where there is no step.
    #expect(found[1].text[0].contains("0.681638"), "\(found[1].text)")
    if steps == 0 { #expect(found[1].text[1].contains("0")) }
  }

  @Test func `A constant in the body of a loop computes nothing before it`() {
    let tape = tapes()[1]
    let weight = Parameter<Double>(Tensor([1, 2]))
    let before = tape.parameter(weight) * 2
    _ = scan([before], steps: 3) { [2 * $0[0] + Tensor([3, 4])] }
    weight.value = Tensor([10, 20])
    #expect(before.value == Tensor([20, 40]))
  }

  @Test func `A branch on a comparison takes the side of the numbers`() {
    for tape in tapes() {
      let y = (tape.input(Tensor(scalar: 3)) * 2).square() - 35
      #expect([y < 2, y <= 1, y > 0, y >= 1, y == 1, y != 2] == Array(repeating: true, count: 6))
      #expect([y < 1, y <= 0.5, y > 1, y >= 1.5, y == 2, y != 1] == Array(repeating: false, count: 6))
      #expect(y + 1 > y && 0 < y && y * 2 > y.sqrt())
    }
  }

  @Test func `What was truncated away is computed anew in its place`() {
    let tape = tapes()[1]
    let x = tape.input(Tensor([1, 2]))
    #expect((x * 2).exp().value[0] > 7)
    tape.truncate(to: 1)
    let y = (x * 3).square()
    #expect(y.value == Tensor([9, 36]) && "\(y)".contains("36"))
  }
}
