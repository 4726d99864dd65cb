// An architecture is a struct and a function: a gated network, trained on two spirals.
import Adjoint
import AdjointDatasets
import AdjointLearning

struct Gated: Layer {
  let left: Linear<Float>
  let gate: Linear<Float>
  let head: Linear<Float>

  init(using generator: inout Generator) {
    left = Linear(2, 64, name: "left", using: &generator)
    gate = Linear(2, 64, name: "gate", using: &generator)
    head = Linear(64, 2, name: "head", initializer: .glorotNormal, using: &generator)
  }

  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { head(left(x).tanh() * gate(x).sigmoid()) }
}

_ = Asked("An architecture of your own, trained on two spirals.")
var generator = Generator(seed: 7)
let spirals = LabeledPoints.spirals(count: 1000, using: &generator)
let (training, test) = spirals.split(validation: 0.25, using: &generator)
let model = Gated(using: &generator)

let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.01)) { points, labels in
  crossEntropy(logits: model(points), labels: labels)  // recorded once per input shape, replayed ever after
}
for epoch in 1...200 {
  var loss: Float = 0
  for batch in training.batches(of: 50, shuffledBy: &generator) { loss = try step(batch.inputs, batch.targets) }
  if epoch % 50 == 0 { print("epoch \(epoch): loss \(loss)") }
}

let accuracy = try Predictor<Float> { model($0) }.evaluate(on: test).accuracy
print("test accuracy \(accuracy)")
if let tape = step.tape { print("\nThe recorded step, forward and backward:\n\(tape)") }
