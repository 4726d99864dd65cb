/// A value of JSON. Objects keep their order, and numbers all their digits.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number as it is written, such as `-0.5e+3`.
  case number(digits: String)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  package static func integer(_ value: Int) -> JSON { .number(digits: String(value)) }

  /// The shortest digits that read back as the number; `null` for what JSON has no number for: infinities and NaN.
  package static func number(_ value: Double) -> JSON { value.isFinite ? .number(digits: String(value)) : .null }

  package static func integers(_ values: some Sequence<Int>) -> JSON { .array(values.map { .integer($0) }) }

  package static func strings(_ texts: some Sequence<String>) -> JSON { .array(texts.map { .string($0) }) }

  package static func == (a: JSON, b: JSON) -> Bool { a.text == b.text }
}

// MARK: Reading

extension JSON {
  /// The value that a text of UTF-8 holds, as `JSONReader` reads it.
  /// - Throws: `.wrongFormat` with the byte of the first fault, or `.duplicateName` for a name twice in one object.
  package init(_ text: some Sequence<UInt8>, file: String) throws(FileError) {
    var reader = try JSONReader(Array(text), file: file)
    self = try reader.value()
    try reader.end()
  }

  /// The member of this name; nil when there is none, or this is no object.
  package subscript(name: String) -> JSON? {
    members?.first { $0.0 == name }?.1
  }

  /// The number, or nil when this is none.
  package var double: Double? {
    guard case .number(let digits) = self else { return nil }
    return Double(digits)
  }

  /// The number, or nil when this is none, or one that was written with a fraction or an exponent, or fits no `Int`.
  package var integer: Int? {
    guard case .number(let digits) = self else { return nil }
    return Int(digits)
  }

  /// The string, or nil when this is none.
  package var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The members in their order, or nil when this is no object.
  package var members: [(String, JSON)]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// The elements, or nil when this is no array.
  package var elements: [JSON]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }
}

// MARK: Writing

extension JSON {
  /// The form of the text of a value.
  package enum Form: Sendable {
    /// A space after each comma and colon.
    case spaced
    /// Nothing between values.
    case compact
    /// As compact; in a string no character stands for itself that HTML or a script could take for its own.
    case embedded
  }

  /// The text on one line, with a space after each comma and colon.
  package var text: String { text(.spaced) }

  /// The text on one line.
  package func text(_ form: Form) -> String {
    var text = ""
    write(form, to: &text)
    return text
  }

  private func write(_ form: Form, to text: inout String) {
    let comma = form == .spaced ? ", " : ","
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let value): JSON.quote(value, form, to: &text)
    case .array(let elements):
      text += "["
      for (position, element) in elements.enumerated() {
        if position > 0 { text += comma }
        element.write(form, to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (position, member) in members.enumerated() {
        if position > 0 { text += comma }
        JSON.quote(member.0, form, to: &text)
        text += form == .spaced ? ": " : ":"
        member.1.write(form, to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ value: String, _ form: Form, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\u{0}"..<" ": escape(scalar, to: &text)
      case "\"", "\\":
        if form == .embedded { escape(scalar, to: &text) } else { text += "\\\(scalar)" }
      case "<", ">", "&", "\u{2028}", "\u{2029}":
        if form == .embedded { escape(scalar, to: &text) } else { text.unicodeScalars.append(scalar) }
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  private static func escape(_ scalar: Unicode.Scalar, to text: inout String) {
    let digits = String(scalar.value, radix: 16)
    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
