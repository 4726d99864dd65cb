import AdjointKernels

// The entries of a table as the tests call them, once per precision.

extension Float: Real {
  static func map(_ k: ak_kernels, _ f: ak_map, _ p: Float, _ q: Float, _ x: [Float]) -> [Float] {
    var y = [Float](repeating: -77, count: x.count)
    k.map_f32(f, p, q, x, &y, x.count)
    return y
  }
  static func mapInPlace(_ k: ak_kernels, _ f: ak_map, _ p: Float, _ q: Float, _ x: inout [Float]) {
    let count = x.count
    x.withUnsafeMutableBufferPointer { buffer in k.map_f32(f, p, q, buffer.baseAddress, buffer.baseAddress, count) }
  }
  static func zip(_ k: ak_kernels, _ f: ak_zip, _ a: [Float], _ b: [Float], count: Int) -> [Float] {
    var y = [Float](repeating: -77, count: count)
    k.zip_f32(f, a, stride(a, count), b, stride(b, count), &y, count)
    return y
  }
  static func select(_ k: ak_kernels, _ c: [Float], _ a: [Float], _ b: [Float], count: Int) -> [Float] {
    var y = [Float](repeating: -77, count: count)
    k.select_f32(c, stride(c, count), a, stride(a, count), b, stride(b, count), &y, count)
    return y
  }
  static func addRows(_ k: ak_kernels, _ x: [Float], _ bias: [Float], _ f: ak_map, rows: Int) -> [Float] {
    var y = [Float](repeating: -77, count: x.count)
    k.add_rows_f32(x, bias, f, 0.7, 2, &y, rows, columns(x, rows))
    return y
  }
  static func reduce(_ k: ak_kernels, _ r: ak_reduction, _ x: [Float]) -> Float { k.reduce_f32(r, x, x.count) }
  static func reduceRows(
    _ k: ak_kernels, _ r: ak_reduction, _ x: [Float], stride: Int, rows: Int, columns: Int
  ) -> [Float] {
    var y = [Float](repeating: -77, count: columns)
    k.reduce_rows_f32(r, x, stride, &y, rows, columns)
    return y
  }
  static func squares(_ k: ak_kernels, _ x: [Float], _ centre: Float) -> Float { k.squares_f32(x, centre, x.count) }
  static func squareRows(
    _ k: ak_kernels, _ x: [Float], stride: Int, about centres: [Float], rows: Int
  ) -> [Float] {
    // In place, as the variance does.
    var y = centres
    y.withUnsafeMutableBufferPointer { y in
      guard let base = y.baseAddress else { return }
      k.square_rows_f32(x, stride, base, base, rows, y.count)
    }
    return y
  }
  static func softmax(_ k: ak_kernels, _ kind: SoftmaxKind, _ x: [Float], rows: Int) -> [Float] {
    var y = [Float](repeating: -77, count: kind == .logSumExp ? rows : x.count)
    switch kind {
    case .softmax: k.softmax_f32(x, &y, rows, columns(x, rows))
    case .logSoftmax: k.log_softmax_f32(x, &y, rows, columns(x, rows))
    case .logSumExp: k.log_sum_exp_f32(x, &y, rows, columns(x, rows))
    }
    return y
  }
  static func logSoftmaxVJP(_ k: ak_kernels, _ g: [Float], _ y: [Float], rows: Int) -> [Float] {
    var out = [Float](repeating: -77, count: g.count)
    k.log_softmax_vjp_f32(g, y, &out, rows, columns(g, rows))
    return out
  }
  static func gemm(_ k: ak_kernels, _ call: ProductCall<Float>) {
    var product = ak_gemm_f32()
    product.transpose_a = call.transposeA
    product.transpose_b = call.transposeB
    product.accumulate = call.accumulate
    (product.m, product.n, product.k) = (call.m, call.n, call.k)
    (product.a, product.lda) = (call.a, call.lda)
    (product.b, product.ldb) = (call.b, call.ldb)
    (product.c, product.ldc) = (call.c, call.ldc)
    product.bias = call.bias
    (product.f, product.p, product.q) = (call.f, call.p, call.q)
    k.gemm_f32(&product)
  }
}

