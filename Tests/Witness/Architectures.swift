import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation

// The architectures of `trainings.py`, from PyTorch's initial weights.

/// What `Examples/TinyLanguageModel` trains.
struct GPT<S: Scalar>: Module {
  var characters: Embedding<S>
  var positions: LearnedPositions<S>
  var block1, block2: TransformerBlock<S>
  var norm: LayerNorm<S>
  static var parts: [PartialKeyPath<Self>] { [\.characters, \.positions, \.block1, \.block2, \.norm] }

  init(vocabulary: Int, using generator: inout Generator) {
    characters = Embedding(vocabulary, 64, name: "characters", using: &generator)
    positions = LearnedPositions(64, 64, name: "positions", using: &generator)
    block1 = TransformerBlock(64, heads: 4, isCausal: true, name: "block1", using: &generator)
    block2 = TransformerBlock(64, heads: 4, isCausal: true, name: "block2", using: &generator)
    norm = LayerNorm(64, name: "norm")
  }

  func loss(_ text: Variable<S>, _ next: Variable<S>) -> Variable<S> {
    let x = block2(block1(positions(characters(text))))
    return crossEntropy(logits: characters.logits(of: norm(x)), labels: next)
  }
}

struct SequenceClassifier<S: Scalar>: Module {
  var words: Embedding<S>
  var lstm: LSTM<S>
  var head: Linear<S>
  static var parts: [PartialKeyPath<Self>] { [\.words, \.lstm, \.head] }

  init(using generator: inout Generator) {
    words = Embedding(8, 12, name: "words", using: &generator)
    lstm = LSTM(12, 16, layers: 2, isBidirectional: true, name: "lstm", using: &generator)
    head = Linear(32, 3, name: "head", using: &generator)
  }

  func loss(_ x: Variable<S>, _ labels: Variable<S>) -> Variable<S> {
    crossEntropy(logits: head(lstm(words(x)).mean(axis: 1)), labels: labels)
  }
}

struct ResidualNetwork<S: Scalar>: Module {
  var stem, conv1, conv2, shortcut: Conv2D<S>
  var norm0, norm1, norm2: BatchNorm<S>
  var head: Linear<S>
  static var parts: [PartialKeyPath<Self>] {
    [\.stem, \.conv1, \.conv2, \.shortcut, \.norm0, \.norm1, \.norm2, \.head]
  }

  init(using generator: inout Generator) {
    stem = Conv2D(3, 8, size: 3, padding: 1, name: "stem", using: &generator)
    conv1 = Conv2D(8, 16, size: 3, stride: 2, padding: 1, bias: false, name: "conv1", using: &generator)
    conv2 = Conv2D(16, 16, size: 3, padding: 1, bias: false, name: "conv2", using: &generator)
    shortcut = Conv2D(8, 16, size: 1, stride: 2, bias: false, name: "shortcut", using: &generator)
    (norm0, norm1) = (BatchNorm(8, name: "norm0"), BatchNorm(16, name: "norm1"))
    norm2 = BatchNorm(16, name: "norm2")
    head = Linear(16 * 9, 2, name: "head", using: &generator)
  }

  func loss(_ images: Variable<S>, _ labels: Variable<S>) -> Variable<S> {
    let x = norm0(stem(images.permute([0, 2, 3, 1]))).relu()
    let y = norm2(conv2(norm1(conv1(x)).relu()))
    // The head's columns stand channel by channel, as PyTorch flattens.
    let features = (shortcut(x) + y).relu().maxPool(2).permute([0, 3, 1, 2])
    return crossEntropy(logits: head(features.flatten()), labels: labels)
  }
}

struct VariationalAutoencoder<S: Scalar>: Module {
  var encoder, mean, spread, decoder, image: Linear<S>
  static var parts: [PartialKeyPath<Self>] { [\.encoder, \.mean, \.spread, \.decoder, \.image] }

  init(using generator: inout Generator) {
    encoder = Linear(64, 32, name: "encoder", using: &generator)
    mean = Linear(32, 2, name: "mean", using: &generator)
    spread = Linear(32, 2, name: "spread", using: &generator)
    decoder = Linear(2, 32, name: "decoder", using: &generator)
    image = Linear(32, 64, name: "image", using: &generator)
  }

  func loss(_ images: Variable<S>, _ noise: Variable<S>) -> Variable<S> {
    let x = encoder(images).tanh()
    let (mean, spread) = (mean(x), spread(x))
    let logits = image(decoder(mean + (spread / 2).exp() * noise).tanh())
    let error = binaryCrossEntropy(logits: logits, targets: images, reduction: .none).sum(axis: 1)
    return (error + (mean.square() + spread.exp() - spread - 1).sum(axis: 1) / 2).mean()
  }
}

/// The losses of a training that a file describes: PyTorch's initial weights, and a batch for each step.
func architectureLosses<S: Scalar>(_ name: String, _ file: Safetensors, _ url: URL, as type: S.Type) throws -> JSON {
  var generator = Generator(seed: 1)
  var losses: [JSON] = []

  func train(
    _ model: some Module, _ optimizer: some Optimizer, _ loss: @escaping (Variable<S>, Variable<S>) -> Variable<S>,
    _ run: (TrainingStep<S>, Int) throws -> S
  ) throws {
    // What it does not have are the batches.
    let report = try model.load(from: url, strict: false)
    guard report.missing.isEmpty, report.surplus.allSatisfy({ $0.hasPrefix("batches.") }) else {
      print("Witness architecture: \(report)")
      exit(1)
    }
    try model.save(to: url.appendingPathExtension("written"), names: .pytorch)
    let step = TrainingStep<S>(optimizer: optimizer, loss: loss)
    for number in 0..<100 { losses.append(.number(try run(step, number).primal)) }
  }
  func numbers(_ input: Int) throws -> [Tensor<S>] { try file.tensor("batches.\(input)", as: S.self).unstack() }
  func indices(_ input: Int) throws -> [Tensor<Int32>] {
    let all = try file.tensor("batches.\(input)", as: Int32.self)
    let shape = Shape(all.shape.dropFirst())
    return stride(from: 0, to: all.elements.count, by: shape.elementCount).map {
      Tensor(shape: shape, elements: Array(all.elements[$0..<$0 + shape.elementCount]))
    }
  }

  switch name {
  case "GPT":
    let vocabulary = try file.tensor("characters.weight", as: S.self).shape[0]
    let model = GPT<S>(vocabulary: vocabulary, using: &generator)
    let (text, next) = (try indices(0), try indices(1))
    try train(model, AdamW(learningRate: 1e-3, weightDecay: 0.01), model.loss) { try $0(text[$1], next[$1]) }
  case "LSTM":
    let model = SequenceClassifier<S>(using: &generator)
    let (words, labels) = (try indices(0), try indices(1))
    try train(model, Adam(learningRate: 0.001), model.loss) { try $0(words[$1], labels[$1]) }
  case "CNN":
    let model = ResidualNetwork<S>(using: &generator)
    let (images, labels) = (try numbers(0), try indices(1))
    try train(model, Momentum(learningRate: 0.005, momentum: 0.9), model.loss) { try $0(images[$1], labels[$1]) }
  case "VAE":
    let model = VariationalAutoencoder<S>(using: &generator)
    let (images, noise) = (try numbers(0), try numbers(1))
    try train(model, Adam(learningRate: 0.003), model.loss) { try $0(images[$1], noise[$1]) }
  default:
    print("Witness architecture: there is no '\(name)'; there are GPT, LSTM, CNN and VAE")
    exit(2)
  }
  return .object([("architecture", .string(name)), ("losses", .array(losses))])
}
