import Adjoint
import AdjointFiles
import AdjointONNX
import Foundation
import TestFiles
import Testing

/// What is written: single operations, and loops step by step.
private let written = OperationCatalog.examples + OperationCatalog.loops.flatMap { $0.examples }

@Suite("Exports, read back from their bytes")
struct WritingTests {
  @Test(arguments: written.indices) func `An example is written in both precisions`(_ number: Int)
    throws
  {
    let example = written[number]
    for model in [try exported(example, as: Float.self), try exported(example, as: Double.self)] {
      var known = Set(model.graph.initializers.map(\.name) + model.graph.inputs.map(\.name))
      #expect(known.count == model.graph.initializers.count + model.graph.inputs.count)
      for node in model.graph.nodes {
        #expect(node.inputs.allSatisfy { known.contains($0) }, "\(node.name) reads what is not there yet")
        for output in node.outputs { #expect(known.insert(output).inserted, "\(output) is computed twice") }
      }
      #expect(model.graph.outputs.map(\.name) == ["y"] && known.contains("y"))
      #expect(model.graph.outputs[0].type.dims == Array(example.shape))
    }
  }

  @Test func `The table knows every operation once`() {
    let rows = WrittenOperators.names
    let compositions = Set(Composition.all.keys)
    #expect(rows.union(compositions).isSuperset(of: OperationCatalog.names))
    #expect(rows.union(compositions).isSubset(of: OperationCatalog.names))
    // Both: an operator in single precision, or for some attributes, and the composition elsewhere.
    #expect(rows.intersection(compositions) == ["leakyRelu", "elu", "erf", "pad"])
  }

  @Test func `A loop of too many steps is refused with its place`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    let short = tape.scoped("power") { scan([x], steps: 50) { [$0[0] * 1.5] }[0] }
    let model = try tape.onnxModel(outputs: [("y", short)]).model
    #expect(model.graph.nodes.count { $0.operation == "Mul" } == 50)
    #expect(model.graph.nodes.contains { $0.name.hasPrefix("power/scan/") })
    let long = tape.scoped("power") { scan([x], steps: 1_000_000) { [$0[0] * 1.5] }[0] }
    #expect {
      try tape.onnxModel(outputs: [("y", long)])
    } throws: { error in
      let text = "\(error)"
      return text.contains("a loop of 1000000 steps is written step by step") && text.contains("at most 100000")
    }
  }

  @Test func `Indices that the body of a loop keeps are no input`() throws {
    let tape = Tape<Double>()
    let table = tape.input(Tensor([1, 2, 3]), name: "table")
    let own = tape.index(Tensor<Int32>([2, 0]), name: "own")
    let loop = scan([table.gather(own)], steps: 2) { [$0[0] * table.gather(own)] }[0]
    let beside = table.gather(own)
    #expect {
      try tape.onnxModel(outputs: [("y", loop), ("z", beside)])
    } throws: { error in
      "\(error)".contains("'own'") && "\(error)".contains("Gather what they name before the loop")
    }
    // Where nothing else reads them they are constants.
    let alone = Tape<Double>()
    let x = alone.input(Tensor([1, 2, 3]), name: "table")
    let kept = alone.index(Tensor<Int32>([2, 0]), name: "own")
    let y = scan([x[..<2]], steps: 2) { [$0[0] * x.gather(kept)] }[0]
    let model = try alone.onnxModel(outputs: [("y", y)]).model
    #expect(model.graph.inputs.map(\.name) == ["table"])
  }

  @Test func `A composition computes what its operation does`() throws {
    var compared: Set<String> = []
    for (number, example) in OperationCatalog.examples.enumerated() {
      guard let composition = Composition.all[example.operation.name], example.shape.elementCount > 0 else { continue }
      let tape = Tape<Double>()
      let x = values(of: example, on: tape, seed: UInt64(number))
      let y = tape.record(example.operation, inputs: x)
      let composed = composition.record(x, AttributeList(example.operation.attributes))
      let scale = y.value.elements.map { abs($0) }.max() ?? 1
      for (found, expected) in zip(composed.value.elements, y.value.elements) {
        #expect(abs(found - expected) <= 2e-13 * scale, "\(example.operation.name): \(found), expected \(expected)")
      }
      #expect(composed.shape == y.shape)
      compared.insert(example.operation.name)
    }
    #expect(compared == Set(Composition.all.keys))
  }

  @Test(arguments: ["erf", "erfc", "normalDistribution", "lgamma", "expm1", "log1p", "hypot", "atan2", "logAddExp"])
  func `A composition keeps its digits far out`(_ name: String) throws {
    let operation = try #require(OperationCatalog.examples.first { $0.operation.name == name }).operation
    let composition = try #require(Composition.all[name])
    for x in [1e-12, 1e-3, 0.4999, 0.5001, 2.5, 6.2, 6.4, 8, 20, -1e-9, -0.7, -3.3, -7.9] {
      if name == "log1p", x <= -1 { continue }
      let tape = Tape<Double>()
      let inputs = name == "hypot" || name == "atan2" || name == "logAddExp" ? [x, -0.3] : [x]
      let variables = inputs.map { tape.input(Tensor(scalar: $0)) }
      let expected = tape.record(operation, inputs: variables).value.elements[0]
      let found = composition.record(variables, AttributeList([])).value.elements[0]
      let bound: Double = 1e-12 * max(abs(expected), name == "lgamma" ? 1 : 0)
      let error: Double = abs(found - expected)
      #expect(error <= bound, "\(name)(\(x)): \(found), expected \(expected)")
    }
  }

  @Test func `A layer is one operator under its name`() throws {
    let tape = Tape<Float>(mode: .inference)
    let weight = Parameter<Float>(Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]), name: "fc1/weight")
    let bias = Parameter<Float>(Tensor([7, 8]), name: "fc1/bias")
    let x = tape.input(.zeros([5, 3]), name: "x")
    let z = tape.scoped("fc1") {
      x.matmul(tape.parameter(weight), transposeB: true).addBias(tape.parameter(bias))
    }
    let model = try reread(try tape.onnxModel(outputs: [("y", z.relu())], about: "Two units.").model)
    #expect(model.graph.nodes.map(\.operation) == ["Gemm", "Relu"])
    #expect(model.graph.nodes[0].name == "fc1/Gemm")
    #expect(model.graph.nodes[0].inputs == ["x", "fc1/weight", "fc1/bias"])
    #expect(model.graph.inputs[0].type.names == ["batch", "3"] && model.graph.outputs[0].type.names == ["batch", "2"])
    #expect(model.graph.initializers.map(\.name) == ["fc1/weight", "fc1/bias"])
    let words = ByteOrder.littleEndian.words(of: Array(try #require(model.graph.initializers[0].raw)), as: UInt32.self)
    #expect(words.map { Float(bitPattern: $0) } == [1, 2, 3, 4, 5, 6])
    #expect(model.producerName == "Adjoint" && model.producerVersion == adjointVersion)
    #expect(model.operatorSets == [OperatorSet(version: 17)] && model.documentation == "Two units.")
  }

  @Test func `A convolution is one operator in single precision`() throws {
    func operators<S: Scalar>(_ type: S.Type) throws -> [String] {
      let tape = Tape<S>(mode: .inference)
      let images = tape.input(.zeros([3, 8, 7, 2]), name: "images")
      let kernels = tape.parameter(Parameter<S>(.zeros([4, 2, 3, 2]), name: "conv/weight"))
      let bias = tape.parameter(Parameter<S>(.zeros([4]), name: "conv/bias"))
      let y = images.conv2d(kernels, bias: bias, stride: 2, padding: 1).relu().maxPool(2).flatten()
      let (model, summary) = try tape.onnxModel(outputs: [("y", y)])
      #expect(summary.fixedBatch == nil && summary.outputs == ["y [batch, 16]"])
      return model.graph.nodes.map(\.operation)
    }
    #expect(try operators(Float.self) == ["Transpose", "Conv", "Relu", "MaxPool", "Transpose", "Reshape"])
    #expect(try operators(Double.self).contains("Gather"))
  }

  @Test func `What is fed is an input and what is kept is inside`() throws {
    let tape = Tape<Float>()
    let words = tape.index(Tensor<Int32>(shape: [2, 3], elements: [0, 1, 2, 0, 1, 2]), name: "words")
    let table = tape.parameter(Parameter<Float>(.zeros([3, 4]), name: "table"))
    let state = tape.state(Parameter<Float>(.zeros([4]), name: "mean"))
    let noise = tape.random(.uniform(low: 0, high: 1), shape: [2, 3, 4]).labeled("noise")
    let y = (table.gather(words) - state) * noise
    let model = try tape.onnxModel(outputs: [("y", y), ("place", y.argMax())]).model
    #expect(model.graph.inputs.map(\.name) == ["words", "noise"])
    #expect(model.graph.inputs[0].type.element == .int64 && model.graph.inputs[1].type.element == .float)
    #expect(model.graph.initializers.map(\.name) == ["table", "mean"])
    #expect(model.graph.outputs[1].type.element == .int64 && model.graph.outputs[1].type.names == ["batch", "3"])
  }

  @Test func `Gradients come out by their parameters and the tape stays`() throws {
    let tape = Tape<Float>()
    let w = Parameter<Float>(Tensor([1, 2, 3]), name: "w")
    let unused = Parameter<Float>(Tensor([1]), name: "unused")
    let x = tape.input(Tensor([4, 5, 6]), name: "x")
    let loss = (tape.parameter(w) * x).square().sum()
    _ = tape.parameter(unused)
    let count = tape.count
    let (model, summary) = try tape.onnxModel(outputs: [("loss", loss)], gradients: true)
    #expect(tape.count == count && loss.value.scalar == 16 + 100 + 324)
    #expect(summary.outputs == ["loss []", "gradient/w [3]", "gradient/unused [1]"])
    #expect(model.graph.inputs.map(\.name) == ["x", "w"] && summary.fixedBatch != nil)
    #expect(model.graph.initializers.contains { $0.name == "w" })
  }
}

