import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// Document 002, a report on training for MNIST: softmax regression, its descent, a gradient check, momentum and penalties.
enum TrainingClaims {
  /// Softmax regression 8 → 5 on 6 examples.
  private static let net = Witness([8, 5], .identity, batch: 6)
  private static let one = Witness([8, 5], .identity)

  static let all: [Claim] = data + regression + descent + check + update

  // MARK: §1

  private static let data: [Claim] = [
    Claim("§1 split", "80–20 of 60,000: 48,000 and 12,000; 70,000 in all", ours: "`split(validation: 0.2, using:)`") {
      .equal([0.8 * 60_000, 0.2 * 60_000, 60_000 + 10_000], [48_000, 12_000, 70_000])
    },
    Claim("§1 normalization", "(inp − mean)/std: mean about 0, deviation about 1", ours: "`standardized(.perImage)`") {
      let digits = DrawnDigits(seed: 1).training(4)
      func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot())
      }
      let (image, all) = (
        moments(digits.standardized(.perImage).batch([0][...]).inputs.elements.map(Double.init)),
        moments(digits.batch([0, 1, 2, 3][...]).inputs.elements.map(Double.init))
      )
      let raw = digits.batch([0][...]).inputs.elements.map { (Double($0) - all.mean) / all.deviation }
      return .fact(
        abs(image.mean) < 1e-5 && abs(image.deviation - 1) < 1e-3,
        "of a drawn digit by its own: mean \(image.mean.magnitude.fixed(3)), deviation \(image.deviation.fixed(3)); by those of the whole array, as the text may be read: \(moments(raw).mean.signed(3)), \(moments(raw).deviation.fixed(3))"
      )
    },
    Claim("§1 labels", "one-hot: 1 at the actual class, 0 elsewhere", ours: "`oneHot`") {
      let tape = Tape<Double>()
      return .equal(
        net.labels.flatMap { label in (0..<5).map { $0 == label ? 1 : 0 } },
        tape.index(Tensor(net.labels.map { Int32($0) })).oneHot(5).value.elements)
    },
  ]

  // MARK: §2

  private static let regression: [Claim] = [
    Claim("(1)", "yₖ = exp aₖ / Σ exp aₖ′", ours: "`softmax`") {
      let tape = Tape<Double>()
      let powers = one.z[1][0].map { exp($0) }
      return .equal(
        powers.map { $0 / powers.reduce(0, +) }, tape.input(Tensor(one.z[1][0])).softmax().value.elements)
    },
    Claim("(2)", "aₖ = wₖᵀx, x augmented with a 1 for the bias", ours: "`Linear`: x·Wᵀ + b") {
      let augmented = net.weights[0].matrix.indices.map { k in net.weights[0].matrix[k] + [net.biases[0][k]] }
      let found = net.inputs.map { x in augmented.map { Formula.dot($0, x + [1]) } }
      return .equal(Formula.flat(found), Formula.flat(net.z[1]))
    },
    Claim(
      "(3)", "E = −Σₙ Σₖ tₖⁿ ln yₖⁿ, “a test loss of 0.27” at 92.51% of 10,000",
      ours: "the mean over the batch, `crossEntropy`"
    ) {
      let sum = zip(net.z[1], net.labels).reduce(0) { $0 + PlainLoops.crossEntropy($1.0, $1.1) }
      // Who errs gives the true class at most 1/2, so each error costs ln 2 at least.
      let errors = (10_000 * (1 - 0.9251)).rounded()
      let least = errors * log(2)
      let isSum = Proof.distance([sum], [net.loss]) <= Proof.tolerance
      let isMean = Proof.distance([sum / 6], [net.loss]) <= Proof.tolerance
      return .fact(
        isSum && least <= 0.27, amended: isMean && least / 10_000 <= 0.27,
        "as a sum over examples, \(errors.nearest) errors alone cost \(least.nearest) at least; with 1/N, \((least / 10_000).short) ≤ 0.27"
      )
    },
    Claim("(4)", "−∂Eⁿ/∂wⱼₖ = (tₖ − yₖ) xⱼ", ours: "the adjoint of W, [out, in]") {
      let error = zip(one.oneHot, one.probabilities).map { $0 - $1 }
      return .equal(Formula.outer(error, one.x), one.dW[0].map { -$0 }, "wⱼₖ goes from input j to class k")
    },
  ]

  /// One epoch of algorithm 1 on Eⁿ(w) = (w − xₙ)²/2, N = 12, B = 4: w after it, and what was visited.
  private static func epoch(end: (Int) -> Int, running: Bool) -> (w: Double, visits: [Int]) {
    let data = (0..<12).map { sin(Double($0)) }
    let (batch, rate, start) = (4, 0.1, 0.5)
    var (w, visits) = (start, [Int]())
    for j in stride(from: 0, to: data.count, by: batch) {
      let rows = (j...end(j)).filter { data.indices.contains($0) }
      let base = running ? w : start
      w = base - rate / Double(batch) * rows.reduce(0) { $0 + (base - data[$1]) }
      visits += Array(j...end(j))
    }
    return (w, visits)
  }

  private static let descent: [Claim] = [
    Claim("Alg. 1, line 2", "w ← 0", ours: "fit for softmax regression alone") {
      let tape = Tape<Double>()
      let w = tape.input(.zeros([5, 8]))
      let x = tape.constant(Tensor(net.inputs))
      let loss = crossEntropy(
        logits: x.matmul(w, transposeB: true), labels: tape.index(Tensor(net.labels.map { Int32($0) })))
      let size = gradient(of: loss, withRespectTo: w).value.elements.map(abs).max() ?? 0
      return .fact(size > 0.01, "the gradient there is not 0: largest element \(size.fixed(2))")
    },
    Claim(
      "Alg. 1, lines 5–7", "for j = 1 to N in steps of B: start = i, end = i + B", ours: "`batches(of:shuffledBy:)`"
    ) {
      let bound: Set = ["w", "M", "t", "N", "B", "j"]
      let unbound = ["i", "B"].filter { !bound.contains($0) }
      let asMeant = ["j", "B"].allSatisfy { bound.contains($0) }
      return .fact(
        unbound.isEmpty, amended: asMeant,
        "\(unbound.joined(separator: ", ")) is never set; with the loop's own j, it is")
    },
    Claim(
      "Alg. 1, line 8: the sum", "1/B Σ from n = start to end = start + B",
      ours: "B examples, the last batch what is left"
    ) {
      let (printed, meant) = (epoch(end: { $0 + 4 }, running: true), epoch(end: { $0 + 3 }, running: true))
      let once = Array(0..<12)
      return .fact(
        printed.visits == once, amended: meant.visits == once,
        "B + 1 terms: of 12 examples in batches of 4, \(printed.visits.count) are visited, \(printed.visits.filter { $0 >= 12 }.count) beyond the end; with end = start + B − 1, each once"
      )
    },
    Claim(
      "Alg. 1, line 8: the step", "wₜ₊₁ = wₜ − α …, t the epoch, for every batch",
      ours: "`SGD`: θ ← θ − αg, batch by batch"
    ) {
      let parameter = Parameter(Tensor(scalar: 0.5))
      let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.1)) { x in
        (x.tape.parameter(parameter) - x).square().mean() * 0.5
      }
      for j in stride(from: 0, to: 12, by: 4) {
        try step(Tensor((j..<j + 4).map { sin(Double($0)) }))
      }
      return .amended(
        [epoch(end: { $0 + 3 }, running: false).w], "w ← w − …", [epoch(end: { $0 + 3 }, running: true).w],
        [parameter.value.elements[0]], "from wₜ throughout, only the last batch of an epoch counts")
    },
    Claim("Alg. 1, line 8: the gradient", "1/B Σ ∇Eⁿ, beside E = Σ Eⁿ of (3)", ours: "the gradient of the mean") {
      let parts = zip(net.inputs.indices, net.inputs).map { n, x in
        Formula.outer(
          zip(PlainLoops.softmax(net.z[1][n]), (0..<5).map { $0 == net.labels[n] ? 1.0 : 0 }).map { $0 - $1 }, x)
      }
      let sum = parts.dropFirst().reduce(parts[0]) { zip($0, $1).map { $0 + $1 } }
      let factor = sum[0] / net.dW[0][0]
      return .equal(sum.map { $0 / 6 }, net.dW[0], "that of (3) is \(factor.short) times as large, B = 6")
    },
  ]

  // MARK: §3

  /// The published rows, with half a unit of the last digit of all three numbers together.
  private static let table: [(printed: Double, numerical: Double, backward: Double, rounding: Double)] = [
    (4e-06, -0.001305, -0.001309, 1.5e-6), (0.000327, -9.77e-05, 0.000229, 1.05e-6),
    (0.00028, -6.390e-05, 0.0002208, 5.055e-6), (0.0003585, -0.000137, 0.000221, 1.05e-6),
    (2.08e-05, -0.0021, -0.00208, 5.505e-5), (0.000102, 0.0204, 0.02035, 5.55e-5),
  ]

  private static let check: [Claim] = [
    Claim(
      "§3, formula", "(E(w + ε) − E(w − ε))/2ε, off by O(ε²)", ours: "`AdaptiveDifference`: many ε, and an error bar"
    ) {
      func error(_ h: Double) -> Double { abs((exp(4 * h) - exp(-4 * h)) / (2 * h) - 4) }
      let rate = error(0.02) / error(0.01)
      return .fact(abs(rate - 4) < 0.05, "of e⁴ʷ at 0: half the ε, \(rate.fixed(2)) times closer")
    },
    Claim("§3, bound", "“if you used 10⁻², your gradients should agree within 10⁻⁴”", ours: "the error is f‴ε²/6") {
      let error = abs((exp(0.04) - exp(-0.04)) / 0.02 - 4)
      return .fact(error <= 1e-4, "of e⁴ʷ at 0: off by \(error.short), f‴ε²/6 = \((64.0 / 6 * 1e-4).short)")
    },
    Claim(
      "§3, table 1", "“the absolute difference … is within 10⁻⁴”",
      ours: "[IsMyGradientRight.md](IsMyGradientRight.md#a-published-table-recomputed)"
    ) {
      let over = table.count { $0.printed > 1e-4 }
      let opposite = table.count { $0.numerical * $0.backward < 0 }
      return .fact(
        over == 0,
        "\(over) of 6 rows are over 10⁻⁴ by the printed difference; in \(opposite) the two columns differ in sign")
    },
    Claim("§3, table 1, differences", "the third column, such as 0.000102", ours: "the difference of the other two") {
      // Half a unit of the last printed digit of each number is what rounding took.
      let apart = table.map { abs(abs($0.numerical - $0.backward) - $0.printed) / ($0.rounding + 1e-12) }
      let last = table[5]
      let difference = abs(last.numerical - last.backward)
      return .fact(
        apart.allSatisfy { $0 <= 1 },
        "all six within the rounding of their digits; the last columns give \(difference.short), from \(max(0, difference - last.rounding).short) to \((difference + last.rounding).short)"
      )
    },
  ]

  // MARK: §4 to §6

  private static let update: [Claim] = [
    Claim("(5)", "Δwᵗ = γΔwᵗ⁻¹ + (1 − γ) α ∂E/∂w", ours: "`Momentum(convention: .averaged)`, w ← w − Δw") {
      let parameter = Parameter(Tensor(scalar: 1.0))
      let step = TrainingStep<Double>(
        optimizer: Momentum(learningRate: 0.1, momentum: 0.9, convention: .averaged)
      ) { x in (x.tape.parameter(parameter) - x).square().sum() * 0.5 }
      var (w, change) = (1.0, 0.0)
      for _ in 0..<20 {
        change = 0.9 * change + 0.1 * 0.1 * (w - 3)
        w -= change
        try step(Tensor([3.0]))
      }
      return .equal([w], [parameter.value.elements[0]], "20 steps; the sign of the update is not printed")
    },
    Claim("(6)", "λ/2 ∂w²/∂w = λw", ours: "`l2Penalty`, `Regularization(l2:)`") {
      let w = Tensor([0.5, -2, 3.0])
      let right = valueAndGradient(at: w) { l2Penalty([$0], 0.01) }.gradient.elements
      return .equal([(w.elements.map { 0.01 / 2 * 2 * $0 }, right), (w.elements.map { 0.01 * $0 }, right)])
    },
    Claim("(7)", "λ/2 ∂|w|/∂w = λ sign(w)", ours: "`l1Penalty`: λ Σ|w|") {
      let w = Tensor([0.5, -2, 3.0])
      let printed = valueAndGradient(at: w) { 0.01 / 2 * $0.abs().sum() }.gradient.elements
      let meant = valueAndGradient(at: w) { l1Penalty([$0], 0.01) }.gradient.elements
      return .amended(printed, "λ ∂|w|/∂w at the left", meant, [0.01, -0.01, 0.01], "λ/2 gives half")
    },
    Claim("(8)", "sigmoid: 1/(1 + e⁻ˣ)", ours: "`sigmoid`") {
      let points = [-4, -1, 0, 1, 4.0]
      let tape = Tape<Double>()
      return .equal(points.map { 1 / (1 + exp(-$0)) }, tape.input(Tensor(points)).sigmoid().value.elements)
    },
    Claim("(9)", "ReLU: max(0, x)", ours: "`relu`") {
      let points = [-4, -1, 0, 1, 4.0]
      let tape = Tape<Double>()
      return .equal(points.map { max(0, $0) }, tape.input(Tensor(points)).relu().value.elements)
    },
  ]
}
