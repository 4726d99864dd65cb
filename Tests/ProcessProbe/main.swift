// Trains a small model on the processes that mpirun has started, and prints a digest of the checkpoint that the first one writes.
//
//   ProcessProbe MODEL BATCH THREADS FILE [STEPS]
//
// MODEL is perceptron (dropout), convolutions (batch norm) or transformer. The last batch of four is five examples smaller. A
// file that is there is gone on from.
import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation

let words = CommandLine.arguments
guard words.count >= 5, let batch = Int(words[2]), let threads = Int(words[3]) else {
  print("ProcessProbe MODEL BATCH THREADS FILE [STEPS]")
  exit(2)
}
let (model, file) = (words[1], URL(fileURLWithPath: words[4]))
let steps = words.count > 5 ? Int(words[5]) ?? 8 : 8
let group = ProcessGroup.current
var generator = Generator(seed: 7)

/// The step of the model of that name.
func step(for model: String, using generator: inout Generator) -> TrainingStep<Float> {
  let loss: (Variable<Float>, Variable<Float>) -> Variable<Float>
  switch model {
  case "perceptron":
    let net = MLP<Float>([784, 256, 128, 10], dropout: 0.2, using: &generator)
    loss = { crossEntropy(logits: net($0), labels: $1) }
  case "convolutions":
    let net = CNN<Float>(height: 28, width: 28, classes: 10, filters: [8, 16], batchNorm: true, using: &generator)
    loss = { crossEntropy(logits: net($0), labels: $1) }
  case "transformer":
    let characters = Embedding<Float>(60, 64, name: "characters", using: &generator)
    let positions = LearnedPositions<Float>(16, 64, name: "positions", using: &generator)
    let blocks = (1...2).map {
      TransformerBlock<Float>(64, heads: 4, isCausal: true, name: "block\($0)", using: &generator)
    }
    let norm = LayerNorm<Float>(64, name: "norm")
    loss = { text, next in
      let hidden = blocks.reduce(positions(characters(text))) { $1($0) }
      return crossEntropy(logits: characters.logits(of: norm(hidden)), labels: next)
    }
  default:
    print("ProcessProbe: no model '\(model)'")
    exit(2)
  }
  return TrainingStep(optimizer: Adam(), clipping: .norm(0.5), on: group, loss: loss)
}

/// One step on a batch that its number decides.
func train(_ step: TrainingStep<Float>, _ number: Int) throws -> Float {
  var generator = Generator(seed: 11).stream(UInt64(number))
  let count = number % 4 == 3 ? batch - 5 : batch
  if model == "transformer" {
    let text = Tensor<Int32>(shape: [count, 16], elements: (0..<count * 16).map { _ in Int32(generator.next() % 60) })
    return try step(text, text)
  }
  let x = Tensor<Float>(shape: [count, 784], elements: (0..<count * 784).map { _ in Float(generator.normal()) })
  return try step(x, Tensor<Int32>((0..<count).map { _ in Int32(generator.next() % 10) }))
}

/// Records the loss of a full batch, so that a checkpoint can be restored.
func prepare(_ step: TrainingStep<Float>) throws {
  if model == "transformer" {
    let text = Tensor<Int32>(repeating: 0, shape: [batch, 16])
    return try step.prepare(text, text)
  }
  try step.prepare(Tensor<Float>.zeros([batch, 784]), Tensor<Int32>(repeating: 0, shape: [batch]))
}

let training = step(for: model, using: &generator)
training.pool = threads > 1 ? WorkerPool(threads: threads) : nil
do {
  if FileManager.default.fileExists(atPath: file.path) {
    try prepare(training)
    try Checkpoint(contentsOf: file).restore(into: [training])
  }
  for number in training.stepCount..<max(steps, training.stepCount) {
    _ = try train(training, number)
    try Checkpoint.save([training], to: file)
  }
  if group.isFirst {
    let digest = SHA256.hexadecimal(of: Array(try Data(contentsOf: file)))
    print("\(digest) \(model) batch \(batch), \(group.count) x \(threads), \(training.sentByteCount) bytes a step")
  }
} catch {
  FileHandle.standardError.write(Data("ProcessProbe: \(error)\n".utf8))
  exit(1)
}
