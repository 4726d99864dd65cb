import AdjointFiles

/// A model as it stands in a file: its graph, the sets of operators that the graph speaks, and who wrote it.
///
/// Source: `ModelProto` of `onnx.proto` (IR version 13), whose field numbers are stated here as facts.
package struct ONNXModel: WireMessage {
  /// The version of the format, not of the operators.
  package var irVersion = 0
  package var operatorSets: [OperatorSet] = []
  package var producerName = ""
  package var producerVersion = ""
  package var domain = ""
  package var modelVersion = 0
  package var documentation = ""
  package var graph = ONNXGraph()
  package var metadata: [ONNXEntry] = []
  /// Operators that the model itself defines.
  package var functions: [ONNXFunction] = []

  package init() {}

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: irVersion = try reader.integer(field)
    case 2: producerName = try reader.string(field)
    case 3: producerVersion = try reader.string(field)
    case 4: domain = try reader.string(field)
    case 5: modelVersion = try reader.integer(field)
    case 6: documentation = try reader.string(field)
    case 7: graph = try reader.message(field)
    case 8: operatorSets.append(try reader.message(field))
    case 14: metadata.append(try reader.message(field))
    case 25: functions.append(try reader.message(field))
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.integer(1, irVersion)
    writer.string(2, producerName)
    writer.string(3, producerVersion)
    writer.string(4, domain)
    if modelVersion != 0 { writer.integer(5, modelVersion) }
    writer.string(6, documentation)
    writer.message(7, graph)
    writer.messages(8, operatorSets)
    writer.messages(14, metadata)
    writer.messages(25, functions)
  }
}

/// A set of operators and its version. The empty domain is ONNX's own.
///
/// Source: `OperatorSetIdProto` of `onnx.proto`.
package struct OperatorSet: WireMessage, Equatable {
  package var domain = ""
  package var version = 0

  package init() {}

  package init(_ domain: String = "", version: Int) {
    self.domain = domain
    self.version = version
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: domain = try reader.string(field)
    case 2: version = try reader.integer(field)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.string(1, domain)
    writer.integer(2, version)
  }
}

/// An operator that a model defines by nodes.
///
/// Source: `FunctionProto` of `onnx.proto`.
package struct ONNXFunction: WireMessage {
  package var name = ""
  package var domain = ""
  package var overload = ""
  package var inputs: [String] = []
  package var outputs: [String] = []
  /// The names of attributes that a call must give.
  package var attributes: [String] = []
  /// Attributes that a call may leave out, with the values that they then have.
  package var defaults: [ONNXAttribute] = []
  package var nodes: [ONNXNode] = []
  package var operatorSets: [OperatorSet] = []
  package var documentation = ""

  package init() {}

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: name = try reader.string(field)
    case 4: inputs.append(try reader.string(field))
    case 5: outputs.append(try reader.string(field))
    case 6: attributes.append(try reader.string(field))
    case 7: nodes.append(try reader.message(field))
    case 8: documentation = try reader.string(field)
    case 9: operatorSets.append(try reader.message(field))
    case 10: domain = try reader.string(field)
    case 11: defaults.append(try reader.message(field))
    case 13: overload = try reader.string(field)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.string(1, name)
    writer.strings(4, inputs)
    writer.strings(5, outputs)
    writer.strings(6, attributes)
    writer.messages(7, nodes)
    writer.string(8, documentation)
    writer.messages(9, operatorSets)
    writer.string(10, domain)
    writer.messages(11, defaults)
    writer.string(13, overload)
  }
}
