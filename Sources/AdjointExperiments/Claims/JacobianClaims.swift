import Adjoint
import AdjointLearning

/// Document 001, a report on a 784-64-10 network with sigmoid: Jacobians with dimensions, and gradients as products of them.
enum JacobianClaims {
  private static let net = Witness([784, 64, 10], .sigmoid)
  private static var f1: [Double] { net.q[1][0] }

  /// σ′(a₁).
  private static var slopes: [Double] { net.slopes(net.z[1][0]) }
  /// (ŷ − y)ᵀ W₂ diag(σ′(a₁)), a row of 64.
  private static var row: [Double] {
    PlainLoops.product(PlainLoops.product([net.error], net.weights[1].matrix), Formula.diagonal(slopes))[0]
  }

  private static func jacobian(
    at x: Tensor<Double>, rows: Int, _ f: (Variable<Double>) -> Variable<Double>
  ) -> [Double] { Formula.flat(Formula.jacobian(at: x, rows: rows, f)) }

  static let all: [Claim] = jacobians + gradients

  private static let jacobians: [Claim] = [
    Claim(
      "§1", "W₁ 64×784, W₂ 10×64; a₁ = W₁x + b₁, f₁ = σ(a₁), a₂ = W₂f₁ + b₂, ŷ = softmax(a₂)",
      ours: "`MLP([784, 64, 10], activation: .sigmoid)`"
    ) {
      let hidden = net.activate(net.linear(1, net.x))
      return .equal([(net.linear(1, net.x), net.z[1][0]), (hidden, f1), (net.linear(2, hidden), net.z[2][0])])
    },
    Claim("§2.1 ∂a₂/∂b₂", "I, 10×10; multiplying by it has no effect", ours: "scaled identity") {
      let tapeSide = jacobian(at: Tensor(net.biases[1]), rows: 10) { b in
        b.tape.constant(Tensor(shape: [1, 10], elements: PlainLoops.times(net.weights[1], f1))).addBias(b)
      }
      return .equal([
        (Formula.flat(Formula.identity(10)), tapeSide),
        (PlainLoops.product([net.error], Formula.identity(10))[0], net.error),
      ])
    },
    Claim("§2.1 ∂a₂/∂W₂", "f₁ᵀ; “should be 10×640”", ours: "I ⊗ f₁ᵀ, 10×640") {
      let right = jacobian(at: net.weights[1], rows: 10) { w in
        w.tape.constant(Tensor(shape: [1, 64], elements: f1)).matmul(w, transposeB: true)
      }
      let blocks = Formula.flat(Formula.blocks(f1, 10))
      let isRight = Proof.distance(blocks, right) <= Proof.tolerance
      return .fact(
        Proof.distance(f1, right) <= Proof.tolerance,
        "printed 1×\(f1.count), \(f1.count) numbers for \(right.count); its own idea, the product with I, is \(isRight ? "right" : "not right") as the Kronecker product I ⊗ f₁ᵀ: [ChainRule.md](ChainRule.md#a-product-differentiated-by-its-matrix)"
      )
    },
    Claim("§2.1 ∂a₂/∂f₁", "W₂ᵀ (“results in W₂”)", ours: "W₂, 10×64") {
      let right = jacobian(at: Tensor(shape: [1, 64], elements: f1), rows: 10) { x in
        x.matmul(x.tape.constant(net.weights[1]), transposeB: true)
      }
      let transposed = (0..<64).flatMap { j in (0..<10).map { net.weights[1].elements[$0 * 64 + j] } }
      return .amended(transposed, "W₂", net.weights[1].elements, right, "W₂ᵀ is 64×10")
    },
    Claim("§2.1 ∂f₁/∂a₁", "diag(σ′(x))", ours: "diagonal: σ′ at a₁") {
      let right = jacobian(at: Tensor(net.z[1][0]), rows: 64) { $0.sigmoid() }
      let printed = Formula.flat(Formula.diagonal(Array(net.slopes(net.x).prefix(64))))
      return .amended(
        printed, "σ′(a₁)", Formula.flat(Formula.diagonal(slopes)), right,
        "x has 784 entries, a₁ has 64; the first 64 were taken")
    },
    Claim("§2.1 column", "diag(σ′) is kept as a column and multiplied element by element", ours: "the rule's ⊙") {
      let start = PlainLoops.product([net.error], net.weights[1].matrix)[0]
      return .equal([(Formula.times(start, slopes), row), (row, net.dz[1][0])])
    },
    Claim("§2.1 σ′", "σ′(x) = σ(x)(1 − σ(x))", ours: "`sigmoid`") {
      let points = [-3, -1, 0, 0.5, 2.0]
      let right = Formula.jacobian(at: Tensor(points), rows: 5) { $0.sigmoid() }.enumerated().map { $1[$0] }
      return .equal(points.map { PlainLoops.value(.sigmoid, $0) * (1 - PlainLoops.value(.sigmoid, $0)) }, right)
    },
    Claim("§2.1 ∂a₁/∂b₁", "I, 64×64", ours: "scaled identity") {
      let right = jacobian(at: Tensor(net.biases[0]), rows: 64) { b in
        b.tape.constant(Tensor(shape: [1, 64], elements: PlainLoops.times(net.weights[0], net.x))).addBias(b)
      }
      return .equal(Formula.flat(Formula.identity(64)), right)
    },
    Claim("§2.1 ∂a₁/∂W₁", "xᵀ; “should be a 64×50176 matrix”", ours: "I ⊗ xᵀ, 64×50176") {
      // The tape's vᵀJ for a random v: the Jacobian itself has 3.2 million entries.
      var v = [Double](repeating: -1, count: 64)
      for i in v.indices { v[i] += Double(i * 37 % 64) / 32 }
      let tape = Tape<Double>()
      let w = tape.input(net.weights[0])
      let a = tape.constant(Tensor(shape: [1, 784], elements: net.x)).matmul(w, transposeB: true)
      let cotangent = tape.constant(Tensor(shape: [1, 64], elements: v))
      let right = Adjoint.gradients(of: a, withRespectTo: [w], cotangent: cotangent)[0].value.elements
      let blocks = v.flatMap { factor in net.x.map { factor * $0 } }
      let isRight = Proof.distance(blocks, right) <= Proof.tolerance
      return .fact(
        Proof.distance(net.x, right) <= Proof.tolerance,
        "printed 1×784; vᵀJ has \(right.count) entries, and I ⊗ xᵀ gives \(isRight ? "them" : "others"); 64·784 = \(64 * 784)"
      )
    },
  ]

