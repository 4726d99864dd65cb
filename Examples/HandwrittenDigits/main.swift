// A digit classifier from data to test accuracy. Without an argument it draws its own digits; with one, it reads MNIST:
//
//   swift run -c release HandwrittenDigits [DIRECTORY-WITH-MNIST]
import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

let directory = CommandLine.arguments.dropFirst().first
let (training, test) =
  if let directory {
    try MNIST.load(from: URL(fileURLWithPath: directory))
  } else {
    (DrawnDigits(seed: 1).training(20_000), DrawnDigits(seed: 1).test(2_000))
  }

var generator = Generator(seed: 1)
let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
let step = TrainingStep<Float>(optimizer: Adam()) { images, labels in
  crossEntropy(logits: model(images), labels: labels)
}
let predictor = Predictor<Float> { model($0) }

for epoch in 1...3 {
  var (total, batches) = (0.0, 0)
  for batch in training.batches(of: 128, shuffledBy: &generator) {
    total += Double(try step(batch.images, batch.labels))
    batches += 1
  }
  let metrics = try predictor.evaluate(on: test)
  print("epoch \(epoch): loss \(total / Double(batches)), test accuracy \(metrics.accuracy)")
}
