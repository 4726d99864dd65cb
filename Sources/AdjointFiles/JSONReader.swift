/// A reader of JSON that distrusts its text, and names the byte of every fault.
///
/// Foundation's readers lose the order of names, keep one of two equal names silently, and let 1.0 pass for 1. This one
/// hands members over in order as it meets them, so it need hold nothing in memory. It accepts RFC 8259, with the one limit
/// that values are not nested deeper than `maximumDepth`.
package struct JSONReader {
  /// Deep nesting would exhaust the stack.
  static let maximumDepth = 64

  private let bytes: [UInt8]
  private let file: String
  private let base: Int
  private let kind: String
  private let remedy: String
  private var position = 0

  /// A reader at the beginning of a text.
  /// - Parameters:
  ///   - file: The path for the sentences of errors.
  ///   - base: The offset of the text in its file.
  ///   - kind: The text in a word, such as "header".
  ///   - remedy: Advice when the text is damaged.
  /// - Throws: `.wrongFormat` when the text is not UTF-8.
  package init(
    _ bytes: [UInt8], file: String, base: Int = 0, kind: String = "text",
    remedy: String = "Write the file again with the program that made it."
  ) throws(FileError) {
    (self.bytes, self.file, self.base, self.kind, self.remedy) = (bytes, file, base, kind, remedy)
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    validation: while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let scalar): position += scalar.count
      case .emptyInput: break validation
      case .error: throw error(expected: "UTF-8", found: "the byte \(hexadecimal(bytes[position]))")
      }
    }
    position = 0
  }

  /// The place of the next value in the file.
  package mutating func place() -> FileError.Place {
    skipSpace()
    return .byte(base + position)
  }

  /// Reads an object; `member` must read the value of each name.
  package mutating func object(
    _ member: (inout JSONReader, String) throws(FileError) -> Void
  ) throws(FileError) {
    try open("{", "an object")
    if consume("}") { return }
    repeat {
      let name = try string()
      guard consume(":") else { throw unexpected("':'") }
      try member(&self, name)
    } while consume(",")
    guard consume("}") else { throw unexpected("',' or '}'") }
  }

  /// Reads an array; `element` must read each value.
  package mutating func array(_ element: (inout JSONReader) throws(FileError) -> Void) throws(FileError) {
    try open("[", "an array")
    if consume("]") { return }
    repeat { try element(&self) } while consume(",")
    guard consume("]") else { throw unexpected("',' or ']'") }
  }

  /// Reads a number that is a whole one, not negative, written without fraction and exponent, and fits an `Int`.
  package mutating func count() throws(FileError) -> Int {
    skipSpace()
    let start = position
    guard next == UInt8(ascii: "-") || isDigit(next) else { throw unexpected("a whole number from 0 to \(Int.max)") }
    let text = try number()
    guard let value = Int(text), text.first != "-" else {
      position = start
      throw error(expected: "a whole number from 0 to \(Int.max)", found: quoted(text))
    }
    return value
  }

  /// Reads a string, its escapes resolved.
  package mutating func string() throws(FileError) -> String {
    try open("\"", "a string")
    var content: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        content += try escape()
      case 0..<0x20:
        throw error(expected: "a character of a string", found: "the control character \(hexadecimal(byte))")
      default:
        content.append(byte)
        position += 1
      }
    }
    throw unexpected("the end of the string")
  }

  /// Reads any value.
  /// - Throws: `.duplicateName` when an object has a name twice.
  package mutating func value() throws(FileError) -> JSON { try value(isKept: true, depth: 0) }

  /// Reads any value and forgets it; a name may occur twice in it.
  package mutating func skip() throws(FileError) { _ = try value(isKept: false, depth: 0) }

  private mutating func value(isKept: Bool, depth: Int) throws(FileError) -> JSON {
    guard depth < JSONReader.maximumDepth else {
      throw error(expected: "at most \(JSONReader.maximumDepth) levels of brackets", found: "one more")
    }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"):
      var (members, names): ([(String, JSON)], Set<String>) = ([], [])
      try object { (reader, name) throws(FileError) in
        guard !isKept || names.insert(name).inserted else {
          throw reader.error(.duplicateName, expected: "a name once", found: "\(quoted(name)) twice")
        }
        let value = try reader.value(isKept: isKept, depth: depth + 1)
        if isKept { members.append((name, value)) }
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSON] = []
      try array { (reader) throws(FileError) in
        let value = try reader.value(isKept: isKept, depth: depth + 1)
        if isKept { elements.append(value) }
      }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case let byte where byte == UInt8(ascii: "-") || isDigit(byte): return .number(digits: try number())
    default:
      for (word, value) in [("true", JSON.bool(true)), ("false", .bool(false)), ("null", .null)]
      where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
      throw unexpected("a value")
    }
  }

  /// Makes sure that only space is left.
  package mutating func end() throws(FileError) {
    skipSpace()
    guard next == nil else { throw unexpected("the end of the \(kind)") }
  }
}

extension JSONReader {
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func consume(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: mark) else { return false }
    position += 1
    return true
  }

  private mutating func open(_ mark: Unicode.Scalar, _ kind: String) throws(FileError) {
    guard consume(mark) else { throw unexpected(kind) }
  }

  private func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }

  /// −? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  private mutating func number() throws(FileError) -> String {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(FileError) {
    guard isDigit(next) else { throw unexpected("a digit") }
    while isDigit(next) { position += 1 }
  }

  /// The character that an escape stands for, in UTF-8.
  private mutating func escape() throws(FileError) -> [UInt8] {
    let start = position
    position += 1
    guard let letter = next else { throw unexpected("an escaped character") }
    position += 1
    switch Unicode.Scalar(letter) {
    case "\"", "\\", "/": return [letter]
    case "b": return [0x08]
    case "f": return [0x0C]
    case "n": return [0x0A]
    case "r": return [0x0D]
    case "t": return [0x09]
    case "u":
      var code = try hexadecimalDigits()
      if code >= 0xD800, code < 0xDC00, bytes[position...].starts(with: "\\u".utf8) {
        position += 2
        let low = try hexadecimalDigits()
        // A high surrogate without its low one stays a surrogate, which is no scalar.
        if low >= 0xDC00, low < 0xE000 { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
      }
      if let scalar = Unicode.Scalar(code) { return Array(String(scalar).utf8) }
      position = start
      throw error(expected: "a Unicode character", found: "half of a surrogate pair")
    default:
      position = start
      throw error(expected: "an escape of JSON", found: "a backslash before \(hexadecimal(letter))")
    }
  }

  private mutating func hexadecimalDigits() throws(FileError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private func hexadecimal(_ byte: UInt8) -> String { "0x" + String(byte, radix: 16, uppercase: true) }

  /// The error that something else stands at the position than must stand there.
  private func unexpected(_ expected: String) -> FileError {
    guard let next else { return error(expected: expected, found: "the end of the \(kind)") }
    let found =
      switch next {
      case UInt8(ascii: "{"): "an object"
      case UInt8(ascii: "["): "an array"
      case UInt8(ascii: "\""): "a string"
      case 0x30...0x39: "a number"
      case 0x21...0x7E: "'\(Character(Unicode.Scalar(next)))'"
      default: "the byte \(hexadecimal(next))"
      }
    return error(expected: expected, found: found)
  }

  private func error(_ reason: FileError.Reason = .wrongFormat, expected: String, found: String) -> FileError {
    FileError(reason, file: file, at: .byte(base + position), expected: expected, found: found, remedy: remedy)
  }
}
