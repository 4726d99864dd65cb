import Adjoint
import AdjointLearning
import Foundation

/// Document 003, *Feed-forward neural networks*: the gradient as a product of Jacobians, with dimensions, for 784-30-10.
enum ChainRuleClaims {
  private static let net = Witness([784, 30, 10], .relu)
  private static let deep = Witness([9, 8, 7, 6, 5], .relu, batch: 1, seed: 2)

  // The five factors, as matrices.
  private static var first: [[Double]] { [zip(net.oneHot, net.probabilities).map { -$0 / $1 }] }
  private static var second: [[Double]] { Formula.softmaxJacobian(net.probabilities) }
  private static var third: [[Double]] { net.weights[1].matrix }
  private static var fourth: [[Double]] { Formula.diagonal(net.slopes(net.z[1][0])) }
  private static var fifth: [[Double]] { Formula.blocks(net.x, 30) }
  /// gᵀ = (ŷᵀ − yᵀ) W⁽²⁾ ⊙ relu′(z⁽¹⁾ᵀ).
  private static var g: [Double] {
    Formula.times(PlainLoops.product([net.error], third)[0], net.slopes(net.z[1][0]))
  }
  private static func chain(_ factors: [[Double]]...) -> [Double] {
    factors.dropFirst().reduce(factors[0]) { PlainLoops.product($0, $1) }[0]
  }
  private static func dimensions(_ factors: [[Double]]...) -> String {
    factors.map { "\($0.count)×\($0[0].count)" }.joined(separator: " · ")
  }

  static let all: [Claim] = network + factors + simplified + sweep + start

  private static let network: [Claim] = [
    Claim(
      "§1, network", "z⁽¹⁾ = W⁽¹⁾x + b⁽¹⁾, h⁽¹⁾ = relu z⁽¹⁾, z⁽²⁾ = W⁽²⁾h⁽¹⁾ + b⁽²⁾, ŷ = softmax z⁽²⁾",
      ours: "`MLP([784, 30, 10])`"
    ) {
      let hidden = net.activate(net.linear(1, net.x))
      return .equal([(net.linear(1, net.x), net.z[1][0]), (hidden, net.q[1][0]), (net.linear(2, hidden), net.z[2][0])])
    },
    Claim("§1, J", "−1/n Σᵢ Σₖ yₖ log ŷₖ", ours: "`crossEntropy(logits:labels:)`") {
      let batch = Witness([9, 6, 5], .relu, batch: 7)
      let sum = zip(batch.z[2], batch.labels).reduce(0) { $0 - log(PlainLoops.softmax($1.0)[$1.1]) }
      return .equal([sum / 7], [batch.loss])
    },
    Claim(
      "§1, §2, chain", "∂J/∂vec W⁽¹⁾ = 1×10 · 10×10 · 10×30 · 30×30 · 30×(30·784)",
      ours: "`JacobianChain`; the adjoint of W⁽¹⁾"
    ) {
      let found = chain(first, second, third, fourth, fifth)
      return .equal(found, net.dW[0], dimensions(first, second, third, fourth, fifth) + " → 1×\(found.count)")
    },
  ]

