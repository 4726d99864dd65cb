import Adjoint
import AdjointLearning

/// The two batch algorithms of the documents, written out by hand in plain loops, against the tape's gradient.
///
/// Document 004, algorithm 6.1, for regression and classification; document 003 §7, forward and backward propagation through
/// l layers, with the output layer's Jacobian and in the special case of softmax with cross-entropy (§7.2.1).
enum BatchBackpropagation {
  /// Layer sizes that are compared.
  static let networks: [(name: String, sizes: [Int])] = [
    ("one layer", [784, 10]), ("two layers", [784, 30, 10]), ("five layers", [40, 24, 16, 12, 9, 10]),
  ]
  static let activations: [Activation] = [.relu, .sigmoid, .tanh]
  static let batch = 16

  static let experiment: Experiment = .init(
    "004-by-hand", "004 alg. 6.1, 003 §7", "Both batch algorithms by hand", needsDigits: false,
    settings: { _ in
      networks.map { name, sizes in
        Setting(
          name,
          [
            "sizes": sizes.map(String.init).joined(separator: "-"), "batch": "\(batch)", "precision": "Double",
            "activations": activations.map(\.rawValue).joined(separator: " "),
          ], seconds: 0.5
        ) { compare(sizes, $0) }
      }
    },
    report: { results in
      func row(_ place: String, _ what: String, _ figure: String) -> Row {
        let worst = results.runs.flatMap { $0.figures(figure) }.max() ?? .nan
        return .figure(
          place, "\(what): gradient against the tape's", theirs: "equal",
          ours: "apart by \(worst.scientific) at most, relative to the largest", reached: worst <= 1e-12)
      }
      return Section(
        rows: [
          row("004 alg. 6.1", "regression", "regression").judging("Alg. 6.1, line 10"),
          row("004 alg. 6.1", "classification", "classification").judging("Alg. 6.1, line 13"),
          row("003 §7.2", "l layers, softmax through its Jacobian", "general").judging("§7.2"),
          row("003 §7.2.1", "softmax special case", "special").judging("§7.2.1, the shortcut"),
        ],
        text: [
          "Networks "
            + networks.map { $0.sizes.map(String.init).joined(separator: "-") }.joined(separator: ", ")
            + " with ReLU, sigmoid and tanh, batches of \(batch) random inputs, in `Double`."
        ])
    })

  private static func compare(_ sizes: [Int], _ context: RunContext) -> Outcome {
    var generator = context.generator(.weights)
    var outcome = Outcome()
    for activation in activations {
      let model = MLP<Double>(sizes, activation: activation, initializer: .leCunNormal, using: &generator)
      for linear in model.linears {  // biases that do something
        linear.bias?.withElements { for i in $0.indices { $0[i] = 0.3 * generator.normal() } }
      }
      let classes = sizes[sizes.count - 1]
      let x = (0..<batch).map { _ in (0..<sizes[0]).map { _ in generator.normal() } }
      let labels = (0..<batch).map { _ in Int(generator.uniform() * Double(classes)) }
      let targets = (0..<batch).map { _ in (0..<classes).map { _ in generator.normal() } }
      let layers = model.linears.map { HandLayer(weight: $0.weight.value, bias: $0.bias?.value.elements ?? []) }

      let tape = Tape<Double>()
      let z = model(tape.input(Tensor(x)))
      let classification = crossEntropy(logits: z, labels: tape.index(Tensor(labels.map(Int32.init))))
      // Alg. 6.1 sums the squares over outputs and takes the mean over the batch.
      let regression = (z - tape.constant(Tensor(targets))).square().sum() / Double(batch)
      let leaves = tape.trainableParameters.map(\.leaf)
      func exact(_ loss: Variable<Double>) -> [Double] {
        gradients(of: loss, withRespectTo: leaves).flatMap(\.value.elements)
      }
      let ofClassification = exact(classification)
      let ofRegression = exact(regression)
      func note(_ name: String, _ own: [Double], _ tape: [Double]) {
        let scale = tape.map(\.magnitude).max() ?? 1
        let apart = zip(own, tape).map { abs($0 - $1) }.max() ?? .nan
        outcome.figures[name] = max(outcome.figures[name] ?? 0, apart / scale)
      }
      note(
        "regression", algorithm61(layers, activation, x) { i, z in zip(targets[i], z).map { -2 * ($0 - $1) } },
        ofRegression)
      note(
        "classification",
        algorithm61(layers, activation, x) { i, z in
          PlainLoops.softmax(z).enumerated().map { ($0 == labels[i] ? -1 : 0) + $1 }
        }, ofClassification)
      note("general", section7(layers, activation, x, labels, isSpecial: false), ofClassification)
      note("special", section7(layers, activation, x, labels, isSpecial: true), ofClassification)
    }
    return outcome
  }

