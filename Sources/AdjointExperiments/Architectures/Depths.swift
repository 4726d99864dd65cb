import Adjoint
import AdjointLearning

/// Document 000 §III.B: one, two and three hidden layers of 128 units, ReLU and sigmoid, 300 epochs, without biases.
struct Depths: Sendable {
  let point: RateGrid.Point

  static let usual = Depths(point: .usual).experiment(
    "000-depths", "Number of hidden layers", seeds: HiddenLayers.fullSeeds, isOptional: false)
  static let leading = Depths(point: .leading).experiment(
    "000-depths-leading", "Number of hidden layers, where sigmoid leads", seeds: 10, isOptional: true)

  static let depths = [1, 2, 3]

  private var place: String { point.place("000 §III.B") }

  private func name(_ activation: Activation, _ depth: Int) -> String { "\(activation.rawValue) \(depth)" }

  private func experiment(_ experiment: String, _ title: String, seeds: Int, isOptional: Bool) -> Experiment {
    Experiment(
      experiment, "000 §III.B", title, seeds: seeds, quickSeeds: HiddenLayers.quickSeeds, isOptional: isOptional,
      settings: { scale in
        let epochs = scale.epochs ?? (scale.isQuick ? 10 : 300)
        return Widths.activations.flatMap { activation in
          Self.depths.map { depth in
            HiddenLayers.setting(
              name(activation, depth), hidden: Array(repeating: 128, count: depth), activation, bias: false,
              epochs: epochs, at: point)
          }
        }
      },
      report: report)
  }

  private func report(_ results: Results) -> Section {
    let epochs = results.scale.epochs ?? (results.scale.isQuick ? 10 : 300)
    let indecision = HiddenLayers.indecision(results, epochs: epochs)
    let n = results.pairedSeeds
    func final(_ activation: Activation, _ depth: Int) -> [Double] {
      Array(results[name(activation, depth)].figures("test").prefix(n))
    }
    func lead(_ activation: Activation) -> [(name: String, values: [Double])] {
      [1, 3].map { ("2 over \($0)", final(activation, 2) - final(activation, $0)) }
    }
    var rows = Widths.activations.map { activation in
      PairedClaim(
        place: place, words: "\(activation.rawValue): two layers beat one and three",
        differences: lead(activation)
      ).row(indecision)
    }
    rows.append(
      PairedClaim(
        place: place, words: "two layers lead more clearly for sigmoid",
        differences: zip(lead(.sigmoid), lead(.relu)).map { ($0.name, $0.values - $1.values) }
      ).row(indecision))
    rows += Widths.activations.map { activation in
      PairedClaim(
        place: place, words: "\(activation.rawValue): deviation grows with the number of layers",
        differences: [(1, 2), (2, 3)].map { few, many in
          (
            "\(many) over \(few)",
            PairedClaim.spread(final(activation, many)) - PairedClaim.spread(final(activation, few))
          )
        }
      ).row(indecision)
    }
    rows.append(levelled(results, indecision))
    rows.append(
      PairedClaim(
        place: place, words: "ReLU still rises at the end",
        differences: Self.depths.map { ("\($0)", late(results[name(.relu, $0)])) }
      ).row(indecision))
    return Section(
      rows: rows,
      text: [
        HiddenLayers.conditions(results, at: point),
        markdownTable(
          ["activation", "layers", "train accuracy", "test accuracy", "seeds"],
          Widths.activations.flatMap { activation in
            Self.depths.map { depth in
              let runs = results[name(activation, depth)]
              return [activation.rawValue, "\(depth)"]
                + ["train", "test"].map { part in
                  "\(runs.mean(part).percent) ± \((runs.figures(part).deviation * 100).fixed(2))"
                } + ["\(runs.records.count)"]
            }
          }),
      ],
      pictures: Widths.activations.flatMap { activation in
        HiddenLayers.pictures(
          activation.rawValue, activation == .relu ? "figure 3" : "figure 4",
          Self.depths.map { ("\($0) layer\($0 == 1 ? "" : "s")", results[name(activation, $0)]) })
      })
  }

  /// The gain in test accuracy over the last sixth of the training, seed by seed.
  private func late(_ runs: Runs) -> [Double] {
    runs.curves("test").map { curve in
      guard let last = curve.last else { return .nan }
      return last - curve[curve.count - 1 - curve.count / 6]
    }
  }

  /// "The increase in performance seems to have leveled by 300 epochs": less than a tenth of a point in the last 50.
  private func levelled(_ results: Results, _ indecision: Row.Verdict?) -> Row {
    let intervals = Self.depths.map { Interval(ofMean: late(results[name(.sigmoid, $0)])) }
    let verdict: Row.Verdict =
      intervals.allSatisfy { $0.high < 0.001 }
      ? .confirmed : intervals.contains { $0.low > 0.001 } ? .refuted : .undecided("the interval holds 0.1 points")
    return Row(
      place, "sigmoid has levelled off (gains < 0.1 points in the last sixth)", theirs: "claimed",
      ours: zip(Self.depths, intervals).map { "\($0): \($1.points)" }.joined(separator: "; "), indecision ?? verdict)
  }
}
