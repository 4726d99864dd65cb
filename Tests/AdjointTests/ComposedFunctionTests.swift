import Adjoint
import Foundation
import Testing

/// Functions that are made of recorded operations, where their naive forms give NaN.
@Suite struct ComposedFunctionTests {
  /// Value, first and second derivative of the sum of f at one number.
  private func derivatives(at x: Double, _ f: (Variable<Double>) -> Variable<Double>) -> [Double] {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([x]))
    let y = f(x).sum()
    let first = gradient(of: y, withRespectTo: x)
    return [y.scalar, first.value[0], gradient(of: first.sum(), withRespectTo: x).value[0]]
  }

  private func isFinite(_ x: Tensor<Double>) -> Bool { x.elements.allSatisfy { $0.isFinite } }
  private func isZero(_ x: Tensor<Double>) -> Bool { x.elements.allSatisfy { $0 == 0 } }

  /// The product of the elements at some positions but a few.
  private func product(_ x: [Double], _ positions: Range<Int>, but skipped: Int...) -> Double {
    var y = 1.0
    for i in positions where !skipped.contains(i) { y *= x[i] }
    return y
  }

  private func gradients(
    _ a: Tensor<Double>, _ f: (Variable<Double>) -> Variable<Double>
  ) -> (y: Tensor<Double>, first: Tensor<Double>, second: Tensor<Double>) {
    let tape = Tape<Double>()
    let x = tape.input(a)
    let y = f(x)
    let weights = Tensor<Double>(
      shape: y.shape, elements: (0..<y.shape.elementCount).map { 0.5 + 0.25 * Double($0) })
    let first = gradient(of: (y * weights).sum(), withRespectTo: x)
    let second = gradient(of: (first * first).sum() + first.sum(), withRespectTo: x)
    return (y.value, first.value, second.value)
  }

  @Test func `Activations have their limits and no NaN far out`() {
    #expect(derivatives(at: -.infinity) { $0.mish() } == [0, 0, 0])
    #expect(derivatives(at: -.infinity) { $0.geluTanh() } == [0, 0, 0])
    #expect(derivatives(at: .infinity) { $0.geluTanh() } == [.infinity, 1, 0])
    let gelu = derivatives(at: 1) { $0.geluTanh() }
    #expect(abs(gelu[0] - 0.8411919906082768) < 1e-15 && abs(gelu[1] - 1.0829640838457826) < 1e-14)
    #expect(derivatives(at: -.infinity) { $0.hardSwish() } == [0, 0, 0])
    #expect(derivatives(at: 4) { $0.hardSwish() } == [4, 1, 0])
    #expect(derivatives(at: -800) { $0.logSigmoid() } == [-800, 1, 0])
    #expect(derivatives(at: .infinity) { $0.prelu(slope: $0.tape.constant(0)) } == [.infinity, 1, 0])
    #expect(derivatives(at: 0.25) { $0.softShrink() } == [0, 0, 0])
    #expect(derivatives(at: -2) { $0.softShrink() } == [-1.5, 1, 0])
    #expect(derivatives(at: -0.25) { $0.hardShrink() }[0] == 0)
    #expect(derivatives(at: 1) { $0.softsign() } == [0.5, 0.25, -0.25])
    let mish = derivatives(at: 1) { $0.mish() }
    #expect(abs(mish[0] - 0.8650983882673103) < 1e-15 && abs(mish[1] - 1.0490362200997922) < 1e-14)
    #expect(abs(derivatives(at: -1) { $0.selu() }[0] + 1.1113307378125625) < 1e-15)
    #expect(abs(derivatives(at: -1) { $0.celu(alpha: 2) }[0] + 0.7869386805747332) < 1e-15)
    #expect(derivatives(at: 9) { $0.relu6() } == [6, 0, 0])
    #expect(derivatives(at: 1) { $0.threshold(2, 7) } == [7, 0, 0])
  }

  @Test func `What has probability 0 counts nothing in a ln b`() {
    let tape = Tape<Double>()
    let a = tape.input(Tensor([0, 0, 0, 0, 2, 0]))
    let b = tape.input(Tensor([0, -1, .infinity, 3, 0.5, .nan]))
    let y = a.xlogy(b)
    #expect(y.value.elements.dropLast() == [0, 0, 0, 0, 2 * Foundation.log(0.5)] && y.value[5].isNaN)
    let found = Adjoint.gradients(of: y.sum(), withRespectTo: [a, b]).map(\.value.elements)
    #expect(found[0].prefix(3) == [0, 0, 0])
    // The logarithm of the loops is within a unit in the last place.
    for (i, x) in [(3, 3.0), (4, 0.5)] { #expect(abs(found[0][i] - Foundation.log(x)) <= Foundation.log(x).ulp) }
    #expect(found[1].dropLast() == [0, 0, 0, 0, 4])
  }

  @Test func `A learned slope gets the sum of the elements below 0`() {
    let tape = Tape<Double>()
    let (x, slope) = (tape.input(Tensor([[-2, 3], [-1, .infinity]])), tape.input(Tensor([0.5, 0])))
    let found = Adjoint.gradients(of: x.prelu(slope: slope).sum(), withRespectTo: [x, slope]).map(\.value)
    #expect(found == [Tensor([[0.5, 1], [0.5, 1]]), Tensor([-3, 0])])
  }

  @Test func `An element between learned bounds keeps its derivative, and a bound gets that of what it holds`() {
    let tape = Tape<Double>()
    let (x, low, high) = (tape.input(Tensor([-3, 0, 1, 5])), tape.input(Tensor([-1.0])), tape.input(Tensor([1.0])))
    let y = x.clamp(min: low, max: high)
    #expect(y.value == Tensor([-1, 0, 1, 1]))
    let found = Adjoint.gradients(of: y.sum(), withRespectTo: [x, low, high]).map(\.value)
    #expect(found == [Tensor([0, 1, 1, 0]), Tensor([1]), Tensor([1])])
    #expect(x.clamp(min: low).value == Tensor([-1, 0, 1, 5]) && x.clamp(max: high).value == Tensor([-3, 0, 1, 1]))
    #expect(x.clamp().value == x.value)
  }

  @Test func `A log-sum-exp over several axes is one over what they hold`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [2, 3, 4], elements: (0..<24).map { Foundation.sin(Double($0)) }))
    let kept = x.logSumExp(axes: [0, -1], keepingDimensions: true)
    #expect(kept.shape == [1, 3, 1] && kept.reshape(to: [3]).value == x.logSumExp(axes: [2, 0]).value)
    for row in 0..<3 {
      let sum = x.value[0..., row, 0...].elements.reduce(0) { $0 + Foundation.exp($1) }
      #expect(Swift.abs(kept.value[0, row, 0] - Foundation.log(sum)) < 1e-14)
    }
    #expect(x.logSumExp(axes: []).value == x.value)
  }

  @Test(arguments: [[2, 3, 5, 7, 11], [2, 0, 5, 7, 11], [2, 0, 5, 0, 11], [0, 0, 0, 0, 0], [3], []] as [[Double]])
  func `The gradient of a product is the product of the others, zeros included`(x: [Double]) {
    let found = gradients(Tensor(x)) { $0.prod() }
    let others = x.indices.map { product(x, x.indices, but: $0) }
    #expect(found.y == Tensor(scalar: x.reduce(1, *)))
    #expect(found.first.elements == others.map { 0.5 * $0 })
    // Σⱼ (1 + 2 x̄ⱼ) ∂x̄ⱼ/∂xᵢ, where ∂x̄ⱼ/∂xᵢ is half the product without both.
    for i in x.indices {
      var second = 0.0
      for j in x.indices where j != i { second += (1 + others[j]) * 0.5 * product(x, x.indices, but: i, j) }
      #expect(Swift.abs(found.second[i] - second) <= 1e-12 * Swift.abs(second))
    }
  }

  @Test func `Products over axes and along an axis are those of loops`() {
    let tape = Tape<Double>()
    let x = Tensor<Double>(shape: [2, 3, 4], elements: (0..<24).map { 0.5 + Double($0 % 7) / 4 })
    let a = tape.input(x)
    #expect(a.prod(axes: [0, -1]).shape == [3] && a.prod(axes: [1], keepingDimensions: true).shape == [2, 1, 4])
    for j in 0..<3 {
      var exact = 1.0
      for i in 0..<2 { for k in 0..<4 { exact *= x[i, j, k] } }
      #expect(abs(a.prod(axes: [0, 2]).value[j] - exact) <= 1e-14 * exact)
    }
    let along = a.cumprod(axis: 1).value
    for i in 0..<2 {
      for k in 0..<4 {
        var exact = 1.0
        for j in 0..<3 {
          exact *= x[i, j, k]
          #expect(abs(along[i, j, k] - exact) <= 1e-14 * exact)
        }
      }
    }
    #expect(tape.input(.zeros([2, 0])).cumprod().shape == [2, 0])
    #expect(tape.input(.zeros([0, 3])).prod(axes: [0]).value == .ones([3]))
  }

  @Test func `The gradient of cumulative products is right beside zeros`() {
    for x in [[2.0, 0, 3, 4], [0, 0, 3, 5], [1, 2, 3, 4]] {
      let found = gradients(Tensor(x)) { $0.cumprod() }
      for i in x.indices {
        var slope = 0.0
        for k in i..<x.count { slope += (0.5 + 0.25 * Double(k)) * product(x, 0..<k + 1, but: i) }
        #expect(found.first[i] == slope)
      }
      #expect(isFinite(found.second))
    }
  }

  @Test func `Norms have derivatives 0 at 0, of first and second order`() {
    for order in [0, 0.5, 1, 1.5, 2, 3, .infinity, -.infinity] {
      let found = gradients(.zeros([2, 3])) { $0.norm(order: order, axes: [1]) }
      #expect(found.y == .zeros([2]), "\(order)")
      #expect(isZero(found.first) && isZero(found.second), "\(order)")
    }
    let beside = gradients(Tensor([3, 0, 4])) { $0.norm() }
    #expect(beside.y == Tensor(scalar: 5))
    // 0.5 · x / ‖x‖, in four roundings.
    for (found, exact) in zip(beside.first.elements, [0.3, 0, 0.4]) { #expect(abs(found - exact) <= 2 * exact.ulp) }
    for order in [0.5, 1.5] {
      let found = gradients(Tensor([3, 0, 4])) { $0.norm(order: order) }
      #expect(isFinite(found.first) && isFinite(found.second))
    }
  }

  @Test func `A norm neither overflows nor vanishes, and the other orders are as defined`() {
    let tape = Tape<Float>()
    #expect(tape.input(Tensor([3e30, 4e30])).norm().value.scalar == 5e30)
    #expect(tape.input(Tensor([3e-30, 4e-30])).norm().value.scalar == 5e-30)
    #expect(tape.input(Tensor([.infinity, 1])).norm().value.scalar == .infinity)
    #expect(tape.input(Tensor([.nan, 1])).norm().value.scalar.isNaN)
    let x = Tensor<Double>([[3, -4], [0, 2]])
    #expect(x.norm(order: 1, axes: [1]) == Tensor([7, 2]) && x.norm(order: .infinity, axes: [0]) == Tensor([3, 4]))
    #expect(x.norm(order: 0) == Tensor(scalar: 3) && x.norm(order: -.infinity) == Tensor(scalar: 0))
    #expect(abs(x.norm(order: 3).scalar - Foundation.pow(99, 1.0 / 3)) < 1e-14)
    #expect(Tensor<Double>.zeros([0]).norm() == Tensor(scalar: 0))
  }

  @Test func `A deviation and a normalized row are right, and their derivatives at rest are numbers`() {
    let rest = gradients(Tensor([[2, 2, 2], [1, 2, 3]])) { $0.standardDeviation(axis: 1, correction: 1) }
    #expect(rest.y == Tensor([0, 1]))
    #expect(rest.first.elements == [0, 0, 0, -0.375, 0, 0.375] && isFinite(rest.second))
    let rows = gradients(Tensor([[3, 4], [0, 0]])) { $0.normalize(epsilon: 0.5) }
    #expect(rows.y == Tensor([[0.6, 0.8], [0, 0]]))
    #expect(rows.first[1, 0] == 2 && rows.first[1, 1] == 2.5 && isFinite(rows.second))
    #expect(Tensor<Double>([1, 2]).softmin() == Tensor([-1, -2]).softmax())
  }

  @Test func `Powers have the derivatives of the limits that are taken`() {
    let tape = Tape<Double>()
    let (a, b) = (tape.input(Tensor([0, 0, 2, -2, 0])), tape.input(Tensor([2, 0, 3, 2, 1])))
    let found = Adjoint.gradients(of: pow(a, b).sum(), withRespectTo: [a, b]).map(\.value.elements)
    #expect(found[0] == [0, 0, 12, -4, 1])
    #expect(found[1][0] == 0 && found[1][1] == 0 && found[1][3].isNaN && found[1][4] == 0)
    #expect(abs(found[1][2] - 8 * Foundation.log(2)) < 1e-15)
    #expect(pow(a, 2).value == Tensor([0, 0, 4, 4, 0]))
  }
}