  struct HandLayer {
    let weight: Tensor<Double>
    let bias: [Double]
  }

  /// Algorithm 6.1, row by row of the batch: Q⁰ = X; Z = QWᵀ + b, Q = h(Z); dZ at the last layer is given; then
  /// dQ = dZ W, dZ = dQ ⊙ h′(Z), dW = dZᵀQ / n, db = Σ dZ / n. The result is vec(dW¹), db¹, …, vec(dWᴸ), dbᴸ.
  static func algorithm61(
    _ layers: [HandLayer], _ activation: Activation, _ x: [[Double]], last: (Int, [Double]) -> [Double]
  ) -> [Double] {
    let n = Double(x.count)
    var dW = layers.map { [Double](repeating: 0, count: $0.weight.shape.elementCount) }
    var db = layers.map { [Double](repeating: 0, count: $0.bias.count) }
    for i in x.indices {
      var q = [x[i]]
      var z: [[Double]] = []
      for (l, layer) in layers.enumerated() {
        z.append(zip(PlainLoops.times(layer.weight, q[l]), layer.bias).map { $0 + $1 })
        if l < layers.count - 1 { q.append(z[l].map { PlainLoops.value(activation, $0) }) }
      }
      var dz = last(i, z[layers.count - 1])
      for l in stride(from: layers.count - 1, through: 0, by: -1) {
        let columns = q[l].count
        for u in dz.indices {
          db[l][u] += dz[u] / n
          for j in 0..<columns { dW[l][u * columns + j] += dz[u] * q[l][j] / n }
        }
        if l > 0 {
          let dq = PlainLoops.transposedTimes(layers[l].weight, dz)
          dz = zip(dq, z[l - 1]).map { $0 * PlainLoops.slope(activation, $1) }
        }
      }
    }
    return zip(dW, db).flatMap { $0 + $1 }
  }

  /// Document 003 §7: h⁽⁰⁾ = x, z = W h + b, h = a(z); g = ∂J/∂ŷ; for i = l − 1, …, 1: g ← g ∂h/∂z, ∂J/∂b = g,
  /// ∂J/∂W = g hᵀ, g ← g W. With softmax and cross-entropy the first g is ŷ − y at once.
  static func section7(
    _ layers: [HandLayer], _ activation: Activation, _ x: [[Double]], _ labels: [Int], isSpecial: Bool
  ) -> [Double] {
    let n = Double(x.count)
    var dW = layers.map { [Double](repeating: 0, count: $0.weight.shape.elementCount) }
    var db = layers.map { [Double](repeating: 0, count: $0.bias.count) }
    for (input, label) in zip(x, labels) {
      var h = [input]
      var z: [[Double]] = []
      for (i, layer) in layers.enumerated() {
        z.append(zip(PlainLoops.times(layer.weight, h[i]), layer.bias).map { $0 + $1 })
        let isLast = i == layers.count - 1
        h.append(isLast ? PlainLoops.softmax(z[i]) : z[i].map { PlainLoops.value(activation, $0) })
      }
      let y = h[layers.count]
      // ∂J/∂ŷ of −ln ŷ_label.
      var g = y.indices.map { $0 == label ? -1 / y[$0] : 0 }
      for i in stride(from: layers.count - 1, through: 0, by: -1) {
        if i < layers.count - 1 {
          g = zip(g, z[i]).map { $0 * PlainLoops.slope(activation, $1) }
        } else if isSpecial {
          g = y.indices.map { y[$0] - ($0 == label ? 1 : 0) }
        } else {
          // The softmax's Jacobian ŷᵢ(δᵢⱼ − ŷⱼ), whole.
          g = y.indices.map { j in y.indices.reduce(0) { $0 + g[$1] * y[$1] * (($1 == j ? 1 : 0) - y[j]) } }
        }
        for u in g.indices {
          db[i][u] += g[u] / n
          for j in h[i].indices { dW[i][u * h[i].count + j] += g[u] * h[i][j] / n }
        }
        g = PlainLoops.transposedTimes(layers[i].weight, g)
      }
    }
    return zip(dW, db).flatMap { $0 + $1 }
  }
}
