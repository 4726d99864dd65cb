import Adjoint
import AdjointCommandLine
import AdjointLearning

extension StepProblem {
  /// The compiled step in `Double`, fed with batches that were converted before, after its loss was that of an eager
  /// recording to the last bit.
  func preparedInDouble(_ data: BenchData) throws -> PreparedRow {
    var generator = Generator(seed: BenchData.modelSeed)
    let model = MLP<Double>(sizes, activation: activation, using: &generator)
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: StepProblem.learningRate)) {
      crossEntropy(logits: model($0), labels: $1)
    }
    let batches = (0..<8).map { number in
      let batch = data.images.batch(data.rows(ofBatch: number, of: batch))
      return (images: batch.inputs.map(Double.init), labels: batch.targets)
    }
    for number in 0..<2 {
      let (images, labels) = batches[number]
      let tape = Tape<Double>()
      let recorded = crossEntropy(logits: model(tape.input(images)), labels: tape.index(labels)).scalar
      let loss = try step(images, labels)
      guard loss.bitPattern == recorded.bitPattern else {
        throw CommandError.disagreement("\(name), Double: step \(number) has the loss \(loss), recorded \(recorded)")
      }
    }
    var number = 2
    return .microseconds {
      _ = try step(batches[number % 8].images, batches[number % 8].labels)
      number += 1
    }
  }

  /// The bytes that a compiled loss with its gradients needs: nothing is timed.
  func preparedMemoryPlan(_ data: BenchData) -> PreparedRow {
    let eager = EagerStep(model(), data.images.batch(data.rows(ofBatch: 0, of: batch)))
    let bytes = Program<Float>([eager.loss] + eager.gradients).byteCount
    var row = PreparedRow({}, figure: { _ in Double(bytes) / 1024 })
    row.mostSamples = 1
    return row
  }
}
