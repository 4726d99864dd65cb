import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// What no document asks: a learning-rate range test, and how far a plain perceptron goes.
enum Beyond {
  static let experiments = [rangeTest, bestPerceptron]

  // MARK: The range test

  static let rangeSteps = 600
  static let rangeLow = 1e-5
  static let rangeHigh = 10.0

  /// The loss while the rate grows geometrically from 10⁻⁵ to 10 in 600 steps; the rate where its smoothed curve falls
  /// fastest, and where it turns up.
  ///
  /// Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, §3.3.
  static let rangeTest = Experiment(
    "beyond-range", "beyond", "Learning-rate range test", seeds: 3,
    settings: { _ in
      [
        Setting(
          "sgd",
          [
            "sizes": "784-128-10", "activation": "relu", "optimizer": "SGD", "steps": "\(rangeSteps)",
            "rates": "\(rangeLow) to \(rangeHigh)", "batch": "128", "scaling": "unit",
          ], seconds: 0.5, run: range)
      ]
    },
    report: { results in
      let runs = results["sgd"]
      return Section(
        rows: [
          Row(
            "beyond", "range test, 784-128-10, SGD: steepest fall and turning point", theirs: "",
            ours: "at \(runs.mean("steepest").short) and \(runs.mean("turning").short)", .reported)
        ],
        pictures: [
          Charts.lines(
            name: "loss", caption: "Smoothed loss against the learning rate, every seed",
            x: "log10 of the learning rate",
            y: "loss",
            runs.records.map { Charts.Line("seed \($0.seed)", rangePoints($0.curves["loss"] ?? [])) })
        ])
    })

  /// The smoothed loss, cut off at 5, over the logarithm of the rate; every tenth step is kept.
  private static func rangePoints(_ loss: [Double]) -> [(x: Double, y: Double)] {
    let decades = log10(rangeHigh / rangeLow)
    return loss.enumerated().map { number, loss in
      (log10(rangeLow) + decades * Double(10 * number) / Double(rangeSteps), min(loss, 5))
    }
  }

  private static func range(_ context: RunContext) throws -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
    let growth = pow(rangeHigh / rangeLow, 1 / Double(rangeSteps))
    let step = TrainingStep<Float>(
      optimizer: SGD(learningRate: rangeLow), schedule: .exponential(rate: growth)
    ) { crossEntropy(logits: model($0), labels: $1) }
    var order = context.generator(.order)
    let batches = context.digits.training.batches(of: 128, shuffledBy: &order)
    var smoothed: [Double] = []
    var mean = 0.0
    for number in 0..<rangeSteps {
      let rows = batches.rows(ofBatch: number % batches.count)
      // A rate that is too large ends in a loss that is not finite, which ends the test.
      guard let loss = try? step(rows: rows, of: context.digits.training) else { break }
      mean = 0.95 * mean + 0.05 * Double(loss)
      smoothed.append(mean / (1 - pow(0.95, Double(number + 1))))
    }
    func rate(_ number: Int) -> Double { rangeLow * pow(growth, Double(number)) }
    let turning = smoothed.indices.min { smoothed[$0] < smoothed[$1] } ?? 0
    func fall(_ number: Int) -> Double { smoothed[number - 20] - smoothed[number] }
    let steepest: Int? = (20..<max(turning, 21)).max { fall($0) < fall($1) }
    var outcome = Outcome()
    outcome.figures = ["steepest": rate((steepest ?? 20) - 10), "turning": rate(turning)]
    outcome.curves["loss"] = smoothed.indices.filter { $0 % 10 == 0 }.map { smoothed[$0] }
    return outcome
  }

  // MARK: The best plain perceptron

  static let bestSizes = [784, 512, 256, 10]

  /// Dropout, a cosine schedule, and every epoch's images deformed anew.
  static let bestPerceptron = Experiment(
    "beyond-perceptron", "beyond", "The best plain perceptron here", seeds: 1,
    settings: { scale in
      let epochs = scale.epochs ?? 40
      return [
        Setting(
          "deformed",
          [
            "sizes": bestSizes.map(String.init).joined(separator: "-"), "activation": "relu", "optimizer": "Adam 0.001",
            "schedule": "cosine", "dropout": "0.2", "augmentation": "rotation, slant, scale, shift, elastic",
            "batch": "128", "epochs": "\(epochs)", "scaling": "unit",
          ], seconds: Double(epochs) * 5
        ) { try best($0, epochs: epochs) }
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
            runs.records.map { Charts.Line("seed \($0.seed)", Charts.numbered($0.curves["test"] ?? [])) })
        ])
    })

  private static func best(_ context: RunContext, epochs: Int) throws -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Float>(bestSizes, activation: .relu, dropout: 0.2, using: &generator)
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
