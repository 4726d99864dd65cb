import AdjointFiles

/// A field of a message as it stands in the file: its number, its place, and its undecoded content.
///
/// Source: "Encoding" of the documentation of protocol buffers. A field opens with a varint that holds its number and its wire
/// type: 0 a varint, 1 eight bytes, 2 a length and so many bytes, 5 four bytes. Types 3 and 4, groups, went out of use.
package struct WireField {
  /// The content by wire type.
  package enum Content {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// The bytes of a text, of a message within the message, or of packed numbers.
    case bytes(Range<Int>)
  }

  /// The number by which a message knows the field.
  package let number: Int
  /// The offset of the field in the file.
  package let offset: Int
  /// The content.
  package let content: Content
}

/// Reads the fields of one message, and those of the messages in it.
///
/// Every length is compared with what is left before a byte is read, so memory follows the size of the file.
package struct WireReader {
  /// The whole content of the file.
  package let bytes: [UInt8]
  /// The path for errors.
  package let file: String
  private var position: Int
  private let end: Int
  private let depth: Int

  /// The deepest nesting that is read; also the limit of the widespread readers of protocol buffers.
  package static let deepest = 100

  package init(_ bytes: [UInt8], file: String) {
    self.init(bytes, file: file, range: bytes.indices, depth: 0)
  }

  private init(_ bytes: [UInt8], file: String, range: Range<Int>, depth: Int) {
    self.bytes = bytes
    self.file = file
    position = range.lowerBound
    end = range.upperBound
    self.depth = depth
  }

  /// The next field, or nil at the end of the message.
  package mutating func next() throws(FileError) -> WireField? {
    guard position < end else { return nil }
    let offset = position
    let key = try varint()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else {
      throw error(.wrongFormat, at: offset, "the number of a field, 1 to 536870911", "\(key >> 3)")
    }
    let content: WireField.Content
    switch key & 7 {
    case 0: content = .varint(try varint())
    case 1: content = .fixed64(try fixed(8))
    case 5: content = .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
    case 2:
      let length = try varint()
      guard length <= UInt64(end - position) else {
        throw error(
          .truncated, at: offset, "at most the \(end - position) bytes that are left", "a length of \(length)")
      }
      content = .bytes(position..<position + Int(length))
      position += Int(length)
    default:
      throw error(.wrongFormat, at: offset, "a field of wire type 0, 1, 2 or 5", "wire type \(key & 7)")
    }
    return WireField(number: Int(key >> 3), offset: offset, content: content)
  }

  private mutating func varint() throws(FileError) -> UInt64 {
    let offset = position
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = bytes[position]
      position += 1
      // The tenth byte has room for the highest bit alone.
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw error(
      position < end || shift >= 63 ? .wrongFormat : .truncated, at: offset, "a whole number of at most ten bytes",
      position < end || shift >= 63 ? "a longer one" : "the end of the message within it")
  }

  private mutating func fixed(_ size: Int) throws(FileError) -> UInt64 {
    guard size <= end - position else {
      throw error(.truncated, at: position, "\(size) bytes", "\(end - position) to the end of the message")
    }
    var value: UInt64 = 0
    for place in 0..<size { value |= UInt64(bytes[position + place]) << UInt64(8 * place) }
    position += size
    return value
  }

  /// An error at an offset of the file.
  package func error(_ reason: FileError.Reason, at offset: Int, _ expected: String, _ found: String) -> FileError {
    FileError(
      reason, file: file, at: .byte(offset), expected: expected, found: found,
      remedy: "The file is no ONNX model or is damaged; write it again.")
  }
}

extension WireReader {
  /// The message that a field holds.
  package func message<M: WireMessage>(_ field: WireField, as type: M.Type = M.self) throws(FileError) -> M {
    guard depth < WireReader.deepest else {
      throw error(.wrongFormat, at: field.offset, "messages nested at most \(WireReader.deepest) deep", "a deeper one")
    }
    var reader = WireReader(bytes, file: file, range: try range(field), depth: depth + 1)
    return try M(from: &reader)
  }

  /// The place of a field's bytes.
  package func range(_ field: WireField) throws(FileError) -> Range<Int> {
    guard case .bytes(let range) = field.content else { throw wrongType(field, "a length and bytes") }
    return range
  }

  /// The bytes of a field, which share the memory of the file's content.
  package func slice(_ field: WireField) throws(FileError) -> ArraySlice<UInt8> { bytes[try range(field)] }

  /// The text that a field holds.
  package func string(_ field: WireField) throws(FileError) -> String {
    let bytes = try slice(field)
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.elementsEqual(bytes) else {
      throw error(.badValue, at: field.offset, "a text in UTF-8", "bytes that are none")
    }
    return text
  }

  /// The whole number that a field holds.
  package func integer(_ field: WireField) throws(FileError) -> Int {
    guard case .varint(let value) = field.content else { throw wrongType(field, "a varint") }
    return Int(truncatingIfNeeded: value)
  }

  /// The number in four bytes that a field holds.
  package func float(_ field: WireField) throws(FileError) -> Float {
    guard case .fixed32(let bits) = field.content else { throw wrongType(field, "four bytes") }
    return Float(bitPattern: bits)
  }

  /// Appends whole numbers of a repeated field, packed or alone.
  package func append(_ field: WireField, to integers: inout [Int]) throws(FileError) {
    guard case .bytes(let range) = field.content else { return integers.append(try integer(field)) }
    var reader = WireReader(bytes, file: file, range: range, depth: depth)
    while reader.position < reader.end { integers.append(Int(truncatingIfNeeded: try reader.varint())) }
  }

  /// Appends numbers of a repeated field of type float, packed or alone.
  package func append(_ field: WireField, to floats: inout [Float]) throws(FileError) {
    guard case .bytes(let range) = field.content else { return floats.append(try float(field)) }
    var reader = WireReader(bytes, file: file, range: range, depth: depth)
    floats.reserveCapacity(floats.count + range.count / 4)
    while reader.position < reader.end {
      floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: try reader.fixed(4))))
    }
  }

  /// Appends numbers of a repeated field of type double, packed or alone.
  package func append(_ field: WireField, to doubles: inout [Double]) throws(FileError) {
    switch field.content {
    case .fixed64(let bits): doubles.append(Double(bitPattern: bits))
    case .bytes(let range):
      var reader = WireReader(bytes, file: file, range: range, depth: depth)
      doubles.reserveCapacity(doubles.count + range.count / 8)
      while reader.position < reader.end { doubles.append(Double(bitPattern: try reader.fixed(8))) }
    case .varint, .fixed32: throw wrongType(field, "eight bytes")
    }
  }

  private func wrongType(_ field: WireField, _ expected: String) -> FileError {
    error(.wrongFormat, at: field.offset, "\(expected) in field \(field.number)", "another wire type")
  }
}
