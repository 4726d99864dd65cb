import Adjoint
import AdjointLearning
import Foundation

/// Document 000, *Homework 5: Backpropagation*: costates of a Lagrangian, for networks without biases.
enum CostateClaims {
  /// x⁰ = 7 → 6 (sigmoid) → 5 (softmax), no biases.
  private static let net = Witness([7, 6, 5], .sigmoid, hasBias: false)

  /// ⟨λ, g(W x)⟩ and what the tape finds for its gradient with respect to W and x.
  private static func pairing(
    _ lambda: [Double], _ w: Tensor<Double>, _ x: [Double], _ g: (Variable<Double>) -> Variable<Double>
  ) -> (x: [Double], w: [Double]) {
    let tape = Tape<Double>()
    let (leaf, weight) = (tape.input(Tensor(shape: [1, x.count], elements: x)), tape.input(w))
    let y = g(leaf.matmul(weight, transposeB: true))
    let paired = (y * tape.constant(Tensor(shape: [1, lambda.count], elements: lambda))).sum()
    let gradient = gradients(of: paired, withRespectTo: [leaf, weight])
    return (gradient[0].value.elements, gradient[1].value.elements)
  }

  /// Wᵀ(λ ⊙ g′(Wx)), and λᵢ xⱼ g′(wᵢ·x).
  private static func recursion(_ lambda: [Double], _ w: Tensor<Double>, _ x: [Double]) -> (x: [Double], w: [Double]) {
    let scaled = Formula.times(lambda, PlainLoops.times(w, x).map { PlainLoops.slope(.sigmoid, $0) })
    return (PlainLoops.transposedTimes(w, scaled), Formula.outer(scaled, x))
  }

  /// The losses of 20 steps of gradient descent on a batch, with the pixels and the columns of W⁰ in an order.
  private static func losses(order: [Int]) -> [Double] {
    let net = Witness([7, 6, 5], .sigmoid, batch: 6, hasBias: false)
    func ordered(_ rows: [[Double]]) -> Tensor<Double> { Tensor(rows.map { row in order.map { row[$0] } }) }
    var weights = [ordered(net.weights[0].matrix), net.weights[1]]
    return (0..<20).map { _ in
      let tape = Tape<Double>()
      let leaves = weights.map { tape.input($0) }
      let hidden = tape.constant(ordered(net.inputs)).matmul(leaves[0], transposeB: true).sigmoid()
      let loss = crossEntropy(
        logits: hidden.matmul(leaves[1], transposeB: true), labels: tape.index(Tensor(net.labels.map { Int32($0) })))
      weights = zip(weights, gradients(of: loss, withRespectTo: leaves)).map { w, g in
        Tensor(shape: w.shape, elements: zip(w.elements, g.value.elements).map { $0 - 0.5 * $1 })
      }
      return loss.scalar
    }
  }

  private static let lambda: [Double] = [0.3, -1.1, 0.7, 0.2, -0.5, 0.9]

  static let all: [Claim] = method + backward + softmax