  private static let factors: [Claim] = [
    Claim("§3, ∂J/∂ŷ", "[−y₁/ŷ₁ … −y₁₀/ŷ₁₀]", ours: "the adjoint of ŷ") {
      let right = valueAndGradient(at: Tensor(net.probabilities)) {
        -($0.tape.constant(Tensor(net.oneHot)) * $0.log()).sum()
      }
      return .equal(first[0], right.gradient.elements)
    },
    Claim("§3, ∂ŷ/∂z⁽²⁾", "ŷᵢ(1 − ŷᵢ) on the diagonal, −ŷᵢŷⱼ beside it", ours: "`jacobian` of `softmax`") {
      .equal(
        Formula.flat(second),
        Formula.flat(Formula.jacobian(at: Tensor(net.z[2][0]), rows: 10) { $0.softmax() }))
    },
    Claim("§3, ∂z⁽²⁾/∂h⁽¹⁾", "W₂, which §1 calls W⁽²⁾", ours: "W⁽²⁾") {
      let right = Formula.jacobian(at: Tensor(shape: [1, 30], elements: net.q[1][0]), rows: 10) {
        $0.matmul($0.tape.constant(net.weights[1]), transposeB: true)
      }
      return .equal(Formula.flat(third), Formula.flat(right))
    },
    Claim("§3, ∂h⁽¹⁾/∂z⁽¹⁾", "diagonal, relu′ = 1 for x > 0, 0 for x ≤ 0", ours: "diagonal; relu′(0) = 0") {
      let points = Array(net.z[1][0].dropLast()) + [0]
      let found = Formula.diagonal(points.map { $0 > 0 ? 1 : 0 })
      return .equal(
        Formula.flat(found), Formula.flat(Formula.jacobian(at: Tensor(points), rows: 30) { $0.relu() }))
    },
    Claim("§3, ∂z⁽¹⁾/∂vec W⁽¹⁾", "xᵀ in block i of row i, 0 elsewhere", ours: "I ⊗ xᵀ") {
      let right = Formula.jacobian(at: net.weights[0], rows: 30) {
        $0.tape.constant(Tensor(shape: [1, 784], elements: net.x)).matmul($0, transposeB: true)
      }
      return .equal(Formula.flat(fifth), Formula.flat(right), "30×\(fifth[0].count)")
    },
  ]

  private static let simplified: [Claim] = [
    Claim("§4, two factors", "[ŷ₁ − y₁ … ŷ₁₀ − y₁₀]", ours: "the adjoint of z⁽²⁾") {
      .equal([(chain(first, second), net.error), (net.error, net.dz[2][0])])
    },
    Claim("§4, three factors", "(ŷᵀ − yᵀ)W⁽²⁾", ours: "the adjoint of h⁽¹⁾") {
      .equal([(chain(first, second, third), net.dq[1][0]), (chain([net.error], third), net.dq[1][0])])
    },
    Claim("§4, four factors", "gᵀ = (ŷᵀ − yᵀ)W⁽²⁾ ⊙ relu′(z⁽¹⁾ᵀ)", ours: "the adjoint of z⁽¹⁾") {
      .equal([(chain(first, second, third, fourth), net.dz[1][0]), (g, net.dz[1][0])])
    },
    Claim("§4, five factors", "[g₁xᵀ … g₃₀xᵀ]; as a matrix, g xᵀ", ours: "the adjoint of W⁽¹⁾") {
      .equal([(chain([g], fifth), net.dW[0]), (Formula.outer(g, net.x), net.dW[0])])
    },
    Claim("§5", "∂z⁽¹⁾/∂b⁽¹⁾ = I, ∂J/∂b⁽¹⁾ = g; 1×10 · 10×10 · 10×30 · 30×30 · 30×30", ours: "the adjoint of b⁽¹⁾") {
      let identity = Formula.identity(30)
      return .shaped(
        (30, 1), where: (1, 30), "gᵀ", chain(first, second, third, fourth, identity) + g, net.db[0] + net.db[0],
        "the product \(dimensions(first, second, third, fourth, identity)) is a row; §4 has gᵀ for that row")
    },
    Claim("§6", "∂J/∂W⁽²⁾ = (ŷ − y)h⁽¹⁾ᵀ", ours: "the adjoint of W⁽²⁾") {
      .equal(Formula.outer(net.error, net.q[1][0]), net.dW[1])
    },
  ]

