import Adjoint
import AdjointFiles
import AdjointLearning
import AdjointONNX
import Foundation
import TestFiles
import Testing

@Suite("A model that is read")
struct ModelTests {
  private let folder = try? ScratchFolder()

  /// y = relu(x·Wᵀ + b)·v, for x of the shape [n, 2].
  private func perceptron() throws -> Model<Double> {
    func bytes(_ numbers: [Double]) -> [UInt8] { ByteOrder.littleEndian.bytes(of: numbers.map(\.bitPattern)) }
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("x", .double, [ONNXDimension(named: "n"), ONNXDimension(2)])]
    graph.outputs = [ONNXValueInfo("y", .double, [ONNXDimension(named: "n"), ONNXDimension(1)])]
    graph.initializers = [
      ONNXTensor("fc1.weight", dims: [3, 2], type: .double, raw: bytes([1, 2, -3, 4, 0.5, -1])),
      ONNXTensor("fc1.bias", dims: [3], type: .double, raw: bytes([0.1, -0.2, 0.3])),
      ONNXTensor("fc2.weight", dims: [3, 1], type: .double, raw: bytes([1, -1, 2])),
    ]
    graph.nodes = [
      ONNXNode("Gemm", ["x", "fc1.weight", "fc1.bias"], ["z"], attributes: [ONNXAttribute("transB", .int(1))]),
      ONNXNode("Relu", ["z"], ["h"]), ONNXNode("MatMul", ["h", "fc2.weight"], ["y"]),
    ]
    var model = ONNXModel()
    model.operatorSets = [OperatorSet(version: 17)]
    model.graph = graph
    return try Model(onnx: try #require(folder).file("m.onnx", model.encoded))
  }

  @Test func `It computes what its nodes say, and its initialisers are parameters by their names`() throws {
    let model = try perceptron()
    #expect(model.parameters.map(\.name) == ["fc1.weight", "fc1.bias", "fc2.weight"])
    #expect(model.inputs.map(\.name) == ["x"] && model.inputs[0].dimensions == [nil, 2])
    let tape = Tape<Double>()
    let y = model(tape.input(Tensor([[1, 1], [-1, 0.5]])))
    // By hand: relu([3.1, 0.8, −0.2])·v = 3.1 − 0.8, and relu([0.1, 4.8, −0.7])·v = 0.1 − 4.8.
    #expect(y.value.isClose(to: Tensor([[2.3], [-4.7]])))
    #expect(model.fixedInputs.isEmpty)
  }

  @Test func `Its gradients are those of the closed form, and a step changes what it computes`() throws {
    let model = try perceptron()
    let tape = Tape<Double>()
    let loss = model(tape.input(Tensor([[1, 1]]))).sum()
    let found = gradients(of: loss, withRespectTo: model.parameters)
    #expect(found[0].value == Tensor([[1, 1], [-1, -1], [0, 0]]))
    #expect(found[1].value == Tensor([1, -1, 0]))
    #expect(found[2].value.isClose(to: Tensor([[3.1], [0.8], [0]])))
    for (parameter, gradient) in zip(model.parameters, found) {
      parameter.value = parameter.value - gradient.value * 0.01
    }
    let next = model(Tape<Double>().input(Tensor([[1, 1]]))).sum()
    #expect(next.value.scalar < loss.value.scalar)
  }

  @Test func `A training step takes it as a layer, a copy stands by itself, and running statistics are not trained`()
    throws
  {
    let model = try perceptron()
    let copy = model.copy()
    let step = TrainingStep<Double>(optimizer: SGD(learningRate: 0.01)) { x, y in
      (model(x) - y).square().mean()
    }
    let (x, y) = (Tensor([[1.0, 1], [-1, 0.5]]), Tensor([[0.0], [0]]))
    let first = try step(x, y)
    for _ in 0..<20 { _ = try step(x, y) }
    let last = try step(x, y)
    #expect(last < first)
    #expect(copy(Tape<Double>().input(x)).value.isClose(to: Tensor([[2.3], [-4.7]])))
    model.freeze()
    #expect(model.parameters.map(\.isFrozen) == [true, true, true])
    #expect(model.description.hasSuffix("x [_, 2] to y [_, 1], 12 parameters"))
  }

