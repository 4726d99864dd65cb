import Adjoint
import AdjointFiles
import Foundation

/// Points from tables.
extension LabeledPoints {
  /// Reads a table (plain or gzip) with one row for each point: numbers, and one column with the class.
  ///
  /// Classes may be numbers or words. Without `classNames`, the distinct labels in ascending order (numbers by value, words
  /// by spelling) are the classes 0, 1, 2, ...; a test file should be read with the names of the training file, so that
  /// the same word means the same class.
  /// - Throws: `FileError` with line and column when a row is ragged, a field is no finite number, or a label is unknown.
  public init(
    csv url: URL, label: CSVColumn = .last, format: CSVFormat = CSVFormat(), classNames: [String]? = nil
  ) throws(FileError) {
    var table = try CSVTable(CSVTable.contents(of: url), file: url.path, format: format)
    let labelColumn = try table.index(of: label)
    var (numbers, words): ([Float], [String]) = ([], [])
    var names: [String: Int32] = [:]
    for (number, name) in (classNames ?? []).enumerated() { names[name] = Int32(number) }
    while let field = try table.next() {
      guard field.column == labelColumn else {
        numbers.append(try table.reader.number(field))
        continue
      }
      let word = table.reader.text(field)
      if classNames != nil, names[word] == nil {
        throw table.reader.wrong(
          field,
          expected: "one of the \(names.count) classes \(names.keys.sorted().prefix(12).joined(separator: ", "))",
          remedy: "Correct the label, or give the names of all classes.")
      }
      if word.isEmpty {
        throw table.reader.wrong(field, expected: "a class", remedy: "Fill in the label, or remove the row.")
      }
      words.append(word)
    }
    let sortedNames = classNames ?? LabeledPoints.sorted(Set(words))
    for (number, name) in sortedNames.enumerated() { names[name] = Int32(number) }
    self.init(
      inputs: Tensor(shape: [words.count, table.width - 1], elements: numbers),
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
  /// - Throws: `FileError` with line and column when a row is ragged or a field is no finite number.
  public init(
    csv url: URL, targets: [CSVColumn] = [.last], format: CSVFormat = CSVFormat()
  ) throws(FileError) {
    var table = try CSVTable(CSVTable.contents(of: url), file: url.path, format: format)
    var targetColumns: [Int] = []
    for target in targets { targetColumns.append(try table.index(of: target)) }
    var numbers: [Float] = []
    while let field = try table.next() { numbers.append(try table.reader.number(field)) }
    let (width, rows) = (table.width, numbers.count / table.width)
    let inputColumns = (1...width).filter { !targetColumns.contains($0) }
    func columns(_ wanted: [Int]) -> Tensor<Float> {
      var picked: [Float] = []
      picked.reserveCapacity(rows * wanted.count)
      for row in 0..<rows { for column in wanted { picked.append(numbers[row * width + column - 1]) } }
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
  /// - Throws: `FileError` with line and column when a row has not 1 + height · width fields, or a field is no byte or label.
  public init(
    csv url: URL, height: Int = 28, width: Int = 28, classNames: [String] = (0...9).map(String.init)
  ) throws(FileError) {
    let bytes = try CSVTable.contents(of: url)
    var table = try CSVTable(bytes, file: url.path, format: CSVFormat(ofNumbers: bytes))
    guard table.width == 1 + height * width else {
      throw FileError(
        .mismatch, file: url.path, at: .line(1, column: table.width),
        expected: "\(1 + height * width) fields: a label and \(height) × \(width) pixels", found: "\(table.width)",
        remedy: "Give the size of the images, or use a table with the label in the first column.")
    }
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    while let field = try table.next() {
      if field.column == 1 {
        labels.append(Int32(try table.reader.wholeNumber(field, atMost: classNames.count - 1, "a label")))
      } else {
        pixels.append(UInt8(try table.reader.wholeNumber(field, atMost: 255, "a pixel")))
      }
    }
    self.init(pixels: pixels, height: height, width: width, labels: labels, classNames: classNames)
  }
}
