import Adjoint
import AdjointFiles
import Foundation

/// The values of a graph by name, and behind them those of the graph around it.
package final class GraphScope<S: Scalar> {
  private var values: [String: GraphValue<S>] = [:]
  private let outer: GraphScope?
  /// Attributes of the function in whose body this stands.
  let attributes: [String: ONNXAttribute.Value]
  /// The versions of the domains.
  let versions: [String: Int]

  init(outer: GraphScope? = nil, attributes: [String: ONNXAttribute.Value]? = nil, versions: [String: Int]? = nil) {
    self.outer = outer
    self.attributes = attributes ?? outer?.attributes ?? [:]
    self.versions = versions ?? outer?.versions ?? [:]
  }

  subscript(name: String) -> GraphValue<S>? {
    get { values[name] ?? outer?[name] }
    set { values[name] = newValue }
  }
}

/// Records a graph on a tape, node by node.
package final class GraphRecorder<S: Scalar> {
  package let tape: Tape<S>
  package let file: String
  let url: URL
  private let table: OperatorTable<S>
  private let functions: [String: ONNXFunction]
  private let parameters: ParameterList<S>
  /// Inputs whose values decided shapes, positions or branches, and so are part of the recording.
  package private(set) var fixedInputs: Set<String> = []
  private var depth = 0
  /// Tensors of the graph itself that no node has read yet; each is recorded under the layer that reads it first.
  private var waiting: [String: ONNXTensor] = [:]

  init(
    on tape: Tape<S>, url: URL, functions: [ONNXFunction], parameters: ParameterList<S>
  ) {
    self.tape = tape
    self.url = url
    file = url.path
    table = OperatorTable()
    self.functions = Dictionary(functions.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.parameters = parameters
  }

  func note(_ origins: Set<String>) { fixedInputs.formUnion(origins) }

  func title(_ node: ONNXNode) -> String {
    let name = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? "" : node.name
    return "\(quoted(name)) (\(node.domain.isEmpty ? "" : node.domain + ".")\(node.operation))"
  }

  /// Records every node of a graph, whose inputs the scope holds, and returns the outputs.
  func record(_ graph: ONNXGraph, in scope: GraphScope<S>) throws -> [GraphValue<S>] {
    for tensor in graph.initializers where scope[tensor.name] == nil || depth > 0 {
      if depth == 0 { waiting[tensor.name] = tensor } else { scope[tensor.name] = try value(of: tensor) }
    }
    try record(graph.nodes, in: scope)
    if depth == 0 { try recordWaiting(graph.initializers.map(\.name), in: scope) }
    return try graph.outputs.map { output in
      guard let value = scope[output.name] else {
        throw FileError(
          .missingTensor, file: file, at: .wholeFile, expected: "a node that gives the output \(quoted(output.name))",
          found: "none", remedy: "Export the model again.")
      }
      return value
    }
  }

  func record(_ nodes: [ONNXNode], in scope: GraphScope<S>) throws {
    for node in nodes {
      let path = depth == 0 ? node.layerPath : ""
      let results = path.isEmpty ? try record(node, in: scope) : try tape.scoped(path) { try record(node, in: scope) }
      for (name, result) in zip(node.outputs, results) where !name.isEmpty { scope[name] = result }
    }
  }

  private func recordWaiting(_ names: [String], in scope: GraphScope<S>) throws {
    for name in names {
      guard let tensor = waiting.removeValue(forKey: name) else { continue }
      scope[name] = try value(of: tensor, isParameter: true)
    }
  }

  private func record(_ node: ONNXNode, in scope: GraphScope<S>) throws -> [GraphValue<S>] {
    if depth == 0 { try recordWaiting(node.graphs.isEmpty ? node.inputs : waiting.keys.sorted(), in: scope) }
    var attributes: [String: ONNXAttribute.Value] = [:]
    for attribute in node.attributes {
      guard case .reference(let name) = attribute.value else {
        attributes[attribute.name] = attribute.value
        continue
      }
      attributes[attribute.name] = scope.attributes[name]
    }
    let operands: [GraphValue<S>?] = try node.inputs.map { name in
      if name.isEmpty { return nil }
      guard let value = scope[name] else {
        throw FileError(
          .missingTensor, file: file, at: .node(title(node)), expected: "the operand \(quoted(name))", found: "none",
          remedy: "A graph lists its nodes in the order of computing; export the model again.")
      }
      return value
    }
    let version = scope.versions[node.domain.standardDomain] ?? 1
    let call = Call(
      recorder: self, node: node, version: version, operands: operands, attributes: attributes, scope: scope)
    if let row = table[node] { return try row(call) }
    guard let function = functions[node.key] else { throw unknown([(node, version)], among: 1) }
    return try record(function, call)
  }

  private func record(_ function: ONNXFunction, _ call: Call<S>) throws -> [GraphValue<S>] {
    guard depth < 64 else { throw call.error("functions that end", "one that calls itself without end") }
    depth += 1
    defer { depth -= 1 }
    var attributes = Dictionary(
      function.defaults.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    attributes.merge(call.attributes) { $1 }
    let versions = Dictionary(
      function.operatorSets.map { ($0.domain.standardDomain, $0.version) }, uniquingKeysWith: { first, _ in first })
    let scope = GraphScope<S>(attributes: attributes, versions: versions)
    for (i, name) in function.inputs.enumerated() { scope[name] = call.optional(i) ?? .absent }
    return try tape.scoped(function.name) {
      try record(function.nodes, in: scope)
      return try function.outputs.map { name in
        guard let value = scope[name] else { throw call.error("the result \(quoted(name)) of the function", "none") }
        return value
      }
    }
  }

  /// Records a graph in an attribute of a node with these inputs.
  func record(_ graph: ONNXGraph, with inputs: [GraphValue<S>], _ call: Call<S>) throws -> [GraphValue<S>] {
    guard inputs.count == graph.inputs.count else {
      throw call.error("\(graph.inputs.count) inputs of its graph", "\(inputs.count)")
    }
    depth += 1
    defer { depth -= 1 }
    let scope = GraphScope(outer: call.scope)
    for (input, value) in zip(graph.inputs, inputs) { scope[input.name] = value }
    return try record(graph, in: scope)
  }

  /// Numbers of an attribute as a parameter.
  func parameter(_ name: String, _ numbers: [Double], _ dims: [Int]) -> Variable<S> {
    tape.parameter(parameters.parameter(name, numbers, dims))
  }

  /// A tensor of the file as a value; floating-point tensors of the graph itself are parameters.
  func value(of tensor: ONNXTensor, isParameter: Bool = false) throws -> GraphValue<S> {
    if isParameter, let parameter = parameters[tensor.name] {
      return GraphValue(
        parameters.isState(tensor.name) ? tape.state(parameter) : tape.parameter(parameter),
        ONNXElement(rawValue: tensor.elementType) ?? .float, origins: [tensor.name])
    }
    let (type, dims, content) = try tensor.content(beside: url)
    switch content {
    case .fractions(let numbers):
      return GraphValue(
        tape.constant(Tensor(shape: Shape(dims), elements: numbers.map { S($0) })), type)
    case .whole(let numbers): return GraphValue(WholeNumbers(numbers, dims: dims), type)
    case .texts(let texts): return GraphValue(texts: texts, dims: dims)
    }
  }

  /// The error of operators that nobody knows.
  func unknown(_ nodes: [(node: ONNXNode, version: Int)], among count: Int) -> FileError {
    unknownOperators(nodes, among: count, file: file)
  }

  static func isKnown(_ node: ONNXNode, functions: Set<String>) -> Bool {
    OperatorTable<S>.names.contains(node.key) || functions.contains(node.key)
  }
}

/// The error of operators that are neither in the table nor functions of the model.
func unknownOperators(_ nodes: [(node: ONNXNode, version: Int)], among count: Int, file: String) -> FileError {
  var seen: Set<String> = []
  let distinct = nodes.filter { seen.insert($0.node.key).inserted }
  let listed = distinct.prefix(12).map { entry in
    let (node, version) = entry
    let domain = node.domain.isEmpty ? "ai.onnx" : node.domain
    return "\(printable(node.operation)) of \(printable(domain)) \(version) "
      + "(node \(quoted(node.name.isEmpty ? node.outputs.first ?? "" : node.name)))"
  }
  return FileError(
    .unsupportedType, file: file, at: .wholeFile, expected: "operators that are known",
    found: listed.joined(separator: ", ") + (distinct.count > 12 ? " and \(distinct.count - 12) more" : "")
      + ": \(nodes.count) of the graph's \(count) nodes",
    remedy: "Export the model without them, or with operators that Docs/ONNX.md lists.")
}

extension String {
  /// The domain, with one spelling for ONNX's own.
  var standardDomain: String { self == "ai.onnx" ? "" : self }
}

extension ONNXNode {
  /// The operator in the table: its name, behind its domain where that is not ONNX's own.
  var key: String { domain.standardDomain.isEmpty ? operation : domain + "/" + operation }
}

extension ONNXFunction {
  var key: String { domain.standardDomain.isEmpty ? name : domain + "/" + name }
}
