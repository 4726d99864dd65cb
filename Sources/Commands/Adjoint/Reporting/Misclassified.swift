import Adjoint
import AdjointCharts
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

/// The images of a test set that a classifier takes for something else, those of which it is surest first.
struct Misclassified {
  struct Example {
    let number: Int
    let prediction: Int
    /// The probability that the classifier gives its wrong answer.
    let probability: Double
  }

  let examples: [Example]

  /// - Throws: as the data set does.
  init(by predictor: Predictor<Float>, on data: Examples) throws {
    var found: [Example] = []
    let order = Array(0..<data.count)
    for start in stride(from: 0, to: data.count, by: predictor.batchSize) {
      let rows = order[start..<min(start + predictor.batchSize, data.count)]
      let outputs = predictor(try data.batch(rows).inputs)
      let classes = outputs.shape[1]
      for (place, number) in rows.enumerated() {
        let row = outputs.elements[place * classes..<(place + 1) * classes]
        let probabilities = predictor.loss.probabilities(row)
        guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else { continue }
        guard best != Int(data.labels[number]) else { continue }
        found.append(Example(number: number, prediction: best, probability: probabilities[best]))
      }
    }
    // The number last, so that the order is the same every time.
    examples = found.sorted { ($1.probability, $0.number) < ($0.probability, $1.number) }
  }

  /// A grid of the first `limit`.
  /// - Precondition: the examples are images.
  /// - Throws: as the data set does.
  func chart(of data: Examples, height: Int, width: Int, limit: Int = 40) throws -> ImageGrid {
    let shown = examples.prefix(limit)
    let tiles = try shown.map { example in
      let (label, taken) = (data.classNames[Int(data.labels[example.number])], data.classNames[example.prediction])
      let percent = (example.probability * 100).rounded(.down).nearest
      return ImageGrid.Tile(
        pixels: try data.image(example.number), caption: "\(label) as \(taken), \(percent)%", isWrong: true)
    }
    let all = "\(examples.count.grouped) of \(data.count.grouped)"
    return ImageGrid(
      shown.count < examples.count
        ? "Misclassified: the \(shown.count) surest of \(all)" : "Misclassified: \(all)",
      imageHeight: height, imageWidth: width, columns: 8, Array(tiles))
  }
}
