/// A row-major matrix in memory that lives elsewhere, or a rectangular part of one.
struct MatrixPart<S: Scalar> {
  let base: UnsafeMutablePointer<S>
  let rows: Int, columns: Int
  /// Elements from one row to the next.
  let stride: Int

  /// A matrix without gaps.
  init(_ base: UnsafeMutablePointer<S>, rows: Int, columns: Int) {
    (self.base, self.rows, self.columns, stride) = (base, rows, columns, columns)
  }

  /// A matrix whose rows lie `stride` elements apart.
  init(_ base: UnsafeMutablePointer<S>, rows: Int, columns: Int, stride: Int) {
    (self.base, self.rows, self.columns, self.stride) = (base, rows, columns, stride)
  }

  @inline(__always)
  subscript(i: Int, j: Int) -> S {
    get { base[i * stride + j] }
    nonmutating set { base[i * stride + j] = newValue }
  }

  /// The rows and columns in two ranges.
  func part(_ rows: Range<Int>, _ columns: Range<Int>) -> MatrixPart {
    MatrixPart(
      base + rows.lowerBound * stride + columns.lowerBound, rows: rows.count, columns: columns.count, stride: stride)
  }

  /// All columns of some rows.
  func part(_ rows: Range<Int>) -> MatrixPart { part(rows, 0..<columns) }

  /// The extent of the blocks between which the matrix product does the work.
  static var blockSize: Int { 64 }

  /// self = self − op(A)·op(B), by the matrix product.
  func subtract(_ a: MatrixPart, _ b: MatrixPart, transposeA: Bool = false, transposeB: Bool = false) {
    guard rows > 0, columns > 0 else { return }
    withUnsafeTemporaryAllocation(of: S.self, capacity: b.rows * b.columns + 1) { scratch in
      guard let negated = scratch.baseAddress else { return }
      for i in 0..<b.rows {
        for j in 0..<b.columns { negated[i * b.columns + j] = -b[i, j] }
      }
      var product = MatrixProduct(
        rows: rows, columns: columns, depth: transposeA ? a.rows : a.columns, a: UnsafePointer(a.base),
        b: UnsafePointer(negated), c: base, transposeA: transposeA, transposeB: transposeB)
      (product.strideA, product.strideC, product.accumulates) = (a.stride, stride, true)
      S.multiply(product)
    }
  }

  /// Exchanges two rows.
  func swapRows(_ a: Int, _ b: Int) {
    guard a != b else { return }
    for j in 0..<columns { (self[a, j], self[b, j]) = (self[b, j], self[a, j]) }
  }

  /// Exchanges two columns.
  func swapColumns(_ a: Int, _ b: Int) {
    guard a != b else { return }
    for i in 0..<rows { (self[i, a], self[i, b]) = (self[i, b], self[i, a]) }
  }
}

/// The triangle of a matrix that stands for T in op(T)·X = B.
struct Triangle {
  var isUpper = false
  var isTransposed = false
  /// True when T has ones on its diagonal, whatever stands there.
  var hasUnitDiagonal = false
}

extension MatrixPart {
  /// self = op(T)⁻¹·self.
  func solve(_ t: MatrixPart, _ triangle: Triangle) {
    S.solveTriangular(
      t.base, strideT: t.stride, upper: triangle.isUpper, transposed: triangle.isTransposed,
      unitDiagonal: triangle.hasUnitDiagonal, base, strideX: stride, rows: rows, columns: columns, count: 1)
  }

  /// The same by substitution within blocks and the matrix product between them.
  func solveByBlocks(_ t: MatrixPart, _ triangle: Triangle) {
    let isForward = triangle.isUpper == triangle.isTransposed
    let blocks = (rows + Self.blockSize - 1) / Self.blockSize
    for step in 0..<blocks {
      let first = (isForward ? step : blocks - 1 - step) * Self.blockSize
      let block = first..<Swift.min(first + Self.blockSize, rows)
      let x = part(block)
      x.substitute(t.part(block, block), triangle, isForward: isForward)
      let rest = isForward ? block.upperBound..<rows : 0..<block.lowerBound
      guard !rest.isEmpty else { continue }
      let between = triangle.isTransposed ? t.part(block, rest) : t.part(rest, block)
      part(rest).subtract(between, x, transposeA: triangle.isTransposed)
    }
  }

  private func substitute(_ t: MatrixPart, _ triangle: Triangle, isForward: Bool) {
    for step in 0..<rows {
      let i = isForward ? step : rows - 1 - step
      let row = base + i * stride
      for p in isForward ? 0..<i : i + 1..<rows {
        let factor = triangle.isTransposed ? t[p, i] : t[i, p]
        let other = base + p * stride
        for j in 0..<columns { row[j] = row[j] - factor * other[j] }
      }
      if triangle.hasUnitDiagonal { continue }
      let pivot = t[i, i]
      for j in 0..<columns { row[j] = row[j] / pivot }
    }
  }
}
