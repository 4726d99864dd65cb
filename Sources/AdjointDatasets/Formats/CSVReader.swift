import AdjointFiles

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
/// Rows may differ in length; empty lines at the end of the file are ignored. Space around a field is no part of it.
package struct CSVReader {
  /// The most fields of a row; a row is read as a whole only at the beginning of a table.
  static let maximumWidth = 100_000

  let file: String
  private let bytes: [UInt8]
  private let separator: UInt8
  private var position: Int
  private var line = 1
  /// The column of the field that comes next, counted from 1.
  private(set) var column = 1

  package init(_ bytes: [UInt8], file: String, separator: UInt8) {
    self.bytes = bytes
    self.file = file
    self.separator = separator
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The place of the field that comes next.
  var place: FileError.Place { .line(line, column: column) }

  /// The most rows that can follow, by their ends of lines.
  var remainingLines: Int { bytes[position...].reduce(1) { $0 &+ ($1 == 0x0A || $1 == 0x0D ? 1 : 0) } }
  /// The bytes that follow.
  var remainingBytes: Int { bytes.count - position }

  /// The fields of the next row, or nil at the end of the file.
  package mutating func row() throws(FileError) -> [CSVField]? {
    var row: [CSVField] = []
    while let field = try next() {
      row.append(field)
      if field.endsRow { return row }
      guard row.count < CSVReader.maximumWidth else {
        throw FileError(
          .oversized, file: file, at: place, expected: "at most \(CSVReader.maximumWidth) fields in a row",
          found: "more", remedy: "Check that the file is a table with one example in each line.")
      }
    }
    return nil
  }

  /// The next field when nothing but a number stands in it, as in nearly every field of a table of numbers; nil leaves the
  /// reader where it is, for `next`.
  @inline(__always)
  mutating func plainNumber() -> (value: Float, endsRow: Bool)? {
    guard let (value, behind) = Decimal.read(bytes, from: position) else { return nil }
    var end = behind
    var endsRow = true
    if end < bytes.count {
      let byte = bytes[end]
      if byte == separator {
        endsRow = false
      } else if byte == 0x0D {
        if end + 1 < bytes.count, bytes[end + 1] == 0x0A { end += 1 }
      } else if byte != 0x0A {
        return nil
      }
      end += 1
    }
    position = end
    advance(endsRow)
    return (value, endsRow)
  }

  @inline(__always)
  private mutating func advance(_ endsRow: Bool) {
    if endsRow {
      line += 1
      column = 1
    } else {
      column += 1
    }
  }

  /// The next field, or nil at the end of the file.
  mutating func next() throws(FileError) -> CSVField? {
    if column == 1 && bytes[position...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) { return nil }
    let (startLine, startColumn) = (line, column)
    var hasEscapes = false
    var range = position..<position
    skipSpace()
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
      skipSpace()
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
    advance(endsRow)
    return CSVField(
      range: trimmed(range), hasEscapes: hasEscapes, line: startLine, column: startColumn, endsRow: endsRow)
  }

  private mutating func skipSpace() {
    while position < bytes.count, isSpace(bytes[position]) { position += 1 }
  }

  private func isSpace(_ byte: UInt8) -> Bool { (byte == 0x20 || byte == 0x09) && byte != separator }

  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isSpace(bytes[start]) { start += 1 }
    while start < end, isSpace(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  private func strayQuote(_ column: Int) -> FileError {
    FileError(
      .wrongFormat, file: file, at: .line(line, column: column),
      expected: "quotation marks only around a whole field",
      found: "one inside the field, or text after the closing one",
      remedy: "Quote the whole field and double the quotation marks in it.")
  }
}

/// The contents of fields.
extension CSVReader {
  /// The text of a field without space around it.
  package func text(_ field: CSVField) -> String {
    let raw = String(decoding: bytes[field.range], as: UTF8.self)
    return field.hasEscapes ? raw.replacing("\"\"", with: "\"") : raw
  }

  /// The number in a field; nil for anything else, or when it is too large.
  func value(_ field: CSVField) -> Float? {
    guard let (value, end) = Decimal.read(bytes, from: field.range.lowerBound) else { return nil }
    return end == field.range.upperBound ? value : nil
  }

  /// A field as a finite number.
  func number(_ field: CSVField) throws(FileError) -> Float {
    if let value = value(field) { return value }
    let text = text(field)
    let halves = text.split(separator: ",", omittingEmptySubsequences: false)
    let isDecimalComma = halves.count == 2 && halves.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) }
    throw wrong(
      field, expected: "a finite number",
      remedy: isDecimalComma
        ? "Write the numbers with a decimal point in place of the comma."
        : isMissing(field)
          ? "Fill in missing values before, or remove the row."
          : "Correct or remove the row; where this column holds the classes, name it as the label (--label).")
  }

  /// True for an empty field and the marks that stand for a missing value.
  func isMissing(_ field: CSVField) -> Bool {
    ["", "na", "n/a", "nan", "null", "none", "?", "-", "."].contains(text(field).lowercased())
  }

  /// The error that a field does not hold what is expected.
  package func wrong(_ field: CSVField, expected: String, remedy: String) -> FileError {
    let text = text(field)
    return FileError(
      .badValue, file: file, at: .line(field.line, column: field.column), expected: expected,
      found: text.isEmpty ? "an empty field" : quoted(text), remedy: remedy)
  }
}
