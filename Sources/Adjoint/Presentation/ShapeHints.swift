// What was probably meant where two shapes do not broadcast.

extension Shape {
  /// The shape of an elementwise result, as `broadcast(_:_:in:)`; where there is none, the error also says what was probably
  /// meant.
  /// - Parameter isProduct: true where the matrix product may have been meant.
  static func broadcast(
    _ a: Shape, _ b: Shape, in operation: String, hint isProduct: Bool
  ) throws(ShapeError) -> Shape {
    do throws(ShapeError) {
      return try broadcast(a, b, in: operation)
    } catch {
      let hint = (isProduct ? productHint(a, b) : nil) ?? columnHint(a, b)
      throw ShapeError(error.description + (hint.map { ". " + $0 } ?? ""))
    }
  }

  /// The matrix product that two matrices have.
  private static func productHint(_ a: Shape, _ b: Shape) -> String? {
    guard a.rank == 2, b.rank == 2, differ(a[0], b[0]) || differ(a[1], b[1]) else { return nil }
    let flags = a[1] == b[0] ? "" : a[1] == b[1] ? ", transposeB: true" : a[0] == b[0] ? ", transposeA: true" : nil
    return flags.map { "* is elementwise; did you mean the matrix product, a.matmul(b\($0))?" }
  }

  /// The vector that has an element for each row, not for each column.
  private static func columnHint(_ a: Shape, _ b: Shape) -> String? {
    let (vector, matrix) = a.rank == 1 ? (a, b) : (b, a)
    guard vector.rank == 1, matrix.rank == 2, matrix[0] == vector[0], differ(matrix[1], vector[0]) else { return nil }
    return "An element for each row is a column: reshape(to: [\(vector[0]), 1])"
  }

  /// True where two dimensions do not broadcast.
  private static func differ(_ a: Int, _ b: Int) -> Bool { a != b && a != 1 && b != 1 }
}
