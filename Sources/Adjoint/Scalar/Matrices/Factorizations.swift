// Factorisations in place. Every branch looks at values without their derivative parts, so the loops are exact in dual
// numbers; and no sum depends on threads, which share whole matrices alone.

extension ArrayLoops where Self: Scalar {
  public static func cholesky(_ a: UnsafePointer<Self>, _ l: UnsafeMutablePointer<Self>, extent: Int, count: Int) {
    referenceCholesky(a, l, extent: extent, count: count)
  }

  package static func referenceCholesky(
    _ a: UnsafePointer<Self>, _ l: UnsafeMutablePointer<Self>, extent: Int, count: Int
  ) {
    let half = Self(0.5)
    for number in 0..<count {
      let a = a + number * extent * extent
      let l = MatrixPart(l + number * extent * extent, rows: extent, columns: extent)
      for i in 0..<extent {
        // Equal elements give themselves, to the last bit.
        for j in 0..<i {
          let (own, other) = (a[i * extent + j], a[j * extent + i])
          l[i, j] = own + half * (other - own)
        }
        l[i, i] = a[i * extent + i]
      }
      l.factorizeCholesky()
    }
  }

  public static func solve(
    _ a: UnsafePointer<Self>, transposed: Bool, _ b: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>, extent: Int,
    columns: Int, count: Int
  ) { referenceSolve(a, transposed: transposed, b, x, extent: extent, columns: columns, count: count) }

  package static func referenceSolve(
    _ a: UnsafePointer<Self>, transposed: Bool, _ b: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>, extent: Int,
    columns: Int, count: Int
  ) {
    for number in 0..<count {
      // Neither A nor B is written to.
      let a = UnsafeMutablePointer(mutating: a + number * extent * extent)
      let b = UnsafeMutablePointer(mutating: b + number * extent * columns)
      let x = MatrixPart(x + number * extent * columns, rows: extent, columns: columns)
      MatrixPart(a, rows: extent, columns: extent).withLU { lu, order in
        x.solve(lu, order, MatrixPart(b, rows: extent, columns: columns), isTransposed: transposed)
      }
    }
  }

  public static func solveTriangular(
    _ t: UnsafePointer<Self>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Self>, strideX: Int, rows: Int, columns: Int, count: Int
  ) {
    referenceSolveTriangular(
      t, strideT: strideT, upper: upper, transposed: transposed, unitDiagonal: unitDiagonal, x, strideX: strideX,
      rows: rows, columns: columns, count: count)
  }

  package static func referenceSolveTriangular(
    _ t: UnsafePointer<Self>, strideT: Int, upper: Bool, transposed: Bool, unitDiagonal: Bool,
    _ x: UnsafeMutablePointer<Self>, strideX: Int, rows: Int, columns: Int, count: Int
  ) {
    let triangle = Triangle(isUpper: upper, isTransposed: transposed, hasUnitDiagonal: unitDiagonal)
    for number in 0..<count {
      // T is not written to.
      let t = UnsafeMutablePointer(mutating: t + number * rows * strideT)
      MatrixPart(x + number * rows * strideX, rows: rows, columns: columns, stride: strideX)
        .solveByBlocks(MatrixPart(t, rows: rows, columns: rows, stride: strideT), triangle)
    }
  }
}

extension MatrixPart {
  /// The lower triangle of a symmetric matrix becomes L with L·Lᵀ = A, and the upper one 0. L is NaN where the matrix is
  /// not positive definite.
  func factorizeCholesky() {
    for first in Swift.stride(from: 0, to: rows, by: Self.blockSize) {
      let block = first..<Swift.min(first + Self.blockSize, rows)
      let rest = block.upperBound..<rows
      if let pivot = part(block, block).eliminateSymmetrically() { return fill(pivot * S(Double.nan)) }
      let (corner, panel) = (part(block, block), part(rest, block))
      // Each row of the panel by itself: x·Lᵀ = a.
      for i in 0..<panel.rows {
        for j in 0..<panel.columns { panel[i, j] = panel.remainder(i, j, corner) / corner[j, j] }
      }
      for start in Swift.stride(from: rest.lowerBound, to: rows, by: Self.blockSize) {
        let columns = start..<Swift.min(start + Self.blockSize, rows)
        part(start..<rows, columns).subtract(part(start..<rows, block), part(columns, block), transposeB: true)
      }
    }
    for i in 0..<rows {
      for j in i + 1..<Swift.max(columns, i + 1) { self[i, j] = 0 }
    }
  }

  /// One block by the textbook; the pivot at which it is found not to be positive definite, or `nil`.
  private func eliminateSymmetrically() -> S? {
    for i in 0..<rows {
      for j in 0..<i { self[i, j] = remainder(i, j, self) / self[j, j] }
      let pivot = remainder(i, i, self)
      guard pivot.primal > 0 else { return pivot }
      self[i, i] = S.squareRoot(pivot)
    }
    return nil
  }