extension Double: Real {
  static func map(_ k: ak_kernels, _ f: ak_map, _ p: Double, _ q: Double, _ x: [Double]) -> [Double] {
    var y = [Double](repeating: -77, count: x.count)
    k.map_f64(f, p, q, x, &y, x.count)
    return y
  }
  static func mapInPlace(_ k: ak_kernels, _ f: ak_map, _ p: Double, _ q: Double, _ x: inout [Double]) {
    let count = x.count
    x.withUnsafeMutableBufferPointer { buffer in k.map_f64(f, p, q, buffer.baseAddress, buffer.baseAddress, count) }
  }
  static func zip(_ k: ak_kernels, _ f: ak_zip, _ a: [Double], _ b: [Double], count: Int) -> [Double] {
    var y = [Double](repeating: -77, count: count)
    k.zip_f64(f, a, stride(a, count), b, stride(b, count), &y, count)
    return y
  }
  static func select(_ k: ak_kernels, _ c: [Double], _ a: [Double], _ b: [Double], count: Int) -> [Double] {
    var y = [Double](repeating: -77, count: count)
    k.select_f64(c, stride(c, count), a, stride(a, count), b, stride(b, count), &y, count)
    return y
  }
  static func addRows(_ k: ak_kernels, _ x: [Double], _ bias: [Double], _ f: ak_map, rows: Int) -> [Double] {
    var y = [Double](repeating: -77, count: x.count)
    k.add_rows_f64(x, bias, f, 0.7, 2, &y, rows, columns(x, rows))
    return y
  }
  static func reduce(_ k: ak_kernels, _ r: ak_reduction, _ x: [Double]) -> Double { k.reduce_f64(r, x, x.count) }
  static func reduceRows(
    _ k: ak_kernels, _ r: ak_reduction, _ x: [Double], stride: Int, rows: Int, columns: Int
  ) -> [Double] {
    var y = [Double](repeating: -77, count: columns)
    k.reduce_rows_f64(r, x, stride, &y, rows, columns)
    return y
  }
  static func squares(_ k: ak_kernels, _ x: [Double], _ centre: Double) -> Double { k.squares_f64(x, centre, x.count) }
  static func squareRows(
    _ k: ak_kernels, _ x: [Double], stride: Int, about centres: [Double], rows: Int
  ) -> [Double] {
    // In place, as the variance does.
    var y = centres
    y.withUnsafeMutableBufferPointer { y in
      guard let base = y.baseAddress else { return }
      k.square_rows_f64(x, stride, base, base, rows, y.count)
    }
    return y
  }
  static func softmax(_ k: ak_kernels, _ kind: SoftmaxKind, _ x: [Double], rows: Int) -> [Double] {
    var y = [Double](repeating: -77, count: kind == .logSumExp ? rows : x.count)
    switch kind {
    case .softmax: k.softmax_f64(x, &y, rows, columns(x, rows))
    case .logSoftmax: k.log_softmax_f64(x, &y, rows, columns(x, rows))
    case .logSumExp: k.log_sum_exp_f64(x, &y, rows, columns(x, rows))
    }
    return y
  }
  static func logSoftmaxVJP(_ k: ak_kernels, _ g: [Double], _ y: [Double], rows: Int) -> [Double] {
    var out = [Double](repeating: -77, count: g.count)
    k.log_softmax_vjp_f64(g, y, &out, rows, columns(g, rows))
    return out
  }
  static func gemm(_ k: ak_kernels, _ call: ProductCall<Double>) {
    var product = ak_gemm_f64()
    product.transpose_a = call.transposeA
    product.transpose_b = call.transposeB
    product.accumulate = call.accumulate
    (product.m, product.n, product.k) = (call.m, call.n, call.k)
    (product.a, product.lda) = (call.a, call.lda)
    (product.b, product.ldb) = (call.b, call.ldb)
    (product.c, product.ldc) = (call.c, call.ldc)
    product.bias = call.bias
    (product.f, product.p, product.q) = (call.f, call.p, call.q)
    k.gemm_f64(&product)
  }
}
