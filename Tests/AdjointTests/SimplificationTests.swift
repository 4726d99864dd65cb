import Adjoint
import Testing

/// What a compiled program leaves out, and that it changes no bit. Random programs are compared in `RandomProgramTests`.
@Suite struct SimplificationTests {
  private func input(_ tape: Tape<Float>, _ shape: Shape, seed: UInt64) -> Variable<Float> {
    var generator = Generator(seed: seed)
    return tape.input(Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Float(generator.normal()) }))
  }

  @Test("An operation recorded twice on the same operands is computed once, and what reads it as well")
  func repeated() {
    let tape = Tape<Float>()
    let (x, w) = (input(tape, [5, 4], seed: 1), input(tape, [4, 3], seed: 2))
    func branch() -> Variable<Float> { x.tanh().matmul(w).sigmoid().sum(axes: [0]) }
    let once = Program<Float>([branch()])
    let y = branch() + branch()
    let twice = Program<Float>([y])
    #expect(twice.instructionCount == once.instructionCount + 1)
    twice.run()
    #expect(twice.value(of: y).isIdentical(to: y.value))
  }

  @Test("Reductions are the same over the same axes, and of the same correction")
  func repeatedReductions() {
    let tape = Tape<Float>()
    let x = input(tape, [6, 6], seed: 9)
    let reductions: [(Int) -> Variable<Float>] = [
      { x.sum(axes: [$0]) }, { x.mean(axes: [$0]) }, { x.variance(axes: [$0]) },
      { x.variance(axes: [0], correction: $0) }, { x.max(axes: [$0]) }, { x.min(axes: [$0]) },
    ]
    for reduce in reductions {
      for other in 0...1 {
        let y = reduce(0) - reduce(other)
        let program = Program<Float>([y])
        #expect(program.instructionCount == 2 + other)
        program.run()
        #expect(program.value(of: y).isIdentical(to: y.value))
      }
    }
  }

  @Test("Outputs that are the same operation are all there")
  func repeatedOutputs() {
    let tape = Tape<Float>()
    let x = input(tape, [7], seed: 3)
    let outputs = [x.exp(), x.exp(), x.exp() * 2]
    let program = Program<Float>(outputs)
    program.run()
    for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
  }

  /// Scales by a number that it keeps to itself.
  private struct Scaled: Operation {
    let factor: Double
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = S(factor) * x[0][i] } }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g * factor)] }
  }

  @Test("Operations of other modules are not taken for equal by their names")
  func foreign() {
    let tape = Tape<Float>()
    let x = input(tape, [6], seed: 4)
    let y = tape.record(Scaled(factor: 2), x) + tape.record(Scaled(factor: 3), x)
    let program = Program<Float>([y])
    program.run()
    #expect(program.value(of: y).isIdentical(to: y.value))
  }

  @Test("A single number that is repeated for a function of two is read where it stands", arguments: Binary.allCases)
  func repeatedNumber(f: Binary) {
    let tape = Tape<Float>()
    let (x, one, row) = (input(tape, [9, 300], seed: 8), input(tape, [1, 1], seed: 9), input(tape, [300], seed: 10))
    let (wide, rows) = (one.square().broadcast(to: x.shape), row.broadcast(to: x.shape))
    let outputs = [
      tape.record(f, x.square(), wide), tape.record(f, wide, x.exp()), tape.record(f, wide, wide),
      tape.record(f, wide, rows),
    ]
    let program = Program<Float>(outputs)
    program.run()
    for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
    // It is still there for whoever asks.
    let both = Program<Float>([outputs[0], wide])
    both.run()
    #expect(both.value(of: wide).isIdentical(to: wide.value))
    #expect(both.value(of: outputs[0]).isIdentical(to: outputs[0].value))
    let alone = Program<Float>([outputs[0]])
    #expect(alone.instructionCount <= 2)
  }

  @Test("What depends on constants alone is computed when the program is made, and again when a constant is written")
  func constants() {
    let tape = Tape<Float>()
    let (x, c) = (input(tape, [3], seed: 5), tape.constant(Tensor([2, 3, 4])))
    let y = x * (c.square() + c.exp()).sqrt()
    let program = Program<Float>([y, c])
    #expect(program.instructionCount == 1)
    program.run()
    #expect(program.value(of: y).isIdentical(to: y.value))
    program.write(Tensor([5, 6, 7]), into: c)
    program.run()
    let other = tape.constant(Tensor([5, 6, 7]))
    let expected = x * (other.square() + other.exp()).sqrt()
    #expect(program.value(of: y).isIdentical(to: expected.value))
  }

  @Test("A product that is added to a value that ends there is added in place, on any number of threads")
  func accumulation() {
    let tape = Tape<Float>()
    let (x, w) = (input(tape, [48, 300], seed: 6), input(tape, [300, 40], seed: 7))
    let u = input(tape, [48, 40], seed: 8)
    // One value of 48 × 40 is enough for both sums.
    let y = x.matmul(w) + (u.tanh() + x.matmul(w * 2))
    let program = Program<Float>([y])
    #expect(program.instructionCount == 4)  // tanh, w * 2, and two products
    let apart = Program<Float>([y], keeping: .all)
    for pool in [nil, WorkerPool(threads: 2), WorkerPool(partsInTurn: 3, lastFirst: true)] {
      program.pool = pool
      for compiled in [program, apart] {
        compiled.run()
        #expect(compiled.value(of: y).isIdentical(to: y.value))
      }
    }
  }

  @Test("A product that is repeated along the value it is added to keeps its own instruction")
  func broadcastProduct() {
    let tape = Tape<Float>()
    let (x, w) = (input(tape, [1, 5], seed: 11), input(tape, [5, 4], seed: 12))
    let u = input(tape, [3, 4], seed: 13)
    let y = u.tanh() + x.matmul(w)
    let program = Program<Float>([y])
    #expect(program.instructionCount == 3)
    program.run()
    #expect(program.value(of: y).isIdentical(to: y.value))
  }

  @Test("The gradient of a weight that is used twice is accumulated in place")
  func sharedWeight() {
    let tape = Tape<Float>()
    let (x, w) = (input(tape, [9, 6], seed: 9), input(tape, [6, 6], seed: 10))
    let loss = x.matmul(w).tanh().matmul(w).square().sum()
    let g = gradients(of: loss, withRespectTo: [w])[0]
    let program = Program<Float>([g])
    let separate = Program<Float>(Array(g.inputs))
    #expect(program.instructionCount == separate.instructionCount)
    program.run()
    #expect(program.value(of: g).isIdentical(to: g.value))
  }
}
