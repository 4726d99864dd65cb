import AdjointFiles

/// A tensor as it stands in a file: a type, dimensions, and numbers in one of several fields, or the place of another file.
///
/// Source: `TensorProto` of `onnx.proto`, whose field numbers are stated here as facts.
package struct ONNXTensor: WireMessage {
  package var name = ""
  package var dims: [Int] = []
  /// The number of the element type, which may be one that `ONNXElement` does not know.
  package var elementType = 0
  /// The numbers row by row, little-endian; shares the memory of the file.
  package var raw: ArraySlice<UInt8>?
  package var floats: [Float] = []
  /// Numbers of every type of at most 32 bits; half precisions by their bits.
  package var int32s: [Int] = []
  package var int64s: [Int] = []
  package var doubles: [Double] = []
  /// Numbers of type `uint32` and `uint64`, by their bits.
  package var uint64s: [Int] = []
  package var strings: [String] = []
  /// Keys `location`, `offset`, `length`, `checksum` of numbers that stand in another file.
  package var external: [ONNXEntry] = []
  /// Tells that the numbers stand in another file.
  package var isExternal = false
  package var documentation = ""

  package init() {}

  /// A tensor of numbers that are given by their little-endian bytes.
  package init(_ name: String, dims: [Int], type: ONNXElement, raw: [UInt8]) {
    self.name = name
    self.dims = dims
    elementType = type.rawValue
    self.raw = raw[...]
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: try reader.append(field, to: &dims)
    case 2: elementType = try reader.integer(field)
    case 4: try reader.append(field, to: &floats)
    case 5: try reader.append(field, to: &int32s)
    case 6: strings.append(String(decoding: try reader.slice(field), as: UTF8.self))
    case 7: try reader.append(field, to: &int64s)
    case 8: name = try reader.string(field)
    case 9: raw = try reader.slice(field)
    case 10: try reader.append(field, to: &doubles)
    case 11: try reader.append(field, to: &uint64s)
    case 12: documentation = try reader.string(field)
    case 13: external.append(try reader.message(field))
    case 14: isExternal = try reader.integer(field) == 1
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.integers(1, dims)
    writer.integer(2, elementType)
    writer.floats(4, floats)
    writer.integers(5, int32s)
    writer.strings(6, strings)
    writer.integers(7, int64s)
    writer.string(8, name)
    if let raw { writer.raw(9, raw) }
    writer.doubles(10, doubles)
    writer.integers(11, uint64s)
    writer.string(12, documentation)
    writer.messages(13, external)
    if isExternal { writer.integer(14, 1) }
  }
}

/// The type of a tensor's elements, by its number in the format.
///
/// Source: `TensorProto.DataType` of `onnx.proto`.
package enum ONNXElement: Int, Sendable, CaseIterable {
  case float = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case double = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
}

/// A tensor of which the elements that are not zero are given.
///
/// Source: `SparseTensorProto` of `onnx.proto`.
package struct ONNXSparseTensor: WireMessage {
  package var values = ONNXTensor()
  /// Places in the flattened tensor, or a row of coordinates for each value.
  package var indices = ONNXTensor()
  package var dims: [Int] = []

  package init() {}

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: values = try reader.message(field)
    case 2: indices = try reader.message(field)
    case 3: try reader.append(field, to: &dims)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.message(1, values)
    writer.message(2, indices)
    writer.integers(3, dims)
  }
}
