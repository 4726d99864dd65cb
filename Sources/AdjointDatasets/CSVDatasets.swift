import Adjoint
import Foundation

/// Points from tables.
extension LabeledPoints {
  /// Reads a table (plain or gzip) with one row for each point: numbers, and one column with the class.
  ///
  /// Classes may be numbers or words. Without `classNames`, the distinct labels in ascending order (numbers by value, words
  /// by spelling) are the classes 0, 1, 2, ...; a test file should be read with the names of the training file, so that
  /// the same word means the same class.
  /// - Throws: `DatasetError` with line and column when a row is ragged, a field is no finite number, or a label is unknown.
  public init(
    csv url: URL, label: CSVColumn = .last, format: CSVFormat = CSVFormat(), classNames: [String]? = nil
  ) throws(DatasetError) {
    var table = try NumericTable(url, format: format)
    let labelColumn = try table.index(of: label)
    var words: [String] = []
    var names: [String: Int32] = [:]
    for (number, name) in (classNames ?? []).enumerated() { names[name] = Int32(number) }
    while let field = try table.next() {
      guard field.column == labelColumn else {
        try table.append(field)
        continue
      }
      let word = table.reader.text(field).trimmingCharacters(in: .whitespaces)
      if classNames != nil, names[word] == nil {
        throw table.reader.badValue(
          field,
          expected: "one of the \(names.count) classes \(names.keys.sorted().prefix(12).joined(separator: ", "))",
          remedy: "Correct the label, or give the names of all classes.")
      }
      if word.isEmpty {
        throw table.reader.badValue(field, expected: "a class", remedy: "Fill in the label, or remove the row.")
      }
      words.append(word)
    }
    let sortedNames = classNames ?? LabeledPoints.sorted(Set(words))
    for (number, name) in sortedNames.enumerated() { names[name] = Int32(number) }
    self.init(
      inputs: Tensor(shape: [words.count, table.width - 1], elements: table.numbers),
      labels: words.compactMap { names[$0] }, classNames: sortedNames)
  }

  /// Numbers by value when all are numbers, words by spelling otherwise.
  private static func sorted(_ words: Set<String>) -> [String] {
    let values = words.compactMap(Double.init)
    guard values.count == words.count else { return words.sorted() }
    return words.sorted { (Double($0) ?? 0, $0) < (Double($1) ?? 0, $1) }
  }
}

extension RegressionPoints {
  /// Reads a table (plain or gzip) of numbers with one row for each point; `targets` are the columns to predict.
  /// - Throws: `DatasetError` with line and column when a row is ragged or a field is no finite number.
  public init(
    csv url: URL, targets: [CSVColumn] = [.last], format: CSVFormat = CSVFormat()
  ) throws(DatasetError) {
    var table = try NumericTable(url, format: format)
    var targetColumns: [Int] = []
    for target in targets { targetColumns.append(try table.index(of: target)) }
    while let field = try table.next() { try table.append(field) }
    let rows = table.numbers.count / table.width
    let inputColumns = (1...table.width).filter { !targetColumns.contains($0) }
    func columns(_ wanted: [Int]) -> Tensor<Float> {
      var picked: [Float] = []
      picked.reserveCapacity(rows * wanted.count)
      for row in 0..<rows { for column in wanted { picked.append(table.numbers[row * table.width + column - 1]) } }
      return Tensor(shape: [rows, wanted.count], elements: picked)
    }
    self.init(inputs: columns(inputColumns), targets: columns(targetColumns))
  }
}

