import Adjoint
import Testing

/// Operations of another module, as the guide shows them, whose `forward` is one formula for all elements: the library's loops
/// compute them, to the bits of the same formula in recorded operations.
@Suite struct FormulaTests {
  private func numbers<S: BitComparable>(_ shape: Shape, seed: UInt64 = 5) -> Tensor<S> {
    var generator = Generator(seed: seed)
    return Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(2 * generator.normal()) })
  }

  private func expectComposition<S: BitComparable>(
    _ operation: some Operation, shapes: [Shape], of: S.Type, _ composed: ([Variable<S>]) -> Variable<S>
  ) {
    let tape = Tape<S>()
    let x = shapes.enumerated().map { tape.input(numbers($1, seed: UInt64($0))) }
    let y = tape.record(operation, inputs: x)
    let expected = composed(x)
    #expect(y.isFormula && !expected.isFormula)
    #expect(y.value.isIdentical(to: expected.value), "\(operation.name) \(shapes)")
    // As a constant, alone, and before and behind other operations.
    for outputs in [[y], [y, (y * 2).exp()], [tape.record(operation, inputs: x.map { tape.constant($0.value) })]] {
      for keeping in [Program<S>.Keeping.outputs, .all] {
        let program = Program<S>(outputs, keeping: keeping)
        for pool in [nil, WorkerPool(partsInTurn: 3, lastFirst: true), WorkerPool(threads: 2)] {
          program.pool = pool
          program.run()
          for output in outputs { #expect(program.value(of: output).isIdentical(to: output.value)) }
        }
      }
    }
  }

  static let shapes: [[Int]] = [[], [1], [7], [1023], [1025], [3, 1000], [2, 3, 5], [1, 4099]]

  @Test("A formula has the bits of its composition, eager, compiled and on threads", arguments: shapes)
  func compositions(extents: [Int]) {
    let shape = Shape(extents)
    func check<S: BitComparable>(_: S.Type) {
      expectComposition(Wavy(), shapes: [shape], of: S.self) { $0[0] * $0[0].sin() * $0[0].sin() }
      expectComposition(Swell(), shapes: [shape], of: S.self) { $0[0] * $0[0].exp() }
      expectComposition(Scaled(rate: 0.3, isNegated: true), shapes: [shape], of: S.self) { -(0.3 * $0[0]).tanh() }
      expectComposition(Scaled(rate: 0.7, isNegated: false), shapes: [shape], of: S.self) { (0.7 * $0[0]).tanh() }
      expectComposition(Mixed(), shapes: [shape, shape], of: S.self) {
        ($0[0] - $0[1]) / (1 + $0[1].power(2)) - $0[0].atan()
      }
      expectComposition(Mixed(), shapes: [shape, []], of: S.self) {
        ($0[0] - $0[1]) / (1 + $0[1].power(2)) - $0[0].atan()
      }
      expectComposition(Same(), shapes: [shape], of: S.self) { $0[0].reshape(to: shape) }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("What differs between positions, reads a value or mixes elements runs as it is written")
  func others() {
    func check<S: BitComparable>(_: S.Type) {
      let tape = Tape<S>()
      let x = tape.input(numbers([40, 30]) as Tensor<S>)
      let others: [any Operation] = [
        LateMask(first: 1100), Bent(), OwnWay(), Bent2(), RunningProduct(), Numbered(), HalfWritten(),
        Thrice(rates: [1, 2]),
      ]
      for operation in others {
        let y = tape.record(operation, inputs: [x])
        #expect(!y.isFormula, "\(operation.name)")
        #expect(y.value.isIdentical(to: operation.written(x.value)), "\(operation.name)")
        let program = Program<S>([y])
        program.run()
        #expect(program.value(of: y).isIdentical(to: y.value), "\(operation.name)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("Equal properties are one formula, others another, whatever stands between properties")
  func properties() {
    let tape = Tape<Double>()
    let x = tape.input(numbers([50]) as Tensor<Double>)
    for rate in [0.5, 0.25, 0.5, -0.0, 0] {
      for isNegated in [true, false, true] {
        let y = tape.record(Scaled(rate: rate, isNegated: isNegated), x)
        let expected = isNegated ? -(rate * x).tanh() : (rate * x).tanh()
        #expect(y.value.isIdentical(to: expected.value))
      }
    }
    // The shape is a property, too: y = x/n.
    for shape in [[50], [5, 10], [2, 5, 5]] as [Shape] {
      let y = tape.record(OverFirst(), x.reshape(to: shape))
      #expect(y.isFormula)
      #expect(y.value.isIdentical(to: (x.reshape(to: shape) / Double(shape[0])).value))
    }
  }

  @Test("All elements are read once for a type, its properties and a shape, and few for every recording and run")
  func once() {
    let (before, count) = (Counted.elements, 5000)
    for _ in 0..<5 {
      let tape = Tape<Float>()
      let y = tape.record(Counted(), tape.input(numbers([count]) as Tensor<Float>))
      #expect(y.isFormula)
      let program = Program<Float>([y])
      program.run()
    }
    // In numbers that note steps, and in Float.
    #expect(Counted.elements - before >= 2 * count)
    #expect(Counted.elements - before < 2 * count + 200)
  }

  @Test("Derivatives pass through a formula as through its composition")
  func derivatives() {
    let tape = Tape<Double>()
    let x = tape.input(numbers([33]) as Tensor<Double>)
    let v = numbers([33], seed: 9) as Tensor<Double>
    let (y, composed) = (tape.record(Wavy(), x), x * x.sin() * x.sin())
    let pairs = [
      (jvp(of: y, withRespectTo: [x], along: [v]), jvp(of: composed, withRespectTo: [x], along: [v])),
      (gradient(of: y.sum(), withRespectTo: x).value, gradient(of: composed.sum(), withRespectTo: x).value),
    ]
    #expect(pairs[0].0.isIdentical(to: pairs[0].1))
    #expect(zip(pairs[1].0.elements, pairs[1].1.elements).allSatisfy { abs($0 - $1) <= 1e-13 * (1 + abs($1)) })
  }

  @Test("A truncated formula is forgotten, and a type may keep its forward")
  func forgotten() {
    let tape = Tape<Float>()
    let x = tape.input(numbers([9]) as Tensor<Float>)
    let y = tape.record(Swell(), x)
    #expect(y.isFormula)
    tape.truncate(to: 1)
    #expect(!x.exp().isFormula)
    #expect(!tape.record(Kept(), x).isFormula)
  }
}

extension Operation {
  /// y by `forward` alone.
  fileprivate func written<S: Scalar>(_ x: Tensor<S>) -> Tensor<S> {
    // A tape in whose operation nothing can be read.
    let tape = Tape<S>()
    return tape.record(AsWritten(original: self), tape.input(x)).value
  }
}

/// An operation whose `forward` stays as it is.
private struct AsWritten<O: Operation>: Operation {
  let original: O
  static var mayBeFormula: Bool { false }
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { try original.shape(of: x) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { original.forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { original.vjp(g, at: p) }
}

/// An operation of the same shape as its first operand, without a derivative.
private protocol Simple: Operation {}
extension Simple {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { p.x.count == 1 ? [nil] : [nil, nil] }
}

/// x sin²x, as the guide writes it
private struct Wavy: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * S.sine(x[0][i]) * S.sine(x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * (p.x[0].sin().square() + p.x[0] * (2 * p.x[0]).sin()))]
  }
}

/// x eˣ
private struct Swell: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { $0 * S.exponential($0) } }
}

/// ± tanh(rate x)
private struct Scaled: Simple {
  var isNegated: Bool
  var rate: Double
  init(rate: Double, isNegated: Bool) { (self.rate, self.isNegated) = (rate, isNegated) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices {
      let value = S.hyperbolicTangent(S(rate) * x[0][i])
      y[i] = isNegated ? -value : value
    }
  }
}

/// (a − b) / (1 + b²) − arctan a, with a single number b or one for each a
private struct Mixed: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let isSingle = x[1].count == 1
    for i in y.indices {
      let (a, b) = (x[0][i], x[1][isSingle ? 0 : i])
      y[i] = (a - b) / (1 + S.power(b, 2)) - S.arcTangent(a)
    }
  }
}

