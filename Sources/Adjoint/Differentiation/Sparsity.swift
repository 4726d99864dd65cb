/// The places of a matrix where entries can differ from 0, row by row.
public struct SparsityPattern: Equatable, Sendable {
  /// The number of rows.
  public let rowCount: Int
  /// The number of columns.
  public let columnCount: Int
  /// The position among `columns` at which each row begins, and the end of the last one: one more than there are rows.
  public let rowStarts: [Int]
  /// The column of each place, in rising order within a row.
  public let columns: [Int]

  /// The places of each row. Columns may stand in any order.
  /// - Precondition: each column is below `columnCount`, and stands once in a row.
  public init(rows: [[Int]], columnCount: Int, file: StaticString = #fileID, line: UInt = #line) {
    self.init(columnCount: columnCount, sortedRows: rows.map { $0.sorted() })
    for (number, row) in rows.enumerated() {
      guard Set(row).count == row.count, row.allSatisfy({ 0 <= $0 && $0 < columnCount }) else {
        fatalError(
          "SparsityPattern: row \(number) is \(row); a column stands once in a row, and is in 0 ..< \(columnCount)",
          file: file, line: line)
      }
    }
  }

  init(columnCount: Int, sortedRows: some Sequence<some Sequence<Int>>) {
    var (starts, columns): ([Int], [Int]) = ([0], [])
    for row in sortedRows {
      columns += row
      starts.append(columns.count)
    }
    (rowCount, self.columnCount, rowStarts, self.columns) = (starts.count - 1, columnCount, starts, columns)
  }

  /// The number of places.
  public var count: Int { columns.count }

  /// The columns of one row.
  public subscript(row row: Int) -> ArraySlice<Int> { columns[rowStarts[row]..<rowStarts[row + 1]] }

  /// The pattern of the transposed matrix.
  public var transposed: SparsityPattern {
    var rows = [[Int]](repeating: [], count: columnCount)
    for row in 0..<rowCount { for column in self[row: row] { rows[column].append(row) } }
    return SparsityPattern(columnCount: rowCount, sortedRows: rows)
  }
}

/// The places where ∂y/∂x can differ from 0, found from the recording: which elements of x reach which elements of y. A row for
/// each element of y, a column for each element of the variables, one variable after the other.
///
/// It holds for all numbers, not for the recorded ones alone; index leaves count as they are. An operation that says nothing of
/// its structure counts as one in which every element reaches every other, so places may be too many, and are never too few.
///
/// - Complexity: a few steps for each element of each node between x and y, and for each place.
public func sparsity<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], file: StaticString = #fileID, line: UInt = #line
) -> SparsityPattern {
  let tape = y.tape
  for v in [y] + x { _ = tape.index(of: v, for: "sparsity", beside: [y], file: file, line: line) }
  return tape.reached(from: x.map(\.index), by: y.index)
}

extension Tape {
  fileprivate func reached(from x: [Int], by y: Int) -> SparsityPattern {
    let columnCount = x.reduce(0) { $0 + nodes[$1].shape.elementCount }
    var sets = ElementSets()
    let first = Swift.min(x.min() ?? y, y)
    // Of each node between them, the set of columns that reach each of its elements; nil where none does.
    var reached = [[Int32]?](repeating: nil, count: y - first + 1)
    var column: Int32 = 0
    for x in x {
      let count = nodes[x].shape.elementCount
      if x <= y { reached[x - first] = (0..<count).map { sets.single(column + Int32($0)) } }
      column += Int32(count)
    }
    let held = Set(x)
    for i in first...y where !nodes[i].isIndex && !held.contains(i) {
      guard case .operation(let operation) = nodes[i].kind else { continue }
      let inputs = nodes[i].inputs
      let shapes = inputs.map { nodes[$0].shape }
      let computesIndices = inputs.contains { nodes[$0].isIndex && nodes[$0].kind.operation != nil }
      for position in 0..<inputs.count where inputs[position] >= first {
        guard let source = reached[inputs[position] - first] else { continue }
        let reach = operation.reach(ofInput: position, shapes, computesIndices: computesIndices)
        let point = Point(tape: self, node: i) { _ in true }
        guard let part = sets.spread(source, reach, operation, at: point, position) else { continue }
        reached[i - first] = reached[i - first].map { sets.union($0, part) } ?? part
      }
    }
    let rows = reached[y - first] ?? [Int32](repeating: 0, count: nodes[y].shape.elementCount)
    return SparsityPattern(
      columnCount: columnCount, sortedRows: rows.lazy.map { sets[$0].lazy.map(Int.init) })
  }
}
