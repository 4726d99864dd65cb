// Why reverse mode is cheap: the chain rule of a 784-30-10 network as the product of Jacobian matrices that a textbook draws, each
// factor explicit, multiplied in both orders, and counted.
import Adjoint
import AdjointDrawing
import AdjointLearning

/// Stops with a sentence where a claim of this page does not hold.
func check(_ claim: Bool, _ sentence: String) {
  guard claim else { fatalError("does not hold: \(sentence)") }
  print("holds:", sentence)
}

/// The largest difference between two tensors, relative to the largest element.
func distance(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
  let scale = b.elements.map(\.magnitude).max() ?? 1
  return (zip(a.elements, b.elements).map { ($0 - $1).magnitude }.max() ?? 0) / max(scale, 1e-300)
}

/// A classifier of one 28×28 image, and the nodes that a textbook names.
struct Classifier {
  let tape = Tape<Double>()
  let x, z1, h, z2, probabilities, loss: Variable<Double>
  let weights: [Variable<Double>]
  let biases: [Variable<Double>]

  init(hidden: Int, _ activation: Activation, seed: UInt64) {
    var generator = Generator(seed: seed)
    let first = Linear<Double>(784, hidden, name: "fc1", using: &generator)
    let second = Linear<Double>(hidden, 10, name: "fc2", using: &generator)
    x = tape.input(Tensor(shape: [1, 784], elements: (0..<784).map { _ in generator.uniform(0, 1) }), name: "x")
    let target = tape.input(Tensor(shape: [1, 10], elements: (0..<10).map { $0 == 3 ? 1 : 0 }), name: "y")
    z1 = first(x)
    h = activation(z1)
    z2 = second(h)
    probabilities = z2.softmax()
    loss = -(target * probabilities.log()).sum()
    weights = [tape.parameter(first.weight), tape.parameter(second.weight)]
    biases = [first.bias, second.bias].compactMap { [tape] in $0.map(tape.parameter) }
  }
}

_ = Asked("The chain rule of a network as a product of explicit Jacobian matrices, multiplied in both orders.")
let relu = Classifier(hidden: 30, .relu, seed: 1)
let chain = JacobianChain(of: relu.loss, withRespectTo: relu.weights[0])
print(chain, terminator: "\n\n")

check(chain.dimensions == "[1×10]·[10×10]·[10×30]·[30×30]·[30×23520]", "dimensions of the chain to W⁽¹⁾")
let exact = gradients(of: relu.loss, withRespectTo: relu.weights + relu.biases).map(\.value)
check(distance(chain.product, exact[0]) < 1e-12, "the product, unvectorised, is the tape's gradient")
let outer = Tensor(shape: [30, 784], elements: chain.arriving.flatMap { g in relu.x.value.elements.map { g * $0 } })
check(distance(chain.product, outer) < 1e-12, "and it is the outer product g·xᵀ")
let fromTheRight = chain.productFromTheRight.dense.reshape(to: [30, 784])
check(distance(fromTheRight, exact[0]) < 1e-12, "multiplied from the right it is the same")

check(chain.multiplications(.leftToRight) == 706_900, "706,900 multiplications left to right")
check(chain.multiplications(.rightToLeft) == 30_811_200, "30,811,200 right to left")
if let m = chain.reversal() {
  let (before, after) = (m - 1, m)
  check(
    chain.multiplications(.leftToRight, outputs: before) <= chain.multiplications(.rightToLeft, outputs: before)
      && chain.multiplications(.leftToRight, outputs: after) > chain.multiplications(.rightToLeft, outputs: after),
    "with \(m) outputs instead of one, and not before, right to left takes fewer")
} else {
  fatalError("the dense verdict must reverse")
}
check(chain.reversal(usingStructure: true) == nil, "with the structure used, left to right is never beaten here")

print("\nThe other parameters:\n")
let toBias = JacobianChain(of: relu.loss, withRespectTo: relu.biases[0])
print(toBias.summary, terminator: "\n\n")
check(toBias.dimensions == "[1×10]·[10×10]·[10×30]·[30×30]·[30×30]", "dimensions of the chain to b⁽¹⁾")
check(distance(toBias.product, exact[2]) < 1e-12, "its product is the tape's gradient")
let toOutputWeight = JacobianChain(of: relu.loss, withRespectTo: relu.weights[1])
print("\n" + toOutputWeight.summary, terminator: "\n\n")
check(toOutputWeight.dimensions == "[1×10]·[10×10]·[10×300]", "dimensions of the chain to W⁽²⁾")
check(distance(toOutputWeight.product, exact[1]) < 1e-12, "its product is the tape's gradient")

print("\nA 784-64-10 network with sigmoids:\n")
let sigmoid = Classifier(hidden: 64, .sigmoid, seed: 2)
let wide = JacobianChain(of: sigmoid.loss, withRespectTo: sigmoid.weights[0])
print(wide.summary, wide.cost, separator: "\n", terminator: "\n\n")
check(wide.dimensions == "[1×10]·[10×10]·[10×64]·[64×64]·[64×50176]", "dimensions of the chain to W⁽¹⁾")
// Softmax and cross-entropy taken together, as ŷ − y: the chain through z⁽²⁾ alone.
let short = JacobianChain(of: sigmoid.loss, withRespectTo: sigmoid.weights[1], through: [sigmoid.z2])
print("\n" + short.summary, terminator: "\n\n")
check(short.dimensions == "[1×10]·[10×640]", "dimensions of the chain to W⁽²⁾ through z⁽²⁾")
let error = zip(sigmoid.probabilities.value.elements, (0..<10).map { $0 == 3 ? 1.0 : 0 }).map { $0 - $1 }
check(distance(Tensor(short.arriving), Tensor(error)) < 1e-12, "its first factor is ŷ − y")
let wideExact = gradients(of: sigmoid.loss, withRespectTo: sigmoid.weights).map(\.value)
check(distance(wide.product, wideExact[0]) < 1e-12, "the product to W⁽¹⁾ is the tape's gradient")
check(distance(short.product, wideExact[1]) < 1e-12, "the product to W⁽²⁾ is the tape's gradient")
