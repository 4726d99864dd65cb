import Adjoint
import AdjointDatasets
import AdjointLearning
import Testing

/// No bit depends on the number of threads, whatever the loss means for its batch.
struct ThreadTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let batch: Int
    let loss: @Sendable (MLP<Float>, Variable<Float>, Variable<Float>) -> Variable<Float>
  }

  static let cases: [Case] = [
    Case(testDescription: "a batch of 128", batch: 128) { crossEntropy(logits: $0($1), labels: $2) },
    Case(testDescription: "a batch of 37", batch: 37) { crossEntropy(logits: $0($1), labels: $2) },
    Case(testDescription: "a summed loss", batch: 128) {
      crossEntropy(logits: $0($1), labels: $2, reduction: .sum) * 0.01
    },
    Case(testDescription: "L2 inside the loss", batch: 128) { model, x, labels in
      crossEntropy(logits: model(x), labels: labels)
        + l2Penalty(model.linears.map { x.tape.parameter($0.weight) }, 0.01)
    },
    Case(testDescription: "layer norm", batch: 128) { crossEntropy(logits: layerNorm($0($1).gelu()), labels: $2) },
  ]

  /// The losses of a few steps, and the weights after them.
  private func train(_ example: Case, threads: Int) throws -> (losses: [UInt32], weights: [[UInt32]]) {
    var generator = Generator(seed: 11)
    let model = MLP<Float>([300, 160, 10], activation: .gelu, using: &generator)
    let step = TrainingStep<Float>(optimizer: Adam()) { example.loss(model, $0, $1) }
    step.pool = WorkerPool(threads: threads)
    var losses: [UInt32] = []
    for _ in 0..<4 {
      let x = Tensor(
        shape: [example.batch, 300], elements: (0..<example.batch * 300).map { _ in Float(generator.normal()) })
      let labels = Tensor((0..<example.batch).map { _ in Int32(generator.next() % 10) })
      losses.append(try step(x, labels).bitPattern)
    }
    return (losses, model.parameters.map { $0.value.elements.map(\.bitPattern) })
  }

  @Test("Losses and weights have the same bits on 1, 2, 3 and 9 threads", arguments: cases)
  func bits(_ example: Case) throws {
    let one = try train(example, threads: 1)
    for threads in [2, 3, 9] {
      let several = try train(example, threads: threads)
      #expect(several.losses == one.losses, "\(threads) threads")
      #expect(several.weights == one.weights, "\(threads) threads")
    }
  }

  @Test(
    "Batches gathered by threads, and fed in between, give the same bits on 1, 2 and 3 threads", arguments: [128, 37])
  func gathering(batch: Int) throws {
    var generator = Generator(seed: 5)
    let pixels = (0..<200 * 784).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let images = LabeledImages(
      pixels: pixels, height: 28, width: 28, labels: (0..<200).map { Int32($0 % 10) },
      classNames: (0..<10).map(String.init))
    let order = generator.permutation(of: 200)
    func losses(threads: Int) throws -> [UInt32] {
      var generator = Generator(seed: 6)
      let model = MLP<Float>([784, 40, 10], using: &generator)
      let step = TrainingStep<Float>(optimizer: SGD()) { crossEntropy(logits: model($0), labels: $1) }
      if threads > 1 { step.pool = WorkerPool(threads: threads) }
      var losses: [UInt32] = []
      for number in 0..<8 {
        let rows = order[number * 9..<number * 9 + batch]
        if number % 3 == 2 {
          let fed = images.batch(rows)
          losses.append(try step(fed.images, fed.labels).bitPattern)
        } else {
          losses.append(try step(rows: rows, of: images).bitPattern)
        }
      }
      return losses
    }
    let one = try losses(threads: 1)
    for threads in [2, 3] { #expect(try losses(threads: threads) == one, "\(threads) threads") }
  }

  @Test("Predictions have the same bits on 1 and 2 threads")
  func predictions() {
    var generator = Generator(seed: 3)
    let model = MLP<Double>([200, 300, 40, 5], activation: .tanh, using: &generator)
    let x = Tensor(shape: [301, 200], elements: (0..<301 * 200).map { _ in generator.normal() })
    let one = Predictor<Double> { model($0) }
    let two = Predictor<Double> { model($0) }
    two.pool = WorkerPool(threads: 2)
    #expect(one(x) == two(x))
  }
}
