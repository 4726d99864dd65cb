/// JSON as RFC 8259 has it and nothing more; nested at most 64 deep. It is an oracle: short, slow, apart from the library.
enum StrictJSON: Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([StrictJSON])
  case object([(String, StrictJSON)])

  /// The value of a text, or nil when it is no JSON.
  init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var rest = Array(text.unicodeScalars)[...]
    guard let value = StrictJSON.value(&rest, depth: 0) else { return nil }
    StrictJSON.space(&rest)
    guard rest.isEmpty else { return nil }
    self = value
  }

  /// True when an object has a name twice, at any depth.
  var hasDoubleNames: Bool {
    switch self {
    case .array(let elements): elements.contains { $0.hasDoubleNames }
    case .object(let members):
      Set(members.map(\.0)).count < members.count || members.contains { $0.1.hasDoubleNames }
    case .null, .bool, .number, .string: false
    }
  }

  var members: [(String, StrictJSON)]? {
    guard case .object(let members) = self else { return nil }
    return members
  }
  var elements: [StrictJSON]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }
  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }
  /// A whole number in plain digits.
  var count: Int? {
    guard case .number(let digits) = self, digits.allSatisfy({ $0.isNumber }) else { return nil }
    return Int(digits)
  }

  private static func space(_ rest: inout ArraySlice<Unicode.Scalar>) {
    rest = rest.drop { [" ", "\n", "\r", "\t"].contains($0) }
  }

  private static func take(_ mark: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>) -> Bool {
    space(&rest)
    guard rest.first == mark else { return false }
    rest.removeFirst()
    return true
  }

  private static func value(_ rest: inout ArraySlice<Unicode.Scalar>, depth: Int) -> StrictJSON? {
    guard depth < 64 else { return nil }
    space(&rest)
    for (word, value) in [("null", StrictJSON.null), ("true", .bool(true)), ("false", .bool(false))]
    where rest.starts(with: word.unicodeScalars) {
      rest.removeFirst(word.unicodeScalars.count)
      return value
    }
    if take("[", &rest) {
      var elements: [StrictJSON] = []
      if take("]", &rest) { return .array([]) }
      repeat {
        guard let element = value(&rest, depth: depth + 1) else { return nil }
        elements.append(element)
      } while take(",", &rest)
      return take("]", &rest) ? .array(elements) : nil
    }
    if take("{", &rest) {
      var members: [(String, StrictJSON)] = []
      if take("}", &rest) { return .object([]) }
      repeat {
        space(&rest)
        guard let name = string(&rest), take(":", &rest), let member = value(&rest, depth: depth + 1) else {
          return nil
        }
        members.append((name, member))
      } while take(",", &rest)
      return take("}", &rest) ? .object(members) : nil
    }
    if rest.first == "\"" { return string(&rest).map { .string($0) } }
    return number(&rest)
  }

  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> StrictJSON? {
    let form = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/.asciiOnlyDigits()
    let ascii = rest.prefix { $0.isASCII && $0.value > 0x20 }
    guard let match = String(String.UnicodeScalarView(ascii)).prefixMatch(of: form) else { return nil }
    rest.removeFirst(match.output.0.unicodeScalars.count)
    return .number(String(match.output.0))
  }

  private static func string(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
    guard rest.popFirst() == "\"" else { return nil }
    var units: [UInt16] = []
    while let scalar = rest.popFirst() {
      if scalar == "\"" { return String(validating: units, as: UTF16.self) }
      guard scalar.value >= 0x20 else { return nil }
      guard scalar == "\\" else {
        units += Array(String(scalar).utf16)
        continue
      }
      let plain: [Unicode.Scalar: UInt16] = [
        "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
      ]
      guard let letter = rest.popFirst() else { return nil }
      if let unit = plain[letter] {
        units.append(unit)
        continue
      }
      let digits = rest.prefix(4)
      guard letter == "u", digits.count == 4, digits.allSatisfy({ $0.properties.isASCIIHexDigit }),
        let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
      else { return nil }
      rest.removeFirst(4)
      units.append(unit)
    }
    return nil
  }
}

extension StrictJSON: Equatable {
  static func == (a: StrictJSON, b: StrictJSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { Array($0.0.utf8) == Array($1.0.utf8) && $0.1 == $1.1 }
    case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
    }
  }
}
