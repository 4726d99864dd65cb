import AdjointFiles

/// The features in one row of a table, beside which the label may stand or not.
package struct FeatureRow {
  /// The features in the order of training.
  package let numbers: [Float]

  /// Reads row `index` of a table, counted from 0, and none behind it.
  ///
  /// A header that has the names of the features decides where they are. Otherwise the row holds the features alone, or
  /// one field more, the label: the column with a label's name, or the first or last as in training.
  /// - Throws: `FileError` with line and column.
  package init(
    _ input: InputFile, index: Int, count: Int, features: [String] = [], isLabelFirst: Bool, memoryLimit: Int
  ) throws(FileError) {
    let table = try CSVTable(input, memoryLimit: memoryLimit)
    var roles = [CSVTable.Role](repeating: .number, count: table.width)
    let order = try LabeledTable.order(of: features, in: table)
    if let order {
      for column in roles.indices where !order.contains(column) { roles[column] = .skipped }
    } else if table.width == count + 1 {
      let named = table.header.isEmpty ? nil : try? table.labelPosition()
      roles[named ?? (isLabelFirst ? 0 : count)] = .skipped
    } else if table.width != count {
      throw FileError(
        .mismatch, file: input.path, at: .line(1, column: table.width),
        expected: "\(count) numbers in a row, or a label and \(count) numbers", found: "\(table.width) fields",
        remedy: "Give the features that the network was trained on.")
    }
    let read = try table.read(roles, rows: index + 1)
    guard read.rows == index + 1 else {
      throw FileError(
        .mismatch, file: input.path, at: .wholeFile, expected: "a row \(index), counted from 0",
        found: "\(read.rows) rows", remedy: "Give the index of one of them.")
    }
    let row = read.numbers.suffix(count)
    let columns = order.map { $0.sorted() } ?? []
    numbers =
      order.map { order in order.map { row[row.startIndex + (columns.firstIndex(of: $0) ?? 0)] } } ?? Array(row)
  }
}
