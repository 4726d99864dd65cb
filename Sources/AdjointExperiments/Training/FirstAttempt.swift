import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning
import Foundation

/// Document 004, examples 6.1 and 6.2: softmax regression and 784-200-10 with ReLU, pixels in [0, 1], plain gradient descent with
/// rate 0.5 on batches of 100, 15 epochs of 600 iterations; cost and error of every batch, and of the test set every 100
/// iterations.
///
/// The document: J. M. Peña, lecture slides on Lindholm et al., *Machine Learning*, ch. 6, with figures 5.3 and 5.4 of Bishop &
/// Bishop, *Deep Learning*.
enum FirstAttempt {
  static let experiment: Experiment = .init(
    "004-digits", "004 ex. 6.1, 6.2", "Hand-written digits, first attempt",
    settings: { scale in
      [("softmax", []), ("relu", [200])].map { name, hidden in
        let recipe = Recipe(
          sizes: [784] + hidden + [10], activation: .relu, initializer: hidden.isEmpty ? .zeros : .heNormal,
          optimizer: SGD(learningRate: 0.5), scaling: .unit, batch: 100, epochs: scale.epochs ?? 15)
        return Setting(name, recipe, images: 60_000, run: run)
      }
    },
    report: report)

  /// The iterations from one evaluation to the next.
  static let evaluationInterval = 100
  /// The iterations from one cost and error of a batch in the chart to the next.
  static let keptInterval = 10

