import AdjointFiles
import Foundation

/// A table whose rows have as many fields each: separator, header and first line are known, its rows are still to be read.
///
/// A first line is a header when a column begins with a word and goes on with a number, when it holds a name that labels
/// have, or when it counts the columns. It is an announcement where it says the number of rows, of features, and
/// the classes' names, as the tables do that scikit-learn ships.
package struct CSVTable {
  /// What becomes of a column.
  enum Role { case number, label, skipped }

  /// What was read of a table.
  struct Content {
    /// Row by row.
    var numbers: [Float] = []
    /// The label of each row, as a position among the distinct ones.
    var labels: [Int32] = []
    /// The distinct labels in the order of their first appearance.
    var words: [String] = []
    var rows = 0
  }

  let file: String
  /// The fields of a row.
  package let width: Int
  /// The names of the columns; empty without a header.
  package let header: [String]
  /// True when the header names the columns rather than counting them.
  var hasNames: Bool { !header.isEmpty && !CSVTable.isCount(header) }
  /// The rows and the names of the classes that the first line announces.
  let announced: (rows: Int, classNames: [String])?
  /// The first row of data; empty when there is none.
  private let sample: [CSVField]
  /// Stands before the first row of data.
  private let start: CSVReader

  /// The names by which a label is known, in small letters; the second ones where there are none of the first.
  private static let labelNames = [["label", "class", "target", "species", "digit"], ["y"]]

  /// Opens a table, plain or gzip, or a pipe.
  package init(
    _ url: URL, format: CSVFormat? = nil, memoryLimit: Int = InputFile.memoryLimit
  ) throws(FileError) {
    let input = try InputFile(url, gzip: .system, pipeLimit: memoryLimit)
    try self.init(input, format: format, memoryLimit: memoryLimit)
  }

  package init(_ input: InputFile, format: CSVFormat? = nil, memoryLimit: Int) throws(FileError) {
    // The format is named before a large file is read for nothing.
    if let kind = FileKind.name(of: try input.prefix(FileKind.prefixLength)) {
      throw FileError(
        .wrongFormat, file: input.path, at: .wholeFile, expected: "a table of text", found: kind,
        remedy: FileKind.remedy(for: kind, table: true))
    }
    let bytes = try input.contents(memoryLimit: memoryLimit)
    if let position = bytes.firstInvalidUTF8 {
      let line = bytes[..<position].reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
      throw FileError(
        .wrongFormat, file: input.path, at: input.place(position), expected: "text in UTF-8",
        found: "the byte \(String(bytes[position], radix: 16)) in line \(line)",
        remedy: "Convert the file, for example with: iconv -f latin1 -t utf-8 FILE.")
    }
    try self.init(bytes, file: input.path, format: format)
  }

  init(_ bytes: [UInt8], file: String, format: CSVFormat?) throws(FileError) {
    self.file = file
    let separator: UInt8
    if let format { separator = format.separator } else { separator = try CSVFormat.separator(of: bytes, file: file) }
    var reader = CSVReader(bytes, file: file, separator: separator)
    let beginning = reader
    guard let first = try reader.row() else {
      throw FileError(
        .truncated, file: file, at: .line(1, column: 1), expected: "at least one row", found: "an empty file",
        remedy: "Get the file again from its source.")
    }
    let second = reader
    let next = try reader.row()
    let announced = format == nil ? CSVTable.announcement(first, next, reader) : nil
    let hasHeader = format?.hasHeader ?? (announced == nil && CSVTable.isHeader(first, next, reader))
    self.announced = announced
    header = hasHeader ? first.map { [reader] in reader.text($0) } : []
    start = hasHeader || announced != nil ? second : beginning
    sample = (hasHeader || announced != nil ? next : first) ?? []
    width = announced == nil ? first.count : sample.count
    // Whatever follows finds a name for each column of the first row.
    guard sample.isEmpty || sample.count == width else {
      throw ragged(0, min(sample.count, width) - 1, sample.count < width)
    }
  }

  private static func announcement(
    _ first: [CSVField], _ next: [CSVField]?, _ reader: CSVReader
  ) -> (rows: Int, classNames: [String])? {
    guard let next, next.allSatisfy({ reader.value($0) != nil }), first.count > 2,
      let rows = Int(reader.text(first[0])), rows > 0, Int(reader.text(first[1])) == next.count - 1
    else { return nil }
    let names = first.dropFirst(2)
    return names.allSatisfy { reader.value($0) == nil } ? (rows, names.map { reader.text($0) }) : nil
  }

  private static func isHeader(_ first: [CSVField], _ next: [CSVField]?, _ reader: CSVReader) -> Bool {
    func isWord(_ field: CSVField) -> Bool { reader.value(field) == nil && !reader.isMissing(field) }
    if zip(first, next ?? []).contains(where: { isWord($0) && reader.value($1) != nil }) { return true }
    let words = first.map { reader.text($0) }
    if words.contains(where: { labelNames[0].contains($0.lowercased()) }) { return true }
    return isCount(words)
  }

  /// True for the numbers of columns or rows, from 0 or 1.
  private static func isCount(_ words: [String]) -> Bool {
    words.count > 2 && [0, 1].contains { start in words.indices.allSatisfy { words[$0] == String(start + $0) } }
  }

  // MARK: Columns

  /// The position of a column, counted from 0.
  func position(of column: CSVColumn) throws(FileError) -> Int {
    switch column {
    case .first: return 0
    case .last: return width - 1
    case .number(let number):
      if (1...width).contains(number) { return number - 1 }
      throw FileError(
        .mismatch, file: file, at: .line(1, column: width), expected: "a column \(number)",
        found: "\(width) columns", remedy: "Columns are counted from 1.")
    case .named(let name):
      if let position = header.firstIndex(of: name) { return position }
      throw FileError(
        .mismatch, file: file, at: .line(1, column: 1), expected: "a column named \(quoted(name))",
        found: header.isEmpty ? "a table without a header" : CSVTable.listed(header),
        remedy: "Use one of the names in the header, or 'first' or 'last'.")
    }
  }

  /// The position of the label as a name or the only column of words gives it; nil when the numbers must tell.
  /// - Throws: `FileError` when several columns could be meant.
  func labelPosition() throws(FileError) -> Int? {
    for names in CSVTable.labelNames {
      let found = header.indices.filter { names.contains(header[$0].lowercased()) }
      if found.count == 1 { return found[0] }
      if found.count > 1 { throw unclearLabel("the columns \(CSVTable.listed(found.map { header[$0] }))") }
    }
    let words = sample.indices.filter { start.value(sample[$0]) == nil && !start.isMissing(sample[$0]) }
    if words.count > 1 { throw unclearLabel("words in the columns \(CSVTable.listed(words.map { title($0) }))") }
    if words.isEmpty, hasNames {
      throw unclearLabel("the columns \(CSVTable.listed(header))")
    }
    return words.first
  }

  /// The error that no column is the label beyond doubt.
  func unclearLabel(_ found: String) -> FileError {
    FileError(
      .mismatch, file: file, at: .line(1, column: 1),
      expected: "one column of classes, named \(CSVTable.labelNames.joined().joined(separator: ", "))", found: found,
      remedy: "Say which it is: --label NAME, --label first or --label last (the argument 'label' in code).")
  }

  /// A column in a sentence.
  package func title(_ position: Int) -> String {
    !hasNames || header[position].isEmpty
      ? "column \(position + 1)" : quoted(header[position])
  }

  private static func listed(_ names: [String]) -> String {
    names.prefix(12).map { quoted($0) }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }

  // MARK: Rows

  /// The most distinct labels.
  private static let maximumClasses = 100_000

  /// The numbers of all columns of that role, and the labels, of at most so many rows.
  /// - Throws: `FileError` with line and column when a row is ragged or a field is no finite number.
  func read(_ roles: [Role], rows limit: Int = .max) throws(FileError) -> Content {
    var reader = start
    var content = Content()
    var known: [String: Int32] = [:]
    let perRow = roles.count { $0 == .number }
    let rows = min(reader.remainingLines, limit)
    // A field takes a byte and a separator at least, whatever the lines promise.
    content.numbers.reserveCapacity(
      min(rows.multipliedReportingOverflow(by: perRow).0, reader.remainingBytes / 2 + 1))
    var column = 0
    while content.rows < limit {
      let endsRow: Bool
      if roles[column] == .number, let number = reader.plainNumber() {
        endsRow = number.endsRow
        if endsRow != (column == width - 1) { throw ragged(content.rows, column, endsRow) }
        content.numbers.append(number.value)
      } else {
        guard let field = try reader.next() else { break }
        endsRow = field.endsRow
        if endsRow != (column == width - 1) { throw ragged(content.rows, column, endsRow) }
        switch roles[column] {
        case .number: content.numbers.append(try reader.number(field))
        case .label: content.labels.append(try label(field, reader, &known, &content.words))
        case .skipped: break
        }
      }
      column = endsRow ? 0 : column + 1
      if endsRow { content.rows += 1 }
    }
    guard content.rows > 0 else {
      throw FileError(
        .truncated, file: file, at: reader.place, expected: "at least one row of data", found: "the end of the file",
        remedy: "Get the file again from its source.")
    }
    if let announced, limit == .max, announced.rows != content.rows {
      throw FileError(
        .mismatch, file: file, at: .line(1, column: 1), expected: "\(announced.rows) rows, as the first line announces",
        found: "\(content.rows)", remedy: "The file is cut short, or its first line belongs to another one.")
    }
    return content
  }

  private func label(
    _ field: CSVField, _ reader: CSVReader, _ known: inout [String: Int32], _ words: inout [String]
  ) throws(FileError) -> Int32 {
    let word = reader.text(field)
    if let number = known[word] { return number }
    guard !word.isEmpty else {
      throw reader.wrong(field, expected: "a class", remedy: "Fill in the label, or remove the row.")
    }
    guard words.count < CSVTable.maximumClasses else {
      throw unclearLabel("more than \(CSVTable.maximumClasses) different words in \(title(field.column - 1))")
    }
    known[word] = Int32(words.count)
    words.append(word)
    return Int32(words.count - 1)
  }

  /// Hands over the fields of each row, and the reader that knows their text.
  /// - Throws: `FileError` for a row of another length, and whatever `visit` throws.
  package func forEachRow(_ visit: ([CSVField], CSVReader) throws(FileError) -> Void) throws(FileError) {
    var (reader, count) = (start, 0)
    while let row = try reader.row() {
      guard row.count == width else { throw ragged(count, min(row.count, width) - 1, row.count < width) }
      try visit(row, reader)
      count += 1
    }
  }

  /// A field, found again by its place in the table, for a message.
  func field(row: Int, column: Int) throws(FileError) -> (field: CSVField, reader: CSVReader) {
    var reader = start
    var (at, found) = (0, try reader.next())
    while let field = found {
      if at == row, field.column == column + 1 || field.endsRow { return (field, reader) }
      if field.endsRow { at += 1 }
      found = try reader.next()
    }
    fatalError("CSVTable: there is no row \(row)")
  }

  private func ragged(_ row: Int, _ column: Int, _ endsRow: Bool) -> FileError {
    var place = FileError.Place.wholeFile
    if let field = try? field(row: row, column: column).field { place = .line(field.line, column: field.column) }
    return FileError(
      .mismatch, file: file, at: place, expected: "\(width) fields, as in the first row",
      found: endsRow ? "\(column + 1)" : "more",
      remedy: "Complete the row, or quote a field that contains the delimiter.")
  }
}
