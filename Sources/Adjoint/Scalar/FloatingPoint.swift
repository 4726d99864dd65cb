import AdjointKernels
import Foundation

// `Float` and `Double` as scalars: elementary functions from the system's mathematics library, array loops from the
// kernels of the instruction set in use. With `ADJOINT_KERNELS=reference` the loops are the reference bodies.
//
// The two sets of loops mirror each other and differ in the functions of the kernels' table alone. They cannot be one:
// C has no generic functions, and an extension for a protocol that is not public cannot meet a public requirement.

extension Double: Scalar {
  @inlinable public static var sharesTies: Bool { false }
  @inlinable public var primal: Double { self }

  @inlinable public static func elementary(_ f: ElementaryFunction, _ x: Double) -> Double { f(x) }
  @inlinable public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Double, _ b: Double) -> Double { f(a, b) }
  @inlinable public static func power(_ x: Double, _ p: Double) -> Double { pow(x, p) }

  public static func map(_ f: MapFunction, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, count: Int) {
    guard let kernels = Kernels.active, let (code, p, q) = f.kernel else { return referenceMap(f, x, y, count: count) }
    kernels.pointee.map_f64(code, Double(p), Double(q), x, y, count)
  }

  public static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Double>, strideA: Int, _ b: UnsafePointer<Double>, strideB: Int,
    _ y: UnsafeMutablePointer<Double>, count: Int
  ) {
    guard let kernels = Kernels.active, let code = f.kernel else {
      return referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    kernels.pointee.zip_f64(code, a, strideA, b, strideB, y, count)
  }

  public static func select(
    _ c: UnsafePointer<Double>, strideC: Int, _ a: UnsafePointer<Double>, strideA: Int, _ b: UnsafePointer<Double>,
    strideB: Int, _ y: UnsafeMutablePointer<Double>, count: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSelect(c, strideC: strideC, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    kernels.pointee.select_f64(c, strideC, a, strideA, b, strideB, y, count)
  }

  public static func addRows(
    _ x: UnsafePointer<Double>, bias: UnsafePointer<Double>, then f: MapFunction?, _ y: UnsafeMutablePointer<Double>,
    rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceAddRows(x, bias: bias, then: f, y, rows: rows, columns: columns)
    }
    let (code, p, q) = f?.kernel ?? (AK_COPY, 0, 0)
    kernels.pointee.add_rows_f64(x, bias, code, Double(p), Double(q), y, rows, columns)
    if let f, f.kernel == nil { referenceMap(f, y, y, count: rows * columns) }
  }

  public static func reduce(_ r: Reduction, _ x: UnsafePointer<Double>, count: Int) -> Double {
    guard let kernels = Kernels.active else { return referenceReduce(r, x, stride: 1, count: count) }
    return kernels.pointee.reduce_f64(r.kernel, x, count)
  }

  public static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Double>, stride: Int, _ y: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceReduceRows(r, x, stride: stride, y, rows: rows, columns: columns)
    }
    kernels.pointee.reduce_rows_f64(r.kernel, x, stride, y, rows, columns)
  }

  public static func squares(_ x: UnsafePointer<Double>, about c: Double, count: Int) -> Double {
    guard let kernels = Kernels.active else { return referenceSquares(x, stride: 1, about: c, count: count) }
    return kernels.pointee.squares_f64(x, c, count)
  }

  public static func squareRows(
    _ x: UnsafePointer<Double>, stride: Int, about c: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSquareRows(x, stride: stride, about: c, y, rows: rows, columns: columns)
    }
    kernels.pointee.square_rows_f64(x, stride, c, y, rows, columns)
  }

  public static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else { return referenceSoftmax(kind, x, y, rows: rows, columns: columns) }
    switch kind {
    case .softmax: kernels.pointee.softmax_f64(x, y, rows, columns)
    case .logSoftmax: kernels.pointee.log_softmax_f64(x, y, rows, columns)
    case .logSumExp: kernels.pointee.log_sum_exp_f64(x, y, rows, columns)
    }
  }

  public static func logSoftmaxGradient(
    _ g: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceLogSoftmaxGradient(g, y, out, rows: rows, columns: columns)
    }
    kernels.pointee.log_softmax_vjp_f64(g, y, out, rows, columns)
  }

  public static func multiply(_ product: MatrixProduct<Double>) {
    guard let kernels = Kernels.active else { return referenceMultiply(product) }
    var gemm = ak_gemm_f64()
    (gemm.transpose_a, gemm.transpose_b, gemm.accumulate) = (
      product.transposeA, product.transposeB, product.accumulates
    )
    (gemm.m, gemm.n, gemm.k) = (product.rows, product.columns, product.depth)
    (gemm.a, gemm.lda) = (product.a, product.strideA)
    (gemm.b, gemm.ldb) = (product.b, product.strideB)
    (gemm.c, gemm.ldc) = (product.c, product.strideC)
    gemm.bias = product.bias
    let (code, p, q) = product.function?.kernel ?? (AK_COPY, 0, 0)
    (gemm.f, gemm.p, gemm.q) = (code, Double(p), Double(q))
    kernels.pointee.gemm_f64(&gemm)
    if let f = product.function, f.kernel == nil {
      for row in 0..<product.rows {
        let place = product.c + row * product.strideC
        referenceMap(f, place, place, count: product.columns)
      }
    }
  }

  public static func cholesky(
    _ a: UnsafePointer<Double>, _ l: UnsafeMutablePointer<Double>, extent: Int, count: Int
  ) {
    guard let kernels = Kernels.active else { return referenceCholesky(a, l, extent: extent, count: count) }
    kernels.pointee.cholesky_f64(a, l, extent, count)
  }

  public static func solveTriangular(
    _ t: UnsafePointer<Double>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Double>, strideX: Int, rows: Int, columns: Int, count: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSolveTriangular(
        t, strideT: strideT, upper: upper, transposed: transposed, unitDiagonal: unitDiagonal, x, strideX: strideX,
        rows: rows, columns: columns, count: count)
    }
    kernels.pointee.solve_triangular_f64(
      upper, transposed, unitDiagonal, t, strideT, x, strideX, rows, columns, count)
  }

  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    guard let kernels = Kernels.active, grid.hasKernel(r) else { return referencePool(r, grid, x, y) }
    withUnsafePointer(to: grid.kernel) { kernels.pointee.pool_f64(r.kernel, $0, x, y) }
  }

  public static func solve(
    _ a: UnsafePointer<Double>, transposed: Bool, _ b: UnsafePointer<Double>, _ x: UnsafeMutablePointer<Double>,
    extent: Int, columns: Int, count: Int
  ) {
    let most = Int(AK_SMALL_EXTENT)
    guard let kernels = Kernels.active, extent <= most, columns <= most else {
      return referenceSolve(a, transposed: transposed, b, x, extent: extent, columns: columns, count: count)
    }
    kernels.pointee.solve_small_systems_f64(transposed, a, b, x, extent, columns, count)
  }

  public static func allFinite(_ x: UnsafePointer<Double>, count: Int) -> Bool {
    guard let kernels = Kernels.active else { return (0..<count).allSatisfy { x[$0].isFinite } }
    return kernels.pointee.all_finite_f64(x, count)
  }
}

