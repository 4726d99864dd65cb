import Adjoint
import AdjointChecking
import Testing

/// Replays in dual numbers of second order against replays in those of first order, which are pinned elsewhere.
@Suite struct SecondOrderDualTests {
  @Test(
    "A replay gives the value, both directional derivatives, and uᵀHv as differences of first derivatives have it",
    arguments: OperationCatalog.examples.indices)
  func catalogue(number: Int) {
    let draw = ExampleDraw(OperationCatalog.examples[number], seed: 404)
    let (inputs, y) = draw.record(on: Tape<Double>())
    let x = draw.movable.map { inputs[$0] }
    guard !x.isEmpty, y.shape.elementCount > 0 else { return }
    var generator = Generator(seed: 405).stream(UInt64(number))
    func direction() -> [[Double]] {
      x.map { leaf in (0..<leaf.shape.elementCount).map { _ in generator.uniform(-1, 1) } }
    }
    let (u, v) = (direction(), direction())
    let second = Program<SecondOrderDual>([y] + x)
    let first = Program<Dual>([y] + x)
    for (position, leaf) in x.enumerated() {
      second.fill(leaf) { elements in
        for i in elements.indices { (elements[i].first, elements[i].second) = (u[position][i], v[position][i]) }
      }
    }
    second.replay()
    let result = second.value(of: y).elements

    /// The derivative along `direction` at x + tu.
    func derivative(at t: Double, along direction: [[Double]]) -> [Double] {
      for (position, leaf) in x.enumerated() {
        let point = leaf.value.elements
        first.fill(leaf) { elements in
          for i in elements.indices {
            elements[i] = Dual(point[i] + t * u[position][i], tangent: direction[position][i])
          }
        }
      }
      first.replay()
      return first.value(of: y).elements.map(\.tangent)
    }
    for (dual, exact) in zip(result.map(\.first), derivative(at: 0, along: u)) {
      #expect(abs(dual - exact) <= 1e-13 * max(1, abs(exact)))
    }
    for (dual, exact) in zip(result.map(\.second), derivative(at: 0, along: v)) {
      #expect(abs(dual - exact) <= 1e-13 * max(1, abs(exact)))
    }
    for (dual, plain) in zip(result, y.value.elements) {
      #expect(abs(dual.value - plain) <= 1e-13 * max(1, abs(plain)))
    }

    let cotangent = result.map { _ in generator.uniform(-1, 1) }
    let exact = zip(cotangent, result).reduce(0) { $0 + $1.0 * $1.1.mixed }
    let difference = AdaptiveDifference(initialStep: 0x1p-7).derivative(
      of: { derivative(at: $0, along: v) }, projectedOn: cotangent)
    #expect(difference.covers(exact, tolerance: 1e-13 * max(1, abs(exact))), "\(exact), \(difference.value)")
    #expect(difference.error <= 1e-8 * max(1, abs(exact)))
  }

  @Test func `A direction that is not taken stays 0 beside a factor or divisor that is not finite`() {
    for value in [Double.infinity, -.infinity] {
      let (a, b) = (SecondOrderDual(2, first: 1, second: 0), SecondOrderDual(value, first: 0, second: 1))
      #expect((a * b).first == value && (a * b).second == 2 && (a * b).mixed == 1)
      #expect((b / a).second == 0.5)
    }
    #expect((SecondOrderDual(1) / SecondOrderDual(0)).mixed == 0)
  }

  @Test func `Both derivatives of elu at 0 are those of its left side`() {
    for zero in [0, -0.0] {
      let y = MapFunction.elu(alpha: 0.75)(SecondOrderDual(zero, first: 1, second: 1))
      #expect(y.first == 0.75 && y.mixed == 0.75)
    }
  }

  /// y = x³ with a rule that must not be asked.
  struct Forbidden: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { fatalError("an oracle called a rule") }
  }

  @Test("A replay at Dual, SecondOrderDual or DoubleDouble calls no rule")
  func independence() {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([2, 3]))
    let y = tape.record(Forbidden(), x.square()).sum()
    #expect(jvp(of: y, withRespectTo: [x], along: [Tensor([1, 0])]).elements == [6 * 32])
    let second = Program<SecondOrderDual>([y, x])
    second.fill(x) { $0[0] = SecondOrderDual(2, first: 1, second: 1) }
    second.replay()
    #expect(second.value(of: y).elements[0].mixed == 30 * 16)
    let wide = Program<DoubleDouble>([y, x])
    wide.fill(x) { $0[0] = DoubleDouble(2) + DoubleDouble(1e-20) }
    wide.replay()
    #expect(abs((wide.value(of: y).elements[0] - 793).primal - 192e-20) < 1e-30)
  }
}
