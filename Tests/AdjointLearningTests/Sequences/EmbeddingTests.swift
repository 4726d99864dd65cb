import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Embeddings and positions.
struct EmbeddingTests {
  private func embedding(padding: Int? = nil) -> Embedding<Double> {
    var generator = Generator(seed: 2)
    return Embedding(5, 3, padding: padding, name: "words", using: &generator)
  }

  @Test(arguments: [[4], [2, 3], [], [0], [2, 0]])
  func `indices of any shape give rows of the table`(dimensions: [Int]) {
    let (layer, shape) = (embedding(), Shape(dimensions))
    let indices = Tensor<Int32>(shape: shape, elements: (0..<shape.elementCount).map { Int32($0 * 3 % 5) })
    let y = layer(Tape<Double>().index(indices))
    #expect(y.shape == Shape(Array(shape) + [3]))
    let wanted = indices.elements.flatMap { index in (0..<3).map { layer.weight.value[Int(index), $0] } }
    #expect(y.value.elements == wanted)
  }

  @Test func `the gradient of a word is the sum over its places, and padding is 0 and has none`() {
    for padding in [nil, 1] {
      let layer = embedding(padding: padding)
      let tape = Tape<Double>()
      let y = layer(tape.index(Tensor([1, 4, 4])))
      let cotangent = Tensor([[1.0, 2, 3], [10, 20, 30], [100, 200, 300]])
      let slopes = gradients(
        of: y, withRespectTo: [tape.parameter(layer.weight)], cotangent: tape.constant(cotangent))[0].value
      let first: [Double] = padding == nil ? [1, 2, 3] : [0, 0, 0]
      #expect(slopes.elements == [0, 0, 0] + first + [0, 0, 0, 0, 0, 0] + [110, 220, 330])
      if padding != nil { #expect(y.value.elements[..<3].allSatisfy { $0 == 0 }) }
    }
  }

  @Test func `tied weights are one parameter, and logits are products with the table`() {
    let layer = embedding()
    let tape = Tape<Double>()
    let x = layer(tape.index(Tensor<Int32>(shape: [1, 2], elements: [3, 0])))
    let logits = layer.logits(of: x)
    #expect(logits.shape == [1, 2, 5] && tape.trainableParameters.count == 1)
    let row = (0..<3).map { layer.weight.value[3, $0] }
    let table = layer.weight.value
    let wanted: [Double] = (0..<5).map { word in
      row[0] * table[word, 0] + row[1] * table[word, 1] + row[2] * table[word, 2]
    }
    #expect(distance(Array(logits.value.elements[..<5]), wanted) < 1e-15)
    #expect(tape.namedParameters.map(\.name) == ["words/weight"])
  }

  @Test func `numbers in place of indices are refused in a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 2)
      _ = Embedding<Float>(5, 3, using: &generator)(Tape<Float>().input(.zeros([2])))
    }
    #expect(text(result).contains("takes indices (Int32) of any shape, such as tape.index(_:); it was given"))
  }

  @Test func `sinusoidal positions are sines and cosines of falling rates`() {
    for width in [6, 5, 1] {
      let p: Tensor<Double> = sinusoidalPositions(4, width, from: 2)
      for t in 0..<4 {
        for j in 0..<width {
          let angle = Double(t + 2) / Foundation.pow(10_000, Double(j - j % 2) / Double(width))
          #expect(abs(p[t, j] - (j % 2 == 0 ? Foundation.sin(angle) : Foundation.cos(angle))) < 1e-14)
        }
      }
    }
  }

  @Test func `learned positions are added from a start on, and refused behind their end`() async {
    var generator = Generator(seed: 3)
    let layer = LearnedPositions<Double>(6, 2, name: "positions", using: &generator)
    let x: Tensor<Double> = normal([2, 3, 2], seed: 1)
    let y = layer(Tape<Double>().input(x), from: 3).value
    #expect(y == x + layer.weight.value[3...])
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 3)
      _ = LearnedPositions<Float>(6, 2, using: &generator)(Tape<Float>().input(.zeros([1, 3, 2])), from: 4)
    }
    #expect(text(result).contains("with positions below 6, here from 4 on"))
  }
}
