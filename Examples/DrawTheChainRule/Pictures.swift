import Adjoint
import AdjointCharts
import AdjointDatasets
import AdjointDrawing
import AdjointLearning

// Pictures that textbooks have, each read off a recording of a network that was trained on the spot. All in Double, so that they are
// the same everywhere.

func pictures() throws -> [(name: String, chart: any Chart)] {
  let xor = try trainedXOR()
  let maps = try FeatureMaps(of: trainedConvolutions(), most: 8, title: "What two convolutions see in a digit")
  let attention = try AttentionMaps(
    of: trainedReversal(), tokens: (1...6).map { "place \($0)" }, title: "A head that learnt to reverse a sequence")
  return [
    ("neurons", try NeuronDiagram(of: xor, example: 1, title: "XOR, learnt by three hidden units")),
    ("unit", try UnitDiagram(of: xor, layer: 0, unit: 1, example: 1, title: "A hidden unit at (0, 1)")),
    ("loss-surface", try LossSurface(of: xor, points: 61, seed: 3, title: "XOR: the loss around what was learnt")),
    ("feature-maps", maps), ("attention", attention),
    ("gradient-flow", try GradientFlow(of: deepSigmoids(), title: "Eight layers of sigmoids: the gradient runs dry")),
  ]
}

/// 2-3-1 with tanh on the four points of XOR.
private func trainedXOR() throws -> Variable<Double> {
  var generator = Generator(seed: 2)
  let model = MLP<Double>([2, 3, 1], activation: .tanh, using: &generator)
  let points = LabeledPoints.xor
  let (inputs, targets): (Tensor<Double>, Tensor<Double>) = (
    points.inputs.converted(), Tensor(shape: [4, 1], elements: points.labels.map(Double.init))
  )
  func loss(_ x: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    binaryCrossEntropy(logits: model(x), targets: t)
  }
  let step = TrainingStep<Double>(optimizer: Adam(learningRate: 0.05)) { loss($0, $1) }
  for _ in 0..<300 { try step(inputs, targets) }
  let tape = Tape<Double>()
  return loss(tape.input(inputs, name: "x"), tape.constant(targets, name: "t"))
}

/// A small convolutional network, half an epoch of drawn digits, on two of them.
private func trainedConvolutions() throws -> Variable<Double> {
  var generator = Generator(seed: 1)
  let model = CNN<Double>(height: 28, width: 28, classes: 10, filters: [6, 8], hidden: [32], using: &generator)
  func loss(_ x: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    crossEntropy(logits: model(x), labels: t)
  }
  let step = TrainingStep<Double>(optimizer: Adam(learningRate: 0.003)) { loss($0, $1) }
  let images = DrawnDigits(seed: 0).training(600).all
  func rows(_ range: Range<Int>) -> (Tensor<Double>, Tensor<Int32>) {
    let pixels = images.inputs.elements[range.lowerBound * 784..<range.upperBound * 784].map(Double.init)
    return (Tensor(shape: [range.count, 784], elements: pixels), Tensor(Array(images.targets.elements[range])))
  }
  for start in stride(from: 0, to: 600, by: 20) {
    let (x, t) = rows(start..<start + 20)
    try step(x, t)
  }
  let (tape, shown) = (Tape<Double>(mode: .inference), rows(0..<2))
  return loss(tape.input(shown.0, name: "x"), tape.index(shown.1, name: "t"))
}

/// One head of attention with learnt positions, trained to give a sequence of six symbols backwards.
private func trainedReversal() throws -> Variable<Double> {
  let (symbols, length, width) = (8, 6, 16)
  var generator = Generator(seed: 2)
  let embedding = Embedding<Double>(symbols, width, using: &generator)
  let positions = Parameter(Tensor<Double>.normal([length, width], using: &generator), name: "positions")
  let attention = MultiHeadAttention<Double>(width, heads: 1, using: &generator)
  let head = Linear<Double>(width, symbols, name: "head", using: &generator)
  func loss(_ x: Variable<Double>, _ t: Variable<Double>) -> Variable<Double> {
    let tokens = embedding(x) + x.tape.parameter(positions)
    return crossEntropy(logits: head(attention(tokens)), labels: t)
  }
  func draw(_ count: Int) -> (Tensor<Int32>, Tensor<Int32>) {
    let x = (0..<count).map { _ in (0..<length).map { _ in Int32(generator.next() % UInt64(symbols)) } }
    return (
      Tensor(shape: [count, length], elements: x.flatMap { $0 }),
      Tensor(shape: [count, length], elements: x.flatMap { $0.reversed() })
    )
  }
  let step = TrainingStep<Double>(optimizer: Adam(learningRate: 0.01)) { loss($0, $1) }
  for _ in 0..<300 {
    let (x, t) = draw(32)
    try step(x, t)
  }
  let (tape, shown) = (Tape<Double>(mode: .inference), draw(1))
  return loss(tape.index(shown.0), tape.index(shown.1))
}

/// 8-8-…-2, fresh, on sixteen random examples.
private func deepSigmoids() -> Variable<Double> {
  var generator = Generator(seed: 5)
  let model = MLP<Double>([8] + Array(repeating: 8, count: 7) + [2], activation: .sigmoid, using: &generator)
  let tape = Tape<Double>()
  let x = tape.input(.normal([16, 8], using: &generator), name: "x")
  return crossEntropy(logits: model(x), labels: tape.index(Tensor((0..<16).map { Int32($0 % 2) }), name: "t"))
}
