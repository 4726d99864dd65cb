import Adjoint
import AdjointLearning

/// Document 000 §II: the Lagrangian of a network. With H = L(x^K, y) + Σ (λ^{k+1})ᵀ(−x^{k+1} + g_k(W^k x^k)) (eq. 3), ∇H = 0
/// makes the costates λ obey a recursion from the top down:
///
///     λ^K = ∂L/∂x^K,    λ^{K−1} = Wᵀ Jᵀ λ^K with the softmax's Jacobian (eq. 13, 14),    λ^k = Wᵀ(λ^{k+1} ⊙ g′(W x^k)) (eq. 6).
///
/// Written out in plain loops, they are what the tape calls adjoints. Eq. 4 prints −y/x² for ∂(−y ln x)/∂x = −y/x.
enum Costates {
  static let experiment: Experiment = .init(
    "000-costates", "000 §II", "Costates are adjoints",
    settings: { _ in
      [Activation.relu, .sigmoid].map { activation in
        Setting(
          activation.rawValue, ["sizes": "784-64-32-10", "activation": activation.rawValue, "precision": "Double"],
          seconds: 0.5
        ) { try compare(activation, $0) }
      }
    },
    report: { results in
      let worst = results.runs.flatMap { $0.figures("costates") }.max() ?? .nan
      let weights = results.runs.flatMap { $0.figures("weights") }.max() ?? .nan
      let printed = results.runs.flatMap { $0.figures("as printed") }.min() ?? .nan
      return Section(rows: [
        .figure(
          "000 §II", "costates λ against the tape's adjoints, layer by layer", theirs: "equal",
          ours: "apart by \(worst.scientific) at most, relative to the largest", reached: worst <= 1e-12
        ).judging("(6)"),
        .figure(
          "000 §II", "∂H/∂W (eq. 9, 15) against the tape's gradients", theirs: "equal",
          ours: "apart by \(weights.scientific) at most", reached: weights <= 1e-12
        ).judging("(9)"),
        Row(
          "000 §II", "eq. 4 as printed, λ = −y/x²", theirs: "−y/x²",
          ours: "wrong by \(printed.short) times the adjoint or more; it is −y/x",
          printed > 1e-6 ? .refuted : .confirmed
        ).judging("(4)"),
      ])
    })

  private static func compare(_ activation: Activation, _ context: RunContext) throws -> Outcome {
    var generator = context.generator(.weights)
    let sizes = [784, 64, 32, 10]
    let weights: [Tensor<Double>] = zip(sizes, sizes.dropFirst()).map { inputs, outputs in
      Initializer.glorotNormal.tensor([outputs, inputs], fanIn: inputs, fanOut: outputs, using: &generator)
    }
    let image = context.digits.training.batch([context.seed % max(context.digits.training.count, 1)])
    let (x, label) = (image.images.elements.map(Double.init), Int(image.labels.elements[0]))

    // The tape: the states are its nodes, and their adjoints what a backward sweep leaves at them.
    let tape = Tape<Double>()
    var states = [tape.input(Tensor(shape: [1, 784], elements: x))]
    let leaves = weights.map { tape.input($0) }
    for (k, leaf) in leaves.enumerated() {
      let z = states[k].matmul(leaf, transposeB: true)
      states.append(k == leaves.count - 1 ? z.softmax() : activation(z))
    }
    let target = tape.constant(Tensor(shape: [1, 10], elements: (0..<10).map { $0 == label ? 1 : 0 }))
    let loss = -(target * states[states.count - 1].log()).sum()
    let backward = tape.backward(from: loss, to: states + leaves)

    let own = costates(weights, x, label, activation)
    var outcome = Outcome()
    func apart(_ a: [Double], _ b: [Double]) -> Double {
      let scale = b.map(\.magnitude).max() ?? 0
      return zip(a, b).map { abs($0 - $1) }.reduce(0) { max($0, $1) } / (scale > 0 ? scale : 1)
    }
    outcome.figures["costates"] =
      zip(states, own.costates).map { apart($1, backward.adjoint(of: $0)?.value.elements ?? []) }.max() ?? .nan
    outcome.figures["weights"] =
      zip(leaves, own.gradients).map { apart($1, backward.adjoint(of: $0)?.value.elements ?? []) }.max() ?? .nan
    let p = states[states.count - 1].value.elements
    let printed = p.indices.map { $0 == label ? -1 / (p[$0] * p[$0]) : 0 }
    outcome.figures["as printed"] = apart(printed, own.costates[own.costates.count - 1])
    return outcome
  }

  /// The document's recursion in plain loops.
  private static func costates(
    _ weights: [Tensor<Double>], _ x: [Double], _ label: Int, _ activation: Activation
  ) -> (costates: [[Double]], gradients: [[Double]]) {
    var states = [x]
    for (k, w) in weights.enumerated() {
      let z = PlainLoops.times(w, states[k])
      states.append(k == weights.count - 1 ? PlainLoops.softmax(z) : z.map { PlainLoops.value(activation, $0) })
    }
    let p = states[weights.count]
    var costates = [[Double]](repeating: [], count: weights.count + 1)
    var gradients = [[Double]](repeating: [], count: weights.count)
    costates[weights.count] = p.indices.map { $0 == label ? -1 / p[$0] : 0 }
    for k in stride(from: weights.count - 1, through: 0, by: -1) {
      let (lambda, w) = (costates[k + 1], weights[k])
      let delta: [Double]
      if k == weights.count - 1 {
        // eq. 14: ∂gⁱ/∂zⱼ = gᵢ(δᵢⱼ − gⱼ)
        delta = p.indices.map { j in p.indices.reduce(0) { $0 + lambda[$1] * p[$1] * (($1 == j ? 1 : 0) - p[j]) } }
      } else {
        let z = PlainLoops.times(w, states[k])
        delta = z.indices.map { lambda[$0] * PlainLoops.slope(activation, z[$0]) }
      }
      costates[k] = PlainLoops.transposedTimes(w, delta)
      gradients[k] = Formula.outer(delta, states[k])
    }
    return (costates, gradients)
  }
}
