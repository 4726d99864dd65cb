import Adjoint
import AdjointLearning

/// A sound random model: one to three hidden layers of random width and activation, perhaps a residual connection, tied
/// weights, an L2 penalty; cross-entropy, least squares or binary cross-entropy on a random batch.
struct RandomModel {
  let tape = Tape<Double>()
  let loss: Variable<Double>

  init(seed: Int, batches: ClosedRange<Int> = 2...5, widths: ClosedRange<Int> = 4...8) {
    var generator = Generator(seed: UInt64(seed)).stream(61)
    func size(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(generator.uniform() * Double(range.count)) }
    func normal(_ shape: Shape) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.normal() })
    }
    let activations: [Activation] = [.relu, .tanh, .sigmoid, .softplus, .gelu, .leakyRelu]
    let activation = activations[size(0...activations.count - 1)]
    let (batch, inputs, width, outputs) = (size(batches), size(2...6), size(widths), size(2...4))
    let initializer: Initializer = activation == .relu ? .heNormal : .glorotNormal
    let inner = Linear<Double>(width, width, name: "inner", initializer: initializer, using: &generator)
    let first = Linear<Double>(inputs, width, name: "first", initializer: initializer, using: &generator)
    let last = Linear<Double>(width, outputs, name: "last", initializer: .glorotNormal, using: &generator)
    var h = activation(first(tape.input(normal([batch, inputs]), name: "x")))
    switch size(0...3) {
    case 0: break
    case 1: h = activation(inner(h))
    case 2: h = activation(inner(activation(inner(h))))
    default: h = h + activation(inner(h))
    }
    let z = last(h)
    let labels = tape.index(Tensor((0..<batch).map { _ in Int32(generator.uniform() * Double(outputs)) }))
    var loss: Variable<Double>
    switch size(0...2) {
    case 0: loss = crossEntropy(logits: z, labels: labels)
    case 1: loss = meanSquaredError(z, tape.constant(normal([batch, outputs])))
    default: loss = binaryCrossEntropy(logits: z, targets: labels.oneHot(outputs))
    }
    if size(0...2) == 0 { loss = loss + l2Penalty([tape.parameter(first.weight), tape.parameter(last.weight)], 1e-3) }
    self.loss = loss
  }
}
