import Adjoint
import Testing

/// What is divided by a number is divided by it, not multiplied by its rounded reciprocal.
struct DivisionTests {
  @Test func `the mean of equal whole numbers is that number`() {
    func check<S: Scalar & BinaryFloatingPoint>(_: S.Type) {
      for n in 1...300 {
        let tape = Tape<S>()
        let x = tape.input(Tensor(repeating: 7, shape: [n, 3]))
        #expect(x.mean().value.elements[0] == 7, "\(n)")
        #expect(x.mean(axes: [0]).value.elements == [7, 7, 7], "\(n)")
        #expect(x.variance(axes: [0]).value.elements == [0, 0, 0], "\(n)")
      }
      for size in 1...20 {
        let images = Tape<S>().input(Tensor(repeating: 7, shape: [1, size, size, 1]))
        #expect(images.averagePool(Extent2D(size, size)).value.elements[0] == 7, "\(size)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `gradients of means and variances are quotients`() {
    func check<S: Scalar & BinaryFloatingPoint>(_: S.Type) {
      for n in 2...60 {
        let tape = Tape<S>()
        let x = tape.input(Tensor(shape: [n], elements: (0..<n).map { S($0 % 3) }))
        let (mean, c) = (x.value.elements.reduce(0, +) / S(n), S(0.7))
        let ofMean = gradients(of: c.asConstant(on: tape) * x.mean(), withRespectTo: [x])[0]
        #expect(ofMean.value.elements[0] == c / S(n), "\(n)")
        let ofVariance = gradients(of: c.asConstant(on: tape) * x.variance(correction: 1), withRespectTo: [x])[0]
        #expect(ofVariance.value.elements[1] == (2 * c) / S(n - 1) * (x.value.elements[1] - mean), "\(n)")
        let images = x.reshape(to: [1, n, 1, 1])
        let pooled = images.averagePool(Extent2D(n, 1))
        let ofPool = gradients(of: c.asConstant(on: tape) * pooled.sum(), withRespectTo: [images])[0]
        #expect(ofPool.value.elements[0] == c / S(n), "\(n)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `softmax divides by its sum`() {
    for i in 1...200 {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([0, -Double(i) / 100]))
      let terms = x.exp().value.elements
      #expect(x.softmax().value.elements == terms.map { $0 / (terms[0] + terms[1]) }, "\(i)")
    }
  }
}

extension Scalar where Self: BinaryFloatingPoint {
  fileprivate func asConstant(on tape: Tape<Self>) -> Variable<Self> { tape.constant(Tensor(scalar: self)) }
}
