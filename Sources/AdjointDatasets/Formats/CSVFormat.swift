import AdjointFiles

/// A column of a table.
public enum CSVColumn: Sendable, Hashable {
  /// The leftmost column.
  case first
  /// The rightmost column.
  case last
  /// Counted from 1, as in error messages.
  case number(Int)
  /// The column with this name in the header.
  case named(String)

  /// The column that a word on the command line means: `first`, `last`, or a name of the header.
  package init(_ text: String) {
    switch text {
    case "first": self = .first
    case "last": self = .last
    default: self = .named(text)
    }
  }
}

/// The form of a table: the character between its fields, and its header.
///
/// A reader that is given none finds both out (`CSVTable`), or refuses the file.
public struct CSVFormat: Sendable, Hashable {
  /// The byte between fields: a comma, a semicolon, a tab, ...
  let separator: UInt8
  /// True when the first line names the columns.
  package let hasHeader: Bool

  /// A format with this separator.
  /// - Precondition: the delimiter is one ASCII character, and neither a quotation mark nor the end of a line.
  public init(
    delimiter: Character = ",", hasHeader: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard let code = delimiter.asciiValue, ![0x22, 0x0A, 0x0D].contains(code) else {
      fatalError(
        "CSVFormat: '\(delimiter)' cannot separate fields; give one ASCII character that is no quotation mark",
        file: file,
        line: line)
    }
    separator = code
    self.hasHeader = hasHeader
  }

  /// The separators that are told from each other, in the order in which ties are broken: a comma may stand inside the
  /// numbers of a table that is separated by semicolons.
  static let separators: [UInt8] = [0x09, 0x3B, 0x2C]

  /// The separator of a table, from its first rows.
  /// - Throws: `FileError` that names the separator where it is another one.
  static func separator(of bytes: [UInt8], file: String) throws(FileError) -> UInt8 {
    var best: (separator: UInt8, score: Int) = (0x2C, 0)
    for separator in separators {
      var reader = CSVReader(bytes, file: file, separator: separator)
      var widths: [Int] = []
      // A wrong separator meets quotation marks inside its fields.
      while widths.count < 3, let row = try? reader.row() { widths.append(row.count) }
      // The first row may be a count with names; two rows of one width are believed before any width alone.
      let rest = widths.count > 2 ? Array(widths.dropFirst()) : widths
      guard let width = rest.max(), width > 1 else { continue }
      let score = rest.allSatisfy { $0 == width } ? width + CSVReader.maximumWidth : width
      if score > best.score { best = (separator, score) }
    }
    guard best.score == 0 else { return best.separator }
    // Rows of one number have no separator.
    var reader = CSVReader(bytes, file: file, separator: 0x2C)
    guard let field = try reader.row()?.first, let below = try reader.row()?.first ?? Optional(field),
      reader.value(below) == nil
    else { return 0x2C }
    let line = reader.text(field)
    let other = ["|", ":", " "].first { line.contains($0) }
    throw FileError(
      .wrongFormat, file: file, at: .line(1, column: 1), expected: "fields separated by commas, semicolons or tabs",
      found: other.map { "fields separated by '\($0)'" } ?? "one field, \(quoted(line))",
      remedy: "Write the table with commas between its fields.")
  }
}