  private static func run(_ recipe: Recipe, _ context: RunContext) throws -> Outcome {
    let digits = recipe.scaled(context.digits)
    let model = recipe.model(context)
    let predictor = Predictor<Float> { model($0) }
    let onBatch = Predictor<Float>(batchSize: recipe.batch) { model($0) }
    let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.5)) { crossEntropy(logits: model($0), labels: $1) }
    var order = context.generator(.order)
    var outcome = Outcome()
    var (iteration, perfect, late) = (0, 0, 0)
    for epoch in 0..<recipe.epochs {
      let batches = digits.training.batches(of: recipe.batch, shuffledBy: &order)
      for number in batches.indices {
        let rows = batches.rows(ofBatch: number)
        let isLate = epoch >= recipe.epochs - 5
        let isKept = iteration % keptInterval == 0
        // The error of the present batch before the step, like its cost.
        let error = isLate || isKept ? 1 - (try onBatch.evaluate(on: digits.training.selecting(rows))).accuracy : 0
        let cost = try step(rows: rows, of: digits.training)
        if isLate {
          late += 1
          perfect += error == 0 ? 1 : 0
        }
        if isKept {
          outcome.curves["batch cost", default: []].append(Double(cost))
          outcome.curves["batch error", default: []].append(error)
        }
        iteration += 1
        if iteration % evaluationInterval == 0 {
          let test = try predictor.evaluate(on: digits.test)
          outcome.curves["validation cost", default: []].append(test.loss)
          outcome.curves["validation error", default: []].append(1 - test.accuracy)
        }
      }
    }
    outcome.figures = [
      "error": 1 - (try predictor.evaluate(on: digits.test)).accuracy,
      "parameters": Double(model.parameters.reduce(0) { $0 + $1.count }),
      "perfect batches": Double(perfect) / Double(max(late, 1)),
    ]
    if context.seed == 1 {
      let first = context.digits.training.prefix(20)
      outcome.pictures["images"] = Data(first.pixels).base64EncodedString()
      outcome.curves["labels"] = first.labels.map(Double.init)
    }
    return outcome
  }

  private static func images(_ runs: Runs) -> [SVGPicture] {
    guard let record = runs.records.first(where: { $0.pictures["images"] != nil }) else { return [] }
    return Charts.images(
      name: "images", caption: "Figure 6.5, redrawn: the first twenty images", record.pictures["images"] ?? "",
      words: (record.curves["labels"] ?? []).map { "\($0.nearest)" }, height: 28, width: 28)
  }

  private static func report(_ results: Results) -> Section {
    let (softmax, relu) = (results["softmax"], results["relu"])
    let (linear, deep) = (softmax.figures("error"), relu.figures("error"))
    return Section(
      rows: [
        .figure(
          "004 ex. 6.1", "parameters of the two models", theirs: "7850 and 159 010",
          ours: "\(softmax.mean("parameters").nearest) and \(relu.mean("parameters").nearest)",
          reached: softmax.mean("parameters") == 7_850 && relu.mean("parameters") == 159_010
        ).judging("Ex. 6.1, one layer"),
        .figure(
          "004 ex. 6.2", "softmax regression, error ≤ 8.3%", theirs: "approximately 8%", ours: linear.percents,
          reached: linear.mean <= 0.083),
        .figure(
          "004 ex. 6.2", "784-200-10, ReLU, error ≤ 2.1%", theirs: "2%", ours: deep.percents,
          reached: deep.mean <= 0.021),
        plateau(softmax),
        often(relu), overfitting(relu),
      ],
      text: ["Of the batches, every \(keptInterval)th is drawn, of seed 1."],
      pictures: images(softmax) + curves(softmax, "figure 6.7") + curves(relu, "figure 6.8"))
  }

  /// "Already after a few epochs we do not see any additional improvements": the validation error of epochs 4 to 5 against that
  /// of the last two, each the mean of twelve evaluations.
  private static func plateau(_ runs: Runs) -> Row {
    let gains = runs.curves("validation error").map { curve -> Double in
      guard curve.count >= 42 else { return .nan }
      return Array(curve[18..<30]).mean - Array(curve.suffix(12)).mean
    }
    let gain = Interval(ofMean: gains)
    let verdict: Row.Verdict =
      gain.high < 0.002 ? .confirmed : gain.low > 0.002 ? .refuted : .undecided("the interval holds 0.2 points")
    return Row(
      "004 ex. 6.2",
      "softmax regression: no improvement after a few epochs (< 0.2 points from epochs 4–5 to the last two)",
      theirs: "claimed", ours: "error falls by \(gain.points)", verdict)
  }

  /// "During the later epochs we often get all 100 data points in the current mini-batch correct": in at least half of the
  /// iterations of the last five epochs.
  private static func often(_ runs: Runs) -> Row {
    let share = runs.figures("perfect batches")
    return Row(
      "004 ex. 6.2",
      "784-200-10: often all 100 of a batch are right in the last five epochs (at least half of the time)",
      theirs: "claimed", ours: "in \(share.percents) of the iterations", share.mean >= 0.5 ? .confirmed : .refuted)
  }

  /// "The discrepancy between training error and validation error indicates that we are overfitting": the error of the batches of
  /// the last five epochs against that of the test set, and the cost of the test set, which rises where a model overfits.
  private static func overfitting(_ runs: Runs) -> Row {
    func late(_ curve: [Double], _ steps: Int) -> Double { Array(curve.suffix(5 * 600 / steps)).mean }
    let gaps = zip(runs.curves("validation error"), runs.curves("batch error")).map {
      late($0, evaluationInterval) - late($1, keptInterval)
    }
    let rises = runs.curves("validation cost").map { ($0.last ?? .nan) - ($0.min() ?? .nan) }
    let gap = Interval(ofMean: gaps)
    return Row(
      "004 ex. 6.2", "784-200-10 overfits: error on the test set over that on the batches, last five epochs",
      theirs: "claimed",
      ours: "\(gap.points); the cost on the test set ends \(rises.fixed(4)) nats above its lowest",
      gap.isPositive ? .confirmed : gap.isNegative ? .refuted : .undecided("the interval holds 0"))
  }

  private static func curves(_ runs: Runs, _ figure: String) -> [SVGPicture] {
    guard let record = runs.records.first else { return [] }
    return ["cost", "error"].map { quantity in
      Charts.lines(
        name: "\(runs.setting.name)-\(quantity)",
        caption: "The document's \(figure), redrawn: \(quantity), seed \(record.seed)", x: "iteration", y: quantity,
        range: quantity == "cost" ? 0...1 : 0...0.3,
        [
          Series("batch", from: 1, by: keptInterval, y: record.curves["batch \(quantity)"] ?? []),
          Series(
            "validation", from: evaluationInterval, by: evaluationInterval,
            y: record.curves["validation \(quantity)"] ?? []),
        ])
    }
  }
}
