import Adjoint
import AdjointFiles
import Foundation

/// A table with one row for each point: numbers, and one column with the class.
///
/// The label is the column that is asked for; otherwise the one that bears a label's name, or the only one of words; and
/// where there are numbers alone and no names, the first or the last column, whichever of the two alone can be one: whole
/// numbers without a gap from 0 or 1, each in its share of the rows. Everything else is refused.
package struct LabeledTable {
  package let points: LabeledPoints
  /// The label's column in a sentence, such as `'species'`.
  package let label: String
  /// True where the label is the first column.
  package let isLabelFirst: Bool
  /// The names that the first line gives the classes; empty where it gives none.
  package let announcedNames: [String]
  /// The column of row numbers that is no feature, in a sentence; nil without one.
  package let leftOut: String?

  /// Reads a table, plain or gzip.
  /// - Parameters:
  ///   - classNames: The classes where they are known, so that the same word means the same class.
  ///   - features: The names of the features where they are known; a header that has them decides their order.
  /// - Throws: `FileError` with line and column when a row is ragged, a field is no finite number, or a label is unknown;
  ///   also where the label is unclear, and for a single class unless `classNames` are given.
  package init(
    _ url: URL, label wanted: CSVColumn? = nil, format: CSVFormat? = nil, classNames: [String]? = nil,
    features: [String] = [], memoryLimit: Int = InputFile.memoryLimit
  ) throws(FileError) {
    let table = try CSVTable(url, format: format, memoryLimit: memoryLimit)
    func featureless(_ found: String) -> FileError {
      FileError(
        .mismatch, file: url.path, at: .line(1, column: 1), expected: "a column of classes and at least one feature",
        found: found, remedy: "Check the separator between the fields, and their names.")
    }
    guard table.width > 1 else { throw featureless("one column") }
    let known: Int?
    if let wanted { known = try table.position(of: wanted) } else { known = try table.labelPosition() }
    var roles = [CSVTable.Role](repeating: .number, count: table.width)
    if let known { roles[known] = .label }
    let order = try LabeledTable.order(of: features, in: table)
    for column in roles.indices where column != known && order?.contains(column) == false { roles[column] = .skipped }
    if let known, order?.contains(known) == true { throw table.unclearLabel("the feature \(table.title(known))") }
    var read = try table.read(roles)

    // Handed over, so that the numbers are in memory once.
    var matrix = Matrix(numbers: [], columns: roles.indices.filter { roles[$0] == .number })
    swap(&matrix.numbers, &read.numbers)
    let position: Int
    if let known {
      position = known
    } else {
      position = try matrix.labelPosition(in: table)
      let values = matrix.column(position)
      let distinct = Set(values).sorted()
      let numbers = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, Int32($0)) })
      read.words = distinct.map { String(Int($0)) }
      read.labels = values.map { numbers[$0] ?? 0 }
      matrix.remove(position)
    }
    let counting = order == nil ? matrix.rowNumbers(in: table) : nil
    if let counting {
      guard matrix.columns.count > 1 else { throw featureless("classes and the numbers of the rows") }
      matrix.remove(counting)
    }
    leftOut = counting.map { table.title($0) }
    if let order { matrix.arrange(order) }
    label = table.title(position)
    isLabelFirst = position == 0
    announcedNames = table.announced?.classNames ?? []
    let (names, labels) = try LabeledTable.classes(of: read, known: classNames, position, table)
    points = LabeledPoints(
      inputs: Tensor(shape: [read.rows, matrix.columns.count], elements: matrix.numbers), labels: labels,
      classNames: names, featureNames: !table.hasNames ? [] : matrix.columns.map { table.header[$0] })
  }

  /// The columns of the features with these names; nil when the table has no names or none are known.
  /// - Throws: `FileError` for a header without one of them.
  static func order(of features: [String], in table: CSVTable) throws(FileError) -> [Int]? {
    if !table.hasNames || features.isEmpty || Set(features).count < features.count { return nil }
    return try features.map { name throws(FileError) in try table.position(of: .named(name)) }
  }

  /// The names of the classes and every row's class.
  ///
  /// Where all labels are decimal numbers, equal numbers are one class however they are written (1, 1.0 and 01), named in
  /// the shortest way and sorted by value. Otherwise each text is a class, and its name, sorted by spelling. Of known
  /// classes, the one with that text is meant, or else the one with that number.
  private static func classes(
    of content: CSVTable.Content, known: [String]?, _ position: Int, _ table: CSVTable
  ) throws(FileError) -> (names: [String], labels: [Int32]) {
    let numerals = content.words.map { Decimal.numeral($0) }
    let isNumbers = !numerals.contains(nil)
    let found = Set(isNumbers ? numerals.compactMap { $0 } : content.words)
    func order(_ name: String) -> (Double, String) { (isNumbers ? Double(name) ?? 0 : 0, name) }
    let names = known ?? found.sorted { order($0) < order($1) }
    var numbers: [String: Int32] = [:]
    for (number, name) in names.enumerated() { numbers[name] = Int32(number) }
    let classes = zip(content.words, numerals).map { word, numeral in
      numbers[word] ?? numeral.flatMap { numbers[$0] }
    }
    if let row = content.labels.firstIndex(where: { classes[Int($0)] == nil }) {
      let (field, reader) = try table.field(row: row, column: position)
      throw reader.wrong(
        field, expected: "one of the \(names.count) classes \(names.prefix(12).joined(separator: ", "))",
        remedy: "Correct the label, or give the names of all classes.")
    }
    // A quantity that was measured has as many values as it pleases.
    let isMeasured = isNumbers && found.count > 20 && found.contains { $0.contains(".") || $0.contains("e-") }
    guard known != nil || !isMeasured && (content.rows < 20 || found.count * 2 <= content.rows) else {
      throw FileError(
        .mismatch, file: table.file, at: .line(1, column: position + 1),
        expected: "classes in \(table.title(position)), each of several rows",
        found: "\(found.count) different values in \(content.rows) rows",
        remedy: "A quantity is no class; name the label's column (--label) if it is another one.")
    }
    guard known != nil || names.count > 1 else {
      throw FileError(
        .mismatch, file: table.file, at: .line(1, column: position + 1),
        expected: "at least two classes in \(table.title(position))", found: "one, \(quoted(names.first ?? ""))",
        remedy: "Nothing can be learned from one class; name the label's column (--label) if it is another one.")
    }
    return (names, content.labels.map { classes[Int($0)] ?? 0 })
  }
}