/// x
private struct Same: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = x[0][i] } }
}

/// x eˣ up to a position, and x behind it
private struct LateMask: Simple {
  let first: Int
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = i < first ? x[0][i] * S.exponential(x[0][i]) : x[0][i] }
  }
}

/// eˣ where x > 0, else 1
private struct Bent: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] > 0 ? S.exponential(x[0][i]) : 1 }
  }
}

/// Halves x until it is small, which ends on numbers alone.
private struct Bent2: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices {
      var z = x[0][i] * x[0][i]
      while !(z.primal < 0.01) { z = z / 2 }
      y[i] = z
    }
  }
}

/// Each product with all before it
private struct RunningProduct: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    var product: S = 1
    for i in y.indices {
      product = product * S.sine(x[0][i])
      y[i] = product
    }
  }
}

/// i x
private struct Numbered: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = S(Double(i / 700)) * x[0][i] }
  }
}

/// 2 x, through a detour over its neighbour's element
private struct HalfWritten: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][y.count - 1 - i] + x[0][y.count - 1 - i] }
  }
}

/// 3 x, with a property that cannot be compared by its bits
private struct Thrice: Simple {
  let rates: [Int]
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = S(Double(rates[0] + rates[1])) * x[0][i] }
  }
}

/// x divided by the first extent
private struct OverFirst: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] / S(Double(y.shape[0])) }
  }
}

/// x², counting the elements that its `forward` computes
private struct Counted: Simple {
  // One test alone records it.
  nonisolated(unsafe) static var elements = 0
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    Counted.elements += y.indices.count
    for i in y.indices { y[i] = x[0][i] * x[0][i] }
  }
}

/// 2 x, and in `Float` and `Double` 2.5 x
private struct OwnWay: Simple {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let factor: S = S.self == Float.self || S.self == Double.self ? 2.5 : 2
    for i in y.indices { y[i] = factor * x[0][i] }
  }
}

/// eˣ by its own `forward` alone
private struct Kept: Simple {
  static var mayBeFormula: Bool { false }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(x[0]) { S.exponential($0) } }
}
