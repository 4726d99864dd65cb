import Adjoint
import AdjointLearning

/// GPT-2 in small: characters and positions, causal blocks, and the table of characters once more for the logits.
struct LanguageNetwork: Module {
  var characters: Embedding<Float>
  var positions: LearnedPositions<Float>
  var blocks: [TransformerBlock<Float>]
  var norm: LayerNorm<Float>
  static var parts: [PartialKeyPath<Self>] { [\.characters, \.positions, \.blocks, \.norm] }

  init(vocabulary: Int, width: Int, heads: Int, blocks count: Int, context: Int, using generator: inout Generator) {
    let small = Initializer.normal(mean: 0, deviation: 0.02)
    characters = Embedding(vocabulary, width, name: "characters", initializer: small, using: &generator)
    positions = LearnedPositions(context, width, name: "positions", using: &generator)
    blocks = (1...count).map {
      TransformerBlock(width, heads: heads, isCausal: true, name: "block\($0)", using: &generator)
    }
    norm = LayerNorm(width, name: "norm")
  }

  func callAsFunction(_ text: Variable<Float>) -> Variable<Float> {
    characters.logits(of: norm(blocks.reduce(positions(characters(text))) { $1($0) }))
  }
}

/// A residual network for small images: a stem, blocks of two convolutions with batch normalisation, the mean over the image.
struct ResidualNetwork: Module {
  struct Block: Module {
    var first: Conv2D<Float>
    var firstNorm: BatchNorm<Float>
    var second: Conv2D<Float>
    var secondNorm: BatchNorm<Float>
    static var parts: [PartialKeyPath<Self>] { [\.first, \.firstNorm, \.second, \.secondNorm] }

    init(_ channels: Int, _ name: String, using generator: inout Generator) {
      func convolution(_ part: String) -> Conv2D<Float> {
        Conv2D(channels, channels, size: 3, padding: 1, bias: false, name: "\(name)/\(part)", using: &generator)
      }
      (first, second) = (convolution("first"), convolution("second"))
      (firstNorm, secondNorm) = (BatchNorm(channels, name: "\(name)/norm1"), BatchNorm(channels, name: "\(name)/norm2"))
    }

    func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
      (secondNorm(second(firstNorm(first(x)).relu())) + x).relu()
    }
  }

  var stem: Conv2D<Float>
  var stemNorm: BatchNorm<Float>
  var blocks: [Block]
  var head: Linear<Float>
  static var parts: [PartialKeyPath<Self>] { [\.stem, \.stemNorm, \.blocks, \.head] }

  init(channels: Int, blocks count: Int, using generator: inout Generator) {
    stem = Conv2D(1, channels, size: 3, padding: 1, bias: false, name: "stem", using: &generator)
    stemNorm = BatchNorm(channels, name: "stemNorm")
    blocks = (1...count).map { Block(channels, "block\($0)", using: &generator) }
    head = Linear(channels, 10, name: "head", using: &generator)
  }

  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
    head(blocks.reduce(stemNorm(stem(x)).relu()) { $1($0) }.mean(axes: [1, 2]))
  }
}
