// A network that solves Burgers' equation ∂u/∂t + u ∂u/∂x = ν ∂²u/∂x² without a single measured value: its loss is the equation
// (Raissi, Perdikaris and Karniadakis 2019). The derivatives by x and t are gradients inside the recorded step.
//
//   swift run -c release PhysicsInformedNetwork [--quick] [DIRECTORY]
import Adjoint
import AdjointCharts
import AdjointLearning
import Foundation

let viscosity = 0.1 / Double.pi

struct Flow: Layer {
  let network: MLP<Double>

  /// u at points (x, t), [n, 2] → [n, 1]: −sin πx at t = 0, and 0 at the walls x = ±1, whatever the network says.
  func callAsFunction(_ points: Variable<Double>) -> Variable<Double> {
    let (x, t) = (points[..., 0..<1], points[..., 1..<2])
    return -(x * Double.pi).sin() + t * (1 - x.square()) * network(points)
  }

  /// What the equation leaves over at each point.
  func residual(_ points: Variable<Double>) -> Variable<Double> {
    let u = self(points)
    let first = gradient(of: u.sum(), withRespectTo: points)  // a point's u depends on no other point
    let (ux, ut) = (first[..., 0..<1], first[..., 1..<2])
    let uxx = gradient(of: ux.sum(), withRespectTo: points)[..., 0..<1]
    return ut + u * ux - uxx * viscosity
  }
}

/// The exact solution (Hopf 1950, Cole 1951), two integrals over z by the trapezoidal rule:
/// u = −∫ sin πy f(y) e^(−z²) dz / ∫ f(y) e^(−z²) dz with y = x − z √(4νt) and f(y) = exp(−cos πy / 2πν).
func exact(_ x: Double, _ t: Double) -> Double {
  var (above, below) = (0.0, 0.0)
  for z in stride(from: -7, through: 7, by: 0.02) {
    let y = Double.pi * (x - z * (4 * viscosity * t).squareRoot())
    let weight = exp(-z * z - cos(y) / (2 * Double.pi * viscosity))
    (above, below) = (above - sin(y) * weight, below + weight)
  }
  return above / below
}

let asked = Asked(
  "A network that solves Burgers' equation, beside the exact solution.",
  options: ["--quick": "300 steps instead of 6000."], directory: "Where burgers.svg is written.")
let steps = asked.has("--quick") ? 300 : 6000

var generator = Generator(seed: 1)
let flow = Flow(network: MLP([2, 24, 24, 24, 1], activation: .tanh, initializer: .glorotNormal, using: &generator))
let step = TrainingStep<Double>(optimizer: Adam(learningRate: 0.005), schedule: .cosine(steps: steps)) { points in
  flow.residual(points).square().mean()
}
for number in 1...steps {
  let points = (0..<256).flatMap { _ in [generator.uniform() * 2 - 1, generator.uniform()] }
  let loss = try step(Tensor(shape: [256, 2], elements: points))
  if number % (steps / 6) == 0 { print("step \(number): mean square of the residual \(loss)") }
}

let solution = Predictor<Double> { flow($0) }
let x = Tensor.linspace(from: -1, through: 1, count: 101).elements
var (square, norm, largest) = (0.0, 0.0, 0.0)
var curves: [Series] = []
for (look, t) in [0, 0.25, 0.5, 0.75, 1].enumerated() {
  let u = solution(Tensor(shape: [x.count, 2], elements: x.flatMap { [$0, t] })).elements
  let truth = x.map { exact($0, t) }
  for (a, b) in zip(u, truth) {
    (square, norm, largest) = (square + (a - b) * (a - b), norm + b * b, max(largest, abs(a - b)))
  }
  let marks = Array(stride(from: 0, to: x.count, by: 5))
  curves.append(Series("t = \(t)", x: x, y: u, look: look))
  curves.append(Series("", x: marks.map { x[$0] }, y: marks.map { truth[$0] }, style: .markers, look: look))
}
print("error against the exact solution: \((square / norm).squareRoot()) relative, \(largest) at most")

let chart = LineChart(
  "Burgers' equation: network (lines), exact solution (marks)", x: Axis("x"), y: Axis("u"), curves)
if let directory = asked.directory {
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  let file = directory.appendingPathComponent("burgers.svg")
  try chart.svg().write(to: file, atomically: true, encoding: .utf8)
  print("wrote \(file.path)")
} else {
  print("Give a directory to get a drawing.")
}