  /// §7.2 step by step, for any number of layers: ∂J/∂b⁽ⁱ⁾ and ∂J/∂W⁽ⁱ⁾ from i = l − 1 down to 1.
  private static func backward(special: Bool) -> (db: [Double], dW: [Double]) {
    var g = zip(deep.oneHot, deep.probabilities).map { -$0 / $1 }
    var (db, dW): ([[Double]], [[Double]]) = ([], [])
    for i in stride(from: deep.depth, through: 1, by: -1) {
      if i == deep.depth {
        g = special ? deep.error : PlainLoops.product([g], Formula.softmaxJacobian(deep.probabilities))[0]
      } else {
        g = Formula.times(g, deep.slopes(deep.z[i][0]))
      }
      db.insert(g, at: 0)
      dW.insert(Formula.outer(g, deep.q[i - 1][0]), at: 0)
      g = PlainLoops.product([g], deep.weights[i - 1].matrix)[0]
    }
    return (Formula.flat(db), Formula.flat(dW))
  }

  private static let sweep: [Claim] = [
    Claim("§7.1", "h⁽⁰⁾ = x; z⁽ⁱ⁾ = W⁽ⁱ⁾h⁽ⁱ⁻¹⁾ + b⁽ⁱ⁾, h⁽ⁱ⁾ = aᵢ(z⁽ⁱ⁾); ŷ = h⁽ˡ⁻¹⁾", ours: "recording") {
      var h = deep.x
      var pairs: [([Double], [Double])] = []
      for i in 1...deep.depth {
        let z = deep.linear(i, h)
        pairs.append((z, deep.z[i][0]))
        h = i == deep.depth ? PlainLoops.softmax(z) : deep.activate(z)
      }
      return .equal(pairs + [(h, deep.probabilities)], "five layers of units, l = 5")
    },
    Claim("§7.2", "gᵀ = ∂J/∂ŷ; for i = l − 1 … 1: (a) to (d)", ours: "`Tape.backward`") {
      let found = backward(special: false)
      return .equal(
        [(found.db, Formula.flat(deep.db)), (found.dW, Formula.flat(deep.dW))],
        "l = 5, all layers; gradients have the shapes of their parameters here, so g, a column, is that of b⁽ⁱ⁾")
    },
    Claim("§7.2.1, the shortcut", "skip ∂J/∂ŷ; first ŷ − y", ours: "log-softmax and pick") {
      let found = backward(special: true)
      return .equal([(found.db, Formula.flat(deep.db)), (found.dW, Formula.flat(deep.dW))])
    },
    Claim("§7.2.1, the line", "gᵀ = ŷ − y", ours: "gᵀ = (ŷ − y)ᵀ") {
      .shaped(
        (5, 1), where: (1, 5), "ŷᵀ − yᵀ, as in §4,", deep.error, deep.dz[4][0],
        "step (d) multiplies it by W⁽⁴⁾, which is 5×6, from the left")
    },
  ]

  /// The loss of 6-4-3 on labels that are not equally frequent, with some parameters at 0.
  private static func starting(zeroFirst: Bool) -> (
    tape: Tape<Double>, loss: Variable<Double>, leaves: [Variable<Double>], p: [Double]
  ) {
    let net = Witness([6, 4, 3], .relu, batch: 8, seed: 5)
    let tape = Tape<Double>()
    let w1 = tape.input(zeroFirst ? .zeros([4, 6]) : net.weights[0], name: "W1")
    let b1 = tape.input(zeroFirst ? .zeros([4]) : Tensor(net.biases[0]), name: "b1")
    let (w2, b2) = (tape.input(.zeros([3, 4]), name: "W2"), tape.input(.zeros([3]), name: "b2"))
    let hidden = tape.constant(Tensor(net.inputs)).matmul(w1, transposeB: true).addBias(b1).relu()
    let z = hidden.matmul(w2, transposeB: true).addBias(b2)
    let labels = tape.index(Tensor([0, 0, 0, 0, 0, 1, 1, 2]))
    return (tape, crossEntropy(logits: z, labels: labels), [w1, b1, w2, b2], PlainLoops.softmax(z.value.matrix[0]))
  }

