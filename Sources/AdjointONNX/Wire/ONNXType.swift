import AdjointFiles

/// The name of a value, and what is known of its type.
///
/// Source: `ValueInfoProto` of `onnx.proto`, whose field numbers are stated here as facts.
package struct ONNXValueInfo: WireMessage {
  package var name = ""
  package var type = ONNXType()
  package var documentation = ""
  package var metadata: [ONNXEntry] = []

  package init() {}

  /// A tensor of a type and of dimensions.
  package init(_ name: String, _ element: ONNXElement, _ shape: [ONNXDimension]) {
    self.name = name
    type = ONNXType(kind: .tensor(ONNXTensorType(elementType: element.rawValue, shape: ONNXShape(dims: shape))))
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: name = try reader.string(field)
    case 2: type = try reader.message(field)
    case 3: documentation = try reader.string(field)
    case 4: metadata.append(try reader.message(field))
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.string(1, name)
    writer.message(2, type)
    writer.string(3, documentation)
    writer.messages(4, metadata)
  }
}

/// The type of a value: a tensor, or a kind of value that a tape does not know.
///
/// Source: `TypeProto` of `onnx.proto`.
package struct ONNXType: WireMessage {
  /// The kind; of those that are no tensor the bytes are kept.
  package enum Kind: Sendable {
    case tensor(ONNXTensorType)
    case sequence([UInt8])
    case map([UInt8])
    case optional([UInt8])
    case sparseTensor([UInt8])
    case unknown
  }

  package var kind = Kind.unknown
  /// A remark on the meaning, such as `IMAGE`.
  package var denotation = ""

  package init() {}

  package init(kind: Kind) { self.kind = kind }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: kind = .tensor(try reader.message(field))
    case 4: kind = .sequence(Array(try reader.slice(field)))
    case 5: kind = .map(Array(try reader.slice(field)))
    case 6: denotation = try reader.string(field)
    case 8: kind = .sparseTensor(Array(try reader.slice(field)))
    case 9: kind = .optional(Array(try reader.slice(field)))
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    switch kind {
    case .tensor(let type): writer.message(1, type)
    case .sequence(let bytes): writer.raw(4, bytes)
    case .map(let bytes): writer.raw(5, bytes)
    case .sparseTensor(let bytes): writer.raw(8, bytes)
    case .optional(let bytes): writer.raw(9, bytes)
    case .unknown: break
    }
    writer.string(6, denotation)
  }
}

/// The type of a tensor: that of its elements, and its shape where it is known.
///
/// Source: `TypeProto.Tensor` of `onnx.proto`.
package struct ONNXTensorType: WireMessage {
  package var elementType = 0
  /// The shape; nil where even the number of dimensions is unknown.
  package var shape: ONNXShape?

  package init() {}

  package init(elementType: Int, shape: ONNXShape?) {
    self.elementType = elementType
    self.shape = shape
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: elementType = try reader.integer(field)
    case 2: shape = try reader.message(field)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.integer(1, elementType)
    if let shape { writer.message(2, shape) }
  }
}

/// A shape whose dimensions may be names.
///
/// Source: `TensorShapeProto` of `onnx.proto`.
package struct ONNXShape: WireMessage {
  package var dims: [ONNXDimension] = []

  package init() {}

  package init(dims: [ONNXDimension]) { self.dims = dims }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    if field.number == 1 { dims.append(try reader.message(field)) }
  }

  package func write(to writer: inout WireWriter) { writer.messages(1, dims) }
}

/// A dimension: a number, a name such as `batch`, or unknown.
///
/// Source: `TensorShapeProto.Dimension` of `onnx.proto`.
package struct ONNXDimension: WireMessage, Equatable {
  package var size: Int?
  package var name = ""

  package init() {}

  package init(_ size: Int) { self.size = size }

  package init(named name: String) { self.name = name }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: size = try reader.integer(field)
    case 2: name = try reader.string(field)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    if let size { writer.integer(1, size) } else { writer.string(2, name) }
  }
}
