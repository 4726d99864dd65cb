/// Data for a script inside a page: JSON in which no character can end the element that holds it.
indirect enum PageJSON {
  case null
  case flag(Bool)
  case integer(Int)
  /// A finite number, in the shortest digits that read back as it.
  case number(Double)
  case string(String)
  case list([PageJSON])
  case object([(String, PageJSON)])

  static func integers(_ values: some Sequence<Int>) -> PageJSON { .list(values.map { .integer($0) }) }

  var text: String {
    var text = ""
    write(into: &text)
    return text
  }

  private func write(into text: inout String) {
    switch self {
    case .null: text += "null"
    case .flag(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): PageJSON.quote(value, into: &text)
    case .list(let values):
      text += "["
      for (position, value) in values.enumerated() {
        if position > 0 { text += "," }
        value.write(into: &text)
      }
      text += "]"
    case .object(let fields):
      text += "{"
      for (position, field) in fields.enumerated() {
        if position > 0 { text += "," }
        PageJSON.quote(field.0, into: &text)
        text += ":"
        field.1.write(into: &text)
      }
      text += "}"
    }
  }

  /// Writes a string in quotes. A character that HTML or a script could take for its own is written as an escape.
  private static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\", "<", ">", "&", "\u{2028}", "\u{2029}": escape(scalar, into: &text)
      default: if scalar.value < 32 { escape(scalar, into: &text) } else { text.unicodeScalars.append(scalar) }
      }
    }
    text += "\""
  }

  private static func escape(_ scalar: Unicode.Scalar, into text: inout String) {
    let digits = String(scalar.value, radix: 16)
    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
