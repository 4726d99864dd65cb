import Adjoint
import AdjointCharts
import AdjointDrawing
import Foundation

// Curves: training with bands, activation functions, a logarithmic axis, awkward data.

var curveCharts: [(name: String, chart: any Chart)] {
  [
    ("training-curves", trainingCurves),
    ("activations", LineChart.activations(named([.relu, .sigmoid, .tanh, .gelu, .silu, .softplus]), on: -3...3)),
    ("growth", growth), ("awkward", awkward),
  ]
}

/// Losses of five seeds for each of three settings, as they look: an exponential decay with noise.
private var trainingCurves: LineChart {
  var generator = Generator(seed: 1)
  func runs(_ floor: Double, _ rate: Double) -> [[Double]] {
    (0..<5).map { _ in
      (1...20).map { epoch in floor + exp(-rate * Double(epoch)) + 0.02 * abs(generator.normal()) }
    }
  }
  return LineChart(
    "Validation loss, mean over five seeds", x: Axis("epoch"), y: Axis("validation loss", unit: "nats"),
    [
      Series("He initialisation", runs: runs(0.1, 0.5)), Series("Glorot initialisation", runs: runs(0.15, 0.3)),
      Series("all weights 0.01", runs: runs(0.3, 0.15)),
    ],
    references: [.horizontal(0.5, "linear model"), .vertical(8, "rate halved")],
    annotations: [Annotation(x: 20, y: 0.35, "does not learn more")])
}

/// Measured times with a fitted line of growth.
private var growth: LineChart {
  let sizes = [32.0, 64, 128, 256, 512, 1024, 2048]
  let times = [0.0041, 0.021, 0.17, 1.2, 9.1, 71, 590]
  return .growth(
    "Time of a product of n × n matrices", x: Axis("n"), y: Axis("time", unit: "ms"), measured: (sizes, times),
    law: "6.9·10⁻⁸ n³"
  ) { 6.9e-8 * $0 * $0 * $0 }
}

/// Gaps, infinities and huge numbers.
private var awkward: LineChart {
  LineChart(
    "A training that diverges, with <awkward> & \"quoted\" names that are rather long", x: Axis("step"),
    y: Axis("loss"),
    [
      Series("loss & more", y: [2, 3, 5e6, .nan, 8e6, .infinity, 1e7, 1.2e7], style: .lineAndMarkers),
      Series(
        "<second>", y: [1e6, 1.5e6, 2e6, 4e6, 6e6, 6.1e6, 6.3e6, 6.4e6], deviation: Array(repeating: 4e5, count: 8)),
    ])
}
