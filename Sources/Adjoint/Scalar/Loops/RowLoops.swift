import AdjointKernels

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

extension Float {
  public static func mapRows(
    _ f: MapFunction, _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, strideY: Int, rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active, let (code, p, q) = f.kernel else {
      for i in 0..<rows { referenceMap(f, x + i * stride, y + i * strideY, count: columns) }
      return
    }
    kernels.pointee.each_row_f32(code, Float(p), Float(q), x, stride, y, strideY, rows, columns)
  }

  public static func zipRows(
    _ f: ZipFunction, _ a: RowOperand<Float>, _ b: RowOperand<Float>, _ y: UnsafeMutablePointer<Float>, strideY: Int,
    rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active, let code = f.kernel else {
      for i in 0..<rows {
        referenceZip(
          f, a.base + i * a.row, strideA: a.column, b.base + i * b.row, strideB: b.column, y + i * strideY,
          count: columns)
      }
      return
    }
    kernels.pointee.zip_rows_f32(
      code, a.base, a.row, a.column, b.base, b.row, b.column, y, strideY, rows, columns)
  }

  public static func selectRows(
    _ c: RowOperand<Float>, _ a: RowOperand<Float>, _ b: RowOperand<Float>, _ y: UnsafeMutablePointer<Float>,
    strideY: Int, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows {
        referenceSelect(
          c.base + i * c.row, strideC: c.column, a.base + i * a.row, strideA: a.column, b.base + i * b.row,
          strideB: b.column, y + i * strideY, count: columns)
      }
      return
    }
    kernels.pointee.select_rows_f32(
      c.base, c.row, c.column, a.base, a.row, a.column, b.base, b.row, b.column, y, strideY, rows, columns)
  }

  public static func reduceEach(
    _ r: Reduction, _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows { y[i] = referenceReduce(r, x + i * stride, stride: 1, count: columns) }
      return
    }
    kernels.pointee.reduce_each_f32(r.kernel, x, stride, y, rows, columns)
  }

  public static func squaresEach(
    _ x: UnsafePointer<Float>, stride: Int, about c: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows { y[i] = referenceSquares(x + i * stride, stride: 1, about: c[i], count: columns) }
      return
    }
    kernels.pointee.squares_each_f32(x, stride, c, y, rows, columns)
  }

  public static func areZeros(_ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int) -> Bool {
    Kernels.active?.pointee.only_zeros_f32(x, stride, rows, columns) ?? false
  }

  public static func mayHaveMinusZero(_ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int) -> Bool {
    Kernels.active?.pointee.has_minus_zero_f32(x, stride, rows, columns) ?? true
  }
}

extension Double {
  public static func mapRows(
    _ f: MapFunction, _ x: UnsafePointer<Double>, stride: Int, _ y: UnsafeMutablePointer<Double>, strideY: Int,
    rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active, let (code, p, q) = f.kernel else {
      for i in 0..<rows { referenceMap(f, x + i * stride, y + i * strideY, count: columns) }
      return
    }
    kernels.pointee.each_row_f64(code, Double(p), Double(q), x, stride, y, strideY, rows, columns)
  }

  public static func zipRows(
    _ f: ZipFunction, _ a: RowOperand<Double>, _ b: RowOperand<Double>, _ y: UnsafeMutablePointer<Double>, strideY: Int,
    rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active, let code = f.kernel else {
      for i in 0..<rows {
        referenceZip(
          f, a.base + i * a.row, strideA: a.column, b.base + i * b.row, strideB: b.column, y + i * strideY,
          count: columns)
      }
      return
    }
    kernels.pointee.zip_rows_f64(
      code, a.base, a.row, a.column, b.base, b.row, b.column, y, strideY, rows, columns)
  }

  public static func selectRows(
    _ c: RowOperand<Double>, _ a: RowOperand<Double>, _ b: RowOperand<Double>, _ y: UnsafeMutablePointer<Double>,
    strideY: Int, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows {
        referenceSelect(
          c.base + i * c.row, strideC: c.column, a.base + i * a.row, strideA: a.column, b.base + i * b.row,
          strideB: b.column, y + i * strideY, count: columns)
      }
      return
    }
    kernels.pointee.select_rows_f64(
      c.base, c.row, c.column, a.base, a.row, a.column, b.base, b.row, b.column, y, strideY, rows, columns)
  }

  public static func reduceEach(
    _ r: Reduction, _ x: UnsafePointer<Double>, stride: Int, _ y: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows { y[i] = referenceReduce(r, x + i * stride, stride: 1, count: columns) }
      return
    }
    kernels.pointee.reduce_each_f64(r.kernel, x, stride, y, rows, columns)
  }

  public static func squaresEach(
    _ x: UnsafePointer<Double>, stride: Int, about c: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active else {
      for i in 0..<rows { y[i] = referenceSquares(x + i * stride, stride: 1, about: c[i], count: columns) }
      return
    }
    kernels.pointee.squares_each_f64(x, stride, c, y, rows, columns)
  }

  public static func areZeros(_ x: UnsafePointer<Double>, stride: Int, rows: Int, columns: Int) -> Bool {
    Kernels.active?.pointee.only_zeros_f64(x, stride, rows, columns) ?? false
  }

  public static func mayHaveMinusZero(_ x: UnsafePointer<Double>, stride: Int, rows: Int, columns: Int) -> Bool {
    Kernels.active?.pointee.has_minus_zero_f64(x, stride, rows, columns) ?? true
  }
}
