import AdjointFiles
import Foundation

/// A table by RFC 4180: an oracle. Fields are bytes; quotation marks stand around whole fields only, and blanks may stand
/// around these.
struct StrictTable {
  private(set) var rows: [[[UInt8]]] = []

  init?(_ file: [UInt8]) {
    guard let plain = Gzip.isCompressed(file) ? StrictGzip.content(of: file) : file else { return nil }
    var rest = plain.starts(with: [0xEF, 0xBB, 0xBF]) ? plain.dropFirst(3) : plain[...]
    while let last = rest.last, last == 0x0A || last == 0x0D { rest.removeLast() }
    guard !rest.isEmpty else { return }
    var row: [[UInt8]] = []
    while true {
      guard let field = StrictTable.field(&rest) else { return nil }
      row.append(field)
      let mark = rest.popFirst()
      if mark == 0x2C { continue }
      if mark == 0x0D, rest.first == 0x0A { rest.removeFirst() }
      guard mark == nil || mark == 0x0A || mark == 0x0D else { return nil }
      rows.append(row)
      row = []
      if mark == nil { return }
    }
  }

  private static func field(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var field: [UInt8] = []
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    let inner = rest.drop(while: isBlank)
    if inner.first == 0x22 { rest = inner }
    guard rest.first == 0x22 else {
      while let byte = rest.first, ![0x2C, 0x0A, 0x0D].contains(byte) {
        guard byte != 0x22 else { return nil }
        field.append(byte)
        rest.removeFirst()
      }
      return field
    }
    rest.removeFirst()
    while let byte = rest.popFirst() {
      if byte == 0x22 {
        guard rest.first == 0x22 else {
          rest = rest.drop(while: isBlank)
          return field
        }
        rest.removeFirst()
      }
      field.append(byte)
    }
    return nil
  }

  /// The text of a field without space around it; nil when it is not UTF-8.
  static func text(_ field: [UInt8]) -> String? {
    String(validating: field, as: UTF8.self)?.trimmingCharacters(in: .whitespaces)
  }

  /// The finite number that a field writes in decimal; nil for anything else.
  static func number(_ field: [UInt8]) -> Float? {
    guard let text = text(field), text.wholeMatch(of: /[+\-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?/) != nil,
      let value = Float(text), value.isFinite
    else { return nil }
    return value
  }

  /// The sign of a decimal number and its digits from 10³⁰⁰⁰ down to 10⁻³⁰⁰⁰, so that one number has one text; nil for
  /// anything else.
  static func places(_ word: String) -> String? {
    guard let parts = word.wholeMatch(of: /([+\-]?)([0-9]*)\.?([0-9]*)([eE]([+\-]?[0-9]+))?/)?.output,
      let power = Int(parts.5 ?? "0"), !(parts.2 + parts.3).isEmpty,
      power.magnitude < 2000, parts.2.count < 1000, parts.3.count < 1000
    else { return nil }
    let above = String(repeating: "0", count: 3000 - power - parts.2.count) + parts.2 + parts.3
    let digits = above + String(repeating: "0", count: 6000 - above.count)
    return (parts.1 == "-" && digits.contains { $0 != "0" } ? "-" : "") + digits
  }
}
