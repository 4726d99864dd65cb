import Adjoint
import Testing

/// Recordings as people write them, replayed at new inputs: forward and gradients, fused and in place, bit for bit.
@Suite struct NetworkTests {
  struct Network: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let shapes: [Shape]
    let build: any Builder
  }

  /// A recording that works in any precision.
  protocol Builder: Sendable {
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>]
  }

  static let networks = [
    Network(
      testDescription: "MLP with bias and relu, log-softmax and pick", shapes: mlpShapes, build: Classifier(f: .relu)),
    Network(testDescription: "the same with tanh", shapes: mlpShapes, build: Classifier(f: .tanh)),
    Network(testDescription: "the same with gelu, whose rule needs x", shapes: mlpShapes, build: Classifier(f: .gelu)),
    Network(testDescription: "the same with silu", shapes: mlpShapes, build: Classifier(f: .silu)),
    Network(testDescription: "broadcasting arithmetic", shapes: [[4, 3], [3], [4, 1], []], build: Broadcasting()),
    Network(
      testDescription: "diamonds, dead branches and leaves as outputs", shapes: [[4, 3], [4, 3]], build: Diamond()),
    Network(
      testDescription: "reshapes of leaves, chains and products", shapes: [[4, 3], [3, 2], [12]], build: Reshapes()),
    Network(testDescription: "a chain longer than a block", shapes: [[2, 1300], [2, 1300], []], build: LongChain()),
  ]
  static let mlpShapes: [Shape] = [[4, 5], [6, 5], [6], [3, 6], [3]]

  struct Classifier: Builder {
    let f: Unary
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>] {
      let hidden = x[0].tape.record(f, x[0].matmul(x[1], transposeB: true).addBias(x[2]))
      let logits = hidden.matmul(x[3], transposeB: true).addBias(x[4])
      let loss = -logits.logSoftmax().pick(labels).mean()
      return [loss, logits] + gradients(of: loss, withRespectTo: x)
    }
  }

  struct Broadcasting: Builder {
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>] {
      let y = (x[0] * x[1] - x[2]) / (1.5 + x[3].square()) + x[0].maximum(x[1]) * x[2].exp()
      let z = (y * y.mean(axes: [0], keepingDimensions: true)).sum(axes: [1])
      return [y, z] + gradients(of: z.sin().sum(), withRespectTo: x)
    }
  }

  struct Diamond: Builder {
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>] {
      let a = x[0] * 2
      let left = a.sin()
      let right = a.cos()
      _ = (left * 3).exp().sum()  // nobody asks for it
      let joined = left * right + a
      let loss = (joined * joined * x[1]).sum() + joined.max()
      return [x[0], loss, joined, loss, x[1]] + gradients(of: loss, withRespectTo: x)
    }
  }

  struct Reshapes: Builder {
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>] {
      let flat = x[0].reshape(to: [12])
      let chain = (flat + x[2]) * x[2]
      let folded = chain.reshape(to: [4, 3])
      let again = folded.reshape(to: [12]) * chain - flat
      let product = folded.matmul(x[1]).reshape(to: [8]).tanh()
      let loss = product.sum() + again.square().mean()
      return [flat, folded, again, loss] + gradients(of: loss, withRespectTo: x)
    }
  }

  struct LongChain: Builder {
    func outputs<S: Scalar>(_ x: [Variable<S>], labels: Variable<S>) -> [Variable<S>] {
      let y = ((x[0] + x[1]).tanh() * x[2] - x[0]).sigmoid() * x[1]
      let middle = `where`(y .> 0, y.square(), -y)
      return [middle, y] + gradients(of: (middle * y).mean(), withRespectTo: x)
    }
  }

  @Test("A network replayed at new inputs is a fresh recording, bit for bit", arguments: networks)
  func replay(network: Network) throws {
    try expectSameBits(network, Float.self)
    try expectSameBits(network, Double.self)
  }

  @Test("A network's gradients are what the oracles say", arguments: networks)
  func derivatives(network: Network) {
    let recorded = record(network, draw: 4, as: Double.self, networkAlone: true)
    guard network.shapes[0].elementCount < 100 else { return }
    for y in recorded.outputs.prefix(2) where y.shape.elementCount > 0 {
      expectRightGradient(of: y, withRespectTo: recorded.x)
    }
  }

  private func record<S: Scalar>(
    _ network: Network, draw: UInt64, as type: S.Type, networkAlone: Bool = false
  ) -> (x: [Variable<S>], labels: Variable<S>, outputs: [Variable<S>]) {
    let tape = Tape<S>()
    var generator = Generator(seed: 40).stream(draw)
    let x = network.shapes.map { tape.input(generator.tensor($0).converted()) }
    let labels = tape.index(classes(draw))
    return (x, labels, network.build.outputs(x, labels: labels))
  }

  private func classes(_ draw: UInt64) -> Tensor<Int32> { Tensor((0..<4).map { Int32(($0 + draw) % 3) }) }

  private func expectSameBits<S: BitComparable>(_ network: Network, _ type: S.Type) throws {
    let first = record(network, draw: 0, as: S.self)
    let fresh = record(network, draw: 1, as: S.self)
    let asked = first.outputs + first.x + [first.labels]
    for program in [Program<S>(asked), Program<S>(asked, keeping: .all)] {
      for draw in [1, 0] as [UInt64] {
        let twin = draw == 1 ? fresh : first
        for (leaf, value) in zip(first.x, twin.x) { try program.feed(leaf, value.value) }
        try program.feed(first.labels, classes(draw))
        program.run()
        for (i, (output, expected)) in zip(first.outputs, twin.outputs).enumerated() {
          #expect(program.value(of: output).isIdentical(to: expected.value), "output \(i) \(output.shape)")
        }
      }
    }
  }

  @Test("A fused program is smaller than one that keeps everything")
  func memory() {
    let recorded = record(Self.networks[7], draw: 0, as: Float.self)
    #expect(Program<Float>(recorded.outputs).byteCount < Program<Float>(recorded.outputs, keeping: .all).byteCount / 2)
  }
}
