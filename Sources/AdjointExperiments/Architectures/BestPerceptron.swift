import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning

/// The reach of a plain perceptron, which no document asks: dropout, a cosine schedule, and every epoch's images deformed anew.
enum BestPerceptron {
  static let sizes = [784, 512, 256, 10]

  static let experiment: Experiment = .init(
    "beyond-perceptron", "beyond", "The best plain perceptron here", seeds: 1,
    settings: { scale in
      let epochs = scale.epochs ?? 40
      return [
        Setting(
          "deformed",
          [
            "sizes": sizes.map(String.init).joined(separator: "-"), "activation": "relu", "optimizer": "Adam 0.001",
            "schedule": "cosine", "dropout": "0.2", "augmentation": "rotation, slant, scale, shift, elastic",
            "batch": "128", "epochs": "\(epochs)", "scaling": "unit",
          ], seconds: Double(epochs) * 5
        ) { try run($0, epochs: epochs) }
      ]
    },
    report: { results in
      let runs = results["deformed"]
      let accuracy = runs.figures("test accuracy")
      return Section(
        rows: [
          .figure(
            "beyond", "best plain perceptron: dropout, schedule, deformed images; aim ≥ 98.8%", theirs: "",
            ours: accuracy.percents, reached: accuracy.mean >= 0.988)
        ],
        pictures: [
          Charts.lines(
            name: "accuracy", caption: "Test accuracy of the best plain perceptron", x: "epoch", y: "test accuracy",
            runs.records.map { Series("seed \($0.seed)", y: $0.curves["test"] ?? []) })
        ])
    })

  private static func run(_ context: RunContext, epochs: Int) throws -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Float>(sizes, activation: .relu, dropout: 0.2, using: &generator)
    let predictor = Predictor<Float> { model($0) }
    let steps = (context.digits.training.count + 127) / 128
    let step = TrainingStep<Float>(
      optimizer: Adam(learningRate: 0.001), schedule: .cosine(steps: steps * epochs), seed: UInt64(context.seed)
    ) { crossEntropy(logits: model($0), labels: $1) }
    var order = context.generator(.order)
    let deformations = context.generator(.data)
    var outcome = Outcome()
    for epoch in 0..<epochs {
      let images = context.digits.training.deformed(by: deformations.stream(UInt64(epoch)))
      let batches = images.batches(of: 128, shuffledBy: &order)
      for number in batches.indices { try step(rows: batches.rows(ofBatch: number), of: images) }
      outcome.curves["test", default: []].append(try predictor.evaluate(on: context.digits.test).accuracy)
    }
    outcome.figures["test accuracy"] = outcome.curves["test"]?.last
    return outcome
  }
}
