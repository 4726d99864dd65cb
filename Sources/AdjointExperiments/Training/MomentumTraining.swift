import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning

/// Document 002: D. Shi, "Implementing a Multi-Layer Neural Network for MNIST Classification".
///
/// All of its networks share §1, §2.4 and §4: images standardised one by one, 80/20 split, batches of 128, at most 100
/// epochs, stopped after 3 consecutive increases of the validation loss, the best weights kept; gradient descent with the
/// averaged form of momentum (eq. 5). The initial weights are not given: LeCun's, and zero for softmax regression (Alg. 1).
enum MomentumTraining {
  static func recipe(
    _ activation: Activation, _ rate: Double, _ scale: Scale, hidden: [Int] = [128],
    regularization: Regularization = .none
  ) -> Recipe {
    Recipe(
      sizes: [784] + hidden + [10], activation: activation,
      initializer: activation == .relu ? .heNormal : .leCunNormal,
      optimizer: Momentum(learningRate: rate, momentum: 0.9, convention: .averaged), regularization: regularization,
      scaling: .perImage, batch: 128, epochs: scale.epochs ?? 100,
      stopping: EarlyStopping(patience: 3, rule: .consecutiveIncreases), validation: 0.2)
  }

  /// §2: E = −Σ t ln y, y = softmax(Wx + b), from W = 0 by plain gradient descent with rate 0.05.
  static let softmax: Experiment = .init(
    "002-softmax", "002 §2", "Softmax regression from w = 0",
    settings: { scale in
      var recipe = recipe(.identity, 0.05, scale, hidden: [])
      recipe.initializer = .zeros
      recipe.optimizer = SGD(learningRate: 0.05)
      return [Setting("softmax", recipe, expectedEpochs: 25)]
    },
    report: { results in
      let runs = results["softmax"]
      let (accuracy, loss) = (runs.figures("test accuracy"), runs.figures("test loss"))
      return Section(
        rows: [
          .figure(
            "002 §2", "softmax regression, test accuracy", theirs: "92.51%", ours: accuracy.percents,
            reached: abs(accuracy.mean - 0.9251) <= 0.003),
          .figure(
            "002 §2", "softmax regression, test loss", theirs: "0.27", ours: loss.fixed(3),
            reached: abs(loss.mean - 0.27) <= 0.02),
          Row(
            "002 §2", "epoch of the early stop", theirs: "20", ours: runs.figures("epochs").fixed(0), .reported),
        ],
        pictures: fourCurves(runs, figure: "figure 1"))
    })

  /// §4: 784-128-10, tanh, rate 0.1, γ = 0.9.
  static let momentum: Experiment = .init(
    "002-momentum", "002 §4", "Momentum, tanh",
    settings: { [Setting("tanh", recipe(.tanh, 0.1, $0), expectedEpochs: 35)] },
    report: { results in
      let runs = results["tanh"]
      return Section(
        rows: rows(runs, "002 §4", "momentum, tanh", accuracy: 0.9745, least: 0.972, loss: "0.08", epoch: 31),
        pictures: fourCurves(runs, figure: "figure 2"))
    })

