import Adjoint
import AdjointCharts
import AdjointLearning

/// Document 000 §III at many rates and batches and two scalings, since it gives neither rate nor batch: a map of where its claims hold.
///
/// 784-128-10 as in eq. 2, without biases, by Adam, 20 epochs; each point of the grid trains both activations from the same seeds.
enum RateGrid {
  static let epochs = 20
  static let seeds = 3

  /// A rate, a batch and a scaling.
  struct Point: Hashable {
    let scaling: Recipe.Scaling
    let batch: Int
    let rate: Double

    /// What is usual for Adam, with the scaling of the document.
    static let usual = Point(scaling: .perPixel, batch: 128, rate: 0.001)
    /// A point where sigmoid leads ReLU, as the document has it.
    static let leading = Point(scaling: .unit, batch: 128, rate: 0.03)

    var words: String {
      "rate \(rate.short), batch \(batch), \(scaling == .unit ? "pixels in [0, 1]" : "pixels standardised")"
    }

    /// A section of the document with what its verdicts at this point depend on.
    func place(_ section: String) -> String {
      "\(section) at rate \(rate.short), batch \(batch)\(scaling == .unit ? ", pixels in [0, 1]" : "")"
    }

    func name(_ activation: Activation) -> String {
      "\(activation.rawValue), \(scaling.rawValue), batch \(batch), rate \(rate.short)"
    }
  }

  static let scalings: [Recipe.Scaling] = [.perPixel, .unit]
  static func batches(_ scale: Scale) -> [Int] { scale.isQuick ? [128] : [32, 64, 128, 256, 512] }
  static func rates(_ scale: Scale) -> [Double] {
    scale.isQuick ? [0.001, 0.03] : [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
  }
  static func points(_ scale: Scale) -> [Point] {
    scalings.flatMap { scaling in
      batches(scale).flatMap { batch in
        rates(scale).map { Point(scaling: scaling, batch: batch, rate: $0) }
      }
    }
  }

  static let experiment: Experiment = .init(
    "000-rates", "000 §III", "Where its claims hold: rate, batch and scaling", seeds: seeds, quickSeeds: 2,
    reportsUnfinished: true,
    settings: { scale in
      points(scale).flatMap { point in
        Widths.activations.map { activation in
          HiddenLayers.setting(
            point.name(activation), hidden: [128], activation, bias: false,
            epochs: scale.epochs ?? (scale.isQuick ? 1 : epochs), at: point)
        }
      }
    },
    report: { RateMap($0).section })
}
