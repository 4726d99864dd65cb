import Adjoint
import AdjointFiles
import AdjointLearning

/// A layer or loss with the arguments in the order in which `layers.py` takes them.
struct LayerCase {
  let name: String
  /// The shapes of the inputs, which are uniform in −2 … 2.
  let inputs: [Shape]
  var labels: (shape: Shape, classes: Int)?
  var settings: [(String, JSON)] = []
  let record: ([Variable<Double>]) -> Variable<Double>

  /// The case on random inputs and parameters: what is 0 or 1 at first too.
  func recorded(using generator: inout Generator) -> Case {
    let tape = Tape<Double>()
    var leaves = inputs.map { tape.input(.random($0, in: -2...2, using: &generator)) }
    if let labels {
      let elements = (0..<labels.shape.elementCount).map { _ in Int32(generator.next() % UInt64(labels.classes)) }
      leaves.append(tape.index(Tensor(shape: labels.shape, elements: elements)))
    }
    // Recorded once to know the parameters, which get other values then.
    let trial = record(leaves).tape.trainableParameters.map(\.parameter)
    for parameter in trial { parameter.value = .random(parameter.value.shape, in: -1...1, using: &generator) }
    let again = Tape<Double>()
    let arguments = leaves.map { $0.holdsIndices ? again.index($0.indexValue) : again.input($0.value) }
    let y = record(arguments)
    let parameters = again.trainableParameters.map(\.leaf)
    let moving = arguments.filter { !$0.holdsIndices } + parameters
    var made = Case(name, y, moving: moving, using: &generator)
    made.arguments = arguments + parameters
    made.settings = settings
    return made
  }
}

/// Every layer with parameters, every pooling and every loss.
func layerCases() -> [LayerCase] {
  var generator = Generator(seed: 0)
  let linear = Linear<Double>(5, 3, using: &generator)
  let plain = Linear<Double>(4, 4, bias: false, using: &generator)
  let norm = LayerNorm<Double>(6)
  let batchNorm = BatchNorm<Double>(4)
  let imageNorm = BatchNorm<Double>(3)
  let perceptron = MLP<Double>([4, 6, 5, 3], activation: .tanh, using: &generator)
  var cases = [
    LayerCase(name: "Linear", inputs: [[7, 5]]) { linear($0[0]) },
    LayerCase(name: "Linear", inputs: [[3, 4]]) { plain($0[0]) },
    LayerCase(name: "LayerNorm", inputs: [[5, 6]]) { norm($0[0]) },
    LayerCase(name: "BatchNorm", inputs: [[9, 4]]) { batchNorm($0[0]) },
    LayerCase(name: "BatchNorm", inputs: [[2, 4, 3, 3]]) { imageNorm($0[0]) },
    LayerCase(name: "MLP", inputs: [[6, 4]]) { perceptron($0[0]) },
    LayerCase(name: "MaxPool2D", inputs: [[2, 5, 6, 3]], settings: windows(2, 2, 0)) { MaxPool2D(2)($0[0]) },
    LayerCase(name: "MaxPool2D", inputs: [[1, 6, 5, 2]], settings: windows(3, 1, 0)) {
      MaxPool2D(3, stride: 1)($0[0])
    },
    LayerCase(name: "AveragePool2D", inputs: [[2, 6, 5, 2]], settings: windows(3, 2, 0)) {
      AveragePool2D(3, stride: 2)($0[0])
    },
    LayerCase(name: "crossEntropy", inputs: [[6, 4]], labels: ([6], 4)) { crossEntropy(logits: $0[0], labels: $0[1]) },
    LayerCase(name: "crossEntropy(probabilities)", inputs: [[6, 4], [6, 4]]) {
      crossEntropy(logits: $0[0], probabilities: $0[1])
    },
    LayerCase(name: "binaryCrossEntropy", inputs: [[6, 4], [6, 4]]) {
      binaryCrossEntropy(logits: $0[0], targets: $0[1])
    },
    LayerCase(name: "meanSquaredError", inputs: [[6, 4], [6, 4]]) { meanSquaredError($0[0], $0[1]) },
  ]
  cases += lossCases() + sequenceCases(&generator)
  for (stride, padding) in [(1, 0), (2, 1), (1, 2)] {
    let convolution = Conv2D<Double>(
      3, 4, size: Extent2D(3, 2), stride: Extent2D(stride, stride), padding: Extent2D(padding, padding),
      using: &generator)
    cases.append(
      LayerCase(name: "Conv2D", inputs: [[2, 6, 5, 3]], settings: windows(3, stride, padding)) { convolution($0[0]) })
  }
  cases += windowCases(using: &generator)
  for activation in Activation.allCases {
    cases.append(LayerCase(name: "\(activation)", inputs: [[4, 5]]) { activation($0[0]) })
  }
  return cases
}

