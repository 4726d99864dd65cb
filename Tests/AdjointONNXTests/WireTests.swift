import AdjointFiles
import AdjointONNX
import Testing

@Suite("The wire format")
struct WireTests {
  private func model(_ bytes: [UInt8]) throws -> ONNXModel {
    var reader = WireReader(bytes, file: "m.onnx")
    return try ONNXModel(from: &reader)
  }

  private var sample: ONNXModel {
    var inner = ONNXGraph()
    inner.nodes = [ONNXNode("Identity", ["x"], ["y"])]
    var graph = ONNXGraph()
    graph.name = "g"
    graph.nodes = [
      ONNXNode(
        "Op", ["a", "", "b"], ["c"], name: "n", domain: "d",
        attributes: [
          ONNXAttribute("f", .float(0)), ONNXAttribute("i", .int(-3)), ONNXAttribute("s", .string("ü")),
          ONNXAttribute("fs", .floats([1, -2.5])), ONNXAttribute("is", .ints([])),
          ONNXAttribute("ss", .strings(["a", ""])), ONNXAttribute("g", .graph(inner)),
          ONNXAttribute("r", .reference("outer")),
        ])
    ]
    var tensor = ONNXTensor("w", dims: [2], type: .float, raw: [0, 0, 128, 63, 0, 0, 0, 64])
    tensor.external = [ONNXEntry("location", "w.bin")]
    graph.initializers = [tensor]
    graph.inputs = [ONNXValueInfo("a", .float, [ONNXDimension(named: "batch"), ONNXDimension(3)])]
    var model = ONNXModel()
    model.irVersion = 8
    model.operatorSets = [OperatorSet(version: 17)]
    model.graph = graph
    model.metadata = [ONNXEntry("k", "v")]
    return model
  }

  @Test func `What is written is read`() throws {
    let bytes = sample.encoded
    let read = try model(bytes)
    #expect(read.encoded == bytes)
    #expect(read.operatorSets == [OperatorSet(version: 17)])
    let node = try #require(read.graph.nodes.first)
    #expect(node.inputs == ["a", "", "b"])
    #expect(node.attributes.count == 8)
    guard case .ints(let empty) = node.attributes[4].value else {
      Issue.record("an empty list lost its type")
      return
    }
    #expect(empty.isEmpty)
    guard case .int(-3) = node.attributes[1].value else {
      Issue.record("a negative number was read wrong")
      return
    }
  }

  @Test func `A file that is cut off is refused wherever it ends, or is a shorter whole`() throws {
    let bytes = sample.encoded
    var refused = 0
    for length in 0..<bytes.count {
      do {
        _ = try model(Array(bytes[..<length]))
      } catch let error as FileError {
        #expect(error.reason == .truncated)
        refused += 1
      }
    }
    #expect(refused > bytes.count - 10)
  }

  @Test func `A length beyond the end is refused with its place`() {
    // Field 7, a length of 2⁶³ - 1.
    let bytes: [UInt8] = [8, 8, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    #expect {
      try model(bytes)
    } throws: {
      ($0 as? FileError)?.place == .byte(2)
    }
  }

  @Test func `A whole number of eleven bytes is refused`() {
    #expect(throws: FileError.self) { try model([8] + Array(repeating: 0xFF, count: 10) + [1]) }
    #expect(throws: FileError.self) { try model([8] + Array(repeating: 0xFF, count: 9) + [2]) }
  }

  @Test func `Graphs nested without end are refused`() {
    func nested(_ depth: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for _ in 0..<depth {
        // A graph in an attribute in a node.
        for key: UInt8 in [0x32, 0x2A, 0x0A] {
          var writer = WireWriter()
          writer.raw(Int(key >> 3), bytes)
          bytes = writer.bytes
        }
      }
      var writer = WireWriter()
      writer.raw(7, bytes)
      return writer.bytes
    }
    #expect(throws: Never.self) { try model(nested(30)) }
    #expect(throws: FileError.self) { try model(nested(40)) }
    #expect(throws: FileError.self) { try model(nested(1000)) }
  }

  @Test func `Groups and a field of number 0 are refused`() {
    #expect(throws: FileError.self) { try model([0x0B]) }
    #expect(throws: FileError.self) { try model([0x00, 1]) }
  }

  @Test func `Texts that are no UTF-8 are refused`() {
    #expect(throws: FileError.self) { try model([0x12, 1, 0xFF]) }
  }
}
