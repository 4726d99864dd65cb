/// C = f(op(A)·op(B) + bias), or C = C + op(A)·op(B) when it accumulates; everything dense and row-major.
///
/// op(A) is [m, k] and op(B) is [k, n]; a transposed operand is stored the other way round. Bias and function are
/// applied to the finished sum of each element, so a fused last pass changes no bit.
public struct MatrixProduct<S: ArrayLoops> {
  @usableFromInline package var rows: Int, columns: Int, depth: Int
  @usableFromInline package var a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>
  @usableFromInline package var transposeA: Bool, transposeB: Bool
  /// Elements from one stored row to the next: more than a row holds in a part of a larger product.
  @usableFromInline package var strideA: Int, strideB: Int, strideC: Int
  @usableFromInline package var accumulates = false
  @usableFromInline package var bias: UnsafePointer<S>?
  @usableFromInline package var function: MapFunction?
  /// The places at which parts read A, by their number; `nil` when all read the same place.
  @usableFromInline var copiesOfA: UnsafePointer<UnsafePointer<S>>?
  @usableFromInline var copiesOfB: UnsafePointer<UnsafePointer<S>>?

  package init(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>,
    transposeA: Bool, transposeB: Bool
  ) {
    (self.rows, self.columns, self.depth) = (rows, columns, depth)
    (self.a, self.b, self.c) = (a, b, c)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    (strideA, strideB, strideC) = (transposeA ? rows : depth, transposeB ? depth : columns, columns)
  }

  /// A plain product of the form, with its operands and its result.
  @inline(__always)
  init(_ form: ProductForm, a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>) {
    self.init(
      rows: form.rows, columns: form.columns, depth: form.depth, a: a, b: b, c: c, transposeA: form.transposeA,
      transposeB: form.transposeB)
  }

  /// One of several parts that together are this product: a band of rows or of columns. Every element has the same bits
  /// as in the whole, since the order of its sum depends on the depth alone.
  package func part(_ index: Int, of count: Int) -> MatrixProduct {
    var part = self
    if let copiesOfA { part.a = copiesOfA[index] }
    if let copiesOfB { part.b = copiesOfB[index] }
    if isCutByRows(among: count) {
      let band = Range(part: index, of: count, in: rows)
      part.rows = band.count
      part.a += transposeA ? band.lowerBound : band.lowerBound * strideA
      part.c += band.lowerBound * strideC
    } else {
      let band = Range(part: index, of: count, in: columns)
      part.columns = band.count
      part.b += transposeB ? band.lowerBound * strideB : band.lowerBound
      part.c += band.lowerBound
      part.bias = bias.map { $0 + band.lowerBound }
    }
    return part
  }

  /// True when a part is a band of rows. Threads have caches of their own, so a part should read what the same part
  /// wrote.
  ///
  /// A layer x·Wᵀ is cut along its longer side, because all threads read the shorter operand. Its gradients are cut by
  /// rows: x̄ by examples, like the elementwise operations around it, and W̄ by units, like the update.
  private func isCutByRows(among count: Int) -> Bool {
    transposeB && !transposeA ? rows > columns : rows >= columns || rows >= 16 * count
  }
}

extension Range<Int> {
  /// The share of one of several parts of an axis. All instructions cut by this one rule, so a part reads the rows that
  /// it wrote. Cuts fall on multiples of 8 where the axis is long enough, so that tiles stay whole.
  package init(part index: Int, of count: Int, in extent: Int) {
    let unit = extent >= 16 * count ? 8 : 1
    let units = (extent + unit - 1) / unit
    // Rounded up, so that what cannot be cut falls to part 0.
    func start(_ part: Int) -> Int { Swift.min((units * part + count - 1) / count * unit, extent) }
    self = start(index)..<start(index + 1)
  }
}