/// Convolutions, poolings, paddings and resizings with everything that they take.
private func windowCases(using generator: inout Generator) -> [LayerCase] {
  let grouped = Conv2D<Double>(
    4, 6, size: Extent2D(3, 2), stride: 2, padding: 1, dilation: Extent2D(1, 2), groups: 2, using: &generator)
  let depthwise = Conv2D<Double>.depthwise(3, multiplier: 2, size: 2, padding: .same, using: &generator)
  let sequence = Conv1D<Double>(3, 4, size: 3, stride: 2, padding: 2, dilation: 2, using: &generator)
  let transposed = ConvTranspose2D<Double>(
    4, 6, size: Extent2D(3, 2), stride: 2, padding: 1, outputPadding: 1, dilation: Extent2D(1, 2), groups: 2,
    using: &generator)
  let transposedSequence = ConvTranspose1D<Double>(3, 2, size: 3, stride: 3, outputPadding: 2, using: &generator)
  let (groups, instances) = (GroupNorm<Double>(3, 6), InstanceNorm<Double>(3, affine: true))
  let images: [Shape] = [[2, 6, 5, 3]]
  return [
    LayerCase(name: "Conv2D, grouped", inputs: [[2, 6, 7, 4]]) { grouped($0[0]) },
    LayerCase(name: "Conv2D, depthwise", inputs: [[2, 5, 4, 3]]) { depthwise($0[0]) },
    LayerCase(name: "Conv1D", inputs: [[2, 9, 3]]) { sequence($0[0]) },
    LayerCase(name: "ConvTranspose2D", inputs: [[2, 3, 4, 4]]) { transposed($0[0]) },
    LayerCase(name: "ConvTranspose1D", inputs: [[2, 4, 3]]) { transposedSequence($0[0]) },
    LayerCase(name: "maxPool, rounded up", inputs: images) {
      $0[0].maxPool(3, stride: 2, padding: 1, dilation: Extent2D(2, 1), ceilMode: true)
    },
    LayerCase(name: "averagePool, rounded up", inputs: images) {
      $0[0].averagePool(3, stride: 3, padding: 1, ceilMode: true)
    },
    LayerCase(name: "averagePool, uncounted", inputs: images) {
      $0[0].averagePool(3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false)
    },
    LayerCase(name: "adaptiveMaxPool", inputs: [[2, 7, 5, 2]]) { $0[0].adaptiveMaxPool(to: Extent2D(3, 4)) },
    LayerCase(name: "adaptiveAveragePool", inputs: [[2, 7, 5, 2]]) { $0[0].adaptiveAveragePool(to: Extent2D(3, 4)) },
    LayerCase(name: "resize, nearest", inputs: images) { $0[0].resize(to: Extent2D(4, 8)) },
    LayerCase(name: "resize, bilinear", inputs: images) { $0[0].resize(to: Extent2D(4, 8), mode: .bilinear) },
    LayerCase(name: "resize, scaled", inputs: images) { $0[0].resize(scale: 1.5, mode: .bilinear) },
    LayerCase(name: "resize, aligned", inputs: images) {
      $0[0].resize(to: Extent2D(9, 1), mode: .bilinear, alignCorners: true)
    },
    LayerCase(name: "pad, reflect", inputs: images) {
      $0[0].pad(before: [0, 2, 4, 0], after: [0, 5, 1, 0], mode: .reflect)
    },
    LayerCase(name: "pad, replicate", inputs: images) {
      $0[0].pad(before: [0, 2, 4, 0], after: [0, 5, 1, 0], mode: .replicate)
    },
    LayerCase(name: "pad, circular", inputs: images) {
      $0[0].pad(before: [0, 2, 4, 0], after: [0, 5, 1, 0], mode: .circular)
    },
    LayerCase(name: "pad, constant", inputs: images) {
      $0[0].pad(before: [0, 2, 4, 0], after: [0, 5, 1, 0], mode: .constant(1.5))
    },
    LayerCase(name: "GroupNorm", inputs: [[2, 3, 4, 6]]) { groups($0[0]) },
    LayerCase(name: "InstanceNorm", inputs: [[2, 3, 4, 3]]) { instances($0[0]) },
  ]
}

