// Regression by a Gaussian process (Rasmussen and Williams 2006, chapters 2 and 5): length scale, amplitude and noise are those
// under which the measurements are most probable, found by the gradient through the Cholesky factor.
//
//   swift run -c release GaussianProcess [--quick] [DIRECTORY]
import Adjoint
import AdjointCharts
import AdjointLearning
import Foundation

/// A process with the covariance a² exp(−(x − x′)² / 2ℓ²) and the noise s, by θ = (ln ℓ, ln a, ln s).
struct Process {
  let x, y: Tensor<Double>

  func covariance(_ p: Tensor<Double>, _ q: Tensor<Double>, _ theta: Variable<Double>) -> Variable<Double> {
    let distance = p.unsqueeze(axis: 1) - q
    return (2 * theta[1] - 0.5 * (distance * (-theta[0]).exp()).square()).exp()
  }

  /// The lower triangular L with L·Lᵀ = K + s²·1.
  func factor(_ theta: Variable<Double>) -> Variable<Double> {
    (covariance(x, x, theta) + (2 * theta[2]).exp() * Tensor.eye(x.shape[0])).cholesky()
  }

  /// −ln p(y) = ½ yᵀK⁻¹y + ½ ln det K + ½ n ln 2π.
  func negativeLogEvidence(_ theta: Variable<Double>) -> Variable<Double> {
    let l = factor(theta)
    let y = theta.tape.constant(y)
    return 0.5 * (y * l.choleskySolve(y)).sum() + l.diagonal().log().sum()
      + 0.5 * Double(x.shape[0]) * log(2 * Double.pi)
  }

  /// Mean and variance of the function at points q, after the measurements.
  func prediction(_ q: Tensor<Double>, _ theta: Tensor<Double>) -> (mean: Tensor<Double>, variance: Tensor<Double>) {
    let tape = Tape<Double>()
    let theta = tape.input(theta)
    let l = factor(theta)
    let cross = covariance(x, q, theta)
    let mean = l.choleskySolve(tape.constant(y)).matmul(cross)
    let variance = (2 * theta[1]).exp() - l.solveTriangular(cross).square().sum(axes: [0])
    return (mean.value, variance.value)
  }
}

/// The same numbers without a tape: −ln p(y), mean and variance at q by elimination in K.
func plain(_ x: [Double], _ y: [Double], _ q: Double, _ theta: [Double]) -> [Double] {
  let (length, amplitude, noise) = (exp(theta[0]), exp(theta[1]), exp(theta[2]))
  func k(_ p: Double, _ q: Double) -> Double { amplitude * amplitude * exp(-(p - q) * (p - q) / (2 * length * length)) }
  var rows = x.indices.map { i in
    x.indices.map { k(x[i], x[$0]) + ($0 == i ? noise * noise : 0) } + [y[i], k(x[i], q)]
  }
  var logDeterminant = 0.0
  for i in x.indices {
    logDeterminant += log(rows[i][i])
    for j in x.indices where j != i {
      let factor = rows[j][i] / rows[i][i]
      for c in i..<rows[j].count { rows[j][c] -= factor * rows[i][c] }
    }
  }
  let n = x.count
  let weights = x.indices.map { rows[$0][n] / rows[$0][$0] }
  let reduction = x.indices.reduce(0) { $0 + k(x[$1], q) * rows[$1][n + 1] / rows[$1][$1] }
  return [
    0.5 * zip(y, weights).reduce(0) { $0 + $1.0 * $1.1 } + 0.5 * logDeterminant + 0.5 * Double(n) * log(2 * Double.pi),
    x.indices.reduce(0) { $0 + k(x[$1], q) * weights[$1] }, k(q, q) - reduction,
  ]
}

let asked = Asked(
  "Regression by a Gaussian process that learns its length scale, amplitude and noise.",
  options: ["--quick": "20 measurements instead of 60."], directory: "Where process.svg is written.")
let count = asked.has("--quick") ? 20 : 60

var generator = Generator(seed: 2)
func truth(_ x: Double) -> Double { sin(2 * x) + 0.5 * x }
let (noise, gap) = (0.2, 1.5)
let x = (0..<count).map { _ in generator.uniform() * 5 }.map { $0 < 2.5 ? $0 : $0 + gap }
let y = x.map { truth($0) + noise * generator.normal() }
let process = Process(x: Tensor(x), y: Tensor(y))

let start = Tensor([0.0, 0, 0])
let best = LBFGS(tolerance: 1e-9).minimize(from: start) { process.negativeLogEvidence($0) }
let theta = best.parameters.elements
print(best)
print(
  "length scale \(exp(theta[0])), amplitude \(exp(theta[1])), noise \(exp(theta[2])); the data were made with noise \(noise)"
)

let grid = Tensor.linspace(from: -1, through: 7.5, count: 171)
let (mean, variance) = process.prediction(grid, best.parameters)
let place = 60
let byHand = plain(x, y, grid[place], theta)
print("\n                            on the tape        without")
for (name, a, b) in [
  ("−ln p(y)", best.value, byHand[0]), ("mean at \(grid[place])", mean[place], byHand[1]),
  ("variance there", variance[place], byHand[2]),
] {
  print(name.padding(toLength: 20, withPad: " ", startingAt: 0) + String(format: "%19.12f %14.12f", a, b))
}

let deviation = variance.elements.map { 2 * max($0, 0).squareRoot() }
let chart = LineChart(
  "A Gaussian process after \(count) measurements", x: Axis("x"), y: Axis("y"),
  [
    Series("mean", x: grid.elements, y: mean.elements, deviation: deviation, band: "± 2σ"),
    Series("truth", of: truth, on: -1...7.5), Series("measurements", x: x, y: y, style: .markers),
  ])
if let directory = asked.directory {
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  let file = directory.appendingPathComponent("process.svg")
  try chart.svg().write(to: file, atomically: true, encoding: .utf8)
  print("\nwrote \(file.path)")
} else {
  print("\nGive a directory to get a drawing.")
}
