import Adjoint
import Foundation
import Testing

/// Operations on a few numbers, which a program runs one after the other in one pass: to the bits of the recording.
@Suite struct NumberPassTests {
  /// A random recording of short vectors and single numbers. Every function of one and two numbers occurs.
  private func recording<S: Scalar>(_ seed: UInt64, on tape: Tape<S>) -> [Variable<S>] {
    var draw = Generator(seed: seed)
    func number() -> Double {
      [0, -0.0, 1, .infinity, -.infinity, .nan, 1e300, Double.leastNonzeroMagnitude].randomElement(using: &draw).map {
        Double.random(in: 0...1, using: &draw) < 0.1 ? $0 : Double.random(in: -3...3, using: &draw)
      } ?? 0
    }
    func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &draw)] }
    let extents = [1, 2, 3, 4]
    var values = extents.flatMap { n in
      [Shape([n]), Shape([1, n]), .scalar].map { shape in
        tape.input(Tensor<S>(shape: shape, elements: (0..<shape.elementCount).map { _ in S(number()) }))
      }
    }
    for _ in 0..<120 {
      let x = pick(values)
      let partners = values.filter {
        $0.shape == x.shape || $0.shape.elementCount == 1 && $0.shape.rank <= x.shape.rank
      }
      let y = pick(partners)
      switch Int.random(in: 0..<12, using: &draw) {
      case 0, 1: values.append(tape.record(pick(Unary.allCases), x))
      case 2, 3: values.append(tape.record(pick(Binary.allCases), x, y))
      case 4: values.append(pick([x .< y, x .<= y, x .> y, x .>= y, x .== y, x .!= y]))
      case 5: values.append(`where`(x, y, pick(partners)))
      case 6: values.append(x.sum())
      case 7 where x.shape.rank == 1: values.append(x[(-1)...].reshape(to: []))
      case 8 where x.shape.rank == 1: values.append(concatenate([x, x.flip(axis: 0)])[..<min(4, 2 * x.shape[0])])
      case 9 where x.shape.rank == 0: values.append(x.broadcast(to: Shape([pick(extents)])))
      case 10 where x.shape.rank == 2: values.append(x.transpose().reshape(-1))
      default: values.append([x + y, x - y, x * y, x / y, -x, x.square()][Int.random(in: 0..<6, using: &draw)])
      }
    }
    return values
  }

  private func bits<S: Scalar>(_ x: Tensor<S>) -> [UInt64] {
    x.elements.map { $0.primal.isNaN ? 0 : $0.primal.bitPattern }
  }

  private func check<S: Scalar>(_ seed: UInt64, _ type: S.Type) {
    let tape = Tape<S>()
    let values = recording(seed, on: tape)
    // Some of the values are asked for; the others stay inside of a pass.
    let outputs = values.enumerated().filter { $0.offset % 5 == 0 }.map(\.element)
    let program = Program<S>(outputs)
    program.run()
    program.run()
    for y in outputs { #expect(bits(program.value(of: y)) == bits(y.value), "seed \(seed), \(y)") }
  }

  @Test func `Random recordings of a few numbers have their bits in Double, Float and dual numbers`() {
    for seed in 0..<60 {
      check(UInt64(seed), Double.self)
      check(UInt64(seed), Float.self)
      check(UInt64(seed), Dual.self)
    }
  }

  private func checkZeros<S: Scalar>(_ signs: [Double], _ type: S.Type) {
    let tape = Tape<S>()
    let x = tape.input(Tensor<S>(shape: [signs.count], elements: signs.map { S($0) }))
    let y = (x + x).sum().sqrt()
    let program = Program<S>([y])
    program.run()
    #expect(bits(program.value(of: y)) == bits(y.value), "\(signs)")
  }

  @Test(arguments: [[-0.0], [-0.0, -0.0], [0, -0.0], [-0.0, 0], [-0.0, -0.0, -0.0], [-0.0, -0.0, -0.0, -0.0]])
  func `A sum of zeros has the sign that the recording gives it`(signs: [Double]) {
    checkZeros(signs, Double.self)
    checkZeros(signs, Float.self)
  }

  /// The logarithm of a sum of all of x, over axes that keep their places or not, beside numbers.
  private func checkSums<S: Scalar>(_ shape: [Int], _ type: S.Type) {
    var generator = Generator(seed: UInt64(shape.reduce(1, *)))
    for odd in [1, .infinity, .nan, -0.0] {
      let tape = Tape<S>()
      var elements = (0..<shape.reduce(1, *)).map { _ in generator.normal() }
      elements[elements.count / 2] = odd
      let x = tape.input(Tensor<S>(shape: Shape(shape), elements: elements.map { S($0) }))
      let axis = shape.firstIndex { $0 > 1 } ?? 0
      let y = [x.sum(), x.sum(axes: [axis], keepingDimensions: true)].map { ($0 + 2).square().sum() }
      let outputs = [y[0] * y[1], gradient(of: y[0] * y[1], withRespectTo: x)]
      let program = Program<S>(outputs)
      program.run()
      for y in outputs { #expect(bits(program.value(of: y)) == bits(y.value), "\(shape)") }
      let sums = Program<S>([y[0] * y[1]])
      #expect(sums.instructionCount == 1, "\(shape)")
    }
  }

  @Test(arguments: [[5], [7], [1, 17, 1], [33], [64], [1, 1, 64]])
  func `A sum of a few dozen numbers stands among numbers, with its bits`(shape: [Int]) {
    checkSums(shape, Double.self)
    checkSums(shape, Float.self)
    checkSums(shape, Dual.self)
  }

  @Test func `A long chain of numbers with its gradient has the bits of the recording`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7]))
    var y = x
    for step in 0..<300 { y = (y * x + 0.1 * Double(step)).sin() * y.sum() + x[1] }
    let slope = gradient(of: y.sum(), withRespectTo: x)
    let program = Program<Double>([slope])
    program.run()
    #expect(program.value(of: slope) == slope.value)
    #expect(program.instructionCount * 10 < tape.count)
  }

  @Test func `Threads share a program in which passes over numbers stand between large ones`() {
    let tape = Tape<Float>()
    let x = tape.input(.ones([64, 512]))
    var scale = tape.constant(1)
    var y = x
    for _ in 0..<20 {
      scale = (scale + 0.1).square() * 0.5
      y = (y * scale).tanh() + y.mean()
    }
    let program = Program<Float>([y])
    program.pool = WorkerPool(threads: 4)
    for _ in 0..<5 {
      program.run()
      #expect(program.value(of: y) == y.value)
    }
  }
}
