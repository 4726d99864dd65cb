// What factorisations are for. The matrices themselves are left as they are.

extension View {
  /// One of the matrices in the last two axes, by its number. It is not written to.
  func matrix(_ number: Int) -> MatrixPart<S> {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return MatrixPart(UnsafeMutablePointer(mutating: base + number * rows * columns), rows: rows, columns: columns)
  }
}

extension Output {
  /// One of the matrices in the last two axes, by its number.
  func matrix(_ number: Int) -> MatrixPart<S> {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    return MatrixPart(base + number * rows * columns, rows: rows, columns: columns)
  }
}

extension MatrixPart {
  /// Calls `body` with a copy, which lasts no longer.
  private func withCopy(_ body: (MatrixPart) -> Void) {
    withUnsafeTemporaryAllocation(of: S.self, capacity: rows * columns + 1) { scratch in
      guard let start = scratch.baseAddress else { return }
      let copy = MatrixPart(start, rows: rows, columns: columns)
      for i in 0..<rows { (start + i * columns).update(from: base + i * stride, count: columns) }
      body(copy)
    }
  }

  /// Calls `body` with L and U in one matrix, and the rows of A in their order.
  func withLU(_ body: (MatrixPart, UnsafeMutablePointer<Int>) -> Void) {
    withCopy { lu in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: rows + 1) { order in
        guard let order = order.baseAddress else { return }
        lu.factorizeLU(order: order)
        body(lu, order)
      }
    }
  }

  /// Calls `body` with L and U in one matrix, the rows and columns of A in their orders, and whether both orders together
  /// are an odd permutation. The largest pivots come first.
  private func withRankRevealed(
    _ body: (MatrixPart, UnsafeMutablePointer<Int>, UnsafeMutablePointer<Int>, Bool) -> Void
  ) {
    withCopy { lu in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * rows + 1) { orders in
        guard let order = orders.baseAddress else { return }
        let columnOrder = order + rows
        body(lu, order, columnOrder, lu.factorizeRevealingRank(rowOrder: order, columnOrder: columnOrder))
      }
    }
  }

  /// self = op(A)⁻¹·B, given the factors P·A = L·U.
  func solve(_ lu: MatrixPart, _ order: UnsafeMutablePointer<Int>, _ b: MatrixPart, isTransposed: Bool) {
    if isTransposed {
      // Aᵀ = Uᵀ·Lᵀ·P.
      b.withCopy { x in
        x.solve(lu, Triangle(isUpper: true, isTransposed: true))
        x.solve(lu, Triangle(isTransposed: true, hasUnitDiagonal: true))
        for i in 0..<rows { copyRow(order[i], from: x, i) }
      }
    } else {
      for i in 0..<rows { copyRow(i, from: b, order[i]) }
      solve(lu, Triangle(hasUnitDiagonal: true))
      solve(lu, Triangle(isUpper: true))
    }
  }

  private func copyRow(_ i: Int, from other: MatrixPart, _ j: Int) {
    (base + i * stride).update(from: other.base + j * other.stride, count: columns)
  }

  /// det A.
  func determinant() -> S {
    var result: S = 1
    withRankRevealed { lu, _, _, isOdd in
      var product = ScaledProduct<S>()
      for i in 0..<rows { product.multiply(by: lu[i, i]) }
      if isOdd { product.negate() }
      result = product.times(1)
    }
    return result
  }

  /// log|det A|.
  func logDeterminant() -> S {
    var result: S = 0
    withLU { lu, _ in
      for i in 0..<rows {
        let pivot = lu[i, i]
        result = result + S.logarithm(pivot.primal < 0 ? -pivot : pivot)
      }
    }
    return result
  }

  /// The cofactors of A, which are finite whatever its rank, and over- or underflow only as a whole. Source: Stewart, On the
  /// adjugate matrix, 1998.
  ///
  /// With P·A·Q = L·U, cof A = ± Pᵀ·L⁻ᵀ·(cof U)·Qᵀ. Of U all but the last pivot δ are divided by: with U₁ = D·V before it, D
  /// the pivots, and u above it, cof U = det D·[δ·D⁻¹·V⁻ᵀ, 0; −(V⁻¹·D⁻¹·u)ᵀ, 1].
  func cofactors(into y: MatrixPart) {
    guard rows > 0 else { return }
    if rows == 2 {
      // Not negated, so that a zero keeps its sign.
      (y[0, 0], y[0, 1], y[1, 0], y[1, 1]) = (self[1, 1], 0 - self[1, 0], 0 - self[0, 1], self[0, 0])
      return
    }
    withRankRevealed { lu, rowOrder, columnOrder, isOdd in
      let last = rows - 1
      var product = ScaledProduct<S>()
      for i in 0..<last { product.multiply(by: lu[i, i]) }
      if isOdd { product.negate() }
      if last > 0, lu[last - 1, last - 1].primal == 0 { return y.vanish(lu) }
      for i in 0..<last {
        for j in i + 1..<rows { lu[i, j] = lu[i, j] / lu[i, i] }
      }
      let inner = 0..<last
      withUnsafeTemporaryAllocation(of: S.self, capacity: rows * rows) { scratch in
        guard let start = scratch.baseAddress else { return }
        // The transpose of [V⁻ᵀ, 0; −(V⁻¹·D⁻¹·u)ᵀ, 1].
        let w = MatrixPart(start, rows: rows, columns: rows)
        for i in 0..<rows {
          for j in 0..<rows { w[i, j] = i == j ? 1 : j == last ? -lu[i, last] : 0 }
        }
        w.part(inner).solve(lu.part(inner, inner), Triangle(isUpper: true, hasUnitDiagonal: true))
        for i in 0..<rows {
          for j in i + 1..<Swift.max(rows, i + 1) { (w[i, j], w[j, i]) = (w[j, i], w[i, j]) }
        }
        w.finishCofactors(lu) { i, j, x in y[rowOrder[i], columnOrder[j]] = product.times(x.significand, x.exponent) }
      }
    }
  }

  /// Calls `body` with the elements of L⁻ᵀ·[δ·D⁻¹, 0; 0, 1]·self, given L below the diagonal of a matrix and D, δ on it. Each
  /// row has a power of two of its own, so that one does not vanish beside another.
  private func finishCofactors(
    _ lu: MatrixPart, _ body: (Int, Int, (significand: S, exponent: Int)) -> Void
  ) {
    let last = rows - 1
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { exponents in
      for i in (0..<rows).reversed() {
        var (factor, exponent): (S, Int) = (1, 0)
        if i < last {
          let (top, bottom) = (ScaledProduct(lu[last, last]), ScaledProduct(lu[i, i]))
          (factor, exponent) = (top.significand / bottom.significand, top.exponent - bottom.exponent)
        }
        // The power of the largest term, so that none overflows.
        var largest = exponent
        for k in i + 1..<Swift.max(rows, i + 1) where lu[k, i].primal != 0 {
          largest = Swift.max(largest, ScaledProduct(lu[k, i]).exponent + exponents[k])
        }
        exponents[i] = largest
        factor = ScaledProduct.shifted(factor, by: exponent - largest)
        for j in 0..<columns { self[i, j] = factor * self[i, j] }
        for k in i + 1..<Swift.max(rows, i + 1) {
          let factor = ScaledProduct.shifted(lu[k, i], by: exponents[k] - largest)
          for j in 0..<columns { self[i, j] = self[i, j] - factor * self[k, j] }
        }
        for j in 0..<columns { body(i, j, (self[i, j], largest)) }
      }
    }
  }

  /// The cofactors of a matrix of rank n − 2 or less are 0. A derivative part, which comes of the elements that remain, is
  /// not computed: it is infinite or NaN instead.
  private func vanish(_ lu: MatrixPart) {
    var zero: S = 0
    for i in 0..<rows where lu[i, i].primal == 0 {
      for k in i..<rows {
        for j in i..<rows { zero = zero + S.squareRoot(lu[k, j]) }
      }
      break
    }
    for i in 0..<rows {
      for j in 0..<columns { self[i, j] = zero }
    }
  }
}
