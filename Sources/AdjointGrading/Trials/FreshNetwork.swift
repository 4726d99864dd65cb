import Adjoint
import AdjointChecking
import AdjointLearning

/// Images as a trial takes them: brightness from 0 to 1, one image a row.
package struct TrialImages: Sendable {
  package let height: Int
  package let width: Int
  package let pixels: [[Float]]
  package let labels: [Int32]

  package init(height: Int, width: Int, pixels: [[Float]], labels: [Int32]) {
    (self.height, self.width, self.pixels, self.labels) = (height, width, pixels, labels)
  }
}

/// A network that was never trained, with kinks: on blank pixels, and with biases of 0, many of its elements stand exactly on one.
package enum FreshNetwork: String, Sendable, CaseIterable {
  case reluPerceptron, leakyPerceptron, clampPerceptron
  case reluConvolutions, leakyConvolutions, clampConvolutions, poolConvolutions

  private var isConvolutional: Bool {
    switch self {
    case .reluPerceptron, .leakyPerceptron, .clampPerceptron: false
    case .reluConvolutions, .leakyConvolutions, .clampConvolutions, .poolConvolutions: true
    }
  }

  private func activation<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    switch self {
    case .reluPerceptron, .reluConvolutions: x.relu()
    case .leakyPerceptron, .leakyConvolutions: x.leakyRelu()
    case .clampPerceptron, .clampConvolutions: x.clamp(0, 1)
    case .poolConvolutions: x
    }
  }

  /// Records the loss of two images, a row of zeros and a saturated row, with new weights.
  func loss<S: Scalar>(_ images: TrialImages, on tape: Tape<S>, seed: UInt64) -> Variable<S> {
    var generator = Generator(seed: seed).stream(9)
    let chosen = (0..<4).map { _ in Int(generator.next() % UInt64(images.pixels.count)) }
    let size = images.height * images.width
    let rows: [[Float]] = [
      images.pixels[chosen[0]], images.pixels[chosen[1]], Array(repeating: 0, count: size),
      images.pixels[chosen[3]].map { $0 * 100 },
    ]
    let x = tape.input(Tensor(shape: [4, size], elements: rows.flatMap { $0.map { S(Double($0)) } }), name: "images")
    let logits =
      isConvolutional
      ? convolutions(x.reshape(to: [4, images.height, images.width, 1]), using: &generator)
      : perceptron(x, using: &generator)
    return crossEntropy(logits: logits, labels: chosen.map { images.labels[$0] % 10 })
  }

  private func perceptron<S: Scalar>(_ x: Variable<S>, using generator: inout Generator) -> Variable<S> {
    let sizes = [x.shape[1], 24, 16, 10]
    var y = x
    for layer in 0..<3 {
      y = Linear<S>(sizes[layer], sizes[layer + 1], name: "fc\(layer + 1)", using: &generator)(y)
      if layer < 2 { y = activation(y) }
    }
    return y
  }

  private func convolutions<S: Scalar>(_ images: Variable<S>, using generator: inout Generator) -> Variable<S> {
    var y = images
    for (layer, channels) in [(1, 4), (4, 6)].enumerated() {
      let convolution = Conv2D<S>(
        channels.0, channels.1, size: 5, name: "conv\(layer + 1)", using: &generator)
      y = activation(convolution(y)).maxPool(2)
    }
    let features = y.flatten()
    let hidden = Linear<S>(features.shape[1], 16, name: "fc1", using: &generator)
    return Linear<S>(16, 10, name: "fc2", using: &generator)(activation(hidden(features)))
  }
}