  private static let gradients: [Claim] = [
    Claim("§2.2 ∂L/∂W₂", "(ŷ − y)ᵀ f₁ᵀ, reshaped to 1×640", ours: "the adjoint of W₂, 10×64") {
      .product(of: [(1, 10), (1, 64)], "(ŷ − y) f₁ᵀ", Formula.outer(net.error, f1), net.dW[1])
    },
    Claim("§2.2 ∂L/∂h₂", "(ŷ − y)ᵀ", ours: "the adjoints of a₂ and b₂") {
      .equal([(net.error, net.dz[2][0]), (net.error, net.db[1])], "h₂ stands nowhere else; a₂ and b₂ both fit")
    },
    Claim("§2.2 ∂L/∂W₁", "(ŷ − y)ᵀ W₂ diag(σ′(x)) xᵀ, reshaped to 1×50176", ours: "the adjoint of W₁, 64×784") {
      .product(
        of: [(1, 10), (10, 64), (64, 64), (1, 784)], "[(ŷ − y)ᵀ W₂ diag(σ′(a₁))]ᵀ xᵀ", Formula.outer(row, net.x),
        net.dW[0])
    },
    Claim("§2.2 ∂L/∂b₁", "(ŷ − y)ᵀ W₂ diag(σ′(x))", ours: "the adjoint of b₁") {
      let start = PlainLoops.product([net.error], net.weights[1].matrix)[0]
      return .amended(
        Formula.times(start, Array(net.slopes(net.x).prefix(64))), "σ′(a₁)", row, net.db[0])
    },
    Claim(
      "§3", "the label becomes a 1×10 row with a 1; the index of the largest ŷ is compared", ours: "`oneHot`, accuracy"
    ) {
      let tape = Tape<Double>()
      let label = tape.index(Tensor([Int32(net.labels[0])]))
      return .equal(net.oneHot, label.oneHot(10).value.elements)
    },
    Claim(
      "§5", "94% “by changing the learning rate to .0001”; “.0001 or .00001 would result in … 80–90%”",
      ours: "[Experiments.md](Experiments.md): every rate trained"
    ) {
      let best: [Double: ClosedRange<Double>] = [0.0001: 0.94...0.94]
      let worse: [Double: ClosedRange<Double>] = [0.0001: 0.80...0.90, 0.00001: 0.80...0.90]
      let clashes = best.filter { rate, accuracy in worse[rate].map { !$0.overlaps(accuracy) } ?? false }.keys.sorted()
      return .fact(
        clashes.isEmpty,
        clashes.map { "the rate \($0) is said to give 94% and 80–90%" }.joined() + ": one of the two is another rate")
    },
  ]
}
