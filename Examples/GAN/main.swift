// A generative adversarial network: a forger learns to make points like those of a ring of eight clouds from noise, and a
// critic to tell them from real ones. Stopped and resumed, it goes on bit for bit:
//
//   GAN --steps 200 --save whole.safetensors
//   GAN --steps 100 --save half.safetensors
//   GAN --steps 200 --resume half.safetensors --save both.safetensors      # the same bytes as whole.safetensors
import Adjoint
import AdjointCharts
import AdjointLearning
import Foundation

let asked = Asked(
  "A generative adversarial network that learns a ring of eight clouds.",
  options: [
    "--quick": "300 steps.", "--steps N": "So many steps in all; 6000.",
    "--save FILE": "Write the state of the training at the end.", "--resume FILE": "Go on from there.",
    "--draw FILE": "Write a picture of real and forged points, an SVG file.",
  ])
var generator = Generator(seed: 1)
let forger = MLP<Float>([2, 128, 128, 2], name: "forger", using: &generator)
let critic = MLP<Float>([2, 128, 128, 1], name: "critic", using: &generator)

/// Real points: a cloud is chosen, and a point near its middle.
func ring(_ count: Int, using generator: inout Generator) -> Tensor<Float> {
  Tensor(
    shape: [count, 2],
    elements: (0..<count).flatMap { _ in
      let angle = Double.pi / 4 * (generator.uniform() * 8).rounded(.down)
      return [cos(angle), sin(angle)].map { Float($0 + 0.05 * generator.normal()) }
    })
}

@MainActor func forged(like real: Variable<Float>) -> Variable<Float> {
  forger(real.tape.random(.normal(mean: 0, deviation: 1), shape: real.shape))
}

// Each step updates one of the two; to it, the other is a constant.
let judging = TrainingStep<Float>(optimizer: Adam(learningRate: 1e-3, beta1: 0.5), updating: .of(critic)) { real in
  let verdict = critic(real)
  let slope = gradient(of: verdict.sum(), withRespectTo: real)  // which a penalty keeps small near real points
  let loss = (-verdict).softplus().mean() + critic(forged(like: real)).softplus().mean()
  return (loss + 0.05 * slope.square().sum(axes: [1]).mean(), ["loss": loss])
}
let forging = TrainingStep<Float>(optimizer: Adam(learningRate: 1e-3, beta1: 0.5), updating: .of(forger)) { real in
  (-critic(forged(like: real))).softplus().mean()
}
let steps = [judging, forging]

if let file = asked.file("--resume") {
  for step in steps { try step.prepare(Tensor.zeros([256, 2])) }
  generator = asked.orEnd(try Checkpoint(contentsOf: file).restore(into: steps)) ?? generator
}
let last = asked.count("--steps") ?? (asked.has("--quick") ? 300 : 6_000)
while forging.stepCount < last {
  let real = ring(256, using: &generator)
  try judging(real)
  let loss = try forging(real)
  let count = forging.stepCount
  if count % max(last / 10, 1) == 0 { print("step \(count): critic \(judging.auxiliary["loss"]!), forger \(loss)") }
}
if let file = asked.file("--save") { asked.orEnd(try Checkpoint.save(steps, generator: generator, to: file)) }

var fresh = Generator(seed: 2)
let noise = Tensor<Float>(shape: [1_000, 2], elements: (0..<2_000).map { _ in Float(fresh.normal()) })
let samples = Predictor<Float> { forger($0) }(noise)
let near = (0..<8).map { cloud in
  let middle = Tensor([Float(cos(Double.pi / 4 * Double(cloud))), Float(sin(Double.pi / 4 * Double(cloud)))])
  return (samples - middle).norm(axes: [1]).elements.count { $0 < 0.15 }  // three deviations
}
print("of 1000 forged points, so many are near each cloud: \(near)")

func cloud(_ name: String, _ points: Tensor<Float>) -> LineChart {
  let (x, y) = (0..<points.shape[0]).reduce(into: ([Double](), [Double]())) {
    $0.0.append(Double(points[$1, 0]))
    $0.1.append(Double(points[$1, 1]))
  }
  let (across, up) = (Axis("x", range: -1.5...1.5), Axis("y", range: -1.5...1.5))
  return LineChart(name, x: across, y: up, [Series("", x: x, y: y, style: .markers)], width: 420, plotHeight: 350)
}
let picture = ChartGrid(
  "A ring of eight clouds", columns: 2,
  [cloud("Real points", ring(1_000, using: &fresh)), cloud("Forged points", samples)])
if let file = asked.file("--draw") { asked.orEnd(try picture.svg().write(to: file, atomically: true, encoding: .utf8)) }
