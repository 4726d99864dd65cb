import Adjoint
import AdjointLearning
import Foundation

/// Document 004, equations (6.24) to (6.28) and algorithm 6.1: forward and backward propagation, one data point and a mini-batch.
enum BackpropagationClaims {
  /// One data point, three layers, classification; and two layers, regression.
  private static let net = Witness([7, 6, 5, 4], .sigmoid)
  private static let fit = Witness([5, 4, 1], .tanh, .regression)
  private static let batch = NetworkClaims.deep
  private static let fitted = NetworkClaims.net

  static let all: [Claim] = forward + backward + algorithm

  private static let forward: [Claim] = [
    Claim("(6.24a), (6.24b)", "q⁽⁰⁾ = x; z⁽ˡ⁾ = W⁽ˡ⁾q⁽ˡ⁻¹⁾ + b⁽ˡ⁾, q⁽ˡ⁾ = h(z⁽ˡ⁾)", ours: "recording") {
      let z1 = net.linear(1, net.x)
      let z2 = net.linear(2, net.activate(z1))
      return .equal([(z1, net.z[1][0]), (z2, net.z[2][0]), (net.activate(z2), net.q[2][0])])
    },
    Claim("(6.24c)", "z⁽ᴸ⁾ = W⁽ᴸ⁾q⁽ᴸ⁻¹⁾ + b⁽ᴸ⁾", ours: "the last layer has no activation") {
      .equal(net.linear(3, net.q[2][0]), net.z[3][0])
    },
    Claim("(6.24d)", "J = (y − z⁽ᴸ⁾)², or −z_y⁽ᴸ⁾ + ln Σ e^zⱼ⁽ᴸ⁾", ours: "`meanSquaredError`, `crossEntropy`") {
      let difference = fit.targets[0] - fit.z[2][0][0]
      return .equal([
        ([difference * difference], [fit.loss]), ([PlainLoops.crossEntropy(net.z[3][0], net.labels[0])], [net.loss]),
      ])
    },
    Claim("(6.25)", "dz⁽ˡ⁾ = ∇J with respect to z⁽ˡ⁾, dq⁽ˡ⁾ likewise", ours: "`Backward.adjoint(of:)`") {
      // ∂J/∂z₁⁽¹⁾ once more, by a difference of what follows it in plain loops.
      func loss(_ shift: Double) -> Double {
        let z1 = net.z[1][0].enumerated().map { $0 == 0 ? $1 + shift : $1 }
        let z3 = net.linear(3, net.activate(net.linear(2, net.activate(z1))))
        return PlainLoops.crossEntropy(z3, net.labels[0])
      }
      let slope = (8 * (loss(1e-3) - loss(-1e-3)) - (loss(2e-3) - loss(-2e-3))) / 12e-3
      let apart = abs(slope - net.dz[1][0][0]) / abs(net.dz[1][0][0])
      let found = apart < 1e-6 ? "equal to six digits" : "apart by \(apart.short)"
      return .fact(apart < 1e-6, "∂J/∂z₁⁽¹⁾ against a difference: \(found)")
    },
  ]

