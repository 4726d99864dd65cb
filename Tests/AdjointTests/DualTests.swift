import Adjoint
import Testing

/// Dual numbers are a witness of their own: their derivatives are written apart from every rule.
///
/// The elementary functions among them are held against differences of 32 digits in the checker's tests.
@Suite struct DualTests {
  @Test func `Comparison looks at the value alone`() {
    let (a, b) = (Dual(1, tangent: 5), Dual(1, tangent: -5))
    #expect(a == b && a <= b && a >= b && !(a < b) && !(a > b))
    #expect(Dual(.nan) != Dual(.nan) && !(Dual(.nan) <= Dual(1)) && !(Dual(1) >= Dual(.nan)))
    #expect(a.detached.tangent == 0 && a.primal == 1)
  }

  @Test func `A tangent of 0 stays 0 where a slope is infinite`() {
    #expect(Dual.squareRoot(Dual(0)).tangent == 0)
    #expect(Dual.logarithm(Dual(0)).tangent == 0)
    #expect(Dual.power(Dual(0), 0.5).tangent == 0)
    #expect(Dual.squareRoot(Dual(0, tangent: 1)).tangent == .infinity)
  }

  @Test func `A tangent of 0 stays 0 beside a factor or divisor that is not finite`() {
    for value in [Double.infinity, -.infinity] {
      #expect((Dual(2) * Dual(value)).tangent == 0 && (Dual(value) * Dual(2)).tangent == 0)
      #expect((Dual(0, tangent: 3) * Dual(value)).tangent == 3 * value)
      #expect((Dual(value, tangent: 3) * Dual(2)).tangent == 6)
    }
    #expect((Dual(1) / Dual(0)).tangent == 0 && (Dual(1, tangent: 1) / Dual(0)).tangent == .infinity)
  }

  @Test func `A matrix product guards its terms as a product does`() {
    for transposeB in [false, true] {
      let tape = Tape<Double>()
      let x = tape.input(Tensor<Double>([[Double]](repeating: [1, 1, 2, 3, 4], count: 5)))
      var elements = (0..<25).map { Double($0 % 5) }
      elements[12] = -.infinity
      let masked = tape.constant(Tensor(shape: [5, 5], elements: elements))
      let along = Tensor<Double>([[Double]](repeating: [1, 0, 0, 0, 0], count: 5))
      let moved = jvp(of: x.matmul(masked, transposeB: transposeB), withRespectTo: [x], along: [along])
      let row: [Double] = transposeB ? [0, 0, 0, 0, 0] : [0, 1, 2, 3, 4]
      #expect(moved == Tensor([[Double]](repeating: row, count: 5)), "\(moved)")
    }
  }

  /// y = 2x, whose rule must not be asked for.
  struct WithoutRule: Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = 2 * x[0][i] } }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { fatalError("a rule was used") }
  }

  @Test func `A replay in dual numbers uses no rule`() {
    let x = Tape<Double>().input(Tensor([1, 2]))
    let y = x.tape.record(WithoutRule(), x).exp()
    let tangent = jvp(of: y, withRespectTo: [x], along: [Tensor([0, 1])])
    #expect(tangent[0] == 0 && abs(tangent[1] - 2 * Double.exponential(4)) < 1e-12)
    #expect(jacobian(of: y, withRespectTo: x, mode: .forward)[0, 1] == 0)
  }
}
