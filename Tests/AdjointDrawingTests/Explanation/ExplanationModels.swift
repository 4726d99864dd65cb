import Adjoint
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// A model that a page is made of, and that the library computes again with other weights.
struct PageModel {
  let name: String
  let parameters: [Parameter<Double>]
  /// What the page shows of the answers, for a tape of this model; `nil` where it shows the loss alone.
  var predictions: ((Tape<Double>) -> Explanation.Predictions)?
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
    return (loss.scalar, PageModel.gradients(of: loss))
  }

  /// The gradients by leaf.
  static func gradients(of loss: Variable<Double>) -> [Int: [Double]] {
    let backward = loss.tape.backward(from: loss)
    var gradients: [Int: [Double]] = [:]
    for leaf in loss.tape.differentiableVariables {
      gradients[leaf.index] = backward.adjoint(of: leaf)?.value.elements
    }
    return gradients
  }
}

extension PageModel {
  /// Gradient descent of the library, θ ← θ − η·θ̄: the losses from the first on. The parameters end as they began.
  func descend(steps: Int, rate: Double) -> [Double] { descend(steps: steps, rate: rate) { _ in } }

  /// The same, with a look at the recording after the last step.
  func descend(steps: Int, rate: Double, then look: (Variable<Double>) -> Void) -> [Double] {
    let kept = parameters.map(\.value)
    defer { for (parameter, value) in zip(parameters, kept) { parameter.value = value } }
    var losses: [Double] = []
    for step in 0...steps {
      let loss = body(Tape())
      losses.append(loss.scalar)
      guard step < steps else {
        look(loss)
        break
      }
      let backward = loss.tape.backward(from: loss)
      for (leaf, parameter) in loss.tape.trainableParameters {
        guard let gradient = backward.adjoint(of: leaf)?.value else { continue }
        for i in gradient.elements.indices { parameter.value[linear: i] -= rate * gradient.elements[i] }
      }
    }
    return losses
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
    func record(_ tape: Tape<Double>) -> (Variable<Double>, Explanation.Predictions) {
      let x = tape.input(points.inputs.converted(), name: "x")
      let (z, t) = (model(x), tape.constant(targets, name: "t"))
      // The corners, and one that is none of them.
      let predictions = Explanation.Predictions.logits(z, of: x, targets: t).choosing(
        among: Tensor([[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.25]]), targets: [0, 1, 1, 0, 1])
      return (binaryCrossEntropy(logits: z, targets: t).labeled("loss"), predictions)
    }
    return PageModel(
      name: "XOR 2-2-1", parameters: model.parameters, predictions: { _ in record(Tape()).1 },
      body: { record($0).0 })
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

  /// Two convolutions with pooling, on images of 16 × 16.
  static func convolution() -> PageModel {
    var generator = Generator(seed: 2)
    let model = CNN<Double>(
      height: 16, width: 16, classes: 3, filters: [2, 3], activation: .tanh, using: &generator)
    let pixels = (0..<2 * 256).map { 0.5 + 0.5 * sin(Double($0 * $0 % 97)) }
    return PageModel(name: "CNN", parameters: model.parameters(forInput: [2, 256]).map(\.parameter)) { tape in
      let x = tape.input(Tensor(shape: [2, 256], elements: pixels), name: "images")
      return crossEntropy(logits: model(x), labels: tape.index(Tensor([0, 2]), name: "labels")).labeled("loss")
    }
  }

  /// A layer whose units are normalised over the batch.
  static func batchNorm() -> PageModel {
    var generator = Generator(seed: 5)
    let first = Linear<Double>(3, 4, name: "fc1", using: &generator)
    let norm = BatchNorm<Double>(4, name: "norm")
    let second = Linear<Double>(4, 2, name: "fc2", using: &generator)
    let parameters = [first.weight, norm.scale, norm.shift, second.weight] + [second.bias].compactMap { $0 }
    return PageModel(name: "batch norm", parameters: parameters) { tape in
      let x = tape.input(Tensor(shape: [5, 3], elements: (0..<15).map { sin(Double($0 * $0)) }), name: "x")
      // The bias before the norm is taken away by it.
      let h = norm(x.matmul(tape.parameter(first.weight), transposeB: true)).tanh()
      return (second(h) - 0.5).square().mean().labeled("loss")
    }
  }

  /// One head of attention over three words, with a residual connection.
  static func attention() -> PageModel {
    var generator = Generator(seed: 3)
    let (query, key, value) = (
      Linear<Double>(4, 4, name: "query", using: &generator),
      // A bias of the keys adds the same to all weights of a word, and softmax does not see it.
      Linear<Double>(4, 4, bias: false, name: "key", using: &generator),
      Linear<Double>(4, 4, name: "value", using: &generator)
    )
    let parameters = [query, key, value].flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) }
    return PageModel(name: "attention", parameters: parameters) { tape in
      let x = tape.input(Tensor(shape: [3, 4], elements: (0..<12).map { cos(Double($0)) }), name: "x")
      let weights = (query(x).matmul(key(x), transposeB: true) * 0.5).softmax()
      let y = weights.matmul(value(x)) + x
      return (y - 0.5).square().mean().labeled("loss")
    }
  }

  /// 784-30-10 trained on MNIST for a moment, and the page that the command makes of its checkpoint.
  static func trained(in folder: Folder) throws -> (model: PageModel, page: String) {
    let mnist = try #require(mnistFolder).path
    let checkpoint = folder.url.appendingPathComponent("mnist.safetensors")
    let page = folder.url.appendingPathComponent("seven.html")
    for words in [
      [
        "train", "--data", mnist, "--hidden", "30", "--activation", "sigmoid", "--epochs", "1", "--save",
        checkpoint.path,
      ],
      ["explain", "--load", checkpoint.path, "--example", "7", "-o", page.path],
    ] {
      let (output, errors) = try Tool(builtProgram("adjoint")).run(words, in: folder)
      #expect(errors.isEmpty, "\(output) \(errors)")
    }
    var generator = Generator(seed: 0)
    let network = MLP<Float>([784, 30, 10], activation: .sigmoid, using: &generator)
    try network.load(from: checkpoint)
    let model = MLP<Double>([784, 30, 10], activation: .sigmoid, using: &generator)
    for (parameter, trained) in zip(model.parameters, network.parameters) {
      parameter.value = trained.value.converted()
    }
    let image = try MNIST.load(.test, from: URL(fileURLWithPath: mnist)).selecting([7]).all
    let trained = PageModel(name: "784-30-10 trained", parameters: model.parameters) { tape in
      let x = tape.input(image.inputs.converted(), name: "x")
      return crossEntropy(logits: model(x), labels: tape.index(image.targets, name: "t")).labeled("loss")
    }
    return (trained, try String(contentsOf: page, encoding: .utf8))
  }

  /// The folder of MNIST where it is present, as the other tests look for it.
  static var mnistFolder: URL? {
    let given = ProcessInfo.processInfo.environment["ADJOINT_MNIST"]
    let folder = URL(fileURLWithPath: given ?? "../shared/data/mnist", isDirectory: true)
    return MNIST.isPresent(in: folder) ? folder : nil
  }

  /// Its first images.
  static var mnist: LabeledImages? { mnistFolder.flatMap { try? MNIST.load(.training, from: $0).prefix(4) } }
}

extension LabeledImages {
  static var drawnDigits: LabeledImages { DrawnDigits(seed: 0).training(4) }
}
