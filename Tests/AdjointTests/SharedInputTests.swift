import Adjoint
import Testing

/// Inputs that depend on each other: f(a, a) and f(a, g(a)), where contributions along several edges must add.
@Suite struct SharedInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let operation: any Operation
    let shape: Shape
    let inputs: Int
  }

  static let cases: [Case] =
    (Binary.allCases as [any Operation] + Comparison.allCases as [any Operation]).map {
      Case(testDescription: $0.name, operation: $0, shape: [2, 3], inputs: 2)
    } + [
      Case(testDescription: "where", operation: Where(), shape: [4], inputs: 3),
      Case(testDescription: "addBias", operation: AddBias(), shape: [4], inputs: 2),
      Case(testDescription: "concatenate", operation: Concatenate(axis: 1), shape: [2, 2], inputs: 3),
    ]
    + [(false, false), (false, true), (true, false), (true, true)].map { a, b in
      Case(
        testDescription: "matmul \(a) \(b)", operation: MatMul(transposeA: a, transposeB: b), shape: [3, 3], inputs: 2)
    }

  private func check(_ y: Variable<Double>, _ a: Variable<Double>) { expectRightGradient(of: y, withRespectTo: [a]) }

  @Test("f(a, a) differentiates through both places", arguments: cases)
  func same(example: Case) {
    var generator = Generator(seed: 61)
    let tape = Tape<Double>()
    let a = tape.input(generator.tensor(example.shape, 0.5, 1.5))
    check(tape.record(example.operation, inputs: Array(repeating: a, count: example.inputs)), a)
  }

  @Test("f(a, g(a)) and f(g(a), a) differentiate through both paths", arguments: cases)
  func dependent(example: Case) {
    var generator = Generator(seed: 62)
    let tape = Tape<Double>()
    let a = tape.input(generator.tensor(example.shape, 0.5, 1.5))
    let g = a.sin() + 2  // always above a, so that no comparison is near a tie
    let others = Array(repeating: g, count: example.inputs - 1)
    check(tape.record(example.operation, inputs: [a] + others), a)
    check(tape.record(example.operation, inputs: others + [a]), a)
  }

  @Test func `A row added to the matrix that it came from counts twice`() {
    var generator = Generator(seed: 63)
    let tape = Tape<Double>()
    let a = tape.input(generator.tensor([3, 4]))
    check(a.addBias(a.mean(axes: [0])).tanh(), a)
    check(
      (a - a.mean(axes: [1], keepingDimensions: true)) / a.variance(axes: [1], keepingDimensions: true).sqrt(), a)
    check(a.matmul(a, transposeB: true).softmax().matmul(a), a)
  }
}
