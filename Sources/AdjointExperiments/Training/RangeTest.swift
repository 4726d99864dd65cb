import Adjoint
import AdjointCharts
import AdjointLearning
import Foundation

/// The loss while the rate grows geometrically from 10⁻⁵ to 10 in 600 steps; the rate where its smoothed curve falls
/// fastest, and where it turns up.
///
/// Source: L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, §3.3.
enum RangeTest {
  static let steps = 600
  static let low = 1e-5
  static let high = 10.0

  static let experiment: Experiment = .init(
    "beyond-range", "beyond", "Learning-rate range test", seeds: 3,
    settings: { _ in
      [
        Setting(
          "sgd",
          [
            "sizes": "784-128-10", "activation": "relu", "optimizer": "SGD", "steps": "\(steps)",
            "rates": "\(low) to \(high)", "batch": "128", "scaling": "unit",
          ], seconds: 0.5, run: run)
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
            runs.records.map { curve("seed \($0.seed)", $0.curves["loss"] ?? []) })
        ])
    })

  /// The smoothed loss, cut off at 5, over the logarithm of the rate; every tenth step is kept.
  private static func curve(_ name: String, _ loss: [Double]) -> Series {
    let decades = log10(high / low)
    return Series(
      name, x: loss.indices.map { log10(low) + decades * Double(10 * $0) / Double(steps) }, y: loss.map { min($0, 5) })
  }

  private static func run(_ context: RunContext) throws -> Outcome {
    var generator = context.generator(.weights)
    let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
    let growth = pow(high / low, 1 / Double(steps))
    let step = TrainingStep<Float>(
      optimizer: SGD(learningRate: low), schedule: .exponential(rate: growth)
    ) { crossEntropy(logits: model($0), labels: $1) }
    var order = context.generator(.order)
    let batches = context.digits.training.batches(of: 128, shuffledBy: &order)
    var smoothed: [Double] = []
    var mean = 0.0
    for number in 0..<steps {
      let rows = batches.rows(ofBatch: number % batches.count)
      // A rate that is too large ends in a loss that is not finite, which ends the test.
      guard let loss = try? step(rows: rows, of: context.digits.training) else { break }
      mean = 0.95 * mean + 0.05 * Double(loss)
      smoothed.append(mean / (1 - pow(0.95, Double(number + 1))))
    }
    func rate(_ number: Int) -> Double { low * pow(growth, Double(number)) }
    let turning = smoothed.indices.min { smoothed[$0] < smoothed[$1] } ?? 0
    func fall(_ number: Int) -> Double { smoothed[number - 20] - smoothed[number] }
    let steepest: Int? = (20..<max(turning, 21)).max { fall($0) < fall($1) }
    var outcome = Outcome()
    outcome.figures = ["steepest": rate((steepest ?? 20) - 10), "turning": rate(turning)]
    outcome.curves["loss"] = smoothed.indices.filter { $0 % 10 == 0 }.map { smoothed[$0] }
    return outcome
  }
}