extension Float: Scalar {
  @inlinable public static var sharesTies: Bool { false }
  @inlinable public var primal: Double { Double(self) }

  @inlinable public static func elementary(_ f: ElementaryFunction, _ x: Float) -> Float { f(x) }
  @inlinable public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Float, _ b: Float) -> Float { f(a, b) }
  @inlinable public static func power(_ x: Float, _ p: Double) -> Float { pow(x, Float(p)) }

  public static func map(_ f: MapFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    guard let kernels = Kernels.active, let (code, p, q) = f.kernel else { return referenceMap(f, x, y, count: count) }
    kernels.pointee.map_f32(code, Float(p), Float(q), x, y, count)
  }

  public static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Float>, strideA: Int, _ b: UnsafePointer<Float>, strideB: Int,
    _ y: UnsafeMutablePointer<Float>, count: Int
  ) {
    guard let kernels = Kernels.active, let code = f.kernel else {
      return referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    kernels.pointee.zip_f32(code, a, strideA, b, strideB, y, count)
  }

  public static func select(
    _ c: UnsafePointer<Float>, strideC: Int, _ a: UnsafePointer<Float>, strideA: Int, _ b: UnsafePointer<Float>,
    strideB: Int, _ y: UnsafeMutablePointer<Float>, count: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSelect(c, strideC: strideC, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    kernels.pointee.select_f32(c, strideC, a, strideA, b, strideB, y, count)
  }

  public static func addRows(
    _ x: UnsafePointer<Float>, bias: UnsafePointer<Float>, then f: MapFunction?, _ y: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceAddRows(x, bias: bias, then: f, y, rows: rows, columns: columns)
    }
    let (code, p, q) = f?.kernel ?? (AK_COPY, 0, 0)
    kernels.pointee.add_rows_f32(x, bias, code, Float(p), Float(q), y, rows, columns)
    if let f, f.kernel == nil { referenceMap(f, y, y, count: rows * columns) }
  }

  public static func reduce(_ r: Reduction, _ x: UnsafePointer<Float>, count: Int) -> Float {
    guard let kernels = Kernels.active else { return referenceReduce(r, x, stride: 1, count: count) }
    return kernels.pointee.reduce_f32(r.kernel, x, count)
  }

  public static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceReduceRows(r, x, stride: stride, y, rows: rows, columns: columns)
    }
    kernels.pointee.reduce_rows_f32(r.kernel, x, stride, y, rows, columns)
  }

  public static func squares(_ x: UnsafePointer<Float>, about c: Float, count: Int) -> Float {
    guard let kernels = Kernels.active else { return referenceSquares(x, stride: 1, about: c, count: count) }
    return kernels.pointee.squares_f32(x, c, count)
  }

  public static func squareRows(
    _ x: UnsafePointer<Float>, stride: Int, about c: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSquareRows(x, stride: stride, about: c, y, rows: rows, columns: columns)
    }
    kernels.pointee.square_rows_f32(x, stride, c, y, rows, columns)
  }

  public static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else { return referenceSoftmax(kind, x, y, rows: rows, columns: columns) }
    switch kind {
    case .softmax: kernels.pointee.softmax_f32(x, y, rows, columns)
    case .logSoftmax: kernels.pointee.log_softmax_f32(x, y, rows, columns)
    case .logSumExp: kernels.pointee.log_sum_exp_f32(x, y, rows, columns)
    }
  }

  public static func logSoftmaxGradient(
    _ g: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceLogSoftmaxGradient(g, y, out, rows: rows, columns: columns)
    }
    kernels.pointee.log_softmax_vjp_f32(g, y, out, rows, columns)
  }

  public static func multiply(_ product: MatrixProduct<Float>) {
    guard let kernels = Kernels.active else { return referenceMultiply(product) }
    var gemm = ak_gemm_f32()
    (gemm.transpose_a, gemm.transpose_b, gemm.accumulate) = (
      product.transposeA, product.transposeB, product.accumulates
    )
    (gemm.m, gemm.n, gemm.k) = (product.rows, product.columns, product.depth)
    (gemm.a, gemm.lda) = (product.a, product.strideA)
    (gemm.b, gemm.ldb) = (product.b, product.strideB)
    (gemm.c, gemm.ldc) = (product.c, product.strideC)
    gemm.bias = product.bias
    let (code, p, q) = product.function?.kernel ?? (AK_COPY, 0, 0)
    (gemm.f, gemm.p, gemm.q) = (code, Float(p), Float(q))
    kernels.pointee.gemm_f32(&gemm)
    if let f = product.function, f.kernel == nil {
      for row in 0..<product.rows {
        let place = product.c + row * product.strideC
        referenceMap(f, place, place, count: product.columns)
      }
    }
  }

  public static func cholesky(
    _ a: UnsafePointer<Float>, _ l: UnsafeMutablePointer<Float>, extent: Int, count: Int
  ) {
    guard let kernels = Kernels.active else { return referenceCholesky(a, l, extent: extent, count: count) }
    kernels.pointee.cholesky_f32(a, l, extent, count)
  }

  public static func solveTriangular(
    _ t: UnsafePointer<Float>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Float>, strideX: Int, rows: Int, columns: Int, count: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceSolveTriangular(
        t, strideT: strideT, upper: upper, transposed: transposed, unitDiagonal: unitDiagonal, x, strideX: strideX,
        rows: rows, columns: columns, count: count)
    }
    kernels.pointee.solve_triangular_f32(
      upper, transposed, unitDiagonal, t, strideT, x, strideX, rows, columns, count)
  }

  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    guard let kernels = Kernels.active, grid.hasKernel(r) else { return referencePool(r, grid, x, y) }
    withUnsafePointer(to: grid.kernel) { kernels.pointee.pool_f32(r.kernel, $0, x, y) }
  }

  public static func solve(
    _ a: UnsafePointer<Float>, transposed: Bool, _ b: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>,
    extent: Int, columns: Int, count: Int
  ) {
    let most = Int(AK_SMALL_EXTENT)
    guard let kernels = Kernels.active, extent <= most, columns <= most else {
      return referenceSolve(a, transposed: transposed, b, x, extent: extent, columns: columns, count: count)
    }
    kernels.pointee.solve_small_systems_f32(transposed, a, b, x, extent, columns, count)
  }

  public static func allFinite(_ x: UnsafePointer<Float>, count: Int) -> Bool {
    guard let kernels = Kernels.active else { return (0..<count).allSatisfy { x[$0].isFinite } }
    return kernels.pointee.all_finite_f32(x, count)
  }
}