  private static let backward: [Claim] = [
    Claim("(6.26a)", "dz⁽ᴸ⁾ = −2(y − z⁽ᴸ⁾)", ours: "`square`'s rule") {
      .equal([-2 * (fit.targets[0] - fit.z[2][0][0])], fit.dz[2][0])
    },
    Claim("(6.26b)", "dzⱼ⁽ᴸ⁾ = −𝕀{y = j} + e^zⱼ / Σ e^zₖ", ours: "softmax − one-hot") {
      .equal(net.error, net.dz[3][0])
    },
    Claim("(6.27a)", "dz⁽ˡ⁾ = dq⁽ˡ⁾ ⊙ h′(z⁽ˡ⁾)", ours: "the activation's rule") {
      .equal([
        (Formula.times(net.dq[2][0], net.slopes(net.z[2][0])), net.dz[2][0]),
        (Formula.times(net.dq[1][0], net.slopes(net.z[1][0])), net.dz[1][0]),
      ])
    },
    Claim("(6.27b)", "dq⁽ˡ⁻¹⁾ = W⁽ˡ⁾ᵀ dz⁽ˡ⁾", ours: "`matmul`'s rule for x") {
      .equal((1...3).map { (PlainLoops.transposedTimes(net.weights[$0 - 1], net.dz[$0][0]), net.dq[$0 - 1][0]) })
    },
    Claim("(6.27c)", "dW⁽ˡ⁾ = dz⁽ˡ⁾ q⁽ˡ⁻¹⁾ᵀ", ours: "`matmul`'s rule for W") {
      .equal((1...3).map { (Formula.outer(net.dz[$0][0], net.q[$0 - 1][0]), net.dW[$0 - 1]) })
    },
    Claim("(6.27d)", "db⁽ˡ⁾ = dz⁽ˡ⁾", ours: "`addBias`'s rule") {
      .equal((1...3).map { (net.dz[$0][0], net.db[$0 - 1]) })
    },
    Claim(
      "Two layers, regression", "dz⁽²⁾, dq⁽¹⁾, dz⁽¹⁾, dW⁽²⁾, db⁽²⁾, dW⁽¹⁾, db⁽¹⁾ in this order", ours: "`Tape.backward`"
    ) {
      let dz2 = [-2 * (fit.targets[0] - fit.z[2][0][0])]
      let dq1 = PlainLoops.transposedTimes(fit.weights[1], dz2)
      let dz1 = Formula.times(dq1, fit.slopes(fit.z[1][0]))
      return .equal([
        (Formula.outer(dz2, fit.q[1][0]), fit.dW[1]), (dz2, fit.db[1]), (Formula.outer(dz1, fit.x), fit.dW[0]),
        (dz1, fit.db[0]),
      ])
    },
    Claim("(6.28)", "Q, Z, dQ, dZ: a row for each data point", ours: "adjoints have the shape of their node") {
      let rows = batch.inputs.map { batch.linear(1, $0) }
      return .equal(
        Formula.flat(rows), Formula.flat(batch.z[1]), "dZ⁽¹⁾ is \(batch.dz[1].count)×\(batch.dz[1][0].count)")
    },
  ]

  /// Lines 10 or 13, then 15 to 20, as printed.
  private static func backwardPass(_ net: Witness, _ first: [[Double]]) -> (
    dZ: [[[Double]]], dW: [[Double]], db: [[Double]]
  ) {
    let n = Double(net.inputs.count)
    var (dZ, dW, db): ([[[Double]]], [[Double]], [[Double]]) = ([], [], [])
    var rows = first
    for l in stride(from: net.depth, through: 1, by: -1) {
      if l < net.depth { rows = zip(rows, net.z[l]).map { Formula.times($0, net.slopes($1)) } }
      dZ.insert(rows, at: 0)
      let products = zip(rows, net.q[l - 1]).map { Formula.outer($0, $1) }
      dW.insert(sum(products).map { $0 / n }, at: 0)
      db.insert(sum(rows).map { $0 / n }, at: 0)
      rows = rows.map { PlainLoops.product([$0], net.weights[l - 1].matrix)[0] }
    }
    return (dZ, dW, db)
  }

  private static func sum(_ rows: [[Double]]) -> [Double] {
    rows.dropFirst().reduce(rows[0]) { zip($0, $1).map { $0 + $1 } }
  }

  /// Line 10.
  private static var regression: [[Double]] { zip(fitted.targets, fitted.z[2]).map { [-2 * ($0 - $1[0])] } }
  /// Line 13.
  private static var classification: [[Double]] {
    zip(batch.labels, batch.z[3]).map { y, z in PlainLoops.softmax(z).enumerated().map { $1 - ($0 == y ? 1 : 0) } }
  }

  /// What the tape finds for dz⁽ᴸ⁾ of (6.25) at each data point alone, one row a point.
  private static func alone(_ net: Witness, _ loss: (Variable<Double>, Int) -> Variable<Double>) -> [Double] {
    net.z[net.depth].enumerated().flatMap { i, row in
      valueAndGradient(at: Tensor(shape: [1, row.count], elements: row)) { loss($0, i) }.gradient.elements
    }
  }