  private static let method: [Claim] = [
    Claim("(1)", "L(y, p) = −Σ yᵢ log pᵢ", ours: "`crossEntropy(logits:labels:)`, log-softmax and pick") {
      .equal([-zip(net.oneHot, net.probabilities).reduce(0) { $0 + $1.0 * log($1.1) }], [net.loss])
    },
    Claim("(2)", "xₖ₊₁ = gₖ(Wₖxₖ)", ours: "`Linear(…, bias: false)` and an activation") {
      let hidden = net.activate(PlainLoops.times(net.weights[0], net.x))
      let zero = [Double](repeating: 0, count: 7)
      let blank = PlainLoops.softmax(
        PlainLoops.times(net.weights[1], PlainLoops.times(net.weights[0], zero).map { PlainLoops.value(.relu, $0) }))
      return .equal(
        [(hidden, net.q[1][0]), (PlainLoops.times(net.weights[1], hidden), net.z[2][0])],
        "there are no biases: with ReLU a blank image gives each of these \(blank.count) classes \(blank[0].short), whatever the weights"
      )
    },
    Claim(
      "§II.A, pixels", "the order in which pixels are mapped to entries has no effect on the results",
      ours: "the same training with pixels and the columns of W⁰ in another order"
    ) {
      .equal(losses(order: [3, 0, 6, 2, 5, 1, 4]), losses(order: Array(0..<7)), "20 steps")
    },
    Claim("(3)", "H = L(x^K, y) + Σ (λᵏ⁺¹)ᵀ[−xᵏ⁺¹ + gₖ(Wᵏxᵏ)]", ours: "the loss, on states that obey (2)") {
      let defect = zip(net.q[1][0], net.activate(PlainLoops.times(net.weights[0], net.x))).map { -$0 + $1 }
      return .equal([net.loss + Formula.dot(lambda, defect)], [net.loss], "H = L wherever the constraints hold")
    },
    Claim("(4)", "λ^K = ∂L/∂x^K = −yᵢ/xᵢ²", ours: "the adjoint of p") {
      let tape = Tape<Double>()
      let p = tape.input(Tensor(net.probabilities))
      let loss = -(tape.constant(Tensor(net.oneHot)) * p.log()).sum()
      let right = gradient(of: loss, withRespectTo: p).value.elements
      let (y, x) = (net.oneHot, net.probabilities)
      return .amended(
        zip(y, x).map { -$0 / ($1 * $1) }, "−yᵢ/xᵢ", zip(y, x).map { -$0 / $1 }, right)
    },
  ]

  private static let backward: [Claim] = [
    Claim("(5)", "λᵏ = ∇ₓ[λᵏ⁺¹ gₖ(Wᵏxᵏ)]", ours: "the adjoint of xᵏ, from that of xᵏ⁺¹") {
      let found = recursion(lambda, net.weights[0], net.x).x
      return .product(
        of: [(6, 1), (6, 1)], "(λᵏ⁺¹)ᵀ, as in (3),", found, pairing(lambda, net.weights[0], net.x) { $0.sigmoid() }.x)
    },
    Claim("(6)", "λᵏ = (Wᵏ)ᵀ Λᵏ⁺¹ g′ₖ(Wᵏxᵏ)", ours: "`matmul`'s rule after ⊙ g′") {
      .equal(recursion(lambda, net.weights[0], net.x).x, pairing(lambda, net.weights[0], net.x) { $0.sigmoid() }.x)
    },
    Claim("(6), its note", "(6) “does not apply to our final softmax activation function”", ours: "`softmax`'s rule") {
      let p = net.probabilities
      let alone = zip(top, p).map { $0 * $1 * (1 - $1) }
      let apart = Proof.distance(PlainLoops.transposedTimes(net.weights[1], alone), net.dq[1][0])
      return .fact(apart > 1e-3, "with ∂gⁱ/∂zᵢ alone for g′, (6) is off by \(apart.short) times the largest element")
    },
    Claim("(7)", "ReLU: g′₀(z) = 0 for z ≤ 0, 1 for z > 0", ours: "`relu`, with relu′(0) = 0") {
      let points = [-2, -0.5, 0, 0.5, 2.0]
      let found = points.map { $0 <= 0 ? 0.0 : 1 }
      return .equal(found, Formula.jacobian(at: Tensor(points), rows: 5) { $0.relu() }.enumerated().map { $1[$0] })
    },
    Claim("(8)", "sigmoid: g′₁(z) = g₁(z)(1 − g₁(z))", ours: "`sigmoid`") {
      let points = [-2, -0.5, 0, 0.5, 2.0]
      let found = points.map { PlainLoops.value(.sigmoid, $0) * (1 - PlainLoops.value(.sigmoid, $0)) }
      return .equal(found, Formula.jacobian(at: Tensor(points), rows: 5) { $0.sigmoid() }.enumerated().map { $1[$0] })
    },
    Claim("(9)", "∂H/∂wᵢⱼᵏ = λᵢᵏ⁺¹ xⱼᵏ g′ₖ(wᵢᵏ·xᵏ)", ours: "the adjoint of Wᵏ, an outer product") {
      .equal(recursion(lambda, net.weights[0], net.x).w, pairing(lambda, net.weights[0], net.x) { $0.sigmoid() }.w)
    },
  ]

