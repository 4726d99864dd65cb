import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// A model that a page is made of, and that the library computes again with other weights.
struct PageModel {
  let name: String
  let parameters: [Parameter<Double>]
  let body: (Tape<Double>) -> Variable<Double>

  func record() -> (loss: Variable<Double>, parameters: [Parameter<Double>]) { (body(Tape()), parameters) }

  /// Loss and gradients by parameter's leaf, with one element of a parameter changed.
  func evaluate(
    changing leaf: Int? = nil, _ element: Int = 0, to value: Double = 0
  ) -> (loss: Double, gradients: [Int: [Double]]) {
    if let leaf, let (_, parameter) = body(Tape()).tape.trainableParameters.first(where: { $0.leaf.index == leaf }) {
      let kept = parameter.value
      defer { parameter.value = kept }
      parameter.value[linear: element] = value
      return evaluate()
    }
    let loss = body(Tape())
    let backward = loss.tape.backward(from: loss)
    var gradients: [Int: [Double]] = [:]
    for leaf in loss.tape.differentiableVariables {
      gradients[leaf.index] = backward.adjoint(of: leaf)?.value.elements
    }
    return (loss.scalar, gradients)
  }
}

/// The models of the tests.
enum Pages {
  /// Two hidden units that tell apart what no line does.
  static func xor(seed: UInt64) -> PageModel {
    var generator = Generator(seed: seed)
    let model = MLP<Double>([2, 2, 1], activation: .tanh, using: &generator)
    let points = LabeledPoints.xor
    let targets = Tensor<Double>(shape: [4, 1], elements: points.labels.map(Double.init))
    return PageModel(name: "XOR 2-2-1", parameters: model.parameters) { tape in
      let x = tape.input(points.inputs.converted(), name: "x")
      return binaryCrossEntropy(logits: model(x), targets: tape.constant(targets, name: "t")).labeled("loss")
    }
  }

  /// 784-30-10 on four images.
  static func images(_ images: LabeledImages) -> PageModel {
    var generator = Generator(seed: 1)
    let model = MLP<Double>([784, 30, 10], activation: .sigmoid, using: &generator)
    let batch = images.prefix(4).all
    return PageModel(name: "784-30-10", parameters: model.parameters) { tape in
      let x = tape.input(batch.images.converted(), name: "images")
      return crossEntropy(logits: model(x), labels: tape.index(batch.labels, name: "labels")).labeled("loss")
    }
  }

  /// A gate whose input and whose left branch are used again after it: fan-outs of two and three, and a random mask.
  static func gated() -> PageModel {
    var generator = Generator(seed: 4)
    let left = Linear<Double>(3, 4, name: "left", using: &generator)
    let gate = Linear<Double>(3, 4, name: "gate", using: &generator)
    let head = Linear<Double>(4, 3, name: "head", using: &generator)
    let parameters = [left, gate, head].flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) }
    return PageModel(name: "a gated branch with reuse", parameters: parameters) { tape in
      let x = tape.input(
        Tensor(shape: [5, 3], elements: (0..<15).map { sin(Double($0)) }), name: "x")
      let a = left(x)
      let h = a.tanh() * gate(x).sigmoid() + a * tape.random(.uniform(low: 0, high: 0.5), shape: [5, 4])
      let residual = (head(h) - x).square()
      return (residual.mean() + 0.01 * h.square().sum()).labeled("loss")
    }
  }

  /// MNIST where it is present, as the other tests look for it.
  static var mnist: LabeledImages? {
    let given = ProcessInfo.processInfo.environment["ADJOINT_MNIST"]
    let folder = URL(fileURLWithPath: given ?? "../shared/data/mnist", isDirectory: true)
    return try? MNIST.load(.training, from: folder).prefix(4)
  }
}

extension LabeledImages {
  static var drawnDigits: LabeledImages { DrawnDigits(seed: 0).training(4) }
}