/// What this module writes and reads again.
@Suite("Round trips")
struct RoundTripTests {
  @Test(arguments: written.indices) func `A model that is read back computes what was recorded`(_ number: Int) throws {
    let example = written[number]
    try compare(example, as: Float.self, bound: 1e-5)
    try compare(example, as: Double.self, bound: 1e-12)
  }

  private func compare<S: Scalar>(_ example: Example, as type: S.Type, bound: Double) throws {
    let tape = Tape<S>()
    let x = values(of: example, on: tape, seed: 1)
    let y = tape.record(example.operation, inputs: x)
    let written = try reread(try tape.onnxModel(outputs: [("y", y)], batch: nil).model)
    let model = try Model<S>(written, from: URL(fileURLWithPath: "model.onnx"))
    let again = Tape<S>()
    let inputs = x.enumerated().map { number, leaf in
      ("x\(number)", leaf.holdsIndices ? again.index(leaf.indexValue) : again.input(leaf.value))
    }
    let result = try #require(try model.record(Dictionary(uniqueKeysWithValues: inputs), on: again)["y"])
    #expect(result.shape == y.shape)
    func numbers(_ x: Variable<S>) -> [Double] {
      x.holdsIndices ? x.indexValue.elements.map(Double.init) : x.value.elements.map(\.primal)
    }
    let (found, expected) = (numbers(result), numbers(y))
    let scale = expected.filter(\.isFinite).map(\.magnitude).max() ?? 1
    for (a, b) in zip(found, expected) where a != b {
      #expect(abs(a - b) <= bound * scale, "\(example.operation.name): \(a), expected \(b)")
    }
  }
}

