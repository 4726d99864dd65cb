import Adjoint
import Testing

/// Dual numbers are a witness of their own: their derivatives are written apart from every rule, and checked here against
/// differences.
@Suite struct DualTests {
  struct Elementary: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let points: [Double]
    let exact: @Sendable (Double) -> Double
    let dual: @Sendable (Dual) -> Dual
  }

  static let functions = [
    Elementary(testDescription: "exp", points: [-3, 0, 1.5], exact: Double.exponential, dual: Dual.exponential),
    Elementary(
      testDescription: "expm1", points: [-3, 1e-9, 1.5], exact: Double.exponentialMinusOne,
      dual: Dual.exponentialMinusOne),
    Elementary(testDescription: "log", points: [0.3, 1, 7], exact: Double.logarithm, dual: Dual.logarithm),
    Elementary(
      testDescription: "log1p", points: [-0.5, 1e-9, 7], exact: Double.logarithmOnePlus, dual: Dual.logarithmOnePlus),
    Elementary(testDescription: "sqrt", points: [0.3, 1, 7], exact: Double.squareRoot, dual: Dual.squareRoot),
    Elementary(testDescription: "sin", points: [-3, 0, 1.5], exact: Double.sine, dual: Dual.sine),
    Elementary(testDescription: "cos", points: [-3, 0, 1.5], exact: Double.cosine, dual: Dual.cosine),
    Elementary(
      testDescription: "tanh", points: [-3, 0, 1.5], exact: Double.hyperbolicTangent, dual: Dual.hyperbolicTangent),
    Elementary(testDescription: "erf", points: [-2, 0, 0.5], exact: Double.errorFunction, dual: Dual.errorFunction),
    Elementary(
      testDescription: "power 2.5", points: [0.3, 1, 3], exact: { Double.power($0, 2.5) }, dual: { Dual.power($0, 2.5) }
    ),
    Elementary(
      testDescription: "power −3", points: [-2, 0.4, 3], exact: { Double.power($0, -3) }, dual: { Dual.power($0, -3) }),
    Elementary(
      testDescription: "quotient", points: [-2, 0.4, 3], exact: { ($0 + 1) / ($0 * $0) },
      dual: { ($0 + 1) / ($0 * $0) }),
  ]

  @Test("A tangent is the derivative that differences find", arguments: functions)
  func derivative(function: Elementary) {
    for x in function.points {
      let h = 1e-3
      func slope(_ h: Double) -> Double { (function.exact(x + h) - function.exact(x - h)) / (2 * h) }
      // Twice extrapolated: the error is of sixth order.
      let (s1, s2, s4) = (slope(h), slope(2 * h), slope(4 * h))
      let difference = (64 * s1 - 20 * s2 + s4) / 45
      let y = function.dual(Dual(x, tangent: -1.75))
      #expect(abs(y.tangent / -1.75 - difference) <= 1e-10 * max(1, abs(difference)), "at \(x)")
      #expect(abs(y.value - function.exact(x)) <= 1e-15 * abs(y.value))
    }
  }

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
