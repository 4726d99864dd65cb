import Adjoint
import AdjointLearning

/// Document 000 §III.A: one hidden layer of 16 to 256 units, ReLU and sigmoid, 100 epochs; as in eq. 2 without biases, and
/// with.
struct Widths: Sendable {
  let point: RateGrid.Point
  let biases: [Bool]

  static let usual = Widths(point: .usual, biases: [false, true]).experiment(
    "000-widths", "Width of the hidden layer", seeds: HiddenLayers.fullSeeds, isOptional: false)
  static let leading = Widths(point: .leading, biases: [false]).experiment(
    "000-widths-leading", "Width of the hidden layer, where sigmoid leads", seeds: 10, isOptional: true)

  static let widths = [16, 32, 64, 128, 256]
  static let activations: [Activation] = [.relu, .sigmoid]

  private func name(_ activation: Activation, _ width: Int, bias: Bool) -> String {
    "\(activation.rawValue) \(width)\(bias ? " with biases" : "")"
  }

  private func experiment(_ experiment: String, _ title: String, seeds: Int, isOptional: Bool) -> Experiment {
    Experiment(
      experiment, "000 §III.A", title, seeds: seeds, quickSeeds: HiddenLayers.quickSeeds, isOptional: isOptional,
      settings: { scale in
        let epochs = scale.epochs ?? (scale.isQuick ? 5 : 100)
        return biases.flatMap { bias in
          Self.activations.flatMap { activation in
            Self.widths.map { width in
              HiddenLayers.setting(
                name(activation, width, bias: bias), hidden: [width], activation, bias: bias, epochs: epochs, at: point)
            }
          }
        }
      },
      report: report)
  }

  private func report(_ results: Results) -> Section {
    let epochs = results.scale.epochs ?? (results.scale.isQuick ? 5 : 100)
    let indecision = HiddenLayers.indecision(results, epochs: epochs)
    var section = Section(text: [HiddenLayers.conditions(results, at: point)])
    for bias in biases {
      let n = results.pairedSeeds
      func final(_ activation: Activation, _ width: Int, _ part: String = "test") -> [Double] {
        Array(results[name(activation, width, bias: bias)].figures(part).prefix(n))
      }
      let place = point.place("000 §III.A") + (bias ? ", with biases" : "")
      for activation in Self.activations {
        section.rows.append(
          PairedClaim(
            place: place, words: "\(activation.rawValue): test accuracy grows with width",
            differences: zip(Self.widths, Self.widths.dropFirst()).map { narrow, wide in
              ("\(wide) over \(narrow)", final(activation, wide) - final(activation, narrow))
            }
          ).row(indecision))
        section.rows.append(
          PairedClaim(
            place: place, words: "\(activation.rawValue): more stable with width (deviation of 16 over that of 256)",
            differences: [
              ("16 over 256", PairedClaim.spread(final(activation, 16)) - PairedClaim.spread(final(activation, 256)))
            ]
          ).row(indecision))
      }
      section.rows.append(
        PairedClaim(
          place: place, words: "sigmoid beats ReLU",
          differences: Self.widths.map { ("\($0)", final(.sigmoid, $0) - final(.relu, $0)) }
        ).row(indecision))
      section.rows += Self.activations.map { monotony(results, $0, bias: bias, place, indecision) }
      section.rows.append(
        similarity(
          Self.widths.flatMap { width in Self.activations.map { final($0, width, "train") - final($0, width) } }, place,
          indecision))
      section.text.append(table(results, bias: bias))
      for activation in Self.activations {
        section.pictures += HiddenLayers.pictures(
          "\(activation.rawValue)\(bias ? "-biases" : "")", activation == .relu ? "figure 1" : "figure 2",
          Self.widths.map { ("\($0) units", results[name(activation, $0, bias: bias)]) })
      }
    }
    return section
  }

  /// "The average accuracies for all sigmoid networks were monotonically increasing, unlike those of the ReLU networks": falls
  /// of the mean curve from one evaluation to the next, and curves of which a later evaluation lies below an earlier one for
  /// certain. A mean of a few runs falls by chance where it stands still, so the intervals of all pairs hold together.
  private func monotony(
    _ results: Results, _ activation: Activation, bias: Bool, _ place: String, _ indecision: Row.Verdict?
  ) -> Row {
    let bundles = Self.widths.flatMap { width in
      ["train", "test"].map { results[name(activation, width, bias: bias)].curves($0) }
    }
    let length = bundles.flatMap { $0.map(\.count) }.min() ?? 0
    let pairs = (0..<length).flatMap { later in (0..<later).map { (earlier: $0, later: later) } }
    func fall(_ curves: [[Double]], _ earlier: Int, _ later: Int) -> [Double] {
      curves.map { $0[later] - $0[earlier] }
    }
    let falls = bundles.reduce(0) { sum, curves in
      sum + pairs.count { $0.later == $0.earlier + 1 && fall(curves, $0.earlier, $0.later).mean < 0 }
    }
    let certain = bundles.count { curves in
      pairs.contains {
        Interval(ofMean: fall(curves, $0.earlier, $0.later), comparisons: bundles.count * pairs.count).isNegative
      }
    }
    let claimsNone = activation == .sigmoid
    let verdict: Row.Verdict =
      falls == 0
      ? (claimsNone ? .confirmed : .refuted)
      : certain == 0 ? .undecided("no fall is certain") : claimsNone ? .refuted : .confirmed
    return Row(
      place, "\(activation.rawValue): mean curves \(claimsNone ? "never fall" : "fall now and then")",
      theirs: "claimed",
      ours:
        "\(falls) falls in \(bundles.count * max(length - 1, 0)) steps of five epochs; \(certain) of \(bundles.count) curves "
        + "come below an earlier point for certain (95% for all pairs together)",
      indecision ?? verdict)
  }

  /// "Test accuracies and training accuracies were extremely similar": within half a point.
  private func similarity(_ gaps: [[Double]], _ place: String, _ indecision: Row.Verdict?) -> Row {
    let intervals = gaps.map { Interval(ofMean: $0) }
    let largest = intervals.max { $0.centre < $1.centre } ?? Interval(ofMean: [])
    let verdict: Row.Verdict =
      intervals.allSatisfy { $0.high < 0.005 }
      ? .confirmed : intervals.contains { $0.low > 0.005 } ? .refuted : .undecided("the interval holds half a point")
    return Row(
      place, "train and test accuracy are extremely similar (within 0.5 points)", theirs: "claimed",
      ours: "largest gap \(largest.points)", indecision ?? verdict)
  }

  private func table(_ results: Results, bias: Bool) -> String {
    let title = bias ? "With biases" : "Without biases, as in eq. 2"
    let rows = Self.activations.flatMap { activation in
      Self.widths.map { width -> [String] in
        let runs = results[name(activation, width, bias: bias)]
        let cells = ["train", "test"].map { part in
          "\(runs.mean(part).percent) ± \((runs.figures(part).deviation * 100).fixed(2))"
        }
        return [activation.rawValue, "\(width)"] + cells + ["\(runs.records.count)"]
      }
    }
    return title + ", at the last epoch:\n\n"
      + markdownTable(["activation", "units", "train accuracy", "test accuracy", "seeds"], rows)
  }
}
