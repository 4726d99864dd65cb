// Triangles and diagonals of matrices, which are the last two axes.

extension DenseArray {
  /// The lower triangle of each matrix, 0 above it: the elements [i, j] with j − i ≤ `diagonal`.
  public func tril(diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Self {
    triangle("tril", file, line) { row, column in column - row <= diagonal }
  }

  /// The upper triangle of each matrix, 0 below it: the elements [i, j] with j − i ≥ `diagonal`.
  public func triu(diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Self {
    triangle("triu", file, line) { row, column in column - row >= diagonal }
  }

  private func triangle(
    _ name: String, _ file: StaticString, _ line: UInt, _ keeps: (Int, Int) -> Bool
  ) -> Self {
    let (rows, columns) = matrix(of: shape(for: name, file: file, line: line), for: name, file, line)
    let mask = (0..<rows).flatMap { row in (0..<columns).map { keeps(row, $0) ? 1 : 0 as Number } }
    return masked(by: Tensor(of: [rows, columns], mask), file: file, line: line)
  }

  /// The diagonal of each matrix, as a vector: the elements [i, i + offset].
  public func diagonal(offset: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "diagonal", file: file, line: line)
    let (rows, columns) = matrix(of: own, for: "diagonal", file, line)
    guard offset > -rows || offset >= 0, offset < columns || offset <= 0 else {
      fatalError("diagonal: offset \(offset) leads out of the matrices of \(own)", file: file, line: line)
    }
    // The next element of a diagonal is one row and one column further.
    let outer = Array(own.dropLast(2))
    let count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    let start = count == 0 ? 0 : offset >= 0 ? offset : -offset * columns
    let size = Shape(outer + [count])
    let whole = reshape(
      to: .checked(outer + [rows * columns], of: "diagonal", file, line), file: file, line: line)
    return whole.slice(
      start: outer.map { _ in 0 } + [start], size: size, step: outer.map { _ in 1 } + [columns + 1], file: file,
      line: line)
  }

  /// The square matrices with the last axis as their diagonal, 0 elsewhere: y[i, i + offset] = x[i].
  public func diagonalMatrix(offset: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Self {
    let own = shape(for: "diagonalMatrix", file: file, line: line)
    guard let count = own.last else {
      fatalError("diagonalMatrix: a single number is no diagonal; give a vector", file: file, line: line)
    }
    let width = min(offset.magnitude, 1 << 32)
    let side = count + Int(width)
    let outer = Array(own.dropLast())
    let target = Shape.checked(outer + [side, side], of: "diagonalMatrix", file, line)
    let zeros = outer.map { _ in 0 }
    let start = count == 0 ? 0 : offset >= 0 ? offset : -offset * side
    let reach = count == 0 ? 0 : (count - 1) * (side + 1) + 1
    return pad(
      before: zeros + [start], after: zeros + [side * side - start - reach], step: outer.map { _ in 1 } + [side + 1],
      file: file, line: line
    ).reshape(to: target, file: file, line: line)
  }

  /// The rows and columns of matrices.
  private func matrix(
    of own: Shape, for name: String, _ file: StaticString, _ line: UInt
  ) -> (rows: Int, columns: Int) {
    guard own.rank >= 2 else {
      fatalError("\(name): \(own) is no matrix, which has two axes at least", file: file, line: line)
    }
    return (own[own.rank - 2], own[own.rank - 1])
  }
}
