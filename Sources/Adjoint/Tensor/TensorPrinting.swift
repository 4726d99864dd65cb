extension Tensor: CustomStringConvertible, CustomDebugStringConvertible {
  /// Nested brackets, a line for each row of a matrix, with its columns aligned:
  ///
  ///     [[1.0,  2.0],
  ///      [3.0, 40.0]]
  ///
  /// Of more than 1000 elements, each axis shows three at both ends and counts the others.
  public var description: String { TensorText(of: self).text }

  /// Type and shape, and the elements as `description` has them: `Tensor<Float> [2]: [1.0, 2.0]`.
  public var debugDescription: String {
    "Tensor<\(Element.self)> \(shape):" + (shape.rank > 1 ? "\n" : " ") + description
  }
}

/// The text of a tensor, row by row.
private struct TensorText {
  /// The number of elements up to which all are shown.
  static let most = 1000
  /// The number of entries that a longer axis shows at each end.
  static let edge = 3
  /// The number of columns after which a row is broken.
  static let width = 100

  private let shape: Shape
  private let isCut: Bool
  /// The entries of each row that is shown, in order.
  private var rows: [[String]] = []

  init<Element>(of tensor: Tensor<Element>) {
    shape = tensor.shape
    isCut = tensor.elements.count > TensorText.most
    collectRows(axis: 0, offset: 0) { "\(tensor.elements[$0])" }
  }

  /// The positions of an axis that are shown; `nil` stands for those that are not.
  private func shown(_ axis: Int) -> [Int?] {
    let (extent, edge) = (shape[axis], TensorText.edge)
    guard isCut, extent > 2 * edge else { return Array(0..<extent) }
    return Array(0..<edge) + [nil] + Array(extent - edge..<extent)
  }

  private func omission(_ axis: Int) -> String { "… \(shape[axis] - 2 * TensorText.edge) more" }

  private mutating func collectRows(axis: Int, offset: Int, _ entry: (Int) -> String) {
    guard axis < shape.rank - 1 else {
      rows.append(shape.rank == 0 ? [entry(0)] : shown(axis).map { $0.map { entry(offset + $0) } ?? omission(axis) })
      return
    }
    let stride = shape.strides[axis]
    for case let position? in shown(axis) { collectRows(axis: axis + 1, offset: offset + position * stride, entry) }
  }

  var text: String {
    if shape.rank == 0 { return rows[0][0] }
    let columns = rows.first?.count ?? 0
    var widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    if rows.count == 1 { widths = widths.map { _ in 0 } }
    // A row that is too long is broken where each of its lines has as many entries, of one width.
    var perLine = max(columns, 1)
    if (rows.map { row in zip(row, widths).reduce(0) { $0 + max($1.0.count, $1.1) + 2 } }.max() ?? 0) > TensorText.width
    {
      let widest = rows.joined().map(\.count).max() ?? 0
      perLine = max((TensorText.width - shape.rank) / (widest + 2), 1)
      widths = widths.map { _ in widest }
    }
    var next = rows.makeIterator()
    return nested(axis: 0) {
      lines(of: next.next() ?? [], widths, perLine)
    }
  }

  private func lines(of row: [String], _ widths: [Int], _ perLine: Int) -> String {
    let padded = zip(row, widths).map { String(repeating: " ", count: max($1 - $0.count, 0)) + $0 }
    let lines = stride(from: 0, to: padded.count, by: perLine).map {
      padded[$0..<min($0 + perLine, padded.count)].joined(separator: ", ")
    }
    return lines.joined(separator: ",\n" + String(repeating: " ", count: shape.rank))
  }

  private func nested(axis: Int, _ row: () -> String) -> String {
    guard axis < shape.rank - 1 else { return "[" + row() + "]" }
    let parts = shown(axis).map { $0.map { _ in nested(axis: axis + 1, row) } ?? omission(axis) }
    let lineBreaks = String(repeating: "\n", count: shape.rank - 1 - axis)
    return "[" + parts.joined(separator: "," + lineBreaks + String(repeating: " ", count: axis + 1)) + "]"
  }
}