  private static let algorithm: [Claim] = [
    Claim(
      "Alg. 6.1, lines 2–6", "Z⁽ˡ⁾ = Q⁽ˡ⁻¹⁾W⁽ˡ⁾ᵀ + b⁽ˡ⁾ᵀ, Q⁽ˡ⁾ = h(Z⁽ˡ⁾) but for l = L", ours: "recording a batch"
    ) {
      .equal(Formula.flat(batch.inputs.map { NetworkClaims.forward(batch, $0) }), Formula.flat(batch.z[3]))
    },
    Claim("Alg. 6.1, line 9", "J = 1/n_b Σ (yᵢ − Zᵢ⁽ᴸ⁾)²", ours: "`meanSquaredError`") {
      let squares = zip(fitted.targets, fitted.z[2]).map { ($0 - $1[0]) * ($0 - $1[0]) }
      return .equal([squares.reduce(0, +) / 6], [fitted.loss])
    },
    Claim("Alg. 6.1, line 10", "dZ⁽ᴸ⁾ = −2(y − Z⁽ᴸ⁾)", ours: "n_b times the adjoint of Z⁽ᴸ⁾") {
      .equal(
        Formula.flat(regression),
        alone(fitted) { z, i in meanSquaredError(z, z.tape.constant(Tensor([[fitted.targets[i]]]))) },
        "row i is ∂Jᵢ/∂zᵢ, since (6.26) runs for each data point; 1/n_b stands in lines 18 and 19")
    },
    Claim("Alg. 6.1, line 12", "J = 1/n_b Σ (−Zᵢ,yᵢ + ln Σ exp Zᵢⱼ)", ours: "`crossEntropy`") {
      .equal([zip(batch.z[3], batch.labels).reduce(0) { $0 + PlainLoops.crossEntropy($1.0, $1.1) } / 6], [batch.loss])
    },
    Claim(
      "Alg. 6.1, line 13", "dZᵢⱼ⁽ᴸ⁾ = −𝕀{yᵢ = j} + exp Zᵢⱼ / Σⱼ exp Zᵢⱼ", ours: "n_b times the adjoint of Z⁽ᴸ⁾"
    ) {
      .equal(
        Formula.flat(classification),
        alone(batch) { z, i in crossEntropy(logits: z, labels: z.tape.index(Tensor([Int32(batch.labels[i])]))) },
        "as in line 10")
    },
    Claim(
      "Alg. 6.1, lines 15–17", "dZ⁽ˡ⁾ = dQ⁽ˡ⁾ ⊙ h′(Z⁽ˡ⁾), dQ⁽ˡ⁻¹⁾ = dZ⁽ˡ⁾W⁽ˡ⁾", ours: "adjoints, from that of Z⁽ᴸ⁾"
    ) {
      let found = backwardPass(batch, batch.dz[3]).dZ
      return .equal((1...3).map { (Formula.flat(found[$0 - 1]), Formula.flat(batch.dz[$0])) })
    },
    Claim(
      "Alg. 6.1, lines 18, 19", "dW⁽ˡ⁾ = 1/n_b dZ⁽ˡ⁾ᵀQ⁽ˡ⁻¹⁾, dbⱼ⁽ˡ⁾ = 1/n_b Σ dZᵢⱼ⁽ˡ⁾",
      ours: "the adjoints of W⁽ˡ⁾ and b⁽ˡ⁾"
    ) {
      let (first, second) = (backwardPass(batch, classification), backwardPass(fitted, regression))
      return .equal(
        [
          (Formula.flat(first.dW), Formula.flat(batch.dW)), (Formula.flat(first.db), Formula.flat(batch.db)),
          (Formula.flat(second.dW), Formula.flat(fitted.dW)), (Formula.flat(second.db), Formula.flat(fitted.db)),
        ], "from lines 10 and 13 as printed")
    },
    Claim(
      "Alg. 6.1, line 21", "∇J(θ) = [vec(dW⁽¹⁾)ᵀ db⁽¹⁾ᵀ … vec(dW⁽ᴸ⁾)ᵀ db⁽ᴸ⁾ᵀ]", ours: "a gradient has the shape of θ"
    ) {
      let found = backwardPass(batch, classification)
      let listed = zip(found.dW, found.db).flatMap { $0 + $1 }
      return .shaped(
        (1, listed.count), where: (listed.count, 1), "ᵀ at the end", listed,
        zip(batch.dW, batch.db).flatMap { $0 + $1 },
        "θ of (6.17) is a column, from which (6.21) takes ∇J")
    },
  ]
}
