import Adjoint
import AdjointLearning

/// Document 002 §5: penalties on the weights, with the gradients λw (eq. 6) and λ·sign w (eq. 7 as printed; the derivative of
/// (λ/2)|w| is half of that, so λ/2 is run too), λ = 0.01, tanh, rate 0.05, γ = 0.9.
enum Penalties {
  static let l1Strengths = [0.01, 0.005, 0.002, 0.001, 0.0005]
  /// A weight below this counts as zero.
  static let nearZero = 1e-3

  static let experiment: Experiment = .init(
    "002-regularization", "002 §5", "L2 and L1 penalties",
    settings: { scale in
      [setting("none", .none, scale), setting("L2 0.01", Regularization(l2: 0.01), scale)]
        + l1Strengths.map { setting("L1 \($0)", Regularization(l1: $0), scale) }
    },
    report: report)

  private static func setting(_ name: String, _ penalty: Regularization, _ scale: Scale) -> Setting {
    let recipe = MomentumTraining.recipe(.tanh, 0.05, scale, regularization: penalty)
    return Setting(name, recipe, expectedEpochs: 40) { recipe, context in
      let training = RecipeTraining(recipe, context)
      var outcome = try training.run()
      let weights = training.model.linears.flatMap { $0.weight.value.elements }
      outcome.figures["near zero"] =
        Double(weights.filter { Double($0.magnitude) < nearZero }.count) / Double(weights.count)
      let losses = outcome.curves["validation loss"] ?? []
      // The way of the curve up again from its lowest point, in nats.
      outcome.figures["rise"] = (losses.last ?? .nan) - (losses.min() ?? .nan)
      return outcome
    }
  }

  private static func report(_ results: Results) -> Section {
    let (l2, l1, half) = (results["L2 0.01"], results["L1 0.01"], results["L1 0.005"])
    let accuracy = l2.figures("test accuracy")
    let loss = l2.figures("test loss")
    let seeds = "\(l1.records.count) seeds"
    let scan = l1Strengths.map { results["L1 \($0)"] }
    let nearest =
      scan.min {
        abs($0.mean("test accuracy") - 0.9518) < abs($1.mean("test accuracy") - 0.9518)
      } ?? l1
    let rises = l2.figures("rise")
    let stops = l2.figures("epochs")
    let turning: Row.Verdict = stops.allSatisfy { $0 < 100 } ? .confirmed : .refuted
    return Section(
      rows: [
        .figure(
          "002 §5.1", "L2, λ = 0.01, test accuracy", theirs: "95.79%", ours: accuracy.percents,
          reached: abs(accuracy.mean - 0.9579) <= 0.008),
        .figure(
          "002 §5.1", "L2, λ = 0.01, test loss", theirs: "0.155", ours: loss.fixed(3),
          reached: abs(loss.mean - 0.155) <= 0.03),
        Row(
          "002 §5.1", "validation loss turns up under L2 (figure 3)", theirs: "stops at epoch 5",
          ours: "stops at \(stops.fixed(0)); \(rises.mean.fixed(4)) nats above its lowest at the end", turning),
        Row(
          "002 §5.2", "L1, λ = 0.01, gradient λ·sign w, test accuracy", theirs: "95.18%",
          ours: l1.figures("test accuracy").percents,
          MomentumTraining.agrees(l1.figures("test accuracy"), 0.9518, seeds)),
        Row(
          "002 §5.2", "L1 with λ/2, the derivative of (λ/2)|w|, test accuracy", theirs: "95.18%",
          ours: half.figures("test accuracy").percents,
          MomentumTraining.agrees(half.figures("test accuracy"), 0.9518, seeds)
        ),
        worse(l1, l2),
        Row(
          "002 §5.2", "the λ whose L1 gives the document's figure", theirs: "0.01",
          ours: "\(nearest.setting.name): \(nearest.figures("test accuracy").percents)", .reported),
        Row(
          "002 §5.2", "L1 makes more weights nearly zero than L2 (|w| < 0.001)", theirs: "might lead to sparse weights",
          ours: "L1 \(l1.figures("near zero").mean.percent), L2 \(l2.figures("near zero").mean.percent)",
          Interval(ofMean: zip(l1.figures("near zero"), l2.figures("near zero")).map { $0 - $1 }).isPositive
            ? .confirmed : .refuted),
      ],
      text: [
        "Every penalty with its share of weights below 0.001 in magnitude:",
        markdownTable(
          ["penalty", "test accuracy", "test loss", "epochs", "near zero"],
          results.runs.map {
            [
              $0.setting.name, $0.figures("test accuracy").percents, $0.figures("test loss").fixed(4),
              $0.figures("epochs").fixed(0), $0.figures("near zero").percents,
            ]
          }),
      ],
      pictures: MomentumTraining.fourCurves(l2, figure: "figure 3"))
  }

  /// "The test accuracy is a bit smaller than that of L2 … and the test loss is bigger."
  private static func worse(_ l1: Runs, _ l2: Runs) -> Row {
    func apart(_ figure: String) -> Interval {
      Interval(ofMean: zip(l1.figures(figure), l2.figures(figure)).map { $0 - $1 })
    }
    let (accuracy, loss) = (apart("test accuracy"), apart("test loss"))
    let verdict: Row.Verdict =
      accuracy.isNegative && loss.isPositive
      ? .confirmed : accuracy.isPositive || loss.isNegative ? .refuted : .undecided("\(l1.records.count) seeds")
    return Row(
      "002 §5.2", "L1 is less accurate than L2 at λ = 0.01, and its loss is larger", theirs: "95.18% and 95.79%",
      ours:
        "\(accuracy.points); loss \(loss.centre.signed(4)), 95% interval \(loss.low.signed(4)) … \(loss.high.signed(4))",
      verdict)
  }
}

extension MomentumTraining {
  /// The verdict on a figure of the document, with which the runs agree to within 0.8 points or not.
  static func agrees(_ own: [Double], _ theirs: Double, _ seeds: String) -> Row.Verdict {
    let difference = Interval(ofMean: own.map { $0 - theirs })
    if difference.low > 0.008 || difference.high < -0.008 { return .refuted }
    return abs(difference.centre) <= 0.008 ? .confirmed : .undecided(seeds)
  }
}
