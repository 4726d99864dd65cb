// A variational autoencoder with two latent numbers: digits become points of the plane, and points become digits.
//
//   swift run -c release VariationalAutoencoder --draw plane.svg DIRECTORY-WITH-MNIST
import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointLearning
import Foundation

let asked = Asked(
  "A variational autoencoder that lays digits out in a plane.",
  options: [
    "--quick": "One epoch; of drawn digits, 4000 instead of 20000.", "--epochs N": "So many epochs in all; 20.",
    "--save FILE": "Write the state of the training at the end.",
    "--resume FILE": "Go on from there, with the same digits.",
    "--draw FILE": "Write the picture of the plane, an SVG file.",
  ], directory: "The files of MNIST; without it, digits are drawn.")
let isQuick = asked.has("--quick")
let (training, test) =
  if let directory = asked.directory {
    asked.orEnd(try MNIST.load(from: directory))
  } else {
    (DrawnDigits(seed: 1).training(isQuick ? 4_000 : 20_000), DrawnDigits(seed: 1).test(2_000))
  }

var generator = Generator(seed: 1)
let encoder = MLP<Float>([784, 256, 64, 4], name: "encoder", using: &generator)
let decoder = MLP<Float>([2, 64, 256, 784], name: "decoder", using: &generator)
let step = TrainingStep<Float>(optimizer: Adam()) { images in
  let code = encoder(images)
  let (mean, logVariance) = (code[..., 0..<2], code[..., 2..<4])
  let noise = images.tape.random(.normal(mean: 0, deviation: 1), shape: mean.shape)
  let logits = decoder(mean + (logVariance / 2).exp() * noise)
  let reconstruction = binaryCrossEntropy(logits: logits, targets: images) * 784
  let divergence = (mean.square() + logVariance.exp() - logVariance - 1).mean()  // ½ of the sum of two
  return (reconstruction + divergence, ["reconstruction": reconstruction, "divergence": divergence])
}

var epoch = 0
if let file = asked.file("--resume") {
  try step.prepare(training.prefix(100).all.images)
  generator = asked.orEnd(try Checkpoint(contentsOf: file).restore(into: step)) ?? generator
  epoch = step.stepCount / (training.count / 100)
}
while epoch < asked.count("--epochs") ?? (isQuick ? 1 : 20) {
  epoch += 1
  var (reconstruction, divergence, batches): (Float, Float, Float) = (0, 0, 0)
  for batch in training.batches(of: 100, shuffledBy: &generator) {
    try step(batch.images)
    reconstruction += step.auxiliary["reconstruction"]!.scalar
    divergence += step.auxiliary["divergence"]!.scalar
    batches += 1
  }
  print("epoch \(epoch): reconstruction \(reconstruction / batches), divergence \(divergence / batches) nats a digit")
}
if let file = asked.file("--save") { asked.orEnd(try Checkpoint.save(step, generator: generator, to: file)) }

/// What the decoder makes of a grid of points: rows of digits, from top to bottom and left to right.
@MainActor func plane(_ side: Int, from low: Float, to high: Float) -> ImageGrid {
  let places = Tensor<Float>.linspace(from: Double(low), through: Double(high), count: side).elements
  let points = places.reversed().flatMap { y in places.flatMap { x in [x, y] } }
  let digits = Predictor<Float> { decoder($0).sigmoid() }(Tensor(shape: [side * side, 2], elements: points))
  let picture = digits.reshape(to: [side, side, 28, 28]).permute([0, 2, 1, 3]).elements.map { UInt8($0 * 255) }
  let tile = ImageGrid.Tile(pixels: picture, caption: "both latent numbers from \(low) to \(high)")
  return ImageGrid("Points become digits", imageHeight: side * 28, imageWidth: side * 28, columns: 1, [tile])
}

let shown = test.prefix(1_000)
let means = Predictor<Float> { encoder($0)[..., 0..<2] }(shown.all.images)
let clouds = (0..<10).map { digit in
  let rows = shown.labels.indices.filter { shown.labels[$0] == digit }
  return Series(
    "\(digit)", x: rows.map { Double(means[$0, 0]) }, y: rows.map { Double(means[$0, 1]) }, style: .markers, look: digit
  )
}
let cloud = LineChart(
  "Test digits become points", x: Axis("first latent number"), y: Axis("second"), clouds, width: 560, plotHeight: 440)
let picture = ChartGrid("The latent plane", columns: 2, [plane(15, from: -2, to: 2), cloud])
if let file = asked.file("--draw") { asked.orEnd(try picture.svg().write(to: file, atomically: true, encoding: .utf8)) }
print(picture.summary)
