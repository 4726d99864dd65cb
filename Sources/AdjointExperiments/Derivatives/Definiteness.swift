import Adjoint
import AdjointLearning

/// Document 003 §8: "In contrast to logistic or softmax regression, the cost function of a non-linear 3-layer network is
/// generally not convex": the ends of both Hessians' spectra, by Hessian-vector products on real images, in `Double`.
enum Definiteness {
  static let images = 100
  static let steps = 60

  static let experiment: Experiment = .init(
    "003-hessians", "003 §8", "Convex and not: the Hessians",
    settings: { _ in
      [[784, 10], JacobianProducts.sizes].map { sizes in
        let name = sizes.map(String.init).joined(separator: "-")
        return Setting(
          name,
          [
            "sizes": name, "activation": "relu", "images": "\(images)", "steps": "\(steps)", "precision": "Double",
            "at": "random weights (LeCun)",
          ], seconds: 3
        ) { spectrum(sizes, $0) }
      }
    },
    report: { results in
      let (convex, network) = (results["784-10"], results["784-30-10"])
      let relative = zip(convex.figures("least"), convex.figures("largest")).map { $0 / $1 }
      let least = network.figures("least")
      return Section(rows: [
        .figure(
          "003 §8", "softmax regression: Hessian positive semi-definite", theirs: "convex",
          ours:
            "least eigenvalue \(relative.min()?.scientific ?? "–") of the largest (\(convex.mean("largest").short))",
          reached: relative.allSatisfy { $0 > -1e-12 }),
        .figure(
          "003 §8", "784-30-10: the Hessian has a negative direction", theirs: "not convex",
          ours: "vᵀHv = \(least.fixed(4)) for unit vectors v; largest \(network.mean("largest").short)",
          reached: least.allSatisfy { $0 < -1e-6 }
        ).judging("§8, convexity"),
      ])
    })

  private static func spectrum(_ sizes: [Int], _ context: RunContext) -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Double>(sizes, activation: .relu, initializer: .leCunNormal, using: &generator)
    var order = context.generator(.order)
    let rows = order.permutation(of: context.digits.training.count).prefix(images)
    let batch = context.digits.training.batch(rows)
    let tape = Tape<Double>()
    let loss = crossEntropy(
      logits: model(tape.input(batch.images.converted())), labels: tape.index(batch.labels))
    let leaves = tape.trainableParameters.map(\.leaf)
    let vector = leaves.map { tape.input(.zeros($0.shape)) }
    let products = hessianVectorProduct(of: loss, withRespectTo: leaves, vector: vector)
    let program = Program<Double>(products + vector)
    let spectrum = Lanczos(
      dimension: leaves.reduce(0) { $0 + $1.shape.elementCount }, steps: steps, using: &generator
    ) { v in
      var position = 0
      for leaf in vector {
        let count = leaf.shape.elementCount
        program.write(Tensor(shape: leaf.shape, elements: Array(v[position..<position + count])), into: leaf)
        position += count
      }
      program.replay()
      return products.flatMap { program.value(of: $0).elements }
    }
    var outcome = Outcome()
    outcome.figures = ["least": spectrum.least, "largest": spectrum.largest]
    return outcome
  }
}
