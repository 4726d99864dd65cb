import Adjoint
import AdjointCharts
import AdjointChecking
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation

// Functions: a decision boundary, a fitted function, the error of differences, a law of growth.

func functionCharts() throws -> [(name: String, chart: any Chart)] {
  [
    ("decision-boundary", try decisionBoundary()), ("fitted-function", fittedFunction), ("u-curve", uCurve),
    (
      "activation-derivatives",
      LineChart.activations(named([.relu, .leakyRelu, .sigmoid, .tanh, .gelu]), derivatives: true)
    ),
  ]
}

/// Exclusive or with noise, learnt by 2-2-1 with tanh: its border, where its hidden units are 0, and the best border that there is.
private func decisionBoundary() throws -> DecisionBoundary {
  var generator = Generator(seed: 4)
  let examples = LabeledPoints.xor(count: 160, noise: 0.15, using: &generator)
  let training = PlaneTraining([2, 2, 1], .tanh, .glorotNormal, seed: 2, rate: 0.05)
  for _ in 0..<300 { try training.epoch(examples, batch: 160) }
  let grid = PlaneGrid(x: -0.6...1.6, y: -0.6...1.6)
  let tape = Tape<Double>()
  let p = training.model.parameters.map { tape.parameter($0) }
  let hidden = tape.input(grid.inputs() as Tensor<Double>).matmul(p[0], transposeB: true).addBias(p[1])
  let logit = hidden.tanh().matmul(p[2], transposeB: true).addBias(p[3]).value.elements
  func unit(_ number: Int) -> [Double] {
    stride(from: number, to: 2 * logit.count, by: 2).map { hidden.value.elements[$0] }
  }
  let bayes = grid.values { x, y in
    func density(_ a: Double, _ b: Double) -> Double { exp(-((x - a) * (x - a) + (y - b) * (y - b)) / 0.045) }
    return (density(0, 1) + density(1, 0)) / (density(0, 0) + density(1, 1)) - 1
  }
  let xs = examples.inputs.elements
  return DecisionBoundary(
    "Exclusive or, learnt by two hidden units", grid: grid, classes: logit.map { $0 > 0 ? 1 : 0 },
    classNames: ["class 0", "class 1"],
    contours: [
      .init("border", values: logit, look: 0), .init("hidden unit 1", values: unit(0), look: 5),
      .init("hidden unit 2", values: unit(1), look: 3), .init("Bayes", values: bayes, look: 6),
    ],
    points: examples.labels.enumerated().map { number, label in
      (Double(xs[2 * number]), Double(xs[2 * number + 1]), Int(label))
    })
}

/// x² on −1 … 1 from three tanh units, by least squares; the weights cost a little, which keeps the units small.
private var fittedFunction: LineChart {
  let points = stride(from: -1.0, through: 1, by: 0.04).map { $0 }
  let targets = points.map { $0 * $0 }
  // w⁽¹⁾, b⁽¹⁾, w⁽²⁾ of each unit, and b⁽²⁾.
  func output(_ theta: Variable<Double>, at x: [Double]) -> (units: [Variable<Double>], sum: Variable<Double>) {
    let column = theta.tape.constant(Tensor(x))
    let units = (0..<3).map { unit -> Variable<Double> in
      let inside: Variable<Double> = column * theta[3 * unit] + theta[3 * unit + 1]
      return inside.tanh() * theta[3 * unit + 2]
    }
    return (units, units[0] + units[1] + units[2] + theta[9])
  }
  let start = Tensor([1.0, -0.5, 0.5, -1.0, -0.5, 0.5, 0.5, 0.1, 0.1, 0.5])
  let fit = LevenbergMarquardt().minimize(from: start) { theta in
    concatenate([output(theta, at: points).sum - theta.tape.constant(Tensor(targets)), 0.003 * theta], axis: 0)
  }
  let x = (0...200).map { -1 + Double($0) / 100 }
  let found = output(Tape<Double>().input(fit.parameters), at: x)
  return .fit(
    "x² from three tanh units", points: (points, targets), x: x, fit: found.sum.value.elements,
    hiddenUnits: found.units.map(\.value.elements))
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
