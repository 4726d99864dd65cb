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

  /// The cofactors of A, which are finite whatever its rank. Source: Stewart, On the adjugate matrix, 1998.
  ///
  /// With P·A·Q = L·U, cof A = ± Pᵀ·L⁻ᵀ·(cof U)·Qᵀ. Of U all but the last pivot δ are divided by: with U₁ before it and u above it,
  /// cof U = det U₁·[δ·U₁⁻ᵀ, 0; −(U₁⁻¹u)ᵀ, 1].
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
      let inner = 0..<last
      withUnsafeTemporaryAllocation(of: S.self, capacity: rows * rows) { scratch in
        guard let start = scratch.baseAddress else { return }
        // The transpose of cof U first, [δ·U₁⁻¹, −U₁⁻¹u; 0, 1].
        let w = MatrixPart(start, rows: rows, columns: rows)
        for i in 0..<rows {
          for j in 0..<rows { w[i, j] = i == last ? (j == last ? 1 : 0) : j == last ? -lu[i, last] : 0 }
        }
        for i in inner { w[i, i] = lu[last, last] }
        w.part(inner).solve(lu.part(inner, inner), Triangle(isUpper: true))
        for i in 0..<rows {
          for j in i + 1..<Swift.max(rows, i + 1) { (w[i, j], w[j, i]) = (w[j, i], w[i, j]) }
        }
        w.solve(lu, Triangle(isTransposed: true, hasUnitDiagonal: true))
        for i in 0..<rows {
          for j in 0..<rows { y[rowOrder[i], columnOrder[j]] = product.times(w[i, j]) }
        }
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
