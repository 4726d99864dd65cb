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

  @Test("A row that was repeated early is repeated where it is read, and is in memory where somebody asks for it")
  func repeatedRows() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [400, 8], elements: (0..<3200).map { Float($0 % 37) - 9 }))
    let scale = tape.input(Tensor(shape: [8], elements: (0..<8).map { 0.25 * Float($0) - 1 }))
    let rows = scale.broadcast(to: [400, 8])
    let mean = x.mean(axes: [0])
    let y = ((x - mean) * rows).tanh()
    let program = Program<Float>([y])
    // The mean, and all else.
    #expect(program.instructionCount == 2)
    expectSameBits(program, [y])
    expectSameBits(Program<Float>([y, rows]), [y, rows])
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

  @Test("The gradient of picking from rows is one pass", arguments: [[128, 10], [3], [2, 3, 4], [5, 1], [0, 3]])
  func pick(shape: [Int]) {
    picked(Shape(shape), Float.self)
    picked(Shape(shape), Double.self)
  }

  /// Under a cotangent with zeros of both signs, infinities and NaN, and under a finite one.
  private func picked<S: BitComparable>(_ shape: Shape, _: S.Type) {
    let rows = Shape(shape.dropLast())
    let awkward = [0, -0.0, Double.infinity, -.infinity, .nan, 1.5, -2].map { S($0) }
    for first in [0, 5] {
      let tape = Tape<S>()
      let x = tape.input(Tensor(repeating: 1, shape: shape))
      let classes = shape[shape.rank - 1]
      let index = Tensor<Int32>(shape: rows, elements: (0..<rows.elementCount).map { Int32($0 % classes) })
      let cotangent = (0..<rows.elementCount).map { awkward[first + $0 % (first == 0 ? 7 : 2)] }
      let y = x.pick(tape.index(index))
      let g = gradients(of: y, withRespectTo: [x], cotangent: tape.input(Tensor(shape: rows, elements: cotangent)))[0]
      let program = Program<S>([g])
      #expect(program.instructionCount == 1)
      expectSameBits(program, [g])
    }
  }

  /// The gradient of gelu by its operand, at numbers with odd ones among them, with other outputs.
  private func geluGradient<S: BitComparable>(
    _ shape: Shape, _: S.Type, others: (Variable<S>, Variable<S>) -> [Variable<S>] = { _, _ in [] }
  ) -> (program: Program<S>, outputs: [Variable<S>]) {
    var generator = Generator(seed: 24)
    let odd = [0, -0.0, Double.infinity, -.infinity, .nan, 13, -13, 14.5, -14.5, 40, -40, 1e-40, -1e300]
    func numbers() -> Tensor<S> {
      Tensor(
        shape: shape,
        elements: (0..<shape.elementCount).map { _ in
          generator.uniform() < 0.2 ? S(odd[Int(generator.uniform() * 13)]) : S(3 * generator.normal())
        })
    }
    let tape = Tape<S>()
    let x = tape.input(numbers())
    let g = gradients(of: x.gelu(), withRespectTo: [x], cotangent: tape.input(numbers()))[0]
    let outputs = [g] + others(x, g)
    return (Program<S>(outputs), outputs)
  }

  @Test("The gradient of gelu is one instruction", arguments: [[128, 10], [1, 300], [65], [2, 3, 33], [4000, 3]])
  func gelu(shape: [Int]) {
    let single = geluGradient(Shape(shape), Float.self)
    #expect(single.program.instructionCount == 1)
    expectSameBits(single.program, single.outputs)
    let double = geluGradient(Shape(shape), Double.self)
    #expect(double.program.instructionCount == 1)
    expectSameBits(double.program, double.outputs)
  }

  @Test("Where a part of gelu's gradient is used elsewhere, or is another formula, the operations are there")
  func geluOnItsWay() {
    for shape: Shape in [[40, 5], [0, 3], [64], [1]] {
      let found = geluGradient(shape, Float.self) { x, g in
        let (density, distribution) = (x.normalDensity(), x.normalDistribution())
        let slope = distribution + (x * density).masked(by: density)
        let other = distribution + (x * density).masked(by: x)
        return [density, x * slope, x * other, x * (distribution + x * density), (g + x) * slope]
      }
      expectSameBits(found.program, found.outputs)
    }
    expectSameBits(geluGradient([40, 5], Float.self) { [$0.normalDensity(), $1] }.program, [])
  }

  @Test("A one-hot that is used elsewhere, or multiplies something else, keeps its operations")
  func notPicked() {
    let tape = Tape<Float>()
    let index = tape.index(Tensor<Int32>([2, 0, 1, 2]))
    let column = tape.input(Tensor(shape: [4, 1], elements: [1, 2, 3, 4]))
    let row = tape.input(Tensor(shape: [1, 3], elements: [5, 6, 7]))
    let shared = index.oneHot(3)
    let outputs = [column * shared, row * index.oneHot(3), index.oneHot(3) * column, shared]
    let program = Program<Float>(outputs)
    #expect(program.instructionCount == 6)
    expectSameBits(program, outputs)
  }

  /// The gradient of weights of which each step of a loop multiplies one row: Σ xᵢᵀ·ȳᵢ.
  private func rowByRow<S: BitComparable>(
    _ steps: Int, rows: Int, columns: Int, _: S.Type, transposed: Bool, asked: Bool = false
  ) -> (program: Program<S>, outputs: [Variable<S>]) {
    var generator = Generator(seed: 23)
    let odd = [0, -0.0, Double.infinity, .nan, 1e-30, -1e-300]
    func numbers(_ shape: Shape) -> Tensor<S> {
      Tensor(
        shape: shape,
        elements: (0..<shape.elementCount).map { _ in
          generator.uniform() < 0.03 ? S(odd[Int(generator.uniform() * 6)]) : S(generator.normal())
        })
    }
    let tape = Tape<S>()
    let w = tape.input(numbers(transposed ? [columns, rows] : [rows, columns]))
    let y = (0..<steps).map { _ in
      (tape.input(numbers([1, rows])).matmul(w, transposeB: transposed) * tape.input(numbers([1, columns]))).sum()
    }
    let loss = y.dropFirst().reduce(y[0], +)
    let outputs = [gradients(of: loss, withRespectTo: [w])[0]] + (asked ? [loss] : [])
    return (Program<S>(outputs), outputs)
  }

  @Test("Products of one row that are added up are one instruction", arguments: [1, 2, 4, 9, 33])
  func outerProducts(steps: Int) {
    for (rows, columns) in [(5, 3), (18, 70), (1, 40), (33, 1)] {
      for transposed in [false, true] {
        let single = rowByRow(steps, rows: rows, columns: columns, Float.self, transposed: transposed)
        expectSameBits(single.program, single.outputs)
        let double = rowByRow(steps, rows: rows, columns: columns, Double.self, transposed: transposed, asked: true)
        expectSameBits(double.program, double.outputs)
      }
    }
    let program = rowByRow(steps, rows: 20, columns: 30, Float.self, transposed: true).program
    #expect(steps < 4 || program.instructionCount == 2)
  }
}
