import Adjoint
import AdjointCommandTraining
import AdjointDatasets
import AdjointLearning

extension Classifier {
  /// The network on a tape of its own: inputs as they are before they are standardised, logits, and probabilities.
  func record() -> [(name: String, value: Variable<Float>)] {
    let tape = Tape<Float>(mode: .inference)
    // A number of rows that nothing else in the network is.
    let inputs = tape.input(.zeros([11, height * width]), name: isImages ? "images" : "rows")
    let logits = model(tape.scoped("standardize") { standardized(inputs) })
    let probabilities = tape.scoped("probabilities") {
      switch plan.loss {
      case .crossEntropy: logits.softmax()
      case .binaryCrossEntropy: share(logits.sigmoid())
      case .meanSquaredError: share(logits.clamp(0, 1))
      }
    }
    return [("logits", logits), ("probabilities", probabilities)]
  }

  /// Each number as a part of the sum of its row; equal parts where that is 0.
  private func share(_ x: Variable<Float>) -> Variable<Float> {
    let sum = x.sum(axis: -1, keepingDimensions: true)
    return `where`(sum .> 0, x / `where`(sum .> 0, sum, 1), 1 / Double(classNames.count))
  }

  private func standardized(_ x: Variable<Float>) -> Variable<Float> {
    switch standardization {
    case .none: return x
    case .perPixel(let statistics):
      let deviation = statistics.deviation.map { $0 > 0 ? $0 : 1 }
      return (x - x.tape.constant(Tensor(statistics.mean), name: "mean"))
        / x.tape.constant(Tensor(deviation), name: "deviation")
    case .perImage:
      let deviation = x.standardDeviation(axes: [-1], keepingDimensions: true)
      return (x - x.mean(axis: -1, keepingDimensions: true)) / `where`(deviation .> 0, deviation, 1)
    }
  }
}
