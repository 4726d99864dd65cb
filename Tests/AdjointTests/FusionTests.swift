import Adjoint
import Testing

/// Fast paths for what rules record: found where they occur, with the bits of the operations apart.
@Suite struct FusionTests {
  /// The gradient of log-softmax with respect to its operand, under a random cotangent, with other outputs.
  private func gradient<S: BitComparable>(
    _ shape: Shape, _: S.Type, others: (Variable<S>, Variable<S>) -> [Variable<S>] = { _, _ in [] }
  ) -> (program: Program<S>, outputs: [Variable<S>]) {
    var generator = Generator(seed: 21)
    func normal() -> Tensor<S> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(3 * generator.normal()) })
    }
    let tape = Tape<S>()
    let x = tape.input(normal())
    let y = x.logSoftmax()
    let g = gradients(of: y, withRespectTo: [x], cotangent: tape.input(normal()))[0]
    let outputs = [g] + others(y, g)
    return (Program<S>(outputs), outputs)
  }

  private func expectSameBits<S: BitComparable>(_ program: Program<S>, _ outputs: [Variable<S>]) {
    for pool in [nil, WorkerPool(partsInTurn: 2, lastFirst: true)] {
      program.pool = pool
      program.run()
      for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
    }
  }

  @Test("The gradient of log-softmax is one instruction", arguments: [[128, 10], [1, 3], [7], [2, 3, 33], [40, 2]])
  func logSoftmax(shape: [Int]) {
    let single = gradient(Shape(shape), Float.self)
    #expect(single.program.instructionCount == 2)
    expectSameBits(single.program, single.outputs)
    let double = gradient(Shape(shape), Double.self)
    #expect(double.program.instructionCount == 2)
    expectSameBits(double.program, double.outputs)
  }

  @Test("Rows of one element and empty ones keep their operations", arguments: [[5, 1], [0, 4], [3, 0], [1]])
  func shortRows(shape: [Int]) {
    let found = gradient(Shape(shape), Float.self)
    expectSameBits(found.program, found.outputs)
  }

  @Test("What only looks like it keeps its operations")
  func lookalike() {
    var generator = Generator(seed: 22)
    let tape = Tape<Float>()
    func normal() -> Variable<Float> {
      tape.input(Tensor(shape: [4, 5], elements: (0..<20).map { _ in Float(generator.normal()) }))
    }
    let (g, h, y) = (normal(), normal(), normal())
    let ofAnother = g - y.exp() * h.sum(axes: [1], keepingDimensions: true)
    let ofColumns = g - y.exp() * g.sum(axes: [0], keepingDimensions: true)
    let outputs = [ofAnother, ofColumns]
    expectSameBits(Program<Float>(outputs), outputs)
  }

  @Test("Where a value in the middle is used elsewhere, it is there")
  func partsInUse() {
    // %1 = logSoftmax(%0), %3 = exp(%1), %4 = Σ %2, %5 = %3 ⊙ %4, %6 = %2 − %5
    for position in [3, 4, 5] {
      let found = gradient([6, 5], Float.self) { y, _ in [y.tape[position]] }
      expectSameBits(found.program, found.outputs)
    }
  }
}
