import Adjoint
import AdjointLearning
import Testing

/// A training whose model is checkpointed is the same training.
struct CheckpointedStepTests {
  private func losses(_ layersEach: Int?, threads: Int) throws -> [UInt32] {
    var generator = Generator(seed: 4)
    let layers = (0..<8).map { Linear<Float>(6, 6, name: "fc\($0)", using: &generator) }
    let norms = (0..<8).map { BatchNorm<Float>(6, name: "norm\($0)") }
    let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01)) { (x: Variable<Float>, y: Variable<Float>) in
      var x = x
      func segment(_ range: Range<Int>) {
        for number in range {
          x = Dropout<Float>(rate: 0.3)(norms[number](layers[number](x)).gelu())
        }
      }
      if let layersEach {
        for first in stride(from: 0, to: 8, by: layersEach) {
          x.tape.checkpointed { segment(first..<Swift.min(first + layersEach, 8)) }
        }
      } else {
        segment(0..<8)
      }
      return meanSquaredError(x, y)
    }
    if threads > 1 { step.pool = WorkerPool(threads: threads) }
    var bits: [UInt32] = []
    for number in 0..<5 {
      let x: Tensor<Float> = normal([number % 2 == 0 ? 9 : 7, 6], seed: UInt64(number))
      bits.append(try step(x, x * 0.5).bitPattern)
    }
    let states =
      layers.flatMap { $0.parameters(forInput: [1, 6]) } + norms.flatMap { $0.parameters(forInput: [1, 6]) }
    return bits + states.flatMap { $0.parameter.value.elements.map(\.bitPattern) }
  }

  @Test func `Dropout, running statistics, losses and weights are those of a training that keeps everything`() throws {
    let plain = try losses(nil, threads: 1)
    for layersEach in [1, 3, 8] {
      for threads in [1, 2] { #expect(try losses(layersEach, threads: threads) == plain) }
    }
  }
}