  /// aᵢⱼ − Σ xᵢₚ lⱼₚ over p < j.
  @inline(__always)
  private func remainder(_ i: Int, _ j: Int, _ l: MatrixPart) -> S {
    var sum = self[i, j]
    for p in 0..<j { sum = sum - self[i, p] * l[j, p] }
    return sum
  }

  /// The lower triangle becomes one number, and the upper one 0.
  private func fill(_ number: S) {
    for i in 0..<rows {
      for j in 0..<columns { self[i, j] = j <= i ? number : 0 }
    }
  }

  /// A becomes L and U with P·A = L·U, L below the diagonal and with ones on it. The pivot of a column is the first of the
  /// largest magnitude. `order[i]` becomes the row of A that stands in row i.
  func factorizeLU(order: UnsafeMutablePointer<Int>) {
    for i in 0..<rows { order[i] = i }
    for first in Swift.stride(from: 0, to: rows, by: Self.blockSize) {
      let block = first..<Swift.min(first + Self.blockSize, rows)
      let rest = block.upperBound..<rows
      for k in block {
        let pivot = part(k..<rows, k..<k + 1).largest().row + k
        swapRows(k, pivot)
        (order[k], order[pivot]) = (order[pivot], order[k])
        eliminate(k, to: block.upperBound)
      }
      let right = part(block, rest)
      right.solve(part(block, block), Triangle(hasUnitDiagonal: true))
      part(rest, rest).subtract(part(rest, block), right)
    }
  }

  /// A becomes L and U with P·A·Q = L·U; each pivot is the first of the largest magnitude in all that remains, so what the
  /// matrix lacks in rank shows in the last pivots.
  /// - Returns: true when the two orders together are an odd permutation.
  func factorizeRevealingRank(rowOrder: UnsafeMutablePointer<Int>, columnOrder: UnsafeMutablePointer<Int>) -> Bool {
    var isOdd = false
    for i in 0..<rows { (rowOrder[i], columnOrder[i]) = (i, i) }
    for k in 0..<rows {
      let pivot = part(k..<rows, k..<rows).largest()
      let (row, column) = (pivot.row + k, pivot.column + k)
      swapRows(k, row)
      swapColumns(k, column)
      (rowOrder[k], rowOrder[row]) = (rowOrder[row], rowOrder[k])
      (columnOrder[k], columnOrder[column]) = (columnOrder[column], columnOrder[k])
      if (row != k) != (column != k) { isOdd.toggle() }
      eliminate(k, to: rows)
    }
    return isOdd
  }

  /// The place of the first element of the largest magnitude, or of the first NaN.
  private func largest() -> (row: Int, column: Int) {
    var (best, place) = (-1.0, (row: 0, column: 0))
    for i in 0..<rows {
      for j in 0..<columns {
        let size = self[i, j].primal.magnitude
        if size.isNaN { return (i, j) }
        if size > best { (best, place) = (size, (i, j)) }
      }
    }
    return place
  }

  /// Subtracts multiples of row k from those below, in the columns before `end`. A pivot of 0 has nothing but 0 below it.
  private func eliminate(_ k: Int, to end: Int) {
    let pivot = self[k, k]
    if pivot.primal == 0 { return }
    for i in k + 1..<Swift.max(rows, k + 1) {
      let factor = self[i, k] / pivot
      self[i, k] = factor
      let (row, above) = (base + i * stride, base + k * stride)
      for j in k + 1..<Swift.max(end, k + 1) { row[j] = row[j] - factor * above[j] }
    }
  }
}

/// A product whose magnitude is kept apart as a power of two, so that only the result over- or underflows.
struct ScaledProduct<S: Scalar> {
  private(set) var significand: S = 1
  private(set) var exponent = 0

  init() {}
  init(_ x: S) { significand = normal(x) }

  mutating func multiply(by x: S) { significand = normal(significand * normal(x)) }

  mutating func negate() { significand = -significand }

  /// The product times a number and a power of two.
  func times(_ x: S, _ power: Int = 0) -> S {
    var scaled = ScaledProduct(x)
    scaled.multiply(by: significand)
    return ScaledProduct.shifted(scaled.significand, by: scaled.exponent + exponent + power)
  }

  /// A number with a magnitude between 1 and 2, its power of two taken over.
  private mutating func normal(_ x: S) -> S {
    let size = x.primal.magnitude
    guard size > 0, size.isFinite else { return x }
    exponent += Int(size.exponent)
    return ScaledProduct.shifted(x, by: -Int(size.exponent))
  }

  /// x·2ᵉ, in steps that every precision has.
  static func shifted(_ x: S, by exponent: Int) -> S {
    var (x, left) = (x, exponent)
    while left != 0 {
      let step = Swift.min(Swift.max(left, -100), 100)
      x = x * S(Double(sign: .plus, exponent: step, significand: 1))
      left -= step
    }
    return x
  }
}
