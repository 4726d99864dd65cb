import Adjoint
import Testing

/// A checkpointed segment computes its inner values a second time instead of keeping them, and moves no bit.
@Suite struct CheckpointedTests {
  private struct Chain<S: BitComparable> {
    let loss: Variable<S>
    let adjoints: [Variable<S>]
    var program: Program<S> { Program([loss] + adjoints) }
  }

  /// A perceptron of `depth` layers of one width, in segments of some layers each, with dropout and a residual if asked for.
  private func chain<S: BitComparable>(
    _: S.Type, depth: Int, width: Int = 16, rows: Int = 12, layersEach: Int?, noise: Bool = false,
    isNested: Bool = false
  ) -> Chain<S> {
    var generator = Generator(seed: 3)
    let tape = Tape<S>(seed: 5)
    let weights = (0..<depth).map { _ in
      tape.input((generator.tensor([width, width]) * (1.6 / Double(width).squareRoot())).converted())
    }
    var x = tape.input(generator.tensor([rows, width]).converted())
    func layers(_ range: Range<Int>) {
      for number in range {
        var y = x.matmul(weights[number]).tanh()
        if noise {
          y = y * tape.random(.bernoulli(probability: 0.8, value: 1.25), shape: y.shape)
          y = x + y.reshape(to: [rows * width]).exp().reshape(to: [rows, width]) * 0.1
        }
        x = y
      }
    }
    if let layersEach {
      for first in stride(from: 0, to: depth, by: layersEach) {
        tape.checkpointed {
          if isNested { tape.checkpointed { layers(first..<first + 1) } }
          layers(first + (isNested ? 1 : 0)..<Swift.min(first + layersEach, depth))
        }
      }
    } else {
      layers(0..<depth)
    }
    let loss = x.square().mean()
    return Chain(loss: loss, adjoints: gradients(of: loss, withRespectTo: weights))
  }

  private func expectSameBits<S: BitComparable>(_ a: Chain<S>, _ b: Chain<S>) {
    let (plain, program) = (a.program, b.program)
    for threads in [1, 2, 3, 8] {
      plain.step = 4
      program.step = 4
      program.pool = threads == 1 ? nil : WorkerPool(partsInTurn: threads, lastFirst: threads == 3)
      plain.run()
      program.run()
      for (x, y) in zip([a.loss] + a.adjoints, [b.loss] + b.adjoints) {
        #expect(program.value(of: y).isIdentical(to: plain.value(of: x)))
      }
    }
  }

  @Test(
    "Checkpointed or not, recorded or compiled, on any number of threads: the same bits", arguments: [1, 2, 3, 7, 12])
  func bits(layersEach: Int) {
    for noise in [false, true] {
      let (plain, marked) = (
        chain(Float.self, depth: 12, layersEach: nil, noise: noise),
        chain(Float.self, depth: 12, layersEach: layersEach, noise: noise)
      )
      for (x, y) in zip(plain.adjoints, marked.adjoints) { #expect(x.value.isIdentical(to: y.value)) }
      #expect(plain.loss.tape.count == marked.loss.tape.count)
      expectSameBits(plain, marked)
      expectSameBits(
        chain(Double.self, depth: 12, layersEach: nil, noise: noise),
        chain(Double.self, depth: 12, layersEach: layersEach, noise: noise))
    }
  }

  @Test func `A deep perceptron in segments of the square root of its depth needs memory as the square root`() {
    let (width, rows) = (8, 512)
    /// The bytes beside the weights and their gradients, in activations.
    func activations(_ depth: Int, _ layersEach: Int?) -> Double {
      let model = chain(Float.self, depth: depth, width: width, rows: rows, layersEach: layersEach)
      return Double(model.program.byteCount - 2 * depth * width * width * 4) / Double(rows * width * 4)
    }
    for root in [4, 8, 12] {
      let (kept, again) = (activations(root * root, nil), activations(root * root, root))
      // Before and behind each tanh; then the values between segments, those of one segment, and their adjoints.
      #expect(kept > 1.9 * Double(root * root))
      #expect(again < Double(3 * root + 1), "\(root): \(again)")
    }
  }

  @Test func `A segment computes its values once more, and one without a backward pass once`() {
    let (plain, marked) = (
      chain(Float.self, depth: 9, layersEach: nil), chain(Float.self, depth: 9, layersEach: 3)
    )
    #expect((6...9).contains(marked.program.instructionCount - plain.program.instructionCount))
    #expect(Program<Float>([marked.loss]).instructionCount == Program<Float>([plain.loss]).instructionCount)
    #expect(
      Program<Float>([marked.loss] + marked.adjoints, keeping: .all).instructionCount
        == Program<Float>([plain.loss] + plain.adjoints, keeping: .all).instructionCount)
  }

  @Test func `A segment within a segment belongs to the outer one`() {
    let (outer, nested) = (
      chain(Float.self, depth: 9, layersEach: 3), chain(Float.self, depth: 9, layersEach: 3, isNested: true)
    )
    #expect(nested.program.byteCount == outer.program.byteCount)
    expectSameBits(outer, nested)
  }

  @Test func `A value of a segment that is asked for, or read behind it, is kept`() {
    var generator = Generator(seed: 8)
    let tape = Tape<Double>()
    let x = tape.input(generator.tensor([20, 30]))
    let (a, b, c) = tape.checkpointed { () -> (Variable<Double>, Variable<Double>, Variable<Double>) in
      let a = x.exp()
      let b = a.sum(axes: [1])
      return (a, b, b.tanh().sin())
    }
    let loss = (a * 2).sum() + c.sum()
    let adjoint = gradients(of: loss, withRespectTo: [x])[0]
    let program = Program<Double>([loss, adjoint, b])
    program.run()
    for y in [loss, adjoint, b] { #expect(program.value(of: y).isIdentical(to: y.value)) }
  }

  @Test func `Second derivatives, and gradients taken within a segment, have the recorded bits`() {
    var generator = Generator(seed: 9)
    let tape = Tape<Double>()
    let (x, w) = (tape.input(generator.tensor([7, 5])), tape.input(generator.tensor([5, 5])))
    let penalty = tape.checkpointed { () -> Variable<Double> in
      let y = tape.checkpointed { x.matmul(w).tanh().matmul(w).sin() }
      return gradients(of: y.square().sum(), withRespectTo: [x])[0].square().sum()
    }
    let first = gradients(of: penalty, withRespectTo: [x, w])
    let second = gradients(of: first[0].square().sum() + first[1].sum(), withRespectTo: [w])
    let program = Program<Double>([penalty] + first + second)
    for _ in 0..<2 {
      program.run()
      for y in [penalty] + first + second { #expect(program.value(of: y).isIdentical(to: y.value)) }
    }
  }

  @Test func `A segment that was truncated away marks nothing that comes after it`() {
    var generator = Generator(seed: 10)
    let tape = Tape<Double>()
    let x = tape.input(generator.tensor([4, 4]))
    func recorded() -> Program<Double> {
      let y = x.matmul(x).tanh().matmul(x).sin()
      return Program([y.sum()] + gradients(of: y.sum(), withRespectTo: [x]))
    }
    let plain = recorded().instructionCount
    tape.truncate(to: 1)
    _ = tape.checkpointed { x.matmul(x).tanh().matmul(x).sin() }
    tape.truncate(to: 1)
    #expect(recorded().instructionCount == plain)
  }
}
