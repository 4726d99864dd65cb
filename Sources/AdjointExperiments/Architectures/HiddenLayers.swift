import Adjoint
import AdjointCharts
import AdjointLearning

/// The networks of document 000, T. Wei, "Homework 5: Backpropagation", as trained by the experiments on width and on depth.
///
/// Networks xₖ₊₁ = gₖ(Wₖxₖ) (eq. 2: no biases) with softmax and cross-entropy, trained by Adam with a constant rate; each
/// pixel has mean 0 and variance 1. Rate and batch are not given: `RateGrid` has many, and width and depth run at two of its points. The
/// document averages 100 initialisations; here seeds are paired: run s of every network has the same order of images.
enum HiddenLayers {
  /// The conditions of the verdicts on width and depth: the document's own rate and batch are not known.
  static func conditions(_ results: Results, at point: RateGrid.Point) -> String {
    let counts = results.runs.map(\.records.count)
    let seeds = counts.min() == counts.max() ? "\(counts.max() ?? 0)" : "\(counts.min() ?? 0) to \(counts.max() ?? 0)"
    return
      "The document gives neither rate nor batch: all verdicts of this section are those of Adam at \(point.words), "
      + "and others give others (000 §III, `000-rates`). It averages 100 initialisations of each network; here \(seeds) of "
      + "each were run."
  }

  /// The epochs between evaluations.
  static let interval = 5
  static let fullSeeds = 12
  static let quickSeeds = 3

  static func setting(
    _ name: String, hidden: [Int], _ activation: Activation, bias: Bool, epochs: Int, at point: RateGrid.Point
  ) -> Setting {
    let recipe = Recipe(
      sizes: [784] + hidden + [10], activation: activation, hasBias: bias,
      initializer: activation == .relu ? .heNormal : .glorotNormal, optimizer: Adam(learningRate: point.rate),
      scaling: point.scaling, batch: point.batch, epochs: epochs)
    return Setting(name, recipe, images: 60_000, run: run)
  }

  /// Accuracy on all training and all test images at every fifth epoch.
  private static func run(_ recipe: Recipe, _ context: RunContext) throws -> Outcome {
    let training = RecipeTraining(recipe, context)
    var outcome = Outcome()
    try training.trainer.run(afterEpoch: { epoch in
      guard epoch.number % min(interval, recipe.epochs) == 0 else { return }
      for (part, images) in [("train", training.digits.training), ("test", training.digits.test)] {
        outcome.curves[part, default: []].append(try training.predictor.evaluate(on: images).accuracy)
      }
    })
    for part in ["train", "test"] { outcome.figures[part] = outcome.curves[part]?.last }
    return outcome
  }

  /// Mean curves with bands of one standard deviation, training and test: the document's figures.
  static func pictures(_ name: String, _ figure: String, _ settings: [(name: String, runs: Runs)]) -> [SVGPicture] {
    ["train", "test"].map { part in
      Charts.lines(
        name: "\(name)-\(part)", caption: "The document's \(figure): \(part) accuracy, mean ± one deviation over seeds",
        x: "epoch", y: "\(part) accuracy",
        settings.map { name, runs in
          let curves = runs.curves(part)
          let mean = runs.meanCurve(part)
          let deviations = mean.indices.map { i in curves.map { $0[i] }.deviation }
          return Series(name, from: interval, by: interval, y: mean, deviation: deviations)
        })
    }
  }

  /// The verdict in place of every other one where nothing can be decided: with few seeds, or a shortened training.
  static func indecision(_ results: Results, epochs: Int) -> Row.Verdict? {
    let seeds = results.pairedSeeds
    guard results.scale.isQuick || results.scale.epochs != nil || seeds < 10 else { return nil }
    return .undecided("\(seeds) seeds, \(epochs) epochs")
  }
}
