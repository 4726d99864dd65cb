import Adjoint
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation

/// ONNX models: what is read has the nodes and tensors that the oracle finds, and is recorded or refused.
struct ONNXTrial: ReaderTrial {
  let name = "onnx"
  let words = ["Relu", "MatMul", "", "\u{8}\u{1}", "\u{12}\u{2}", "batch", "x", "y", "axis", "perm", "If", "Loop"]

  /// A perceptron, images, a sequence, and operations of shapes.
  let seeds: [[UInt8]] = {
    var generator = Generator(seed: 1)
    let perceptron = MLP<Float>([3, 4, 2], activation: .tanh, using: &generator)
    let images = CNN<Float>(height: 12, width: 12, classes: 2, filters: [2], using: &generator)
    func file(_ shape: Shape, _ record: (Variable<Float>) -> Variable<Float>) -> [UInt8] {
      let tape = Tape<Float>(mode: .inference)
      let y = record(tape.input(Tensor(repeating: 0.5, shape: shape), name: "x"))
      return ((try? tape.onnxModel(outputs: [("y", y)]))?.model.encoded) ?? []
    }
    return [
      file([5, 3]) { perceptron($0).softmax() },
      file([2, 144]) { images($0) },
      file([3, 4, 2]) { x in
        let (a, b) = (x.slice(0..<2, axis: 1), x.slice(2..<4, axis: 1))
        return concatenate([a.permute([0, 2, 1]).matmul(b), b.flip(axis: 1)], axis: 1).cumsum(axis: 1).sum(axis: -1)
      },
      file([2, 4]) { x in
        let order = x.argSort(axis: 1)
        return `where`(
          x .> 0, x.gather(order, axis: 1).pad(before: [0, 1], after: [0, 0]).slice(0..<4, axis: 1), x.erf())
      },
    ]
  }()

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let model = try Model<Float>(onnx: file)
    let strict = StrictONNX(bytes)
    let (nodes, tensors) = (model.onnx.graph.nodes, model.onnx.graph.initializers)
    let isEqual =
      nodes.map(\.operation) == strict?.operations && nodes.map { $0.inputs + $0.outputs } == strict?.names
      && tensors.map(\.name) == strict?.tensors && tensors.map(\.dims) == strict?.dims
    let tape = Tape<Float>(mode: .inference)
    let inputs = model.inputs.map { port in
      let shape = (port.dimensions ?? []).map { min($0 ?? 2, 8) }
      return (
        port.name, tape.input(Tensor(repeating: 0.5, shape: Shape(shape.count > 8 ? [] : shape.map { max($0, 0) })))
      )
    }
    var recorded = 0
    do {
      let results = try model.record(Dictionary(inputs, uniquingKeysWith: { first, _ in first }), on: tape)
      recorded = results.values.reduce(0) { $0 + 4 * $1.shape.elementCount }
    } catch is FileError {}
    // A recording holds every value in between.
    let held = (0..<tape.count).reduce(0) { $0 + 4 * tape[$1].shape.elementCount }
    return reading(isEqual, "\(nodes.count) nodes, \(tensors.count) tensors", stating: max(recorded, held))
  }
}
