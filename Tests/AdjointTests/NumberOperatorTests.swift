import Adjoint
import Testing

/// A variable and a number: literals, numbers of the tape's own type, and what changes a variable in place.
@Suite struct NumberOperatorTests {
  @Test func `Numbers of the tape's own type, literals and doubles mean the same`() {
    let x = Tape<Float>().input(Tensor([1, 4]))
    let (c, d): (Float, Double) = (2, 2)
    for sum in [x + c, c + x, x + d, d + x, x + 2, 2 + x, x + 2.0] { #expect(sum.value == Tensor([3, 6])) }
    for product in [x * c, c * x, x * d, d * x, x * 2, 2 * x, x * 2.0] { #expect(product.value == Tensor([2, 8])) }
    for difference in [x - c, x - d, x - 2, -(c - x), -(d - x), -(2 - x)] {
      #expect(difference.value == Tensor([-1, 2]))
    }
    for quotient in [x / c, x / d, x / 2, 1 / (c / x), 1 / (2 / x)] { #expect(quotient.value == Tensor([0.5, 2])) }
    for larger in [x.maximum(c), x.maximum(d), x.maximum(2)] { #expect(larger.value == Tensor([2, 4])) }
    for smaller in [x.minimum(c), x.minimum(d), x.minimum(2)] { #expect(smaller.value == Tensor([1, 2])) }
    #expect(`where`(x .> c, x, 0).value == Tensor([0, 4]))
    #expect(`where`(x .> 2, 0, x).value == Tensor([1, 0]))
  }

  @Test func `A number compares from both sides`() {
    let x = Tape<Float>().input(Tensor([1, 2, 3]))
    let c: Float = 2
    for less in [x .< c, x .< 2, c .> x, 2 .> x] { #expect(less.value == Tensor([1, 0, 0])) }
    for atMost in [x .<= c, x .<= 2, c .>= x, 2 .>= x] { #expect(atMost.value == Tensor([1, 1, 0])) }
    for more in [x .> c, x .> 2, c .< x, 2 .< x] { #expect(more.value == Tensor([0, 0, 1])) }
    for atLeast in [x .>= c, x .>= 2, c .<= x, 2 .<= x] { #expect(atLeast.value == Tensor([0, 1, 1])) }
    for equal in [x .== c, x .== 2, c .== x, 2 .== x] { #expect(equal.value == Tensor([0, 1, 0])) }
    for other in [x .!= c, x .!= 2, c .!= x, 2 .!= x] { #expect(other.value == Tensor([1, 0, 1])) }
  }

  @Test func `A compound assignment records, and the gradient runs through it`() {
    let x = Tape<Double>().input(Tensor([3]))
    var y = x
    y += 1  // x + 1
    y *= y  // (x + 1)²
    y -= x
    y /= 2
    y *= 1.0 as Double
    #expect(y.value == Tensor([6.5]))
    #expect(gradient(of: y.sum(), withRespectTo: x).value == Tensor([3.5]))
    let c: Float = 0.5
    var z = Tape<Float>().input(Tensor([3]))
    z *= c
    z += c
    z -= c
    z /= c
    #expect(z.value == Tensor([3]))
  }

  @Test func `A number of dual numbers keeps its derivative`() {
    let x = Tape<Dual>().input(Tensor(scalar: Dual(3)))
    #expect((x * Dual(2, tangent: 1)).scalar.tangent == 3)
  }

  @Test func `Long formulas of literals compile and are right`() {
    let x = Tape<Float>().input(Tensor(scalar: 2))
    let y = 0.5 * x * x + 3 * x - 2 / x + (1 - x) * 4 - x / 2 + 1
    #expect(y.scalar == 2 + 6 - 1 - 4 - 1 + 1)
  }

  @Test func `A gradient is taken with respect to a parameter as to its leaf`() {
    let tape = Tape<Double>()
    let w = Parameter<Double>(Tensor([2, 5]), name: "w")
    let x = tape.input(Tensor([3, 4]))
    let y = (tape.parameter(w).square() * x).sum()
    #expect(gradients(of: y, withRespectTo: [w])[0].value == Tensor([12, 40]))
    #expect(gradient(of: y, withRespectTo: w).value == Tensor([12, 40]))
    #expect(jacobian(of: y, withRespectTo: w) == Tensor([12, 40]))
    #expect(hessian(of: y, withRespectTo: w) == Tensor(shape: [2, 2], elements: [6, 0, 0, 8]))
    w.isFrozen = true
    #expect(gradients(of: y, withRespectTo: [w])[0].value == Tensor([12, 40]))
    #expect(gradients(of: y, withRespectTo: []).isEmpty)
  }

  @Test func `A parameter that the tape does not use has no silent gradient of zero`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let used = tape.parameter(Parameter(Tensor([2]), name: "used"))
      _ = gradients(of: used.sum(), withRespectTo: [Parameter(Tensor([2]), name: "other")])
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      said.contains("gradients: the parameter 'other' [1] is not used on the tape of y, which uses 'used' [1]"),
      "\(said)")
  }
}
