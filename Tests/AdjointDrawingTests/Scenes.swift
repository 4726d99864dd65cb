import Adjoint
import AdjointDrawing
import AdjointLearning
import Testing

/// Recordings that the tests of drawings share.
enum Scenes {
  struct Scene: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let graph: Graph
  }

  static let all: [Scene] = [
    Scene(testDescription: "ten lines", graph: tenLines()),
    Scene(testDescription: "XOR", graph: xor()),
    Scene(testDescription: "784-30-10", graph: digits(batch: 4)),
    Scene(testDescription: "gated branch", graph: gated()),
    Scene(testDescription: "nested layers", graph: nested()),
    Scene(testDescription: "whole tape", graph: wholeTape()),
  ]

  static func tenLines() -> Graph {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.5, -1, 2]), name: "x")
    let w = tape.input(Tensor([1, 2, 3]), name: "w")
    let y = (w * x).tanh().sum()
    return Graph(of: y, backward: tape.backward(from: y))
  }

  static func wholeTape() -> Graph {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.5, -1, 2]), name: "x")
    let w = tape.input(Tensor([1, 2, 3]), name: "w")
    _ = tape.backward(from: (w * x).tanh().sum())
    return Graph(of: tape)
  }

  static func xor() -> Graph {
    var generator = Generator(seed: 1)
    let (hidden, output) = (
      Linear<Double>(2, 2, name: "hidden", using: &generator), Linear<Double>(2, 1, name: "output", using: &generator)
    )
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), name: "x")
    let t = tape.input(Tensor([[0], [1], [1], [0]]), name: "t")
    let loss = binaryCrossEntropy(logits: output(hidden(x).tanh()), targets: t)
    return Graph(of: loss, backward: tape.backward(from: loss, to: tape.trainableParameters.map(\.leaf)))
  }

  static func digits(batch: Int) -> Graph {
    var generator = Generator(seed: 2)
    let fc1 = Linear<Float>(784, 30, name: "fc1", using: &generator)
    let fc2 = Linear<Float>(30, 10, name: "fc2", using: &generator)
    let tape = Tape<Float>()
    let x = tape.input(.zeros([batch, 784]), name: "images")
    let labels = tape.index(Tensor(shape: [batch], elements: [Int32](repeating: 3, count: batch)), name: "labels")
    let loss = crossEntropy(logits: fc2(fc1(x).sigmoid()), labels: labels)
    return Graph(of: loss, backward: tape.backward(from: loss, to: tape.trainableParameters.map(\.leaf)))
  }

  /// A value used by two branches and again by their product: a fan-out of three.
  static func gated() -> Graph {
    var generator = Generator(seed: 3)
    let left = Linear<Double>(3, 4, name: "left", using: &generator)
    let gate = Linear<Double>(3, 4, name: "gate", using: &generator)
    let head = Linear<Double>(4, 3, name: "head", using: &generator)
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, -1, 0.5], [0.2, 0.3, -2]]), name: "x")
    let loss = (head(left(x).tanh() * gate(x).sigmoid()) + x).square().mean().labeled("loss")
    return Graph(of: loss, backward: tape.backward(from: loss))
  }

  /// Layers within layers, one entered twice, and a parameter that two layers share.
  static func nested() -> Graph {
    var generator = Generator(seed: 4)
    let shared = Linear<Double>(3, 3, name: "shared", using: &generator)
    let tape = Tape<Double>()
    var h = tape.input(Tensor([[1, -1, 0.5]]), name: "x")
    for i in 1...2 {
      h = tape.scoped("block \(i)") {
        let inner = tape.scoped("inner") { shared(h).tanh() }
        return inner + h
      }
    }
    h = shared(h)
    let penalty = l2Penalty([tape.parameter(shared.weight)], 0.01)
    let loss = h.sum() + penalty
    return Graph(of: loss, backward: tape.backward(from: loss))
  }
}
