import Adjoint
import AdjointLearning

/// A random network with its forward and backward pass as the tape computes them, against which formulas of the documents are held.
///
/// Layers count from 1 as in the documents; rows are examples. The loss is the mean over the batch.
struct Witness: Sendable {
  enum Head: Sendable { case classification, regression }

  let sizes: [Int]
  let activation: Activation
  /// W⁽ˡ⁾ [out, in] at position l − 1.
  let weights: [Tensor<Double>]
  /// b⁽ˡ⁾ at position l − 1.
  let biases: [[Double]]
  let inputs: [[Double]]
  let labels: [Int]
  /// The numbers that regression is to give.
  let targets: [Double]

  let loss: Double
  /// z⁽ˡ⁾ at position l, one row an example.
  let z: [[[Double]]]
  /// q⁽ˡ⁾ at position l, one row an example; position 0 is the input.
  let q: [[[Double]]]
  /// ∂loss/∂z⁽ˡ⁾ at position l, one row an example.
  let dz: [[[Double]]]
  /// ∂loss/∂q⁽ˡ⁾ at position l, one row an example.
  let dq: [[[Double]]]
  /// ∂loss/∂W⁽ˡ⁾ at position l − 1.
  let dW: [[Double]]
  /// ∂loss/∂b⁽ˡ⁾ at position l − 1.
  let db: [[Double]]

  init(
    _ sizes: [Int], _ activation: Activation, _ head: Head = .classification, batch: Int = 1, hasBias: Bool = true,
    weightScale: Double = 1, seed: UInt64 = 1
  ) {
    var generator = Generator(seed: seed).stream(71)
    func normal(_ shape: Shape, _ scale: Double) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in scale * generator.normal() })
    }
    (self.sizes, self.activation) = (sizes, activation)
    let layers = sizes.count - 1
    weights = (0..<layers).map { normal([sizes[$0 + 1], sizes[$0]], weightScale / Double(sizes[$0]).squareRoot()) }
    biases = (0..<layers).map { normal([sizes[$0 + 1]], hasBias ? 0.3 * weightScale : 0).elements }
    let x = normal([batch, sizes[0]], 1)
    let classes = sizes[layers]
    let labels = (0..<batch).map { _ in Int(generator.uniform() * Double(classes)) }
    let targets = (0..<batch).map { _ in generator.normal() }

    let tape = Tape<Double>()
    let w = weights.map { tape.input($0) }
    let b = biases.map { tape.input(Tensor($0)) }
    var (before, after): ([Variable<Double>], [Variable<Double>]) = ([], [tape.input(x)])
    for l in 0..<layers {
      let z = after[l].matmul(w[l], transposeB: true).addBias(b[l])
      before.append(z)
      if l < layers - 1 { after.append(activation(z)) }
    }
    let output = before[layers - 1]
    let loss: Variable<Double> =
      switch head {
      case .classification: crossEntropy(logits: output, labels: tape.index(Tensor(labels.map { Int32($0) })))
      case .regression: meanSquaredError(output, tape.constant(Tensor(shape: [batch, 1], elements: targets)))
      }
    let backward = tape.backward(from: loss, to: after.prefix(1) + w + b)
    func matrix(_ x: Variable<Double>) -> [[Double]] { x.value.matrix }
    func adjoint(_ x: Variable<Double>) -> [[Double]] { backward.adjoint(of: x)?.value.matrix ?? [] }
    (self.labels, self.targets, inputs, self.loss) = (labels, targets, x.matrix, loss.scalar)
    z = [[]] + before.map(matrix)
    q = after.map(matrix)
    dz = [[]] + before.map(adjoint)
    dq = after.map(adjoint)
    dW = w.map { backward.adjoint(of: $0)?.value.elements ?? [] }
    db = b.map { backward.adjoint(of: $0)?.value.elements ?? [] }
  }

  /// The number of layers with weights, L.
  var depth: Int { sizes.count - 1 }
  /// The first example.
  var x: [Double] { inputs[0] }
  var probabilities: [Double] { PlainLoops.softmax(z[depth][0]) }
  /// The first example's label as a row of zeros with a one.
  var oneHot: [Double] { (0..<sizes[depth]).map { $0 == labels[0] ? 1 : 0 } }
  /// ŷ − y.
  var error: [Double] { zip(probabilities, oneHot).map { $0 - $1 } }

  /// W⁽ˡ⁾x + b⁽ˡ⁾ in plain loops, l from 1.
  func linear(_ l: Int, _ x: [Double]) -> [Double] {
    zip(PlainLoops.times(weights[l - 1], x), biases[l - 1]).map { $0 + $1 }
  }
  func activate(_ z: [Double]) -> [Double] { z.map { PlainLoops.value(activation, $0) } }
  func slopes(_ z: [Double]) -> [Double] { z.map { PlainLoops.slope(activation, $0) } }
}