/// Images from tables.
extension LabeledImages {
  /// Reads a table (plain or gzip) in the layout in which MNIST is passed around: the label, then every pixel, 0 to 255.
  ///
  ///     label,pixel0,pixel1, ...
  ///     7,0,0,84,185, ...
  ///
  /// A first line that begins with a word is taken for a header.
  /// - Throws: `DatasetError` with line and column when a row has not 1 + height · width fields, or a field is no byte or label.
  public init(
    csv url: URL, height: Int = 28, width: Int = 28, classNames: [String] = (0...9).map(String.init)
  ) throws(DatasetError) {
    let bytes = try NumericTable.contents(of: url)
    // A header begins with neither a digit nor a sign.
    let first = bytes.first { $0 != 0x22 && $0 != 0xEF && $0 != 0xBB && $0 != 0xBF } ?? 0x30
    let format = CSVFormat(hasHeader: !(first >= 0x30 && first <= 0x39 || first == 0x2D || first == 0x2C))
    var table = try NumericTable(bytes, file: url.path, format: format)
    guard table.width == 1 + height * width else {
      throw DatasetError(
        .mismatch, file: url.path, at: .line(1, column: table.width),
        expected: "\(1 + height * width) fields: a label and \(height) × \(width) pixels", found: "\(table.width)",
        remedy: "Give the size of the images, or use a table with the label in the first column.")
    }
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    while let field = try table.next() {
      if field.column == 1 {
        let label = try table.reader.wholeNumber(field, atMost: classNames.count - 1, what: "a label")
        labels.append(Int32(label))
      } else {
        pixels.append(UInt8(try table.reader.wholeNumber(field, atMost: 255, what: "a pixel")))
      }
    }
    self.init(pixels: pixels, height: height, width: width, labels: labels, classNames: classNames)
  }
}

/// A table on its way to numbers: the header has been read, the rows come field by field.
struct NumericTable {
  var reader: CSVReader
  /// The fields of a row.
  let width: Int
  /// The names of the columns; empty without a header.
  private let header: [String]
  /// The first row, when it was read to learn the width.
  private var pending: [CSVField]
  /// The fields that have been appended.
  private(set) var numbers: [Float] = []

  init(_ url: URL, format: CSVFormat) throws(DatasetError) {
    try self.init(NumericTable.contents(of: url), file: url.path, format: format)
  }

  /// A table of more than this many bytes (4 GB) is refused: compressed data could otherwise demand any memory.
  static func contents(of url: URL) throws(DatasetError) -> [UInt8] { try InputFile(url).contents(atMost: 1 << 32) }

  init(_ bytes: [UInt8], file: String, format: CSVFormat) throws(DatasetError) {
    reader = CSVReader(bytes, file: file, format: format)
    var first: [CSVField] = []
    while let field = try reader.next() {
      first.append(field)
      if field.endsRow { break }
    }
    guard !first.isEmpty else {
      throw DatasetError(
        .truncated, file: file, at: .line(1, column: 1), expected: "at least one row", found: "an empty file",
        remedy: "Get the file again from its source.")
    }
    width = first.count
    header = format.hasHeader ? first.map { [reader] in reader.text($0).trimmingCharacters(in: .whitespaces) } : []
    pending = format.hasHeader ? [] : first.reversed()
  }

  mutating func next() throws(DatasetError) -> CSVField? {
    if let field = pending.popLast() { return field }
    return try reader.next()
  }

  mutating func append(_ field: CSVField) throws(DatasetError) { numbers.append(try reader.number(field)) }

  /// The number of a column, counted from 1.
  func index(of column: CSVColumn) throws(DatasetError) -> Int {
    switch column {
    case .first: return 1
    case .last: return width
    case .number(let number):
      if (1...width).contains(number) { return number }
      throw DatasetError(
        .mismatch, file: reader.file, at: .line(1, column: width), expected: "a column \(number)",
        found: "\(width) columns", remedy: "Columns are counted from 1.")
    case .named(let name):
      if let index = header.firstIndex(of: name) { return index + 1 }
      throw DatasetError(
        .mismatch, file: reader.file, at: .line(1, column: 1), expected: "a column named '\(name)'",
        found: header.isEmpty ? "a table read without a header" : header.prefix(20).joined(separator: ", "),
        remedy: "Use one of the names in the header, or the number of the column.")
    }
  }
}
