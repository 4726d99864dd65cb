import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

/// The gradients of layers and losses, judged by every oracle, at other points too, and in second order.
@Suite struct LayerGradientTests {
  /// Something to record, on inputs of its own.
  struct Sample: CustomTestStringConvertible, Sendable {
    let name: String
    let record: @Sendable (Tape<Double>) -> Variable<Double>
    var testDescription: String { name }

    init(_ name: String, _ record: @escaping @Sendable (Tape<Double>) -> Variable<Double>) {
      (self.name, self.record) = (name, record)
    }
  }

  private static func x(_ tape: Tape<Double>, _ shape: Shape, _ seed: UInt64 = 1) -> Variable<Double> {
    var generator = Generator(seed: seed)
    let elements = (0..<shape.elementCount).map { _ in generator.uniform(-1.5, 1.5) }
    return tape.input(Tensor(shape: shape, elements: elements))
  }

  private static func labels(_ tape: Tape<Double>) -> Variable<Double> {
    tape.index(Tensor<Int32>(shape: [2, 3], elements: [0, 3, 1, 2, 3, 0]))
  }

  static let losses = [
    Sample("crossEntropy, smoothing, weights, ignored") {
      crossEntropy(
        logits: x($0, [2, 3, 4]), labels: labels($0), smoothing: 0.1, classWeights: Tensor([1, 2, 0.5, 0]), ignoring: 2)
    },
    Sample("crossEntropy of no class") { crossEntropy(logits: x($0, [2, 3, 4]), labels: labels($0), ignoring: 4) },
    Sample("crossEntropy(probabilities)") {
      crossEntropy(
        logits: x($0, [3, 4]), probabilities: x($0, [3, 4], 2).softmax(), smoothing: 0.1,
        classWeights: Tensor([1, 2, 0.5, 0]), reduction: .none)
    },
    Sample("negativeLogLikelihood") {
      negativeLogLikelihood(logProbabilities: x($0, [2, 3, 4]), labels: labels($0), reduction: .none)
    },
    Sample("meanAbsoluteError") { meanAbsoluteError(x($0, [3, 4]), x($0, [3, 4], 2)) },
    Sample("huber") { huber(x($0, [3, 4]), x($0, [3, 4], 2), delta: 0.75, reduction: .none) },
    Sample("smoothL1") { smoothL1(x($0, [3, 4]), x($0, [3, 4], 2), beta: 0.5) },
    Sample("gaussianNLL") { gaussianNLL(x($0, [3, 4]), x($0, [3, 4], 2), variance: x($0, [3, 4], 3).exp()) },
    Sample("poissonNLL") { poissonNLL(logRates: x($0, [3, 4]), x($0, [3, 4], 2)) },
    Sample("klDivergence") {
      klDivergence(logProbabilities: x($0, [3, 4]).logSoftmax(), targets: x($0, [3, 4], 2).softmax())
    },
    Sample("hinge") { hinge(x($0, [3, 4]), x($0, [3, 4], 2), margin: 0.3) },
    Sample("hinge of classes") { hinge(scores: x($0, [2, 3, 4]), labels: labels($0), reduction: .none) },
    Sample("cosineSimilarity") { cosineSimilarity(x($0, [3, 4]), x($0, [3, 4], 2), axis: 0) },
    Sample("cosineEmbedding") {
      cosineEmbedding(x($0, [3, 4]), x($0, [3, 4], 2), targets: $0.constant(Tensor([1, -1, 1])), margin: -0.5)
    },
    Sample("triplet") {
      triplet(anchor: x($0, [3, 4]), positive: x($0, [3, 4], 2), negative: x($0, [3, 4], 3), margin: 2)
    },
  ]

  /// A layer with parameters of its own.
  private static func new<Made>(_ make: (inout Generator) -> Made) -> Made {
    var generator = Generator(seed: 5)
    return make(&generator)
  }

  /// Outputs and last states of rows of several lengths.
  private static func all<Cell: RecurrentCell<Double>>(
    _ tape: Tape<Double>, _ network: Recurrent<Cell>
  ) -> Variable<Double> {
    let y = network.run(x(tape, [3, 4, 2]), lengths: tape.index(Tensor([4, 0, 2])))
    let states = y.last.flatMap { [$0.hidden] + ($0.cell.map { [$0] } ?? []) }
    return concatenate([y.outputs.reshape(to: [72])] + states.map { $0.reshape(to: [9]) })
  }

  static let layers = [
    Sample("RNN") { all($0, new { RNN<Double>(2, 3, layers: 2, isBidirectional: true, using: &$0) }) },
    Sample("LSTM") { all($0, new { LSTM<Double>(2, 3, layers: 2, isBidirectional: true, using: &$0) }) },
    Sample("GRU") { all($0, new { GRU<Double>(2, 3, layers: 2, isBidirectional: true, using: &$0) }) },
    Sample("Embedding") { tape in
      let embedding = new { Embedding<Double>(4, 3, padding: 1, using: &$0) }
      return embedding.logits(of: embedding(labels(tape))).tanh()
    },
    Sample("LearnedPositions") { new { LearnedPositions<Double>(4, 6, using: &$0) }(x($0, [2, 3, 6])).tanh() },
    Sample("rotary") { rotary(x($0, [2, 3, 4]), pairs: .neighbours) },
    Sample("RMSNorm") { RMSNorm<Double>(4)(x($0, [2, 3, 4])) },
    Sample("LayerNorm of two axes") { LayerNorm<Double>(shape: [3, 4])(x($0, [2, 3, 4])) },
    Sample("Residual") { Residual(RMSNorm<Double>(4))(x($0, [2, 3, 4])) },
    Sample("scaledDotProductAttention") {
      scaledDotProductAttention(
        x($0, [2, 3, 4]), x($0, [5, 4], 2), x($0, [2, 5, 2], 3),
        mask: $0.constant(Tensor([[1, 0, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])), bias: x($0, [3, 5], 4))
    },
    Sample("MultiHeadAttention") { tape in
      new {
        MultiHeadAttention<Double>(8, heads: 4, keyValueHeads: 2, isCausal: true, rotaryBase: 100, using: &$0)
      }.attend(x(tape, [2, 3, 8]), keyMask: tape.constant(Tensor([[1, 1, 0], [0, 1, 1]])))
    },
    Sample("an encoder's block") { tape in
      new {
        TransformerBlock<Double>(
          6, heads: 2, hidden: 7, isNormFirst: false, activation: .tanh, dropout: 0.3, using: &$0)
      }(x(tape, [2, 3, 6]))
    },
    Sample("a decoder's block") { tape in
      new {
        TransformerBlock<Double>(
          6, heads: 2, hidden: 7, isCausal: true, hasMemory: true, norm: .rootMeanSquare, activation: .silu,
          isGated: true, using: &$0)
      }.transform(x(tape, [2, 3, 6]), memory: x(tape, [2, 4, 6], 2))
    },
  ]

  @Test(arguments: losses + layers)
  func `the gradient agrees with every oracle`(_ sample: Sample) {
    let report = GradientCheck(of: sample.record(Tape<Double>(seed: 2))).run()
    #expect(report.agrees, "\(report)")
  }

  @Test(arguments: losses + layers.filter { $0.name != "LSTM" && $0.name != "GRU" })
  func `the gradient of the gradient agrees with every oracle`(_ sample: Sample) {
    let report = GradientCheck(of: sample.record(Tape<Double>(seed: 2)), mode: .directional(1), order: 2).run()
    #expect(report.agrees, "\(report)")
  }
}