extension ONNXType {
  fileprivate var tensor: ONNXTensorType? { if case .tensor(let tensor) = kind { tensor } else { nil } }
  var names: [String] { tensor?.shape?.dims.map { $0.size.map(String.init) ?? $0.name } ?? [] }
  var dims: [Int?] { tensor?.shape?.dims.map(\.size) ?? [] }
  var element: ONNXElement? { tensor.flatMap { ONNXElement(rawValue: $0.elementType) } }
}

extension Example {
  var shape: Shape { (try? operation.shape(of: inputs.map(\.shape))) ?? [] }
}

/// Inputs of an example.
private func values<S: Scalar>(of example: Example, on tape: Tape<S>, seed: UInt64) -> [Variable<S>] {
  var generator = Generator(seed: seed)
  return example.inputs.enumerated().map { number, input in
    switch input {
    case .numbers(let shape, let range, _):
      let elements = (0..<shape.elementCount).map { _ in S(generator.uniform(range.lowerBound, range.upperBound)) }
      return tape.input(Tensor(shape: shape, elements: elements), name: "x\(number)")
    case .indices(let shape, let bound):
      let elements = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(max(bound, 1))) }
      return tape.index(Tensor(shape: shape, elements: elements), name: "x\(number)")
    case .wellConditioned(let shape):
      return tape.input(Tensor<Double>.wellConditioned(shape) { generator.uniform() }.converted(), name: "x\(number)")
    }
  }
}

private func exported<S: Scalar>(_ example: Example, as type: S.Type) throws -> ONNXModel {
  let tape = Tape<S>()
  let y = tape.record(example.operation, inputs: values(of: example, on: tape, seed: 1))
  return try reread(try tape.onnxModel(outputs: [("y", y)], batch: nil).model)
}

/// The model that its own bytes hold.
private func reread(_ model: ONNXModel) throws -> ONNXModel {
  var reader = WireReader(model.encoded, file: "model.onnx")
  return try ONNXModel(from: &reader)
}
