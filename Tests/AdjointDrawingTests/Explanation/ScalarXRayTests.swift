import Adjoint
import AdjointDrawing
import AdjointLearning
import Testing

/// The X-ray computes what the tensors compute, number by number.
@Suite struct ScalarXRayTests {
  @Test("XOR 2-2-1 in single numbers has the tensors' loss and gradients")
  func xor() throws { try expectSame(Pages.xor(seed: 3).record().loss) }

  @Test("A gated branch with reuse in single numbers has the tensors' loss and gradients")
  func gated() throws { try expectSame(Pages.gated().record().loss) }

  @Test("Products, reductions, the softmax family and moved elements expand, with the same gradients")
  func operations() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0.3, -1, 2], [1.5, 0.25, -0.75]]), name: "x")
    let w = tape.input(Tensor([[1, -2], [0.5, 0.1], [-0.3, 2]]), name: "w")
    let labels = tape.index(Tensor([1, 0]))
    let terms = [
      x.matmul(w).logSoftmax().pick(labels).mean(),
      w.matmul(x, transposeA: true, transposeB: true).max(axes: [0]).sum(),
      x.softmax().variance(), x.logSumExp().sum(),
      (x.transpose() * w).slice(start: [1, 0], size: [2, 1]).square().sum(),
      (x.gather(labels) - tape.constant(0.5)).min(), x.pad(before: [1, 0], after: [0, 1]).exp().sum(),
      (labels.oneHot(3) * x).sum(axes: [0], keepingDimensions: true).tanh().mean(),
    ]
    try expectSame(terms.dropFirst().reduce(terms[0]) { $0 + $1 })
  }

  @Test("What is too large, or has no scalar form, is said in a sentence")
  func errors() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2, 3]))
    #expect(throws: ScalarXRayError.tooLarge(limit: 4, node: "%1 [3] = exp(x)")) {
      try ScalarXRay(of: x.exp().sum(), limit: 4)
    }
    #expect(throws: ScalarXRayError.noScalarForm(operation: "scatterAddAlong")) {
      try ScalarXRay(of: x.scatterAdd(x.argSort(), axis: 0, extent: 3))
    }
    #expect(throws: ScalarXRayError.notANumber("%7 [3] = log(exp(x ⊙ x))")) {
      try ScalarXRay(of: (x * x).exp().log())
    }
  }

  private func expectSame(_ loss: Variable<Double>) throws {
    let xRay = try ScalarXRay(of: loss)
    #expect([loss.scalar].distance(to: [xRay.loss.scalar]) <= 1e-13)
    let tensors = loss.tape.backward(from: loss)
    let scalars = xRay.loss.tape.backward(from: xRay.loss)
    for leaf in loss.tape.differentiableVariables {
      let expected = try #require(tensors.adjoint(of: leaf)).value.elements
      let found = xRay.elements[leaf.index].map { scalars.adjoint(of: $0)?.scalar ?? 0 }
      #expect(expected.distance(to: found) <= 1e-12, "\(leaf.path)")
    }
    #expect((0..<xRay.loss.tape.count).allSatisfy { xRay.loss.tape[$0].shape.elementCount == 1 })
  }
}