  /// §6: the same network with sigmoid (rate 0.5) and ReLU (rate 0.1); §4 gives tanh.
  static let activations: Experiment = .init(
    "002-activations", "002 §6", "Sigmoid, ReLU and tanh",
    settings: { scale in
      [
        Setting("sigmoid", recipe(.sigmoid, 0.5, scale), expectedEpochs: 35),
        Setting("relu", recipe(.relu, 0.1, scale), expectedEpochs: 25),
        Setting("tanh", recipe(.tanh, 0.1, scale), expectedEpochs: 35),
      ]
    },
    report: { results in
      let (sigmoid, relu, tanh) = (results["sigmoid"], results["relu"], results["tanh"])
      return Section(
        rows: rows(sigmoid, "002 §6.1", "sigmoid", accuracy: 0.9743, least: 0.972, loss: "0.0823", epoch: 27)
          + rows(relu, "002 §6.2", "ReLU", accuracy: 0.9769, least: 0.974, loss: "0.0794", epoch: 17)
          + [
            leads(relu, [sigmoid, tanh], "test accuracy", "ReLU is the most accurate", "97.69%; 97.43%, 97.45%") {
              $0.points
            },
            leads(relu, [sigmoid, tanh], "test loss", "ReLU has the lowest loss", "0.0794; 0.0823, 0.08") {
              "\($0.centre.signed(4)), 95% interval \($0.low.signed(4)) … \($0.high.signed(4))"
            },
            alike(sigmoid, tanh),
          ],
        text: [
          markdownTable(
            ["activation", "test accuracy", "test loss", "epochs"],
            [sigmoid, relu, tanh].map {
              [
                $0.setting.name, $0.figures("test accuracy").percents, $0.figures("test loss").fixed(4),
                $0.figures("epochs").fixed(0),
              ]
            })
        ],
        pictures: fourCurves(sigmoid, figure: "figure 4") + fourCurves(relu, figure: "figure 5"))
    })

  /// Accuracy to reach, loss and stop beside the document's.
  static func rows(
    _ runs: Runs, _ place: String, _ name: String, accuracy: Double, least: Double, loss: String, epoch: Int
  ) -> [Row] {
    let own = runs.figures("test accuracy")
    return [
      .figure(
        place, "\(name), test accuracy ≥ \(least.percent)", theirs: accuracy.percent, ours: own.percents,
        reached: own.mean >= least),
      Row(place, "\(name), test loss", theirs: loss, ours: runs.figures("test loss").fixed(4), .reported),
      Row(
        place, "\(name), epoch of the early stop", theirs: "\(epoch)", ours: runs.figures("epochs").fixed(0), .reported),
    ]
  }

  /// "ReLU has the best performance among all the other activation functions": by paired seeds, a figure of ReLU less another's.
  private static func leads(
    _ relu: Runs, _ others: [Runs], _ figure: String, _ claim: String, _ theirs: String, _ text: (Interval) -> String
  ) -> Row {
    let sign = figure == "test loss" ? -1.0 : 1
    let differences = others.map { zip(relu.figures(figure), $0.figures(figure)).map { $0 - $1 } }
    let ours = zip(others, differences).map { "against \($0.setting.name) \(text(Interval(ofMean: $1)))" }
    let leads = differences.map { Interval(ofMean: $0.map { sign * $0 }) }
    let verdict: Row.Verdict =
      leads.allSatisfy(\.isPositive)
      ? .confirmed : leads.contains { $0.isNegative } ? .refuted : .undecided("\(relu.records.count) seeds")
    return Row("002 §6.2", claim, theirs: theirs, ours: ours.joined(separator: "; "), verdict)
  }

  /// "This has similar performance with tanh activation": within half a point.
  private static func alike(_ sigmoid: Runs, _ tanh: Runs) -> Row {
    let apart = Interval(ofMean: zip(sigmoid.figures("test accuracy"), tanh.figures("test accuracy")).map { $0 - $1 })
    let verdict: Row.Verdict =
      apart.low > -0.005 && apart.high < 0.005
      ? .confirmed : apart.low > 0.005 || apart.high < -0.005 ? .refuted : .undecided("the interval holds half a point")
    return Row(
      "002 §6.1", "sigmoid performs like tanh (accuracy within 0.5 points)", theirs: "claimed", ours: apart.points,
      verdict)
  }

  /// Loss and accuracy, training against validation, of the first seed.
  static func fourCurves(_ runs: Runs, figure: String) -> [SVGPicture] {
    guard let record = runs.records.first else { return [] }
    return ["loss", "accuracy"].map { quantity in
      Charts.lines(
        name: "\(runs.setting.name)-\(quantity)",
        caption: "The document's \(figure), redrawn: \(quantity), \(runs.setting.name), seed \(record.seed)",
        x: "epoch", y: quantity,
        ["training", "validation"].map { part in
          Series(part, y: record.curves["\(part) \(quantity)"] ?? [])
        })
    }
  }
}
