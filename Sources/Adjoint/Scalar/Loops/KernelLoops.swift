import AdjointKernels

// The loops of `Float` and `Double`: kernels of the instruction set in use, and the reference bodies where there is none, as with
// `ADJOINT_KERNELS=reference`. C has no generic functions, so a body names two. It is specialised for each of its scalars, which
// know theirs then.

/// The same number, of a type that is known to be this one.
@inline(__always)
private func same<T, U>(_ x: T) -> U { unsafeBitCast(x, to: U.self) }

/// The same address, of elements that are known to be of this type.
@inline(__always)
private func at<T, U>(_ x: UnsafePointer<T>) -> UnsafePointer<U> { UnsafeRawPointer(x).assumingMemoryBound(to: U.self) }
@inline(__always)
private func at<T, U>(_ x: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<U> {
  UnsafeMutableRawPointer(x).assumingMemoryBound(to: U.self)
}

extension ArrayLoops where Self: Scalar & BinaryFloatingPoint {
  private static var isFloat: Bool { Self.self == Float.self }
  /// The kernels; `nil` for a scalar that has none.
  private static var kernels: UnsafePointer<ak_kernels>? {
    isFloat || Self.self == Double.self ? Kernels.active : nil
  }

  public static func map(_ f: MapFunction, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, count: Int) {
    guard let kernels, let (code, p, q) = f.kernel else { return referenceMap(f, x, y, count: count) }
    isFloat
      ? kernels.pointee.map_f32(code, Float(p), Float(q), at(x), at(y), count)
      : kernels.pointee.map_f64(code, Double(p), Double(q), at(x), at(y), count)
  }

  public static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>, strideB: Int,
    _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    guard let kernels, let code = f.kernel else {
      return referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    isFloat
      ? kernels.pointee.zip_f32(code, at(a), strideA, at(b), strideB, at(y), count)
      : kernels.pointee.zip_f64(code, at(a), strideA, at(b), strideB, at(y), count)
  }

  public static func select(
    _ c: UnsafePointer<Self>, strideC: Int, _ a: UnsafePointer<Self>, strideA: Int, _ b: UnsafePointer<Self>,
    strideB: Int, _ y: UnsafeMutablePointer<Self>, count: Int
  ) {
    guard let kernels else {
      return referenceSelect(c, strideC: strideC, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    isFloat
      ? kernels.pointee.select_f32(at(c), strideC, at(a), strideA, at(b), strideB, at(y), count)
      : kernels.pointee.select_f64(at(c), strideC, at(a), strideA, at(b), strideB, at(y), count)
  }

  public static func addRows(
    _ x: UnsafePointer<Self>, bias: UnsafePointer<Self>, then f: MapFunction?, _ y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int
  ) {
    guard let kernels else {
      return referenceAddRows(x, bias: bias, then: f, y, rows: rows, columns: columns)
    }
    let (code, p, q) = f?.kernel ?? (AK_COPY, 0, 0)
    isFloat
      ? kernels.pointee.add_rows_f32(at(x), at(bias), code, Float(p), Float(q), at(y), rows, columns)
      : kernels.pointee.add_rows_f64(at(x), at(bias), code, Double(p), Double(q), at(y), rows, columns)
    if let f, f.kernel == nil { referenceMap(f, y, y, count: rows * columns) }
  }

  public static func reduce(_ r: Reduction, _ x: UnsafePointer<Self>, count: Int) -> Self {
    guard let kernels else { return referenceReduce(r, x, stride: 1, count: count) }
    return isFloat
      ? same(kernels.pointee.reduce_f32(r.kernel, at(x), count))
      : same(kernels.pointee.reduce_f64(r.kernel, at(x), count))
  }

  public static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    guard let kernels else {
      return referenceReduceRows(r, x, stride: stride, y, rows: rows, columns: columns)
    }
    isFloat
      ? kernels.pointee.reduce_rows_f32(r.kernel, at(x), stride, at(y), rows, columns)
      : kernels.pointee.reduce_rows_f64(r.kernel, at(x), stride, at(y), rows, columns)
  }

  public static func squares(_ x: UnsafePointer<Self>, about c: Self, count: Int) -> Self {
    guard let kernels else { return referenceSquares(x, stride: 1, about: c, count: count) }
    return isFloat
      ? same(kernels.pointee.squares_f32(at(x), same(c), count))
      : same(kernels.pointee.squares_f64(at(x), same(c), count))
  }

  public static func squareRows(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int
  ) {
    guard let kernels else {
      return referenceSquareRows(x, stride: stride, about: c, y, rows: rows, columns: columns)
    }
    isFloat
      ? kernels.pointee.square_rows_f32(at(x), stride, at(c), at(y), rows, columns)
      : kernels.pointee.square_rows_f64(at(x), stride, at(c), at(y), rows, columns)
  }

  public static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    guard let kernels else { return referenceSoftmax(kind, x, y, rows: rows, columns: columns) }
    switch kind {
    case .softmax:
      isFloat
        ? kernels.pointee.softmax_f32(at(x), at(y), rows, columns)
        : kernels.pointee.softmax_f64(at(x), at(y), rows, columns)
    case .logSoftmax:
      isFloat
        ? kernels.pointee.log_softmax_f32(at(x), at(y), rows, columns)
        : kernels.pointee.log_softmax_f64(at(x), at(y), rows, columns)
    case .logSumExp:
      isFloat
        ? kernels.pointee.log_sum_exp_f32(at(x), at(y), rows, columns)
        : kernels.pointee.log_sum_exp_f64(at(x), at(y), rows, columns)
    }
  }

  public static func logSoftmaxGradient(
    _ g: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    guard let kernels else {
      return referenceLogSoftmaxGradient(g, y, out, rows: rows, columns: columns)
    }
    isFloat
      ? kernels.pointee.log_softmax_vjp_f32(at(g), at(y), at(out), rows, columns)
      : kernels.pointee.log_softmax_vjp_f64(at(g), at(y), at(out), rows, columns)
  }

  public static func multiply(_ product: MatrixProduct<Self>) {
    guard let kernels else { return referenceMultiply(product) }
    let (code, p, q) = product.function?.kernel ?? (AK_COPY, 0, 0)
    if isFloat {
      var gemm = ak_gemm_f32(
        transpose_a: product.transposeA, transpose_b: product.transposeB, accumulate: product.accumulates,
        m: product.rows, n: product.columns, k: product.depth, a: at(product.a), lda: product.strideA,
        b: at(product.b), ldb: product.strideB, c: at(product.c), ldc: product.strideC,
        bias: product.bias.map { at($0) }, f: code, p: Float(p), q: Float(q))
      kernels.pointee.gemm_f32(&gemm)
    } else {
      var gemm = ak_gemm_f64(
        transpose_a: product.transposeA, transpose_b: product.transposeB, accumulate: product.accumulates,
        m: product.rows, n: product.columns, k: product.depth, a: at(product.a), lda: product.strideA,
        b: at(product.b), ldb: product.strideB, c: at(product.c), ldc: product.strideC,
        bias: product.bias.map { at($0) }, f: code, p: Double(p), q: Double(q))
      kernels.pointee.gemm_f64(&gemm)
    }
    if let f = product.function, f.kernel == nil {
      for row in 0..<product.rows {
        let place = product.c + row * product.strideC
        referenceMap(f, place, place, count: product.columns)
      }
    }
  }

  public static func cholesky(
    _ a: UnsafePointer<Self>, _ l: UnsafeMutablePointer<Self>, extent: Int, count: Int
  ) {
    guard let kernels else { return referenceCholesky(a, l, extent: extent, count: count) }
    isFloat
      ? kernels.pointee.cholesky_f32(at(a), at(l), extent, count)
      : kernels.pointee.cholesky_f64(at(a), at(l), extent, count)
  }

  public static func solveTriangular(
    _ t: UnsafePointer<Self>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Self>, strideX: Int, rows: Int, columns: Int, count: Int
  ) {
    guard let kernels else {
      return referenceSolveTriangular(
        t, strideT: strideT, upper: upper, transposed: transposed, unitDiagonal: unitDiagonal, x, strideX: strideX,
        rows: rows, columns: columns, count: count)
    }
    isFloat
      ? kernels.pointee.solve_triangular_f32(
        upper, transposed, unitDiagonal, at(t), strideT, at(x), strideX, rows, columns, count)
      : kernels.pointee.solve_triangular_f64(
        upper, transposed, unitDiagonal, at(t), strideT, at(x), strideX, rows, columns, count)
  }

  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    guard let kernels, grid.hasKernel(r) else { return referencePool(r, grid, x, y) }
    withUnsafePointer(to: grid.kernel) {
      isFloat
        ? kernels.pointee.pool_f32(r.kernel, $0, at(x), at(y))
        : kernels.pointee.pool_f64(r.kernel, $0, at(x), at(y))
    }
  }

  public static func solve(
    _ a: UnsafePointer<Self>, transposed: Bool, _ b: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>,
    extent: Int, columns: Int, count: Int
  ) {
    let most = Int(AK_SMALL_EXTENT)
    guard let kernels, extent <= most, columns <= most else {
      return referenceSolve(a, transposed: transposed, b, x, extent: extent, columns: columns, count: count)
    }
    isFloat
      ? kernels.pointee.solve_small_systems_f32(transposed, at(a), at(b), at(x), extent, columns, count)
      : kernels.pointee.solve_small_systems_f64(transposed, at(a), at(b), at(x), extent, columns, count)
  }

  public static func allFinite(_ x: UnsafePointer<Self>, count: Int) -> Bool {
    guard let kernels else { return (0..<count).allSatisfy { x[$0].isFinite } }
    return isFloat
      ? kernels.pointee.all_finite_f32(at(x), count)
      : kernels.pointee.all_finite_f64(at(x), count)
  }

  public static func mapRows(
    _ f: MapFunction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, strideY: Int, rows: Int,
    columns: Int
  ) {
    guard let kernels, let (code, p, q) = f.kernel else {
      for i in 0..<rows { referenceMap(f, x + i * stride, y + i * strideY, count: columns) }
      return
    }
    isFloat
      ? kernels.pointee.each_row_f32(code, Float(p), Float(q), at(x), stride, at(y), strideY, rows, columns)
      : kernels.pointee.each_row_f64(code, Double(p), Double(q), at(x), stride, at(y), strideY, rows, columns)
  }

  public static func zipRows(
    _ f: ZipFunction, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>, strideY: Int,
    rows: Int, columns: Int
  ) {
    guard let kernels, let code = f.kernel else {
      for i in 0..<rows {
        referenceZip(
          f, a.base + i * a.row, strideA: a.column, b.base + i * b.row, strideB: b.column, y + i * strideY,
          count: columns)
      }
      return
    }
    isFloat
      ? kernels.pointee.zip_rows_f32(
        code, at(a.base), a.row, a.column, at(b.base), b.row, b.column, at(y), strideY, rows, columns)
      : kernels.pointee.zip_rows_f64(
        code, at(a.base), a.row, a.column, at(b.base), b.row, b.column, at(y), strideY, rows, columns)
  }

  public static func selectRows(
    _ c: RowOperand<Self>, _ a: RowOperand<Self>, _ b: RowOperand<Self>, _ y: UnsafeMutablePointer<Self>,
    strideY: Int, rows: Int, columns: Int
  ) {
    guard let kernels else {
      for i in 0..<rows {
        referenceSelect(
          c.base + i * c.row, strideC: c.column, a.base + i * a.row, strideA: a.column, b.base + i * b.row,
          strideB: b.column, y + i * strideY, count: columns)
      }
      return
    }
    isFloat
      ? kernels.pointee.select_rows_f32(
        at(c.base), c.row, c.column, at(a.base), a.row, a.column, at(b.base), b.row, b.column, at(y), strideY, rows,
        columns)
      : kernels.pointee.select_rows_f64(
        at(c.base), c.row, c.column, at(a.base), a.row, a.column, at(b.base), b.row, b.column, at(y), strideY, rows,
        columns)
  }

  public static func reduceEach(
    _ r: Reduction, _ x: UnsafePointer<Self>, stride: Int, _ y: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    guard let kernels else {
      for i in 0..<rows { y[i] = referenceReduce(r, x + i * stride, stride: 1, count: columns) }
      return
    }
    isFloat
      ? kernels.pointee.reduce_each_f32(r.kernel, at(x), stride, at(y), rows, columns)
      : kernels.pointee.reduce_each_f64(r.kernel, at(x), stride, at(y), rows, columns)
  }

  public static func squaresEach(
    _ x: UnsafePointer<Self>, stride: Int, about c: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, rows: Int,
    columns: Int
  ) {
    guard let kernels else {
      for i in 0..<rows { y[i] = referenceSquares(x + i * stride, stride: 1, about: c[i], count: columns) }
      return
    }
    isFloat
      ? kernels.pointee.squares_each_f32(at(x), stride, at(c), at(y), rows, columns)
      : kernels.pointee.squares_each_f64(at(x), stride, at(c), at(y), rows, columns)
  }

  /// True when all elements of some rows are known to be 0 or −0.
  public static func areZeros(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool {
    guard let kernels else { return false }
    return isFloat
      ? kernels.pointee.only_zeros_f32(at(x), stride, rows, columns)
      : kernels.pointee.only_zeros_f64(at(x), stride, rows, columns)
  }

  public static func mayHaveMinusZero(_ x: UnsafePointer<Self>, stride: Int, rows: Int, columns: Int) -> Bool {
    guard let kernels else { return true }
    return isFloat
      ? kernels.pointee.has_minus_zero_f32(at(x), stride, rows, columns)
      : kernels.pointee.has_minus_zero_f64(at(x), stride, rows, columns)
  }
}
