import Foundation

/// Which column of a table.
public enum CSVColumn: Sendable, Hashable {
  case first
  case last
  /// Counted from 1, as in error messages.
  case number(Int)
  /// The column with this name in the header.
  case named(String)
}

/// How a file separates its fields, and whether it has a header.
public struct CSVFormat: Sendable, Hashable {
  /// The character between fields: a comma, a semicolon, a tab, ...
  public var delimiter: Character
  /// Whether the first line names the columns.
  public var hasHeader: Bool

  /// - Precondition: the delimiter is one ASCII character, and neither a quotation mark nor the end of a line.
  public init(delimiter: Character = ",", hasHeader: Bool = true) {
    guard let code = delimiter.asciiValue, ![0x22, 0x0A, 0x0D].contains(code) else {
      fatalError("CSVFormat: '\(delimiter)' cannot separate fields")
    }
    self.delimiter = delimiter
    self.hasHeader = hasHeader
  }

  /// The byte of the delimiter.
  var separator: UInt8 { delimiter.asciiValue ?? 0x2C }
}

/// One field of a table, where it stands, and what it holds.
struct CSVField {
  /// The bytes between the delimiters, or between the quotation marks.
  let range: Range<Int>
  /// Whether the field holds doubled quotation marks, which stand for single ones.
  let hasEscapes: Bool
  /// Counted from 1.
  let line: Int
  /// Counted from 1, in fields.
  let column: Int
  /// Whether the line ends here.
  let endsRow: Bool
}

/// The fields of a table, one after the other: RFC 4180, with line ends of either kind and an optional byte-order mark.
///
/// Every row must have as many fields as the first. Empty lines at the end of the file are ignored.
struct CSVReader {
  let file: String
  private let bytes: [UInt8]
  private let separator: UInt8
  private var position: Int
  private var line = 1
  private var column = 1
  /// The fields in a row, known after the first.
  private(set) var width: Int?

  init(_ bytes: [UInt8], file: String, format: CSVFormat) {
    self.bytes = bytes
    self.file = file
    separator = format.separator
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next field, or nil at the end of the file.
  mutating func next() throws(DatasetError) -> CSVField? {
    if column == 1 && bytes[position...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) { return nil }
    let (startLine, startColumn) = (line, column)
    var hasEscapes = false
    let range: Range<Int>
    if position < bytes.count, bytes[position] == 0x22 {
      position += 1
      let start = position
      while true {
        guard position < bytes.count else {
          throw DatasetError(
            .truncated, file: file, at: .line(startLine, column: startColumn),
            expected: "a closing quotation mark for the field that opens here", found: "the end of the file",
            remedy: "Close the quotation, or double a quotation mark that belongs to the text.")
        }
        if bytes[position] == 0x22 {
          guard position + 1 < bytes.count, bytes[position + 1] == 0x22 else { break }
          hasEscapes = true
          position += 1
        } else if bytes[position] == 0x0A {
          line += 1
        }
        position += 1
      }
      range = start..<position
      position += 1
    } else {
      let start = position
      while position < bytes.count, bytes[position] != separator, bytes[position] != 0x0A, bytes[position] != 0x0D {
        guard bytes[position] != 0x22 else { throw strayQuote(startColumn) }
        position += 1
      }
      range = start..<position
    }

    // What follows a field: a delimiter, the end of the line, or the end of the file.
    var endsRow = true
    if position < bytes.count {
      switch bytes[position] {
      case separator: endsRow = false
      case 0x0A: break
      case 0x0D:
        if position + 1 < bytes.count, bytes[position + 1] == 0x0A { position += 1 }
      default: throw strayQuote(startColumn)
      }
      position += 1
    }
    let field = CSVField(
      range: range, hasEscapes: hasEscapes, line: startLine, column: startColumn, endsRow: endsRow)
    if endsRow { line += 1 }
    column = endsRow ? 1 : column + 1
    try checkWidth(field)
    return field
  }

  private mutating func checkWidth(_ field: CSVField) throws(DatasetError) {
    guard let width else {
      if field.endsRow { self.width = field.column }
      return
    }
    guard field.endsRow ? field.column == width : field.column < width else {
      throw DatasetError(
        .mismatch, file: file, at: .line(field.line, column: field.column),
        expected: "\(width) fields, as in the first row", found: field.endsRow ? "\(field.column)" : "more",
        remedy: "Complete the row, or quote a field that contains the delimiter.")
    }
  }

  private func strayQuote(_ column: Int) -> DatasetError {
    DatasetError(
      .wrongFormat, file: file, at: .line(line, column: column),
      expected: "quotation marks only around a whole field",
      found: "one inside the field, or text after the closing one",
      remedy: "Quote the whole field and double the quotation marks in it.")
  }

  /// The field as text.
  func text(_ field: CSVField) -> String {
    let raw = String(decoding: bytes[field.range], as: UTF8.self)
    return field.hasEscapes ? raw.replacingOccurrences(of: "\"\"", with: "\"") : raw
  }

  /// The field as a finite number.
  func number(_ field: CSVField) throws(DatasetError) -> Float {
    let raw = text(field)
    guard let value = Float(raw.trimmingCharacters(in: .whitespaces)), value.isFinite else {
      throw badValue(
        field, expected: "a finite number",
        remedy: "Correct or remove the row; missing values must be filled in before, and a header announced.")
    }
    return value
  }

  /// The field as a whole number in 0 ... maximum, digit by digit: tables of images have millions of them.
  func wholeNumber(_ field: CSVField, atMost maximum: Int, what: String) throws(DatasetError) -> Int {
    var value = 0
    for byte in bytes[field.range] {
      guard byte >= 0x30, byte <= 0x39, value <= maximum else {
        value = maximum + 1
        break
      }
      value = value * 10 + Int(byte - 0x30)
    }
    guard !field.range.isEmpty, value <= maximum else {
      throw badValue(
        field, expected: "\(what): a whole number in 0 ... \(maximum)",
        remedy: "Correct the field, or check that the file has this layout.")
    }
    return value
  }

  func badValue(_ field: CSVField, expected: String, remedy: String) -> DatasetError {
    let raw = text(field)
    return DatasetError(
      .badValue, file: file, at: .line(field.line, column: field.column), expected: expected,
      found: raw.isEmpty ? "an empty field" : "'\(raw.prefix(40))'", remedy: remedy)
  }
}
