import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning
import Foundation

/// Document 001: A. Lee, a report on 784-64-10 with sigmoid and softmax.
///
/// It gives sizes, activation and 100 epochs; batch and rate are not given ("default settings"). Here: batches of 50, plain
/// gradient descent with rate 0.5 on mean gradients, pixels in [0, 1]. The first 50,000 (or 2,000) training images train, the
/// last 10,000 validate.
enum LearningCurves {
  static let sets = [2_000, 50_000]

  static func recipe(_ scale: Scale, rate: Double = 0.5) -> Recipe {
    Recipe(
      sizes: [784, 64, 10], activation: .sigmoid, initializer: .glorotNormal, optimizer: SGD(learningRate: rate),
      scaling: .unit, batch: 50, epochs: scale.epochs ?? 100)
  }

  static let curves: Experiment = .init(
    "001-curves", "001 §1–§4, §6", "784-64-10 on 2,000 and 50,000 images",
    settings: { scale in
      sets.map { count in
        Setting(
          "\(count) images", recipe(scale), images: count,
          also: ["training images": "\(count)", "validation images": "the last 10000"]
        ) { try run($0, $1, count: count) }
      }
    },
    report: report)

  private static func run(_ recipe: Recipe, _ context: RunContext, count: Int) throws -> Outcome {
    let all = recipe.scaled(context.digits)
    let aside = min(10_000, all.training.count / 6)
    let training = all.training.prefix(min(count, all.training.count - aside))
    let validation = all.training.selecting(Array(all.training.count - aside..<all.training.count)[...])
    let model = recipe.model(context)
    let predictor = Predictor<Float> { model($0) }
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: recipe.optimizer.learningRate)) {
      crossEntropy(logits: model($0), labels: $1)
    }
    let trainer = Trainer(
      step: step, predictor: predictor, training: training, validation: validation, epochs: recipe.epochs,
      batchSize: recipe.batch, generator: context.generator(.order))
    let sample = training.prefix(10_000)
    var outcome = Outcome()
    try trainer.run(afterEpoch: { epoch in
      outcome.curves["training", default: []].append(try predictor.evaluate(on: sample).accuracy)
      outcome.curves["validation", default: []].append(epoch.validation?.accuracy ?? .nan)
    })
    outcome.figures["test accuracy"] = try predictor.evaluate(on: all.test).accuracy
    outcome.figures["gap"] = (outcome.curves["training"]?.last ?? .nan) - (outcome.curves["validation"]?.last ?? .nan)
    outcome.figures["steps in an epoch"] = Double(trainer.stepsPerEpoch)
    if context.seed == 1 {
      let weights = model.linears[0].weight.value.elements
      let scale = weights.map(\.magnitude).max() ?? 1
      outcome.figures["weight scale"] = Double(scale)
      outcome.pictures["weights"] = Data(
        weights.map { UInt8(exactly: (127.5 + 127.4 * $0 / scale).rounded(.down)) ?? 127 }
      ).base64EncodedString()
    }
    return outcome
  }

  private static func report(_ results: Results) -> Section {
    let (few, many) = (results["2000 images"], results["50000 images"])
    let accuracy = many.figures("test accuracy")
    let gap = few.figures("gap")
    return Section(
      rows: [
        .figure(
          "001 §5", "784-64-10, sigmoid, 50,000 images: test accuracy ≥ 96.5%", theirs: "94% at best",
          ours: accuracy.percents, reached: accuracy.mean >= 0.965),
        .figure(
          "001 §4", "gap between the curves with 2,000 images, about 10 points (7 to 14)", theirs: "more separated",
          ours: "\(gap.percents); with 50,000: \(many.mean("gap").percent)",
          reached: gap.mean >= 0.07 && gap.mean <= 0.14),
        higher(few, many), quicker(few, many), perUpdate(few, many), late(few, many),
      ],
      pictures: sets.map { count in
        let runs = results["\(count) images"]
        return Charts.lines(
          name: "\(count)",
          caption: "\(count == 2_000 ? "Figure 1" : "Figure 2"), redrawn: accuracy on \(count) images, seed 1",
          x: "epoch", y: "accuracy",
          ["training", "validation"].map {
            Series($0, y: runs.records.first?.curves[$0] ?? [])
          })
      } + weightTiles(many))
  }

  /// "The 50000 image graph manages to reach a higher maximum accuracy than the 2000 image graph."
  private static func higher(_ few: Runs, _ many: Runs) -> Row {
    let lead = zip(few.curves("validation"), many.curves("validation")).map { few, many in
      (many.max() ?? .nan) - (few.max() ?? .nan)
    }
    let interval = Interval(ofMean: lead)
    return Row(
      "001 §4", "50,000 images reach a higher maximum of validation accuracy", theirs: "claimed", ours: interval.points,
      interval.isPositive ? .confirmed : .refuted)
  }

  /// "The 50000 image graph ramps up much quicker in accuracy at the beginning": after the first epoch.
  private static func quicker(_ few: Runs, _ many: Runs) -> Row {
    let lead = zip(few.curves("validation"), many.curves("validation")).map { ($1.first ?? .nan) - ($0.first ?? .nan) }
    let interval = Interval(ofMean: lead)
    return Row(
      "001 §4", "50,000 images ramp up quicker: validation accuracy after one epoch", theirs: "much quicker",
      ours: interval.points, interval.isPositive ? .confirmed : .refuted)
  }

  /// The same after equally many updates: 25 epochs of 2,000 images against one of 50,000.
  private static func perUpdate(_ few: Runs, _ many: Runs) -> Row {
    let ratio = (many.mean("steps in an epoch") / few.mean("steps in an epoch")).nearest
    let lead = zip(few.curves("validation"), many.curves("validation")).map { few, many -> Double in
      ratio >= 1 && few.count >= ratio ? (many.first ?? .nan) - few[ratio - 1] : .nan
    }
    return Row(
      "001 §4", "the same after as many updates (\(ratio) epochs of 2,000 against one)", theirs: "",
      ours: "50,000 ahead by \(Interval(ofMean: lead).points)", .reported)
  }

  /// "Both seem to reach about the same rate of increase in accuracy by the end": points gained in the last ten epochs.
  private static func late(_ few: Runs, _ many: Runs) -> Row {
    func gain(_ runs: Runs) -> [Double] {
      runs.curves("validation").map { $0.count > 10 ? ($0[$0.count - 1] - $0[$0.count - 11]) : .nan }
    }
    let difference = Interval(ofMean: gain(many) - gain(few))
    let verdict: Row.Verdict =
      max(abs(difference.low), abs(difference.high)) < 0.003
      ? .confirmed : min(abs(difference.low), abs(difference.high)) > 0.003 ? .refuted : .undecided("5 seeds")
    return Row(
      "001 §4", "about the same rate of increase at the end (within 0.3 points in ten epochs)",
      theirs: "about the same",
      ours: difference.points, verdict)
  }

  /// The hidden layer's weights as images, grey at zero, all on one scale.
  private static func weightTiles(_ runs: Runs) -> [SVGPicture] {
    guard let record = runs.records.first(where: { $0.pictures["weights"] != nil }),
      let bytes = record.pictures["weights"].flatMap({ Data(base64Encoded: $0) }), bytes.count == 64 * 784
    else { return [] }
    let scale = record.figures["weight scale"] ?? .nan
    let values = bytes.map { (Double($0) - 127.5) / 127.4 * scale }
    return [
      Charts.weights(
        name: "weights",
        caption:
          "§6: the weights of all 64 hidden units on one scale, ± \((record.figures["weight scale"] ?? .nan).fixed(2))",
        (0..<64).map { Array(values[$0 * 784..<($0 + 1) * 784]) }, height: 28, width: 28)
    ]
  }

  /// §5: "the best accuracy I was able to achieve was 94% by changing the learning rate".
  static let studied = [0.001, 0.01, 0.1, 0.5, 2, 8]
  static let rates: Experiment = .init(
    "001-rates", "001 §5", "Learning-rate study", seeds: 2,
    settings: { scale in
      studied.map { rate in
        Setting("rate \(rate.short)", recipe(scale, rate: rate), images: 50_000) { recipe, context in
          var outcome = try run(recipe, context, count: 50_000)
          outcome.pictures = [:]
          return outcome
        }
      }
    },
    report: { results in
      let best = results.runs.max { $0.mean("test accuracy") < $1.mean("test accuracy") }
      return Section(
        rows: [
          Row(
            "001 §5", "the best learning rate and its accuracy", theirs: "94%",
            ours: best.map { "\($0.setting.name): \($0.figures("test accuracy").percents)" } ?? "–", .reported)
        ],
        text: [
          markdownTable(
            ["rate (mean gradients)", "test accuracy", "validation accuracy after one epoch"],
            results.runs.map {
              [
                $0.setting.name, $0.figures("test accuracy").percents,
                ($0.meanCurve("validation").first ?? .nan).percent,
              ]
            })
        ],
        pictures: [
          Charts.lines(
            name: "validation", caption: "Validation accuracy at each learning rate, mean of seeds", x: "epoch",
            y: "validation accuracy",
            results.runs.map { Series($0.setting.name, y: $0.meanCurve("validation")) })
        ])
    })
}
