/// The rows of an operand as a loop over rows reads them: element j of row i stands at i·row + j·column.
public struct RowOperand<S> {
  /// The first element of the first row.
  public let base: UnsafePointer<S>
  /// The distance of two rows: 0 where one row is read for all.
  public let row: Int
  /// The distance of two elements of a row: 1, or 0 where one is read for all.
  public let column: Int

  /// Rows from an address on.
  @inlinable
  public init(_ base: UnsafePointer<S>, row: Int, column: Int) {
    (self.base, self.row, self.column) = (base, row, column)
  }
}

// The default bodies of the loops over rows: one row after the other, by the loop over one.
extension ArrayLoops where Self: Scalar {
  @inlinable
  public static func mapRows(
    _ f: MapFunction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, strideY: Int, rows: Int,
    columns: Int
  ) {
    for i in 0..<rows { map(f, x + i * stride, y + i * strideY, count: columns) }
  }

  @inlinable
  public static func zipRows(
    _ f: ZipFunction, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>, strideY: Int,
    rows: Int, columns: Int
  ) {
    for i in 0..<rows {
      zip(
        f, a.base + i * a.row, strideA: a.column, b.base + i * b.row, strideB: b.column, y + i * strideY,
        count: columns)
    }
  }

  @inlinable
  public static func selectRows(
    _ c: RowOperand<Self>, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>, strideY: Int,
    rows: Int, columns: Int
  ) {
    for i in 0..<rows {
      select(
        c.base + i * c.row, strideC: c.column, a.base + i * a.row, strideA: a.column, b.base + i * b.row,
        strideB: b.column, y + i * strideY, count: columns)
    }
  }

  @inlinable
  public static func reduceEach(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    for i in 0..<rows { y[i] = reduce(r, x + i * stride, count: columns) }
  }

  @inlinable
  public static func squaresEach(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int
  ) {
    for i in 0..<rows { y[i] = squares(x + i * stride, about: c[i], count: columns) }
  }

  /// Nothing is known where there is no kernel, so that nothing is skipped.
  @inlinable
  public static func areZeros(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool { false }

  @inlinable
  public static func mayHaveMinusZero(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool { true }
}
