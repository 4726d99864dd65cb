import Adjoint
import Testing

/// Products over leading axes against the plain products of which they are made, bit by bit.
@Suite struct ProductTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let a: Shape
    let b: Shape
    let flags: (a: Bool, b: Bool)
    var testDescription: String { "\(a)·\(b), \(flags)" }
  }

  static let cases: [Case] = [(false, false), (false, true), (true, false), (true, true)].flatMap { flags in
    [([2, 3], [2, 3]), ([5], []), ([], [4]), ([2, 1], [3]), ([1, 1], [7]), ([0], [0]), ([3, 1, 2], [3, 4, 1])].flatMap {
      (leadingA: [Int], leadingB: [Int]) in
      [(9, 17, 5), (1, 33, 1), (4, 0, 3)].map { m, k, n in
        Case(
          a: Shape(leadingA + (flags.0 ? [k, m] : [m, k])), b: Shape(leadingB + (flags.1 ? [n, k] : [k, n])), flags: flags)
      }
    }
  }

  @Test("A product over leading axes has the bits of its plain products, eager, compiled and in parts", arguments: cases)
  func bits(case known: Case) {
    expectBits(known, as: Float.self)
    expectBits(known, as: Double.self)
  }

  private func expectBits<S: BitComparable>(_ known: Case, as type: S.Type) {
    var generator = Generator(seed: 18)
    let tape = Tape<S>()
    let (a, b): (Tensor<S>, Tensor<S>) = (
      generator.tensor(known.a).converted(), generator.tensor(known.b).converted()
    )
    let (x, w) = (tape.input(a), tape.input(b))
    let y = x.matmul(w, transposeA: known.flags.a, transposeB: known.flags.b)

    let leading = Shape(y.shape.dropLast(2))
    let (repeatedA, repeatedB) = (
      a.broadcast(to: Shape(leading + known.a.suffix(2))), b.broadcast(to: Shape(leading + known.b.suffix(2)))
    )
    func matrix(_ number: Int, of x: Tensor<S>) -> Tensor<S> {
      let shape = Shape(x.shape.suffix(2))
      return Tensor(
        shape: shape, elements: Array(x.elements[number * shape.elementCount..<(number + 1) * shape.elementCount]))
    }
    let parts = (0..<leading.elementCount).map {
      matrix($0, of: repeatedA).matmul(
        matrix($0, of: repeatedB), transposeA: known.flags.a, transposeB: known.flags.b)
    }
    let expected = Tensor(shape: y.shape, elements: parts.flatMap(\.elements))
    #expect(y.value.isIdentical(to: expected))

    var cotangents = Generator(seed: 19)
    let outputs =
      [y, y.tanh()] + gradients(of: (y * tape.constant(cotangents.tensor(y.shape).converted())).sum(), withRespectTo: [x, w])
    let values = outputs.map(\.value)
    let program = Program<S>(outputs)
    for threads in [1, 2, 3, 5] {
      program.pool = WorkerPool(partsInTurn: threads, lastFirst: threads == 3)
      program.run()
      for (output, value) in zip(outputs, values) { #expect(program.value(of: output).isIdentical(to: value)) }
    }
  }

  @Test func `A vector is a row at the left and a column at the right, and its axis is gone`() {
    let tape = Tape<Double>()
    func x(_ shape: Shape) -> Variable<Double> { tape.input(.ones(shape)) }
    #expect(x([3]).matmul(x([3])).shape == [])
    #expect(x([2, 3]).matmul(x([3])).shape == [2])
    #expect(x([3]).matmul(x([3, 4])).shape == [4])
    #expect(x([5, 2, 3]).matmul(x([3])).shape == [5, 2])
    #expect(x([3]).matmul(x([5, 3, 4])).shape == [5, 4])
    #expect(x([3]).matmul(x([5, 4, 3]), transposeB: true).shape == [5, 4])
  }

  @Test func `A weight for all leading axes is one product, forward and backward, with bias and function`() throws {
    var generator = Generator(seed: 4)
    let tape = Tape<Float>()
    let x = tape.input(generator.tensor([4, 6, 8]).converted(to: Float.self))
    let (w, c) = (
      tape.input(generator.tensor([5, 8]).converted(to: Float.self)), tape.input(generator.tensor([5]).converted(to: Float.self))
    )
    let y = x.matmul(w, transposeB: true).addBias(c).tanh()
    #expect(Program<Float>([y]).instructionCount == 1)
    let weight = gradients(of: y.sum(), withRespectTo: [w])[0]
    #expect(weight.operation?.form.isProduct == true && weight.inputs.allSatisfy { $0.shape.rank == 2 })

    let flat = x.reshape(to: [24, 8]).matmul(w, transposeB: true).addBias(c).tanh()
    #expect(y.value.elements.map(\.bitPattern) == flat.value.elements.map(\.bitPattern))
    #expect(weight.value.isIdentical(to: gradients(of: flat.sum(), withRespectTo: [w])[0].value))
  }

  @Test func `A matrix times a vector adds a bias for each row`() {
    var generator = Generator(seed: 5)
    let tape = Tape<Float>()
    let (a, x) = (tape.input(generator.tensor([4, 3]).converted(to: Float.self)), tape.input(Tensor<Float>([1, 2, 3])))
    let y = a.matmul(x).addBias(tape.input(Tensor([10, 20, 30, 40])))
    let program = Program<Float>([y])
    program.run()
    #expect(program.value(of: y).isIdentical(to: y.value))
  }
}
