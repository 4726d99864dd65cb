import Adjoint
import AdjointCharts
import AdjointDatasets
import Foundation

// Images, weights, matrices and bars.

var matrixCharts: [(name: String, chart: any Chart)] {
  [
    ("confusion", confusion), ("digits", digits), ("weights", weights), ("heat-map", heatMap), ("bars", bars),
    ("histograms", histograms),
  ]
}

private var confusion: ConfusionMatrix {
  var generator = Generator(seed: 2)
  let counts = (0..<10).map { label in
    (0..<10).map { prediction -> Int in
      prediction == label ? 960 : Int(generator.uniform(0, 1) * generator.uniform(0, 14))
    }
  }
  return ConfusionMatrix("Digits of the test set", counts: counts)
}

private var digits: ImageGrid {
  let drawn = DrawnDigits(seed: 0).test(12)
  return ImageGrid(
    "Drawn digits", imageHeight: drawn.height, imageWidth: drawn.width, columns: 6,
    (0..<drawn.count).map { number in
      let label = drawn.labels[number]
      return number % 5 == 3
        ? ImageGrid.Tile(pixels: Array(drawn.image(number)), caption: "\(label), not 3", isWrong: true)
        : ImageGrid.Tile(pixels: Array(drawn.image(number)), caption: "\(label)")
    })
}

/// Waves of growing strength: the pale ones are weak.
private var weights: WeightImages {
  func weight(_ unit: Double, _ place: Int) -> Double {
    let (x, y) = (Double(place % 28) / 28, Double(place / 28) / 28)
    return 0.02 * (unit + 1) * sin(6 * x + unit) * cos(5 * y - unit / 2)
  }
  let units = (0..<12).map { unit in (0..<784).map { weight(Double(unit), $0) } }
  return WeightImages("Weights of the first layer", imageHeight: 28, imageWidth: 28, columns: 6, weights: units)
}

private var heatMap: HeatMap {
  func entry(_ i: Int, _ j: Int) -> Double { i == j ? 1 - 0.1 * Double(i) : -0.13 * Double(j - i) }
  let rows = (0..<5).map { i in (0..<7).map { entry(i, $0) } }
  return HeatMap("A small Jacobian", values: rows, quantity: "∂zᵢ/∂xⱼ", rows: "i", columns: "j")
}

private var bars: BarChart {
  BarChart(
    "Time of a training step, 784-128-10, batch 128", axis: Axis("time", unit: "ms"),
    [("forward", 0.41), ("backward", 0.77), ("update", 0.12), ("everything else, with a long name", 0.03)])
}

private var histograms: ChartGrid {
  var generator = Generator(seed: 3)
  func normal(_ scale: Double) -> [Double] { (0..<5000).map { _ in scale * generator.normal() } }
  return .histograms(
    "Gradients at the end", of: "gradient",
    [("fc1/weight", normal(1e-5)), ("fc2/weight", normal(0.2)), ("fc3/weight", [.nan, 1, 1, 1]), ("fc4/weight", [])])
}