  /// λ^K, from the corrected (4).
  private static var top: [Double] { zip(net.oneHot, net.probabilities).map { -$0 / $1 } }

  /// A right side for ∂H/∂x¹ that lacks −λ¹, against H with its costates held, recorded and differentiated.
  private static func withoutCostate(_ printed: [Double], _ remark: String = "") -> Proof {
    let tape = Tape<Double>()
    let state = tape.input(Tensor(shape: [1, 6], elements: net.q[1][0]))
    let g = state.matmul(tape.constant(net.weights[1]), transposeB: true).softmax()
    // λ¹ is the tape's adjoint of the loss, not the formula under test.
    let costate = net.dq[1][0]
    let h =
      (g * tape.constant(Tensor(shape: [1, 5], elements: top))).sum()
      - (state * tape.constant(Tensor(shape: [1, 6], elements: costate))).sum()
    let right = gradient(of: h, withRespectTo: state).value.elements
    let amended = zip(printed, costate).map { $0 - $1 }
    // The right side vanishes, so all are compared on the scale of λ.
    func shifted(_ values: [Double]) -> [Double] { zip(values, costate).map { $0 + $1 } }
    return .amended(shifted(printed), "−λᵢᵏ, which (5) has,", shifted(amended), shifted(right), remark)
  }

  private static let softmax: [Claim] = [
    Claim("(10)", "gⁱ(z) = exp zᵢ / Σ exp zⱼ", ours: "`softmax`") {
      let z = net.z[2][0]
      let powers = z.map { exp($0) }
      let tape = Tape<Double>()
      return .equal(
        powers.map { $0 / powers.reduce(0, +) }, tape.input(Tensor(z)).softmax().value.elements,
        "ours subtracts the maximum first: exp \(800) overflows")
    },
    Claim("(11)", "∂H/∂xᵢᵏ = (λᵏ⁺¹)ᵀ ∂g(Wᵏxᵏ)/∂xᵢᵏ", ours: "0 at the costates, by (5)") {
      withoutCostate(pairing(top, net.weights[1], net.q[1][0]) { $0.softmax() }.x)
    },
    Claim(
      "(13)", "∂H/∂xᵢᵏ = (λᵏ⁺¹)ᵀ ∂g/∂(Wx) · column i of W", ours: "softmax's rule, then `matmul`'s, less λᵢᵏ"
    ) {
      let jacobian = Formula.softmaxJacobian(net.probabilities)
      return withoutCostate(
        PlainLoops.product(PlainLoops.product([top], jacobian), net.weights[1].matrix)[0],
        "its two lines share one number; there is no (12)")
    },
    Claim("(14)", "∂gⁱ/∂zⱼ = gᵢ(δᵢⱼ − gⱼ)", ours: "`jacobian(of: z.softmax(), withRespectTo: z)`") {
      let z = net.z[2][0]
      let right = Formula.jacobian(at: Tensor(z), rows: 5) { $0.softmax() }
      return .equal(Formula.flat(Formula.softmaxJacobian(PlainLoops.softmax(z))), Formula.flat(right))
    },
    Claim("(15)", "∂H/∂wᵢⱼᵏ = xⱼᵏ (λᵏ⁺¹)ᵀ ∂g/∂(Wx)ⁱ", ours: "the adjoint of the last W") {
      let (w, x) = (net.weights[1], net.q[1][0])
      let top = [0.4, -0.3, 0.8, 0.1, -0.6]
      let jacobian = Formula.softmaxJacobian(PlainLoops.softmax(PlainLoops.times(w, x)))
      return .equal(
        Formula.outer(PlainLoops.product([top], jacobian)[0], x), pairing(top, w, x) { $0.softmax() }.w)
    },
  ]
}
