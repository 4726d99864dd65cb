// A digit classifier from data to test accuracy. Without a directory it draws its own digits; with one, it reads MNIST:
//
//   swift run -c release HandwrittenDigits [--quick] [DIRECTORY-WITH-MNIST]
import Adjoint
import AdjointDatasets
import AdjointLearning

let asked = Asked(
  "A digit classifier, from data to test accuracy.",
  options: ["--quick": "One epoch; of drawn digits, 4000 instead of 20000."],
  directory: "The files of MNIST; without it, digits are drawn.")
let isQuick = asked.has("--quick")
let (training, test) =
  if let directory = asked.directory {
    asked.reading { try MNIST.load(from: directory) }
  } else {
    (DrawnDigits(seed: 1).training(isQuick ? 4_000 : 20_000), DrawnDigits(seed: 1).test(2_000))
  }

var generator = Generator(seed: 1)
let model = MLP<Float>([784, 128, 10], activation: .relu, using: &generator)
let step = TrainingStep<Float>(optimizer: Adam()) { images, labels in
  crossEntropy(logits: model(images), labels: labels)
}
let predictor = Predictor<Float> { model($0) }

for epoch in 1...(isQuick ? 1 : 3) {
  var (total, batches) = (0.0, 0)
  for batch in training.batches(of: 128, shuffledBy: &generator) {
    total += Double(try step(batch.images, batch.labels))
    batches += 1
  }
  let metrics = try predictor.evaluate(on: test)
  print("epoch \(epoch): loss \(total / Double(batches)), test accuracy \(metrics.accuracy)")
}
