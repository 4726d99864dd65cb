/// C = f(op(A)·op(B) + bias), or C = C + op(A)·op(B) when it accumulates; everything dense and row-major.
///
/// op(A) is [m, k] and op(B) is [k, n]; a transposed operand is stored the other way round. The product of every element is
/// finished before bias and function are applied, so a fused last pass changes no bit.
public struct MatrixProduct<S: ArrayLoops> {
  public var rows: Int, columns: Int, depth: Int
  public var a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>
  public var transposeA: Bool, transposeB: Bool
  /// Elements from one stored row to the next: more than a row holds where this is a part of a larger product.
  public var strideA: Int, strideB: Int, strideC: Int
  public var accumulates = false
  public var bias: UnsafePointer<S>?
  public var function: MapFunction?
  /// Where parts read A and B, by their number; nil where all read the same place.
  @usableFromInline var copiesOfA: UnsafePointer<UnsafePointer<S>>?
  @usableFromInline var copiesOfB: UnsafePointer<UnsafePointer<S>>?

  @inlinable
  public init(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<S>, b: UnsafePointer<S>, c: UnsafeMutablePointer<S>,
    transposeA: Bool, transposeB: Bool
  ) {
    (self.rows, self.columns, self.depth) = (rows, columns, depth)
    (self.a, self.b, self.c) = (a, b, c)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    (strideA, strideB, strideC) = (transposeA ? rows : depth, transposeB ? depth : columns, columns)
  }

  /// One of several parts that together are this product: a band of rows or of columns. Every element has the same bits as in
  /// the whole, since its sum's order depends on the depth alone.
  public func part(_ index: Int, of count: Int) -> MatrixProduct {
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

  /// Threads have caches of their own, so a part should read what the same part wrote. A layer x·Wᵀ is cut along the longer
  /// side: the shorter operand is the one that all threads read. Its gradients are cut by rows: by examples for x̄, like the
  /// elementwise operations around it, and by units for W̄, like the update.
  private func isCutByRows(among count: Int) -> Bool {
    transposeB && !transposeA ? rows > columns : rows >= columns || rows >= 16 * count
  }
}

extension Range<Int> {
  /// What falls to one of several parts of an axis. One rule for all instructions, so that the rows that a part reads are those
  /// that it wrote; multiples of 8 where there are enough, so that tiles are not cut.
  package init(part index: Int, of count: Int, in extent: Int) {
    let unit = extent >= 16 * count ? 8 : 1
    let units = (extent + unit - 1) / unit
    // Rounded up: what cannot be cut falls to part 0.
    func start(_ part: Int) -> Int { Swift.min((units * part + count - 1) / count * unit, extent) }
    self = start(index)..<start(index + 1)
  }
}
