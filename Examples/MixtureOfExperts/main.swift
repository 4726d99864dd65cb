// A mixture of experts (Shazeer et al. 2017, Fedus et al. 2021): a router sends each example to two of eight small networks. Every
// expert has seats for a fixed number of examples, so the work of a step does not depend on the routes.
import Adjoint
import AdjointLearning
import Foundation

let (experts, choices, hidden, room) = (8, 2, 16, 2.0)

struct Mixture: Layer {
  let router: Linear<Float>
  let up, upBias, down, downBias: Parameter<Float>

  init(using generator: inout Generator) {
    func drawn(_ name: String, _ shape: Shape, _ deviation: Double) -> Parameter<Float> {
      let elements = (0..<shape.elementCount).map { _ in Float(generator.normal() * deviation) }
      return Parameter(Tensor(shape: shape, elements: elements), name: name)
    }
    up = drawn("up", [experts, 2, hidden], 2)
    upBias = drawn("upBias", [experts, 1, hidden], 1)
    down = drawn("down", [experts, hidden, 1], 0.25)
    downBias = drawn("downBias", [experts, 1, 1], 0)
    router = Linear(2, experts, name: "router", using: &generator)
  }

  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { run(x).outputs }

  /// Outputs [n, 1], the loss that grows with uneven use, and the share of examples that each expert was sent.
  func run(_ x: Variable<Float>) -> (outputs: Variable<Float>, imbalance: Variable<Float>, use: Variable<Float>) {
    let (tape, n) = (x.tape, x.shape[0])
    let chances = router(x).softmax()  // [n, experts]
    let (best, chosen) = chances.topK(choices)  // [n, choices]
    let use = chosen.oneHot(experts).mean(axes: [0, 1])
    let imbalance = Double(experts) * (use * chances.mean(axes: [0])).sum()  // 1 when even
    let gates = (best / best.sum(axes: [1], keepingDimensions: true)).scatterAdd(chosen, axis: 1, extent: experts)

    // Each expert serves those of its examples that want it most; a seat that is left has gate 0.
    let seats = min(n, Int((room * Double(n * choices) / Double(experts)).rounded(.up)))
    let (weights, rows) = gates.topK(seats, axis: 0)  // [seats, experts]
    let inputs = x.gather(rows).transpose(0, 1)  // [experts, seats, 2]
    let inner = (inputs.matmul(tape.parameter(up)) + tape.parameter(upBias)).tanh()
    let answers = (inner.matmul(tape.parameter(down)) + tape.parameter(downBias)).transpose(0, 1)
    return ((weights.unsqueeze(axis: -1) * answers).scatterAdd(rows, rows: n), imbalance, use)
  }
}

/// Points of the plane in eight sectors, in each of which another wave is to be told.
func patchwork(_ count: Int, using generator: inout Generator) -> (x: Tensor<Float>, y: Tensor<Float>, sectors: [Int]) {
  var (x, y, sectors): ([Float], [Float], [Int]) = ([], [], [])
  for _ in 0..<count {
    let (a, b) = (2 * generator.uniform() - 1, 2 * generator.uniform() - 1)
    let sector = min(7, Int((atan2(b, a) / Double.pi + 1) * 4))
    let direction = Double(sector * 3) * Double.pi / 8
    x += [Float(a), Float(b)]
    y.append(Float(sin(5 * (a * cos(direction) + b * sin(direction)) + Double(sector))))
    sectors.append(sector)
  }
  return (Tensor(shape: [count, 2], elements: x), Tensor(shape: [count, 1], elements: y), sectors)
}

let asked = Asked("Two of eight experts for each example.", options: ["--quick": "300 steps instead of 6000."])
let steps = asked.has("--quick") ? 300 : 6000

var generator = Generator(seed: 1)
let mixture = Mixture(using: &generator)
let dense = MLP<Float>([2, choices * hidden, 1], activation: .tanh, using: &generator)
let training = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01), schedule: .cosine(steps: steps)) { x, y in
  let (outputs, imbalance, use) = mixture.run(x)
  return (meanSquaredError(outputs, y) + 0.01 * imbalance, ["imbalance": imbalance, "use": use])
}
let beside = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01), schedule: .cosine(steps: steps)) { x, y in
  meanSquaredError(dense(x), y)
}
for number in 1...steps {
  let batch = patchwork(256, using: &generator)
  let loss = try training(batch.x, batch.y)
  try beside(batch.x, batch.y)
  if number % (steps / 6) == 0 {
    print("step \(number): loss \(loss), imbalance \(training.auxiliary["imbalance"]!.scalar)")
  }
}

let test = patchwork(4096, using: &generator)
func error(_ model: some Layer<Float>) -> Float {
  (Predictor<Float> { model($0) }(test.x) - test.y).square().mean().scalar
}
print(
  "\nmean squared error: \(error(mixture)) with experts, \(error(dense)) of one network that does the same work for an example"
)

let shares = training.auxiliary["use"]!.elements.map { String(format: "%5.1f%%", 100 * $0) }.joined()
print("\nroutes to each expert, of the last batch:\n\(shares)")
let first = Predictor<Float> { mixture.router($0) }(test.x).argMax(axis: 1)
print("\nexamples of each sector (row) whose first choice is each expert (column)")
for sector in 0..<8 {
  let counts = (0..<experts).map { expert in
    test.sectors.indices.filter { test.sectors[$0] == sector && Int(first.elements[$0]) == expert }.count
  }
  print(counts.map { String(format: "%5d", $0) }.joined())
}
