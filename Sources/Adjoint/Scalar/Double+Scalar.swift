import AdjointKernels
import Foundation

// `Double` as a scalar: elementary functions from the system's mathematics library, array loops from the kernels of the
// instruction set in use, or from the default bodies when `ADJOINT_KERNELS=reference`.

extension Double: Scalar {
  @inlinable public static var sharesTies: Bool { false }
  @inlinable public var primal: Double { self }

  @inlinable public static func exponential(_ x: Double) -> Double { exp(x) }
  @inlinable public static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  @inlinable public static func logarithm(_ x: Double) -> Double { log(x) }
  @inlinable public static func logarithmOnePlus(_ x: Double) -> Double { log1p(x) }
  @inlinable public static func squareRoot(_ x: Double) -> Double { x.squareRoot() }
  @inlinable public static func sine(_ x: Double) -> Double { sin(x) }
  @inlinable public static func cosine(_ x: Double) -> Double { cos(x) }
  @inlinable public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  @inlinable public static func errorFunction(_ x: Double) -> Double { erf(x) }
  @inlinable public static func power(_ x: Double, _ p: Double) -> Double { pow(x, p) }

  public static func map(_ f: MapFunction, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, count: Int) {
    guard let kernels = Kernels.active else { return referenceMap(f, x, y, count: count) }
    let (code, p, q) = f.kernel
    kernels.pointee.map_f64(code, Double(p), Double(q), x, y, count)
  }

  public static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<Double>, strideA: Int, _ b: UnsafePointer<Double>, strideB: Int,
    _ y: UnsafeMutablePointer<Double>, count: Int
  ) {
    guard let kernels = Kernels.active else {
      return referenceZip(f, a, strideA: strideA, b, strideB: strideB, y, count: count)
    }
    kernels.pointee.zip_f64(f.kernel, a, strideA, b, strideB, y, count)
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
  }

  public static func update(_ job: ParameterUpdate<Double>) {
    guard let kernels = Kernels.active else { return referenceUpdate(job) }
    var update = ak_update_f64()
    (update.x, update.g, update.s, update.t) = (job.values, job.gradients, job.first, job.second)
    update.n = job.count
    let c = job.rule.coefficients
    (update.rule, update.rate, update.keep) = (c.rule, Double(c.rate), Double(c.keep))
    (update.decay, update.weight, update.decay2, update.weight2) = (
      Double(c.decay), Double(c.weight), Double(c.decay2), Double(c.weight2)
    )
    (update.scale, update.epsilon) = (Double(c.scale), Double(c.epsilon))
    kernels.pointee.update_f64(&update)
  }

  public static func allFinite(_ x: UnsafePointer<Double>, count: Int) -> Bool {
    guard let kernels = Kernels.active else { return (0..<count).allSatisfy { x[$0].isFinite } }
    return kernels.pointee.all_finite_f64(x, count)
  }
}
