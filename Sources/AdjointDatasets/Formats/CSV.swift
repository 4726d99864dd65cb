import AdjointFiles
import Foundation

/// A column of a table.
public enum CSVColumn: Sendable, Hashable {
  case first
  case last
  /// Counted from 1, as in error messages.
  case number(Int)
  /// The column with this name in the header.
  case named(String)
}

/// The form of a table: the character between its fields, and its header.
public struct CSVFormat: Sendable, Hashable {
  /// The byte between fields: a comma, a semicolon, a tab, ...
  let separator: UInt8
  /// True when the first line names the columns.
  package let hasHeader: Bool

  /// - Precondition: the delimiter is one ASCII character, and neither a quotation mark nor the end of a line.
  public init(delimiter: Character = ",", hasHeader: Bool = true) {
    guard let code = delimiter.asciiValue, ![0x22, 0x0A, 0x0D].contains(code) else {
      fatalError("CSVFormat: '\(delimiter)' cannot separate fields")
    }
    separator = code
    self.hasHeader = hasHeader
  }

  /// The form of a table of numbers separated by commas: its first line is a header when it begins with a word.
  package init(ofNumbers bytes: [UInt8]) {
    // The first byte past a byte-order mark, space and a quotation mark.
    let first = bytes.first { ![0xEF, 0xBB, 0xBF, 0x20, 0x22].contains($0) } ?? 0x30
    self.init(hasHeader: !(0x30...0x39).contains(first) && !"+-.,".utf8.contains(first))
  }
}

/// One field of a table: its content and its place.
package struct CSVField {
  /// The bytes between the delimiters, or between the quotation marks.
  let range: Range<Int>
  /// True when the field holds doubled quotation marks, which stand for single ones.
  let hasEscapes: Bool
  /// Counted from 1.
  package let line: Int
  /// Counted from 1, in fields.
  package let column: Int
  /// True for the last field of a row.
  let endsRow: Bool
}

