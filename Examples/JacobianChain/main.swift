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
check(
  JacobianChain(of: relu.loss, withRespectTo: relu.weights[1], through: [relu.z2]).dimensions == "[1×10]·[10×300]",
  "through z⁽²⁾ alone it is [1×10]·[10×300]")

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

// What ∂a₂/∂W₂ is, for a₂ = W₂·f₁ + b₂: 10 outputs by 10·64 entries of a matrix.
print("\nA product, differentiated by its matrix:\n")

/// ∂(W·f)/∂vec(W) of a W with so many rows, by as many backward sweeps, as rows of numbers.
func byMatrix(_ f: [Double], rows: Int) -> [[Double]] {
  let tape = Tape<Double>()
  let w = tape.input(.zeros([rows, f.count]))
  let product = tape.constant(Tensor(shape: [1, f.count], elements: f)).matmul(w, transposeB: true)
  let entries = jacobian(of: product, withRespectTo: w).elements
  return (0..<rows).map { Array(entries[$0 * rows * f.count..<($0 + 1) * rows * f.count]) }
}

print("W [2×3], f = (5, 6, 7): ∂(W·f)/∂vec(W) =")
for row in byMatrix([5, 6, 7], rows: 2) { print(" ", row.map { "\(Int($0))" }.joined(separator: "  ")) }

/// The last factor of a chain, named, and checked: f in the place of row i of W, in row i, and 0 elsewhere.
func explain(_ name: String, _ jacobian: LocalJacobian, _ f: [Double], arriving: [Double]) {
  print("\n\(name)  \(jacobian)")
  let (rows, columns) = (jacobian.rows, jacobian.columns)
  check(columns == rows * f.count, "\(columns) columns: \(rows)·\(f.count) entries of the matrix")
  var entries = [Double](repeating: 0, count: rows * columns)
  for i in 0..<rows { for j in f.indices { entries[i * columns + i * f.count + j] = f[j] } }
  check(jacobian.dense.elements == entries, "row i holds the input where vec has row i of the matrix, and 0 elsewhere")
  let gradient = Tensor(jacobian.leftTimes(arriving))
  let outer = Tensor(arriving.flatMap { g in f.map { g * $0 } })
  check(distance(gradient, outer) < 1e-12, "a row times it is the outer product of that row and the input, row by row")
}

let f1 = sigmoid.h.value.elements
if let last = short.factors.last {
  explain("∂a₂/∂vec(W₂)", last.jacobian, f1, arriving: short.arriving)
  check(last.jacobian.dense.elements == byMatrix(f1, rows: 10).flatMap { $0 }, "ten backward sweeps find the same")
  // vec column by column, as books on matrices have it: column j·10 + i belongs to entry (i, j).
  let dense = last.jacobian.dense.elements
  let isSwapped = (0..<10).allSatisfy { row in
    (0..<640).allSatisfy { c in dense[row * 640 + c % 10 * 64 + c / 10] == (c % 10 == row ? f1[c / 10] : 0) }
  }
  check(isSwapped, "with vec column by column it is f₁ᵀ ⊗ I₁₀: the same entries in another order")
}
if let last = wide.factors.last {
  explain("∂a₁/∂vec(W₁)", last.jacobian, sigmoid.x.value.elements, arriving: wide.arriving)
}
