// Fitting a function of one variable with three tanh units and a linear output, in Double.
import Adjoint
import AdjointLearning

_ = Asked("A function of one variable, fitted by three tanh units.")

let count = 50
let xs = (0..<count).map { -1 + 2 * Double($0) / Double(count - 1) }
let inputs = Tensor(shape: [count, 1], elements: xs)
let targets = inputs.map { $0 * $0 }

var generator = Generator(seed: 3)
let model = MLP<Double>([1, 3, 1], activation: .tanh, initializer: .glorotUniform, using: &generator)
let step = TrainingStep<Double>(
  optimizer: Adam(learningRate: 0.02), schedule: .cosine(steps: 5000, floor: 0.01)
) { x, t in meanSquaredError(model(x), t) }

for iteration in 1...5000 {
  let loss = try step(inputs, targets)
  if iteration % 1000 == 0 { print("iteration \(iteration): root-mean-square error \(loss.squareRoot())") }
}

let fitted = Predictor<Double> { model($0) }(inputs)
print("\n   x        x²    network")
for i in stride(from: 0, to: count, by: 7) {
  let row = [xs[i], targets.elements[i], fitted.elements[i]].map { value in
    let text = "\((value * 10_000).rounded() / 10_000)"
    return String(repeating: " ", count: max(0, 8 - text.count)) + text
  }
  print(row.joined(separator: " "))
}
