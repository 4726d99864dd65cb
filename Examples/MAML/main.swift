// Learning to learn (Finn, Abbeel and Levine 2017): weights from which one gradient step on ten points fits a new sine wave. The
// inner step is recorded, and the outer gradient goes through it; every task of a batch has weights of its own, along axis 0.
import Adjoint
import AdjointLearning
import Foundation

let (shots, tasks, rate) = (10, 25, 0.01)

/// A perceptron 1-40-40-1 as a function of its weights, so that weights can be results of a gradient step.
struct Wave {
  let parameters: [Parameter<Float>]

  init(_ name: String, using generator: inout Generator) {
    var parameters: [Parameter<Float>] = []
    for (layer, (inputs, outputs)) in [(1, 40), (40, 40), (40, 1)].enumerated() {
      let weight: Tensor<Float> = Initializer.glorotNormal.tensor(
        [inputs, outputs], fanIn: inputs, fanOut: outputs, using: &generator)
      parameters.append(Parameter(weight, name: "\(name)/weight\(layer + 1)"))
      parameters.append(Parameter(Tensor.zeros([1, outputs]), name: "\(name)/bias\(layer + 1)"))
    }
    self.parameters = parameters
  }

  /// The same weights for each task: [tasks, …].
  func weights(_ tasks: Int, on tape: Tape<Float>) -> [Variable<Float>] {
    parameters.map { tape.parameter($0) }.map { $0.broadcast(to: Shape([tasks] + $0.shape)) }
  }

  /// The mean squared error of each task: x and y [tasks, points, 1] → [tasks].
  func loss(_ x: Variable<Float>, _ y: Variable<Float>, _ w: [Variable<Float>]) -> Variable<Float> {
    let hidden = ((x.matmul(w[0]) + w[1]).relu().matmul(w[2]) + w[3]).relu()
    return (hidden.matmul(w[4]) + w[5] - y).square().mean(axes: [1, 2])
  }

  /// The weights after gradient steps on x and y: recorded, so that what follows can be differentiated through them.
  func adapted(_ x: Variable<Float>, _ y: Variable<Float>, steps: Int, rate: Double) -> [Variable<Float>] {
    var w = weights(x.shape[0], on: x.tape)
    for _ in 0..<steps {
      let slopes = gradients(of: loss(x, y, w).sum(), withRespectTo: w)
      w = zip(w, slopes).map { $0 - rate * $1 }
    }
    return w
  }
}

/// Waves a · sin(x + φ) with a from 0.1 to 5, φ from 0 to π, at points from −5 to 5: to adapt to, and to be judged by.
struct Waves {
  var x, y, newX, newY: Tensor<Float>

  init(_ count: Int, using generator: inout Generator) {
    let waves = (0..<count).map { _ in (0.1 + 4.9 * generator.uniform(), Double.pi * generator.uniform()) }
    func points() -> (Tensor<Float>, Tensor<Float>) {
      let x = (0..<count * shots).map { _ in 10 * generator.uniform() - 5 }
      let y = x.indices.map { waves[$0 / shots].0 * sin(x[$0] + waves[$0 / shots].1) }
      return (
        Tensor(shape: [count, shots, 1], elements: x.map(Float.init)),
        Tensor(shape: [count, shots, 1], elements: y.map(Float.init))
      )
    }
    (x, y) = points()
    (newX, newY) = points()
  }
}

let asked = Asked(
  "Weights from which one gradient step learns a new sine wave.", options: ["--quick": "1000 steps instead of 10000."])
let steps = asked.has("--quick") ? 1000 : 10_000

var generator = Generator(seed: 1)
let meta = Wave("meta", using: &generator)
let joint = Wave("joint", using: &generator)
let learningToAdapt = TrainingStep<Float>(optimizer: Adam()) { x, y, newX, newY in
  meta.loss(newX, newY, meta.adapted(x, y, steps: 1, rate: rate)).mean()
}
let learningAll = TrainingStep<Float>(optimizer: Adam()) { x, y in
  joint.loss(x, y, joint.weights(x.shape[0], on: x.tape)).mean()
}
for number in 1...steps {
  let batch = Waves(tasks, using: &generator)
  let loss = try learningToAdapt(batch.x, batch.y, batch.newX, batch.newY)
  try learningAll(batch.x, batch.y)
  if number % (steps / 5) == 0 { print("step \(number): loss after adapting \(loss)") }
}

print("\nnew waves, mean squared error at new points after gradient steps on \(shots) points\n")
print("steps   meta-learned   trained jointly, at the best of three rates")
let test = Waves(600, using: &generator)
for adapting in [0, 1, 5, 10] {
  func loss(_ wave: Wave, _ rate: Double) -> Float {
    let tape = Tape<Float>()
    let w = wave.adapted(tape.input(test.x), tape.input(test.y), steps: adapting, rate: rate)
    return wave.loss(tape.input(test.newX), tape.input(test.newY), w).mean().scalar
  }
  let best = [rate, rate / 3, rate / 10].map { loss(joint, $0) }.min()!
  print(String(format: "%5d %14.3f %17.3f", adapting, loss(meta, rate), best))
}