  @Test func `Running statistics are states, and saved`() throws {
    func tensor(_ name: String, _ number: Double) -> ONNXTensor {
      ONNXTensor(name, dims: [1], type: .double, raw: ByteOrder.littleEndian.bytes(of: [number.bitPattern]))
    }
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("x", .double, [ONNXDimension(2), ONNXDimension(1)])]
    graph.outputs = [ONNXValueInfo("y", .double, [])]
    graph.initializers = [tensor("scale", 2), tensor("bias", 1), tensor("mean", 3), tensor("variance", 4)]
    graph.nodes = [
      ONNXNode(
        "BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["y"],
        attributes: [ONNXAttribute("epsilon", .float(0))])
    ]
    var onnx = ONNXModel()
    (onnx.graph, onnx.operatorSets) = (graph, [OperatorSet(version: 17)])
    let model = try Model<Double>(onnx, from: URL(fileURLWithPath: "/m.onnx"))
    let tape = Tape<Double>()
    #expect(model(tape.input(Tensor([[3], [5]]))).value == Tensor([[1], [3]]))
    #expect(tape.trainableParameters.map(\.parameter.name) == ["scale", "bias"])
    #expect(model.parameters.map(\.name) == ["scale", "bias"])
    let url = try #require(folder).url.appendingPathComponent("norm.onnx")
    try model.save(onnx: url)
    let again = try Model<Double>(onnx: url)
    #expect(again.held.map(\.value.elements) == [[2], [1], [3], [4]])
  }

  @Test func `What was trained is saved, and read again`() throws {
    let model = try perceptron()
    model.parameters[1].value = Tensor([7, 8, 9])
    let url = try #require(folder).url.appendingPathComponent("trained.onnx")
    try model.save(onnx: url)
    let again = try Model<Double>(onnx: url)
    #expect(again.parameters.map(\.value) == model.parameters.map(\.value))
    #expect(again.inputs == model.inputs && again.outputs == model.outputs)
  }

  @Test func `A program of it is fed other inputs`() throws {
    let model = try perceptron()
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 1]]))
    let y = model(x)
    let program = Program<Double>([y])
    try program.feed(x, Tensor([[-1, 0.5]]))
    program.run()
    #expect(program.value(of: y).isClose(to: Tensor([[-4.7]])))
  }

  @Test func `Positions on the tape stay there, and a program is fed others`() throws {
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("ids", .int64, [ONNXDimension(2)])]
    graph.outputs = [ONNXValueInfo("y", .double, [])]
    graph.initializers = [
      ONNXTensor(
        "table", dims: [3, 1], type: .double, raw: ByteOrder.littleEndian.bytes(of: [1.0, 2, 3].map(\.bitPattern)))
    ]
    graph.nodes = [ONNXNode("Gather", ["table", "ids"], ["y"])]
    var onnx = ONNXModel()
    (onnx.graph, onnx.operatorSets) = (graph, [OperatorSet(version: 17)])
    let model = try Model<Double>(onnx, from: URL(fileURLWithPath: "/m.onnx"))
    let tape = Tape<Double>()
    let ids = tape.index(Tensor<Int32>([0, 2]))
    let y = model(ids)
    #expect(y.value == Tensor([[1], [3]]) && model.fixedInputs.isEmpty)
    let program = Program<Double>([y])
    try program.feed(ids, Tensor<Int32>([1, 1]))
    program.run()
    #expect(program.value(of: y) == Tensor([[2], [2]]))
  }

  @Test func `An input whose values decide a shape is named`() throws {
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("x", .double, [ONNXDimension(4)]), ONNXValueInfo("to", .int64, [ONNXDimension(2)])]
    graph.outputs = [ONNXValueInfo("y", .double, [])]
    graph.nodes = [ONNXNode("Reshape", ["x", "to"], ["y"])]
    var onnx = ONNXModel()
    (onnx.graph, onnx.operatorSets) = (graph, [OperatorSet(version: 17)])
    let model = try Model<Double>(onnx, from: URL(fileURLWithPath: "/m.onnx"))
    let tape = Tape<Double>()
    let y = try model.record(
      ["x": tape.input(Tensor([1, 2, 3, 4])), "to": tape.index(Tensor<Int32>([2, 2]))], on: tape)
    #expect(y["y"]?.shape == [2, 2])
    #expect(model.fixedInputs == ["to"])
  }

  @Test func `Layers of the file are scopes, also after an export of ours`() throws {
    var generator = Generator(seed: 1)
    let network = MLP<Double>([2, 3, 1], using: &generator)
    let tape = Tape<Double>(mode: .inference)
    let y = tape.scoped("head") { network(tape.input(Tensor([[1, 2]]), name: "x")) }
    let url = try #require(folder).url.appendingPathComponent("layers.onnx")
    try tape.export(to: url, outputs: ["y": y])
    let model = try Model<Double>(onnx: url)
    let again = Tape<Double>(mode: .inference)
    _ = model(again.input(Tensor([[1, 2]])))
    let products = (0..<again.count).map { again[$0] }.filter { $0.operation?.name == "matmul" }
    #expect(products.map(\.scope) == ["head/fc1", "head/fc2"])
    #expect(again.trainableParameters.map(\.leaf.scope) == products.flatMap { [$0.scope, $0.scope] })
  }

  @Test func `Exporters tell layers by names or by metadata`() {
    #expect(ONNXNode("Gemm", [], [], name: "/encoder/layers.0/fc/Gemm").layerPath == "encoder/layers.0/fc")
    #expect(ONNXNode("Relu", [], [], name: "relu_1").layerPath == "" && ONNXNode("Relu", [], []).layerPath == "")
    var node = ONNXNode("Gemm", [], [], name: "node_linear_3")
    node.metadata = [ONNXEntry("pkg.torch.onnx.name_scopes", "['', 'encoder', 'encoder.fc', 'linear_3']")]
    #expect(node.layerPath == "encoder/fc")
  }

  @Test func `Half precisions are read exactly`() throws {
    let halves: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x7C00, 0x3555, 0x8000]
    let tensor = ONNXTensor("h", dims: [6], type: .float16, raw: ByteOrder.littleEndian.bytes(of: halves))
    guard case (_, _, .fractions(let numbers)) = try tensor.content(beside: URL(fileURLWithPath: "/m")) else {
      Issue.record("no numbers")
      return
    }
    #expect(numbers == [1, -2, 0x1p-24, .infinity, 0.333251953125, 0])
    let brain = ONNXTensor("b", dims: [2], type: .bfloat16, raw: [0x80, 0x3F, 0x49, 0xC0])
    guard case (_, _, .fractions(let others)) = try brain.content(beside: URL(fileURLWithPath: "/m")) else {
      Issue.record("no numbers")
      return
    }
    #expect(others == [1, -3.140625])
  }
}