private func lossCases() -> [LayerCase] {
  let (pair, labels) = ([[6, 4], [6, 4]] as [Shape], (shape: [2, 3] as Shape, classes: 4))
  return [
    LayerCase(name: "crossEntropy(smoothing)", inputs: [[2, 3, 4]], labels: labels) {
      crossEntropy(
        logits: $0[0], labels: $0[1], smoothing: 0.1, classWeights: Tensor([0.5, 1, 2, 0]), ignoring: 1)
    },
    LayerCase(name: "negativeLogLikelihood", inputs: [[2, 3, 4]], labels: labels) {
      negativeLogLikelihood(logProbabilities: $0[0], labels: $0[1], ignoring: 1)
    },
    LayerCase(name: "hinge(scores)", inputs: [[6, 4]], labels: ([6], 4)) { hinge(scores: $0[0], labels: $0[1]) },
    LayerCase(name: "meanAbsoluteError", inputs: pair) { meanAbsoluteError($0[0], $0[1]) },
    LayerCase(name: "huber", inputs: pair) { huber($0[0], $0[1], delta: 0.75) },
    LayerCase(name: "smoothL1", inputs: pair) { smoothL1($0[0], $0[1], beta: 0.75) },
    LayerCase(name: "poissonNLL", inputs: pair) { poissonNLL(logRates: $0[0], $0[1]) },
    LayerCase(name: "gaussianNLL", inputs: pair + [[6, 4]]) {
      gaussianNLL($0[0], $0[1], variance: $0[2].exp())
    },
    LayerCase(name: "klDivergence", inputs: pair) {
      klDivergence(logProbabilities: $0[0], targets: $0[1].softmax())
    },
    LayerCase(name: "cosineSimilarity", inputs: pair) { cosineSimilarity($0[0], $0[1]) },
    LayerCase(name: "triplet", inputs: pair + [[6, 4]]) {
      triplet(anchor: $0[0], positive: $0[1], negative: $0[2])
    },
  ]
}

private func sequenceCases(_ generator: inout Generator) -> [LayerCase] {
  let rnn = RNN<Double>(2, 3, layers: 2, isBidirectional: true, using: &generator)
  let lstm = LSTM<Double>(2, 3, layers: 2, isBidirectional: true, using: &generator)
  let gru = GRU<Double>(2, 3, layers: 2, isBidirectional: true, using: &generator)
  let attention = MultiHeadAttention<Double>(6, heads: 2, isCausal: true, using: &generator)
  let block = TransformerBlock<Double>(
    6, heads: 2, hidden: 7, isNormFirst: false, activation: .relu, using: &generator)
  let rms = RMSNorm<Double>(6)
  return [
    LayerCase(name: "RNN", inputs: [[3, 4, 2]]) { rnn($0[0]) },
    LayerCase(name: "LSTM", inputs: [[3, 4, 2]]) { lstm($0[0]) },
    LayerCase(name: "GRU", inputs: [[3, 4, 2]]) { gru($0[0]) },
    LayerCase(name: "MultiHeadAttention", inputs: [[3, 4, 6]]) { attention($0[0]) },
    LayerCase(name: "TransformerBlock", inputs: [[3, 4, 6]]) { block($0[0]) },
    LayerCase(name: "RMSNorm", inputs: [[5, 6]]) { rms($0[0]) },
  ]
}

private func windows(_ size: Int, _ stride: Int, _ padding: Int) -> [(String, JSON)] {
  [("size", .integer(size)), ("stride", .integer(stride)), ("padding", .integer(padding))]
}
