import Adjoint
import AdjointCharts
import AdjointChecking
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation

// Functions: a decision boundary, a fitted function, the error of differences, a law of growth.

var functionCharts: [(name: String, chart: any Chart)] {
  [
    ("decision-boundary", decisionBoundary), ("fitted-function", fittedFunction), ("u-curve", uCurve),
    (
      "activation-derivatives",
      LineChart.activations(named([.relu, .leakyRelu, .sigmoid, .tanh, .gelu]), derivatives: true)
    ),
  ]
}

/// Two hidden units that solve exclusive or: h₁ = tanh(3(x + y − ½)), h₂ = tanh(3(x + y − 3⁄2)).
private var decisionBoundary: DecisionBoundary {
  var generator = Generator(seed: 4)
  let examples = LabeledPoints.xor(count: 160, noise: 0.15, using: &generator)
  let grid = PlaneGrid(x: -0.6...1.6, y: -0.6...1.6)
  let first = grid.values { x, y in tanh(3 * (x + y - 0.5)) }
  let second = grid.values { x, y in tanh(3 * (x + y - 1.5)) }
  let logit = zip(first, second).map { $0 - $1 - 1.3 }
  let bayes = grid.values { x, y in
    func density(_ a: Double, _ b: Double) -> Double { exp(-((x - a) * (x - a) + (y - b) * (y - b)) / 0.045) }
    return (density(0, 1) + density(1, 0)) / (density(0, 0) + density(1, 1)) - 1
  }
  let xs = examples.inputs.elements
  return DecisionBoundary(
    "Exclusive or, learnt by two hidden units", grid: grid, classes: logit.map { $0 > 0 ? 1 : 0 },
    classNames: ["class 0", "class 1"],
    contours: [
      .init("border", values: logit, look: 0), .init("hidden unit 1", values: first, look: 5),
      .init("hidden unit 2", values: second, look: 3), .init("Bayes", values: bayes, look: 6),
    ],
    points: examples.labels.enumerated().map { number, label in
      (Double(xs[2 * number]), Double(xs[2 * number + 1]), Int(label))
    })
}

/// x² on −1 … 1 from three units.
private var fittedFunction: LineChart {
  let x = (0...200).map { -1 + Double($0) / 100 }
  let units = [x.map { 0.5 * tanh(3 * $0 - 2) }, x.map { 0.5 * tanh(-3 * $0 - 2) }, x.map { _ in 0.48 }]
  let fit = x.indices.map { i in units.reduce(0) { $0 + $1[i] } + 0.5 }
  let points = stride(from: -1.0, through: 1, by: 0.04).map { $0 }
  return .fit(
    "x² from two hidden units", points: (points, points.map { $0 * $0 }), x: x, fit: fit, hiddenUnits: units)
}

/// Central differences of eˣ at 1: truncation falls with the step, and then round-off rises.
private var uCurve: LineChart {
  let curve = UCurve(of: { exp(1 + $0) })
  return .uCurve(
    steps: curve.points.map(\.step), errors: curve.points.map(\.error), truncation: curve.points.map(\.truncation),
    roundOff: curve.points.map(\.roundOff), bestStep: curve.bottom?.step,
    title: "Error of the central difference of eˣ at 1")
}

/// Activation functions with their names.
func named(_ activations: [Activation]) -> [(name: String, function: (Variable<Double>) -> Variable<Double>)] {
  activations.map { activation in (activation.rawValue, { activation($0) }) }
}