/// The fields of a table, one after the other: RFC 4180, with line ends of either kind and an optional byte-order mark.
///
/// Rows may differ in length; empty lines at the end of the file are ignored.
package struct CSVReader {
  let file: String
  private let bytes: [UInt8]
  private let separator: UInt8
  private var position: Int
  private var line = 1
  private var column = 1

  package init(_ bytes: [UInt8], file: String, format: CSVFormat = CSVFormat()) {
    self.bytes = bytes
    self.file = file
    separator = format.separator
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The fields of the next row, or nil at the end of the file.
  package mutating func row() throws(FileError) -> [CSVField]? {
    var row: [CSVField] = []
    while let field = try next() {
      row.append(field)
      if field.endsRow { return row }
    }
    return nil
  }

  /// The next field, or nil at the end of the file.
  mutating func next() throws(FileError) -> CSVField? {
    if column == 1 && bytes[position...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) { return nil }
    let (startLine, startColumn) = (line, column)
    var hasEscapes = false
    let range: Range<Int>
    if position < bytes.count, bytes[position] == 0x22 {
      position += 1
      let start = position
      while true {
        guard position < bytes.count else {
          throw FileError(
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

    // A delimiter, the end of the line, or the end of the file follows a field.
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
    if endsRow { line += 1 }
    column = endsRow ? 1 : column + 1
    return CSVField(range: range, hasEscapes: hasEscapes, line: startLine, column: startColumn, endsRow: endsRow)
  }

  private func strayQuote(_ column: Int) -> FileError {
    FileError(
      .wrongFormat, file: file, at: .line(line, column: column),
      expected: "quotation marks only around a whole field",
      found: "one inside the field, or text after the closing one",
      remedy: "Quote the whole field and double the quotation marks in it.")
  }

  /// The text of a field without space around it.
  package func text(_ field: CSVField) -> String { whole(field).trimmingCharacters(in: .whitespaces) }

  private func whole(_ field: CSVField) -> String {
    let raw = String(decoding: bytes[field.range], as: UTF8.self)
    return field.hasEscapes ? raw.replacingOccurrences(of: "\"\"", with: "\"") : raw
  }

  /// A field as a finite number.
  func number(_ field: CSVField) throws(FileError) -> Float {
    guard let value = Float(text(field)), value.isFinite else {
      throw wrong(
        field, expected: "a finite number",
        remedy: "Correct or remove the row; missing values must be filled in before, and a header announced.")
    }
    return value
  }

  /// A field as a whole number in 0 ... maximum, digit by digit: tables of images have millions of them.
  func wholeNumber(_ field: CSVField, atMost maximum: Int, _ kind: String) throws(FileError) -> Int {
    var value = 0
    for byte in bytes[field.range] {
      guard byte >= 0x30, byte <= 0x39, value <= maximum else {
        value = maximum + 1
        break
      }
      value = value * 10 + Int(byte - 0x30)
    }
    guard !field.range.isEmpty, value <= maximum else {
      throw wrong(
        field, expected: "\(kind): a whole number in 0 ... \(maximum)",
        remedy: "Correct the field, or check that the file has this layout.")
    }
    return value
  }

  /// The error that a field does not hold what is expected.
  func wrong(_ field: CSVField, expected: String, remedy: String) -> FileError {
    let text = whole(field)
    return FileError(
      .badValue, file: file, at: .line(field.line, column: field.column), expected: expected,
      found: text.isEmpty ? "an empty field" : "'\(text.prefix(40))'", remedy: remedy)
  }
}

/// A table whose rows have as many fields as its first, and perhaps a header, which has been read.
struct CSVTable {
  private(set) var reader: CSVReader
  /// The fields of a row.
  let width: Int
  /// The names of the columns; empty without a header.
  private let header: [String]
  /// The first row in reverse, when it was read to learn the width.
  private var pending: [CSVField]

  /// A table of more than this many bytes (4 GB) is refused: compressed data could otherwise demand any memory.
  static func contents(of url: URL) throws(FileError) -> [UInt8] {
    try InputFile(url, gzip: .system).contents(atMost: 1 << 32)
  }

  init(_ bytes: [UInt8], file: String, format: CSVFormat) throws(FileError) {
    reader = CSVReader(bytes, file: file, format: format)
    guard let first = try reader.row() else {
      throw FileError(
        .truncated, file: file, at: .line(1, column: 1), expected: "at least one row", found: "an empty file",
        remedy: "Get the file again from its source.")
    }
    width = first.count
    header = format.hasHeader ? first.map { [reader] in reader.text($0) } : []
    pending = format.hasHeader ? [] : first.reversed()
  }

  /// The next field, or nil at the end of the file.
  mutating func next() throws(FileError) -> CSVField? {
    if let field = pending.popLast() { return field }
    guard let field = try reader.next() else { return nil }
    guard field.endsRow ? field.column == width : field.column < width else {
      throw FileError(
        .mismatch, file: reader.file, at: .line(field.line, column: field.column),
        expected: "\(width) fields, as in the first row", found: field.endsRow ? "\(field.column)" : "more",
        remedy: "Complete the row, or quote a field that contains the delimiter.")
    }
    return field
  }

  /// The number of a column, counted from 1.
  func index(of column: CSVColumn) throws(FileError) -> Int {
    switch column {
    case .first: return 1
    case .last: return width
    case .number(let number):
      if (1...width).contains(number) { return number }
      throw FileError(
        .mismatch, file: reader.file, at: .line(1, column: width), expected: "a column \(number)",
        found: "\(width) columns", remedy: "Columns are counted from 1.")
    case .named(let name):
      if let index = header.firstIndex(of: name) { return index + 1 }
      throw FileError(
        .mismatch, file: reader.file, at: .line(1, column: 1), expected: "a column named '\(name)'",
        found: header.isEmpty ? "a table read without a header" : header.prefix(20).joined(separator: ", "),
        remedy: "Use one of the names in the header, or the number of the column.")
    }
  }
}
