import Adjoint
import AdjointFiles
import Foundation

/// Points from tables.
extension LabeledPoints {
  /// Reads a table (plain or gzip) with one row for each point: numbers, and one column with the class.
  ///
  /// Without `format` and `label`, separator, header and label are found out, or the table is refused where they are
  /// unclear: see `CSVFormat`. Classes may be numbers or words. Without `classNames`, the distinct labels in ascending
  /// order (numbers by value, words by spelling) are the classes 0, 1, 2, ...; a test file should be read with the names
  /// of the training file, so that the same word means the same class.
  /// - Parameter memoryLimit: The most bytes of text that are held in memory.
  /// - Throws: `FileError` with line and column when a row is ragged, a field is no finite number, or a label is unknown.
  public init(
    csv url: URL, label: CSVColumn? = nil, format: CSVFormat? = nil, classNames: [String]? = nil,
    memoryLimit: Int = 1 << 31
  ) throws(FileError) {
    self = try LabeledTable(
      url, label: label, format: format, classNames: classNames, memoryLimit: memoryLimit
    ).points
  }
}

extension RegressionPoints {
  /// Reads a table (plain or gzip) of numbers with one row for each point; `targets` are the columns to predict.
  ///
  /// Without `format`, separator and header are found out.
  /// - Parameter memoryLimit: The most bytes of text that are held in memory.
  /// - Throws: `FileError` with line and column when a row is ragged or a field is no finite number.
  public init(
    csv url: URL, targets: [CSVColumn] = [.last], format: CSVFormat? = nil, memoryLimit: Int = 1 << 31
  ) throws(FileError) {
    let table = try CSVTable(url, format: format, memoryLimit: memoryLimit)
    let targetColumns = try targets.map { target throws(FileError) in try table.position(of: target) }
    let (width, read) = (table.width, try table.read(Array(repeating: .number, count: table.width)))
    let inputColumns = (0..<width).filter { !targetColumns.contains($0) }
    func columns(_ wanted: [Int]) -> Tensor<Float> {
      var picked: [Float] = []
      picked.reserveCapacity(read.rows * wanted.count)
      for row in 0..<read.rows { for column in wanted { picked.append(read.numbers[row * width + column]) } }
      return Tensor(shape: [read.rows, wanted.count], elements: picked)
    }
    self.init(inputs: columns(inputColumns), targets: columns(targetColumns))
  }
}

/// Images from tables.
extension LabeledImages {
  /// Reads a table (plain or gzip) of images: every pixel, 0 to 255, and the label, which is the first column unless a
  /// header names another one.
  ///
  ///     label,pixel0,pixel1, ...
  ///     7,0,0,84,185, ...
  ///
  /// - Parameter memoryLimit: The most bytes of text that are held in memory.
  /// - Throws: `FileError` with line and column when a row has not 1 + height · width fields, or a field is no byte or label.
  public init(
    csv url: URL, height: Int = 28, width: Int = 28, classNames: [String] = (0...9).map(String.init),
    memoryLimit: Int = 1 << 31
  ) throws(FileError) {
    let table = try CSVTable(url, memoryLimit: memoryLimit)
    guard table.width == 1 + height * width else {
      throw FileError(
        .mismatch, file: url.path, at: .line(1, column: table.width),
        expected: "\(1 + height * width) fields: a label and \(height) × \(width) pixels", found: "\(table.width)",
        remedy: "Give the size of the images.")
    }
    let position = try table.header.isEmpty ? 0 : table.labelPosition() ?? 0
    var roles = [CSVTable.Role](repeating: .number, count: table.width)
    roles[position] = .label
    let content = try table.read(roles)
    let numbers = content.numbers
    var classes: [Int32] = []
    for (number, word) in content.words.enumerated() {
      guard let label = classNames.firstIndex(of: word) ?? Decimal.numeral(word).flatMap({ Int($0) }),
        classNames.indices.contains(label)
      else {
        let row = content.labels.firstIndex(of: Int32(number)) ?? 0
        let (field, reader) = try table.field(row: row, column: position)
        throw reader.wrong(
          field, expected: "a label in 0 ..< \(classNames.count)",
          remedy: "Correct it, or give the names of all classes.")
      }
      classes.append(Int32(label))
    }
    let labels = content.labels.map { classes[Int($0)] }
    guard Set(labels).count > 1 || labels.count == 1 else {
      throw table.unclearLabel("a single class in \(table.title(position))")
    }
    if let wrong = numbers.firstIndex(where: { !$0.isByte }) {
      let place = wrong % (height * width)
      let (field, reader) = try table.field(
        row: wrong / (height * width), column: place < position ? place : place + 1)
      throw reader.wrong(
        field, expected: "a pixel: a whole number in 0 ... 255",
        remedy: "Correct the field, or check that the file has this layout.")
    }
    self.init(
      pixels: numbers.map { UInt8($0) }, height: height, width: width, labels: labels, classNames: classNames)
  }
}

extension Float {
  /// True for the whole numbers in 0 ... 255.
  var isByte: Bool { self >= 0 && self <= 255 && self == rounded() }
}
