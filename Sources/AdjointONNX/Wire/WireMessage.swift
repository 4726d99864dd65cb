import AdjointFiles

/// A message of the format: a struct that takes the fields that it knows, and writes them again.
package protocol WireMessage: Sendable {
  /// The message without a field.
  init()
  /// Takes one field; a number that it does not know is passed over, since later versions add fields.
  mutating func take(_ field: WireField, of reader: WireReader) throws(FileError)
  /// Writes every field.
  func write(to writer: inout WireWriter)
}

extension WireMessage {
  /// Reads a message to its end.
  package init(from reader: inout WireReader) throws(FileError) {
    self.init()
    while let field = try reader.next() { try take(field, of: reader) }
  }

  /// The bytes of the message.
  package var encoded: [UInt8] {
    var writer = WireWriter()
    write(to: &writer)
    return writer.bytes
  }
}

/// A key and its text: an entry of metadata, or of the description of external data.
///
/// Source: `StringStringEntryProto` of `onnx.proto`, whose field numbers are stated here as facts.
package struct ONNXEntry: WireMessage, Equatable {
  package var key = ""
  package var value = ""

  package init() {}

  package init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: key = try reader.string(field)
    case 2: value = try reader.string(field)
    default: break
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.string(1, key)
    writer.string(2, value)
  }
}
