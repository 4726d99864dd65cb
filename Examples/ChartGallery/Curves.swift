import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation

// Curves: training with bands, activation functions, a logarithmic axis, awkward data.

func curveCharts() throws -> [(name: String, chart: any Chart)] {
  [
    ("training-curves", try trainingCurves()),
    ("activations", LineChart.activations(named([.relu, .sigmoid, .tanh, .gelu, .silu, .softplus]), on: -3...3)),
    ("growth", growth), ("awkward", awkward),
  ]
}

/// Validation losses of 2-16-16-1 with ReLU on two moons, from five seeds for each of three beginnings.
private func trainingCurves() throws -> LineChart {
  func runs(_ initializer: Initializer) throws -> [[Double]] {
    try (1...5).map { seed in
      var generator = Generator(seed: UInt64(seed)).stream(1)
      let points = LabeledPoints.moons(count: 320, noise: 0.15, using: &generator)
      let others = LabeledPoints.moons(count: 320, noise: 0.15, using: &generator)
      let training = PlaneTraining([2, 16, 16, 1], .relu, initializer, seed: UInt64(seed), rate: 0.01)
      return try (1...20).map { _ in
        try training.epoch(points, batch: 32)
        return training.loss(others)
      }
    }
  }
  let equal = try runs(.constant(0.01))
  let end = equal.map { $0[19] }.reduce(0, +) / 5
  return LineChart(
    "Validation loss on two moons, mean over five seeds", x: Axis("epoch"), y: Axis("validation loss", unit: "nats"),
    [
      Series("He initialisation", runs: try runs(.heNormal)),
      Series("Glorot initialisation", runs: try runs(.glorotNormal)), Series("all weights 0.01", runs: equal),
    ],
    references: [.horizontal(log(2), "guessing")],
    annotations: [Annotation(x: 20, y: end, "equal units stay equal")])
}

/// The multiplications of the chain of Jacobians of 20-n-10, counted, with their law.
private var growth: LineChart {
  let widths = [4, 8, 16, 32, 64, 128]
  let counts = widths.map { width -> Double in
    var generator = Generator(seed: 1)
    let model = MLP<Double>([20, width, 10], activation: .tanh, using: &generator)
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [1, 20], elements: (0..<20).map { _ in generator.normal() }))
    let target = tape.constant(Tensor(shape: [1, 10], elements: (0..<10).map { $0 == 3 ? 1 : 0 }))
    let loss = -(target * model(x).softmax().log()).sum()
    let chain = JacobianChain(of: loss, withRespectTo: tape.parameter(model.parameters[0]))
    return Double(chain.multiplications(.leftToRight))
  }
  return .growth(
    "Multiplications of the chain rule of 20-n-10, dense, left to right", x: Axis("n"), y: Axis("multiplications"),
    measured: (widths.map(Double.init), counts), law: "100 + 10n + 21n²"
  ) { 100 + 10 * $0 + 21 * $0 * $0 }
}

/// Gaps, infinities and huge numbers: w⁴ by gradient descent at a rate that is too large, and at one that only just is.
private var awkward: LineChart {
  func losses(_ rate: Double, from start: Double) -> [Double] {
    var w = start
    return (1...8).map { _ in
      let (value, gradient) = valueAndGradient(at: Tensor(scalar: w)) { $0.square().square() }
      w -= rate * gradient.elements[0]
      return value
    }
  }
  return LineChart(
    "Gradient descent on w⁴ that diverges, with <awkward> & \"quoted\" names that are rather long", x: Axis("step"),
    y: Axis("loss", scale: .logarithmic),
    [
      Series("rate 1 & w = 1.5", y: losses(1, from: 1.5), style: .lineAndMarkers),
      Series("<rate 0.5>, five beginnings", runs: [0.99, 0.995, 1, 1.005, 1.01].map { losses(0.5, from: $0) }),
    ])
}
