import Adjoint
import AdjointLearning
import Foundation

/// Document 004, figure 5.3: four functions, 50 points uniform in (−1, 1), a network of 3 tanh units and a linear output.
///
/// y = v·tanh(wx + b) + c, 10 parameters, fitted by least squares (the document does not say how).
enum FunctionFitting {
  struct Target: Sendable {
    let name: String
    /// The root-mean-square error at the points to reach.
    let bound: Double
    let value: @Sendable (Double) -> Double
  }

  static let targets = [
    Target(name: "x²", bound: 0.001) { $0 * $0 }, Target(name: "sin x", bound: 0.001) { sin($0) },
    Target(name: "|x|", bound: 0.02) { abs($0) }, Target(name: "step", bound: 0.01) { $0 < 0 ? 0 : 1 },
  ]
  static let units = 3
  static let points = 50
  static let steps = 2_000
  /// The places at which the fitted function is looked at, closer together than the points.
  static let grid = (0...200).map { -1 + Double($0) / 100 }

  static let experiment: Experiment = .init(
    "004-functions", "004 fig. 5.3", "Four functions, three tanh units", needsDigits: false,
    settings: { _ in
      targets.map { target in
        Setting(
          target.name,
          [
            "units": "\(units) tanh", "points": "\(points) uniform in (-1, 1)",
            "method": "LevenbergMarquardt(maximumIterations: \(steps))",
            "weights": "slopes of deviation 3, kinks in (-1, 1)",
          ], seconds: 4
        ) { fit(target, $0) }
      }
    },
    report: report)

  private static func fit(_ target: Target, _ context: RunContext) -> Outcome {
    // The same points for every seed, so that seeds differ in their beginnings alone.
    var data = Generator(seed: 0).stream(RunContext.Purpose.data.rawValue)
    let x = (0..<points).map { _ in data.uniform(-1, 1) }.sorted()
    let y = x.map(target.value)
    var generator = context.generator(.weights)
    // Slopes of deviation 3, and every unit's kink somewhere inside of the interval.
    let slopes = (0..<units).map { _ in 3 * generator.normal() }
    let shifts = slopes.map { -$0 * generator.uniform(-1, 1) }
    let start = slopes + shifts + (0..<units).map { _ in 0.5 * generator.normal() } + [0]
    let fit = LevenbergMarquardt(maximumIterations: steps).minimize(from: Tensor(start)) { network($0, x) - Tensor(y) }
    let fine = values(fit.parameters.elements, grid)
    let errors = zip(fine.output, grid).map { $0 - target.value($1) }
    var outcome = Outcome()
    outcome.figures["error at points"] = (fit.value / Double(points)).squareRoot()
    outcome.figures["error on grid"] = (errors.reduce(0) { $0 + $1 * $1 } / Double(grid.count)).squareRoot()
    outcome.curves["x"] = x
    outcome.curves["network"] = fine.output
    for (unit, curve) in fine.hidden.enumerated() { outcome.curves["unit \(unit + 1)"] = curve }
    return outcome
  }

  /// y = Σ vᵤ tanh(wᵤx + bᵤ) + c with θ = (w, b, v, c).
  static func network(_ theta: Variable<Double>, _ x: [Double]) -> Variable<Double> {
    let inputs = theta.tape.constant(Tensor(shape: [x.count, 1], elements: x))
    let w = theta.slice(0..<units).reshape(to: [1, units])
    let b = theta.slice(units..<2 * units)
    let v = theta.slice(2 * units..<3 * units).reshape(to: [units, 1])
    let hidden = inputs.matmul(w).addBias(b).tanh()
    return hidden.matmul(v).addBias(theta.slice(3 * units..<3 * units + 1)).reshape(to: [x.count])
  }

  private static func values(_ theta: [Double], _ x: [Double]) -> (output: [Double], hidden: [[Double]]) {
    let hidden = (0..<units).map { unit in x.map { tanh(theta[unit] * $0 + theta[units + unit]) } }
    let output = x.indices.map { i in
      hidden.indices.reduce(theta[3 * units]) { $0 + theta[2 * units + $1] * hidden[$1][i] }
    }
    return (output, hidden)
  }

  private static func report(_ results: Results) -> Section {
    var section = Section()
    for target in targets {
      let runs = results[target.name]
      let errors = runs.figures("error at points")
      let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
      section.rows.append(
        .figure(
          "004 fig. 5.3", "\(target.name), root-mean-square error at the points ≤ \(target.bound.short), best of seeds",
          theirs: "a curve through the points",
          ours: "\(errors[best].scientific) (" + errors.map(\.scientific).joined(separator: " ")
            + "); on a dense grid \(runs.figures("error on grid")[best].scientific)",
          reached: errors[best] <= target.bound))
      let record = runs.records[best]
      let x = record.curves["x"] ?? []
      section.pictures.append(
        Charts.fit(
          name: "fit-\(targets.firstIndex { $0.name == target.name } ?? 0)",
          caption: "Figure 5.3, \(target.name): points, network and its hidden units, seed \(record.seed)",
          points: x.map { ($0, target.value($0)) },
          curve: Array(zip(grid, record.curves["network"] ?? [])),
          hidden: (1...units).map { Array(zip(grid, record.curves["unit \($0)"] ?? [])) }))
    }
    return section
  }
}
