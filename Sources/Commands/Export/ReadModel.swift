import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointFiles
import AdjointONNX
import Foundation

/// A model of another program: what it holds, and whether its recorded gradient is right.
struct ReadModel {
  private let file: String
  private let onnx: ONNXModel

  /// - Throws: `FileError` for a file that is no model.
  init(_ file: String) throws {
    self.file = file
    onnx = try ONNXModel(contentsOf: FilePlace.url(file))
  }

  /// Lists what goes in and comes out, tensors and operators, also those that are missing here.
  func show(_ console: Console) throws -> Int32 {
    let graph = onnx.graph
    func field(_ name: String, _ value: String) { console.field(name, value, width: 10) }
    func listed(_ ports: [ONNXValueInfo]) -> String {
      ports.map { Model<Float>.Port($0).description }.listed(atMost: 12)
    }
    let held = Set(graph.initializers.map(\.name))
    let writer = [onnx.producerName, onnx.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    if !writer.isEmpty { field("writer", printable(writer)) }
    field(
      "sets",
      onnx.operatorSets.map { "\(printable($0.domain.isEmpty ? "ai.onnx" : $0.domain)) \($0.version)" }.listed(
        atMost: 12))
    field("in", listed(graph.inputs.filter { !held.contains($0.name) }))
    field("out", listed(graph.outputs))
    field("held", graph.initializers.map { "\(printable($0.name)) \($0.dims)" }.listed(atMost: 12))
    let counts = Dictionary(onnx.allNodes.map { (printable($0.operation), 1) }, uniquingKeysWith: +)
    field(
      "operators",
      counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.listed(atMost: 30))
    do {
      let model = try Model<Float>(onnx: FilePlace.url(file))
      let count = model.parameters.reduce(0) { $0 + $1.count }
      field("readable", "yes: \(model.parameters.count.of("parameter")) of \(count.grouped) numbers")
      return 0
    } catch let error as FileError {
      field("readable", "no: expected \(error.expected), found \(error.found)")
      return 1
    }
  }

  /// Checks the gradient of the first output at random inputs; an extent that the file leaves open is 2.
  func check(seed: UInt64, _ console: Console) throws -> Int32 {
    let model = try Model<Double>(onnx: FilePlace.url(file))
    var generator = Generator(seed: seed)
    let tape = Tape<Double>()
    var inputs: [String: Variable<Double>] = [:]
    for port in model.inputs {
      guard let dimensions = port.dimensions else {
        throw FileError(
          .badShape, file: file, at: .tensor(port.name), expected: "an input whose dimensions the file states",
          found: "none", remedy: "Record the model on inputs of your own: Model(onnx:) in Docs/ONNX.md.")
      }
      let shape = try Shape(dimensions.map { $0 ?? 2 }, of: port.name)
      inputs[port.name] =
        port.holdsNumbers
        ? tape.input(
          Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.normal() }), name: port.name)
        : tape.index(Tensor<Int32>(repeating: 0, shape: shape), name: port.name)
    }
    let results = try model.record(inputs, on: tape)
    guard let name = model.outputs.first(where: { results[$0.name] != nil })?.name, let y = results[name] else {
      throw FileError(
        .badShape, file: file, at: .wholeFile, expected: "an output of numbers", found: "none",
        remedy: "Export the model with one.")
    }
    var check = GradientCheck(of: y, seed: seed)
    check.subject = name
    let report = check.run()
    console.line(report.text(colored: console.hasColor))
    return report.exitCode
  }
}

extension [String] {
  /// The first of them, and how many more there are.
  fileprivate func listed(atMost limit: Int) -> String {
    isEmpty ? "none" : prefix(limit).joined(separator: ", ") + (count > limit ? " and \(count - limit) more" : "")
  }
}
