import AdjointFiles

/// A graph: nodes in an order in which they can be computed, tensors that are given, and what goes in and comes out.
///
/// Source: `GraphProto` of `onnx.proto`, whose field numbers are stated here as facts.
package struct ONNXGraph: WireMessage {
  package var name = ""
  package var nodes: [ONNXNode] = []
  /// Tensors that stand in the file, by name: constants and parameters.
  package var initializers: [ONNXTensor] = []
  package var sparseInitializers: [ONNXSparseTensor] = []
  package var inputs: [ONNXValueInfo] = []
  package var outputs: [ONNXValueInfo] = []
  /// Types and shapes of values in between, where the writer states them.
  package var values: [ONNXValueInfo] = []
  package var documentation = ""
  package var metadata: [ONNXEntry] = []

  package init() {}

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: nodes.append(try reader.message(field))
    case 2: name = try reader.string(field)
    case 5: initializers.append(try reader.message(field))
    case 10: documentation = try reader.string(field)
    case 11: inputs.append(try reader.message(field))
    case 12: outputs.append(try reader.message(field))
    case 13: values.append(try reader.message(field))
    case 15: sparseInitializers.append(try reader.message(field))
    case 16: metadata.append(try reader.message(field))
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.messages(1, nodes)
    writer.string(2, name)
    writer.messages(5, initializers)
    writer.string(10, documentation)
    writer.messages(11, inputs)
    writer.messages(12, outputs)
    writer.messages(13, values)
    writer.messages(15, sparseInitializers)
    writer.messages(16, metadata)
  }
}

/// A node: an operator on named values, with attributes.
///
/// Source: `NodeProto` of `onnx.proto`.
package struct ONNXNode: WireMessage {
  /// The operator, such as `MatMul`.
  package var operation = ""
  /// The domain of the operator; the empty one is ONNX's own.
  package var domain = ""
  package var overload = ""
  package var name = ""
  /// The names of the operands; an empty one stands for an operand that is left out.
  package var inputs: [String] = []
  /// The names of the results; an empty one stands for a result that nobody reads.
  package var outputs: [String] = []
  package var attributes: [ONNXAttribute] = []
  package var documentation = ""
  package var metadata: [ONNXEntry] = []

  package init() {}

  package init(
    _ operation: String, _ inputs: [String], _ outputs: [String], name: String = "", domain: String = "",
    attributes: [ONNXAttribute] = []
  ) {
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
    self.name = name
    self.domain = domain
    self.attributes = attributes
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: inputs.append(try reader.string(field))
    case 2: outputs.append(try reader.string(field))
    case 3: name = try reader.string(field)
    case 4: operation = try reader.string(field)
    case 5: attributes.append(try reader.message(field))
    case 6: documentation = try reader.string(field)
    case 7: domain = try reader.string(field)
    case 8: overload = try reader.string(field)
    case 9: metadata.append(try reader.message(field))
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.strings(1, inputs)
    writer.strings(2, outputs)
    writer.string(3, name)
    writer.string(4, operation)
    writer.messages(5, attributes)
    writer.string(6, documentation)
    writer.string(7, domain)
    writer.string(8, overload)
    writer.messages(9, metadata)
  }
}

extension ONNXNode {
  /// The layers around the node, as its exporter tells them: a node `/encoder/fc1/Gemm` stands in `encoder/fc1`.
  ///
  /// PyTorch's newer exporter numbers the nodes, and tells the modules in the metadata: `['', 'encoder.fc1', 'linear']`.
  package var layerPath: String {
    var parts = name.split(separator: "/").dropLast()
    if let modules = metadata.first(where: { $0.key == "pkg.torch.onnx.name_scopes" })?.value {
      let names = modules.split(separator: "'", omittingEmptySubsequences: false)
      // Names stand between quotation marks; the last one is the node's own.
      let around = names.indices.filter { $0 % 2 == 1 }.map { names[$0] }.dropLast()
      parts = (around.last ?? "").split(separator: ".")[...]
    }
    return parts.prefix(16).map { printable(String($0), atMost: 60) }.joined(separator: "/")
  }

  /// The graphs in its attributes, such as branches.
  package var graphs: [ONNXGraph] {
    attributes.flatMap { attribute -> [ONNXGraph] in
      switch attribute.value {
      case .graph(let graph): [graph]
      case .graphs(let graphs): graphs
      case .float, .int, .string, .tensor, .sparse, .type, .floats, .ints, .strings, .tensors, .reference, .missing: []
      }
    }
  }
}

extension ONNXModel {
  /// The nodes of the graph, of graphs within it, and of the functions that the model defines.
  package var allNodes: [ONNXNode] {
    func all(_ nodes: [ONNXNode]) -> [ONNXNode] {
      nodes.flatMap { node in [node] + node.graphs.flatMap { all($0.nodes) } }
    }
    return all(graph.nodes) + functions.flatMap { all($0.nodes) }
  }
}