  private static let start: [Claim] = [
    Claim("§8, convexity", "J of a 3-layer network is generally not convex", ours: "J at the middle of two points") {
      // Two networks that differ by exchanging hidden units compute the same; their mean does not.
      let net = Witness([3, 2, 2], .relu, seed: 4)
      func loss(_ w1: [Double], _ b1: [Double], _ w2: [Double]) -> Double {
        let h = zip(PlainLoops.times(Tensor(shape: [2, 3], elements: w1), net.x), b1).map { max(0, $0 + $1) }
        return PlainLoops.crossEntropy(PlainLoops.times(Tensor(shape: [2, 2], elements: w2), h), 0)
      }
      let (w1, b1, w2) = ([1.0, 0, 0, -1, 0, 0], [0.0, 0], [3.0, 3, 0, 0])
      let (v1, c1, v2) = ([-1.0, 0, 0, 1, 0, 0], [0.0, 0], [3.0, 3, 0, 0])
      let ends = (loss(w1, b1, w2), loss(v1, c1, v2))
      func mean(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { ($0 + $1) / 2 } }
      let middle = loss(mean(w1, v1), mean(b1, c1), mean(w2, v2))
      return .fact(
        middle > (ends.0 + ends.1) / 2 + 1e-6,
        "J = \(ends.0.fixed(3)) and \(ends.1.fixed(3)) at two points, \(middle.fixed(3)) in their middle")
    },
    Claim("§8.1, outputs", "all parameters 0: h⁽¹⁾ = 0, z⁽²⁾ = 0, ŷ uniform", ours: "the same") {
      .equal(starting(zeroFirst: true).p, [1.0 / 3, 1.0 / 3, 1.0 / 3])
    },
    Claim(
      "§8.1, gradients", "“the gradients with respect to all the weights and bias vectors will be 0”",
      ours: "∂J/∂b⁽²⁾ = ŷ − y"
    ) {
      let case1 = starting(zeroFirst: true)
      let sizes = Adjoint.gradients(of: case1.loss, withRespectTo: case1.leaves).map {
        $0.value.elements.map(abs).max() ?? 0
      }
      return .fact(
        sizes.allSatisfy { $0 == 0 },
        "largest elements: W⁽¹⁾ \(sizes[0].short), b⁽¹⁾ \(sizes[1].short), W⁽²⁾ \(sizes[2].short), b⁽²⁾ \(sizes[3].short)"
      )
    },
    Claim("§8.1, learning", "“the network will never learn”", ours: "b⁽²⁾ learns how frequent the classes are") {
      var b = [0.0, 0, 0]
      let frequencies = [0.625, 0.25, 0.125]
      func loss() -> Double { -zip(frequencies, PlainLoops.softmax(b)).reduce(0) { $0 + $1.0 * log($1.1) } }
      let before = loss()
      for _ in 0..<200 { b = zip(b, zip(PlainLoops.softmax(b), frequencies)).map { $0 - 0.5 * ($1.0 - $1.1) } }
      return .fact(
        loss() >= before,
        "J falls from \(before.fixed(3)) to \(loss().fixed(3)): the frequencies of the classes are learnt, and nothing of the images; [Experiments.md](Experiments.md) has MNIST"
      )
    },
    Claim(
      "§8.2", "W⁽²⁾ = b⁽²⁾ = 0: ŷ uniform at first, W⁽²⁾ and b⁽²⁾ can improve", ours: "the same; W⁽¹⁾ waits one step"
    ) {
      let case2 = starting(zeroFirst: false)
      let sizes = Adjoint.gradients(of: case2.loss, withRespectTo: case2.leaves).map {
        $0.value.elements.map(abs).max() ?? 0
      }
      let isUniform = Proof.distance(case2.p, [1.0 / 3, 1.0 / 3, 1.0 / 3]) <= Proof.tolerance
      return .fact(
        isUniform && sizes[2] > 1e-3 && sizes[3] > 1e-3,
        "largest elements: W⁽¹⁾ \(sizes[0].short), b⁽¹⁾ \(sizes[1].short), W⁽²⁾ \(sizes[2].short), b⁽²⁾ \(sizes[3].short)"
      )
    },
  ]
}