/// The numbers of a table, row by row, with the positions in the table of the columns that are there.
private struct Matrix {
  var numbers: [Float]
  var columns: [Int]

  var rows: Int { columns.isEmpty ? 0 : numbers.count / columns.count }

  /// The numbers of the column at this position of the table.
  func column(_ position: Int) -> [Float] {
    guard let place = columns.firstIndex(of: position) else { return [] }
    return stride(from: place, to: numbers.count, by: columns.count).map { numbers[$0] }
  }

  /// Removes a column in place.
  mutating func remove(_ position: Int) {
    guard let removed = columns.firstIndex(of: position) else { return }
    let width = columns.count
    var (end, place) = (0, 0)
    for index in numbers.indices {
      if place != removed {
        numbers[end] = numbers[index]
        end += 1
      }
      place = place + 1 == width ? 0 : place + 1
    }
    numbers.removeLast(numbers.count - end)
    columns.remove(at: removed)
  }

  /// Puts the columns into this order.
  mutating func arrange(_ order: [Int]) {
    if order == columns { return }
    let places = order.compactMap { columns.firstIndex(of: $0) }
    let width = columns.count
    var arranged: [Float] = []
    arranged.reserveCapacity(rows * places.count)
    for row in 0..<rows { for place in places { arranged.append(numbers[row * width + place]) } }
    (numbers, columns) = (arranged, order)
  }

  /// The column that counts the rows and is named as such: an index that was saved with the table knows the order of the
  /// rows, and in a sorted table that is the class.
  func rowNumbers(in table: CSVTable) -> Int? {
    columns.first { position in
      guard !table.header.isEmpty,
        ["", "id", "index", "unnamed: 0"].contains(table.header[position].lowercased()), rows > 1
      else { return false }
      let values = column(position)
      return (values[0] == 0 || values[0] == 1) && values.indices.allSatisfy { values[$0] == values[0] + Float($0) }
    }
  }

  /// The label among numbers alone: see `LabeledTable`.
  func labelPosition(in table: CSVTable) throws(FileError) -> Int {
    let candidates = [0, table.width - 1].compactMap { position in
      evenness(of: column(position)).map { (position, $0) }
    }
    let even = candidates.filter { $0.1 > 0.2 }
    if candidates.count == 1 { return candidates[0].0 }
    if even.count == 1 { return even[0].0 }
    throw table.unclearLabel(
      candidates.isEmpty
        ? "numbers in all of them, and neither the first nor the last counts classes from 0 or 1 without a gap"
        : "numbers in all of them, and both the first and the last could be classes")
  }

  /// The share of the rarest class in its fair share, for numbers that can be classes; nil for others.
  private func evenness(of values: [Float]) -> Double? {
    var counts: [Float: Int] = [:]
    for value in values {
      counts[value, default: 0] += 1
      // A class of less than two examples on average is none.
      if counts.count > 10_000 || counts.count * 2 > max(values.count, 4) { return nil }
    }
    let distinct = counts.keys.sorted()
    guard distinct.count > 1, let first = distinct.first, [-1, 0, 1].contains(first) else { return nil }
    let isCount = first >= 0 && distinct.indices.allSatisfy { distinct[$0] == first + Float($0) }
    guard isCount || distinct == [-1, 1], let least = counts.values.min() else { return nil }
    return Double(least * distinct.count) / Double(values.count)
  }
}
