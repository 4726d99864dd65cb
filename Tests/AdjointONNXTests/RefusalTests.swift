import Adjoint
import AdjointFiles
import AdjointONNX
import Foundation
import TestFiles
import Testing

@Suite("What is refused")
struct RefusalTests {
  private let folder = try? ScratchFolder()

  private func model(_ edit: (inout ONNXGraph) -> Void) throws -> Model<Double> {
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("x", .double, [ONNXDimension(named: "n"), ONNXDimension(2)])]
    graph.outputs = [ONNXValueInfo("y", .double, [])]
    graph.nodes = [ONNXNode("Relu", ["x"], ["y"], name: "r")]
    edit(&graph)
    var model = ONNXModel()
    model.operatorSets = [OperatorSet(version: 17)]
    model.graph = graph
    let file = try #require(folder).file("m.onnx", model.encoded)
    return try Model(onnx: file)
  }

  private func error(_ edit: (inout ONNXGraph) -> Void) throws -> FileError {
    let error = #expect(throws: FileError.self) { _ = try model(edit) }
    return try #require(error)
  }

  @Test func `Every operator that is missing is named at once, with its node, domain and version`() throws {
    let error = try error { graph in
      graph.nodes = [
        ONNXNode("Fancy", ["x"], ["a"], name: "first"), ONNXNode("Relu", ["a"], ["b"]),
        ONNXNode("Odd", ["b"], ["y"], domain: "com.example"),
      ]
    }
    #expect(error.found.contains("Fancy of ai.onnx 17 (node 'first')"))
    #expect(error.found.contains("Odd of com.example 0 (node 'y')"))
    #expect(error.found.hasSuffix(": 2 of the graph's 3 nodes"))
  }

  @Test func `An operator that is missing within a branch is named too`() throws {
    let error = try error { graph in
      var inner = ONNXGraph()
      inner.nodes = [ONNXNode("Fancy", ["x"], ["z"])]
      inner.outputs = [ONNXValueInfo("z", .double, [])]
      graph.nodes = [
        ONNXNode("If", ["x"], ["y"], attributes: [ONNXAttribute("then_branch", .graph(inner))])
      ]
    }
    #expect(error.found.contains("Fancy"))
  }

  @Test func `A model that does not say the version of its operators is refused`() throws {
    var model = ONNXModel()
    model.graph.inputs = [ONNXValueInfo("x", .double, [ONNXDimension(2)])]
    model.graph.outputs = [ONNXValueInfo("y", .double, [])]
    model.graph.nodes = [ONNXNode("Relu", ["x"], ["y"], name: "r")]
    let folder = try #require(folder)
    func read() throws { _ = try Model<Double>(onnx: folder.file("v.onnx", model.encoded)) }
    for (format, sets) in [(8, []), (0, []), (8, [OperatorSet("com.example", version: 1)])] {
      (model.irVersion, model.operatorSets) = (format, sets)
      let error = try #require(#expect(throws: FileError.self) { try read() })
      #expect("\(error)".contains("opset_import"), "\(error)")
    }
    (model.irVersion, model.operatorSets) = (2, [])
    try read()
    (model.irVersion, model.operatorSets) = (8, [OperatorSet("ai.onnx", version: 17)])
    try read()
  }

  @Test func `A name that is given twice, a cycle and a missing operand are refused`() throws {
    let twice = try error { $0.nodes.append(ONNXNode("Relu", ["x"], ["y"])) }
    #expect(twice.reason == .duplicateName)
    let cycle = try error { graph in
      graph.nodes = [ONNXNode("Relu", ["b"], ["a"]), ONNXNode("Relu", ["a"], ["b"]), ONNXNode("Relu", ["a"], ["y"])]
    }
    #expect(cycle.found.contains("cycle"))
    let missing = try error { $0.nodes = [ONNXNode("Add", ["x", "w"], ["y"])] }
    #expect(missing.reason == .missingTensor && missing.expected.contains("'w'"))
    let output = try error { $0.outputs = [ONNXValueInfo("z", .double, [])] }
    #expect(output.reason == .missingTensor)
  }

  @Test(arguments: [[-1], [1 << 40], [1 << 32, 1 << 32], [1, 1, 1, 1, 1, 1, 1, 1, 1]])
  func `Dimensions that cannot be are refused before memory is taken`(_ dims: [Int]) throws {
    let error = try error { $0.initializers = [ONNXTensor("w", dims: dims, type: .float, raw: [0, 0, 0, 0])] }
    #expect(error.place == .tensor("w"))
  }

  @Test func `A tensor whose numbers do not fit its dimensions is refused`() throws {
    let error = try error { $0.initializers = [ONNXTensor("w", dims: [3], type: .float, raw: [0, 0, 0, 0])] }
    #expect(error.reason == .mismatch && error.expected.hasPrefix("12 bytes"))
  }

  @Test(arguments: ["../secret.bin", "/etc/hostname", "a/../../b", "link.bin"])
  func `Numbers of another file lie in the model's folder`(_ location: String) throws {
    let place = try #require(folder).url
    try? FileManager.default.createSymbolicLink(
      at: place.appendingPathComponent("link.bin"), withDestinationURL: URL(fileURLWithPath: "/etc/hostname"))
    let error = try error { graph in
      var tensor = ONNXTensor("w", dims: [1], type: .float, raw: [])
      tensor.raw = nil
      tensor.isExternal = true
      tensor.external = [ONNXEntry("location", location)]
      graph.initializers = [tensor]
    }
    #expect(error.reason == .badOffsets && error.expected == "a file in the folder of the model")
  }

  @Test func `Numbers of another file are read at their offset, and a lie about its size is refused`() throws {
    let folder = try #require(folder)
    _ = try folder.file("w.bin", [9, 9, 0, 0, 128, 63, 0, 0, 0, 64])
    func external(_ entries: [ONNXEntry]) throws -> Model<Double> {
      try model { graph in
        var tensor = ONNXTensor("w", dims: [2], type: .float, raw: [])
        tensor.raw = nil
        tensor.isExternal = true
        tensor.external = [ONNXEntry("location", "w.bin")] + entries
        graph.initializers = [tensor]
      }
    }
    let read = try external([ONNXEntry("offset", "2"), ONNXEntry("length", "8")])
    #expect(read.parameters.first?.value.elements == [1, 2])
    #expect(throws: FileError.self) { _ = try external([ONNXEntry("offset", "4")]) }
    #expect(throws: FileError.self) { _ = try external([ONNXEntry("length", "9")]) }
    #expect(throws: FileError.self) { _ = try external([ONNXEntry("offset", "-1")]) }
    #expect(throws: FileError.self) { _ = try external([ONNXEntry("offset", "9223372036854775807")]) }
  }

  @Test func `An input of another shape is refused with the shape that the model states`() throws {
    let model = try model { _ in }
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2, 3]]))
    let error = #expect(throws: FileError.self) { _ = try model.record(["x": x], on: tape) }
    #expect(error?.expected == "an input of shape [n, 2]")
  }

  @Test func `Shapes that do not fit name the node`() throws {
    let model = try model { graph in
      graph.inputs.append(ONNXValueInfo("b", .double, []))
      graph.inputs[1].type = ONNXType()
      graph.nodes = [ONNXNode("Add", ["x", "b"], ["y"], name: "sum")]
    }
    let tape = Tape<Double>()
    let inputs = ["x": tape.input(Tensor([[1, 2]])), "b": tape.input(Tensor([1, 2, 3]))]
    let error = #expect(throws: FileError.self) { _ = try model.record(inputs, on: tape) }
    #expect(error?.place == .node("'sum' (Add)"))
    #expect(throws: FileError.self) { _ = try model.record(["x": tape.input(Tensor([[1, 2]]))], on: tape) }
  }

  @Test(arguments: ["ReduceMean", "GlobalAveragePool", "GlobalMaxPool", "LayerNormalization", "RMSNormalization"])
  func `Axes without elements are refused with the node`(_ operation: String) throws {
    let model = try model { graph in
      graph.inputs[0].type = ONNXType()
      graph.nodes = [ONNXNode(operation, ["x"], ["y"], name: "n")]
    }
    let tape = Tape<Double>()
    let x = tape.input(Tensor(repeating: 0, shape: [2, 3, 0]))
    let error = #expect(throws: FileError.self) { _ = try model.record(["x": x], on: tape) }
    #expect(error?.place == .node("'n' (\(operation))") && error?.expected == "elements along different axes")
  }

  @Test func `A function that calls itself is refused`() throws {
    var function = ONNXFunction()
    (function.name, function.domain, function.inputs, function.outputs) = ("Loop", "own", ["a"], ["b"])
    function.nodes = [ONNXNode("Loop", ["a"], ["b"], domain: "own")]
    var graph = ONNXGraph()
    graph.inputs = [ONNXValueInfo("x", .double, [])]
    graph.inputs[0].type = ONNXType()
    graph.outputs = [ONNXValueInfo("y", .double, [])]
    graph.nodes = [ONNXNode("Loop", ["x"], ["y"], domain: "own")]
    var onnx = ONNXModel()
    (onnx.graph, onnx.functions) = (graph, [function])
    let model = try Model<Double>(onnx, from: URL(fileURLWithPath: "/m.onnx"))
    let tape = Tape<Double>()
    let error = #expect(throws: FileError.self) { _ = try model.record(["x": tape.input(Tensor([1]))], on: tape) }
    #expect(error?.expected == "functions that end")
  }
}
