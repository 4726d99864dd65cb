import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning
import Foundation

// Images, weights, matrices and bars.

func matrixCharts() throws -> [(name: String, chart: any Chart)] {
  let (training, gradients) = (try DigitTraining(), DeepGradients())
  return [
    ("confusion", ConfusionMatrix("Drawn digits of the test set", counts: training.metrics.confusion)),
    ("digits", digits(training)), ("weights", weights(training)), ("heat-map", heatMap), ("bars", bars(gradients)),
    ("histograms", ChartGrid.histograms("Gradients of eight layers of sigmoids", of: "gradient", gradients.layers)),
  ]
}

/// The wrong ones first, each with what it was taken for.
private func digits(_ training: DigitTraining) -> ImageGrid {
  let test = training.test
  func isWrong(_ number: Int) -> Bool { training.predictions[number] != Int(test.labels[number]) }
  let shown = (0..<test.count).filter(isWrong).prefix(4) + (0..<test.count).filter { !isWrong($0) }.prefix(8)
  return ImageGrid(
    "Drawn digits", imageHeight: test.height, imageWidth: test.width, columns: 6,
    shown.map { number in
      ImageGrid.Tile(
        pixels: Array(test.image(number)),
        caption: "\(test.labels[number])" + (isWrong(number) ? ", not \(training.predictions[number])" : ""),
        isWrong: isWrong(number))
    })
}

private func weights(_ training: DigitTraining) -> WeightImages {
  let elements = training.model.parameters[0].value.elements.map(Double.init)
  let units = (0..<12).map { Array(elements[$0 * 784..<($0 + 1) * 784]) }
  return WeightImages("Weights of the first layer", imageHeight: 28, imageWidth: 28, columns: 6, weights: units)
}

/// A layer's own: ∂tanh(Wx + b)/∂x.
private var heatMap: HeatMap {
  var generator = Generator(seed: 2)
  let layer = Linear<Double>(7, 5, using: &generator)
  let tape = Tape<Double>()
  let x = tape.input(Tensor(shape: [1, 7], elements: (0..<7).map { _ in generator.normal() }))
  let entries = jacobian(of: layer(x).tanh(), withRespectTo: x).elements
  let rows = (0..<5).map { Array(entries[$0 * 7..<($0 + 1) * 7]) }
  return HeatMap("The Jacobian of a layer of tanh", values: rows, quantity: "∂aᵢ/∂xⱼ", rows: "i", columns: "j")
}

private func bars(_ gradients: DeepGradients) -> BarChart {
  BarChart(
    "How much each of eight layers of sigmoids gets", axis: Axis("length of the gradient"),
    gradients.layers.map { ($0.name, $0.values.reduce(0) { $0 + $1 * $1 }.squareRoot()) })
}
