// The matrix product of `Dual`, in plain Swift. Rows of op(A) are taken four at a time and
// unpacked into planes of values and tangents, so that each number of B is loaded once for four rows. The result is
// that of the default body, but for the order of sums.

extension Dual {
  public static func multiply(_ p: MatrixProduct<Dual>) {
    let depth = p.depth
    // Four rows of values, four rows of tangents, and four rows of results.
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 8 * depth + 1) { planes in
      withUnsafeTemporaryAllocation(of: Dual.self, capacity: 4 * p.columns + 1) { results in
        guard let values = planes.baseAddress, let sums = results.baseAddress else { return }
        for i in stride(from: 0, to: p.rows, by: 4) {
          let rows = min(4, p.rows - i)
          for row in 0..<4 {
            let (value, tangent) = (values + row * depth, values + (row + 4) * depth)
            for k in 0..<depth {
              let a =
                row >= rows ? 0 : p.transposeA ? p.a[k * p.strideA + i + row] : p.a[(i + row) * p.strideA + k]
              (value[k], tangent[k]) = (a.value, a.tangent)
            }
          }
          if p.transposeB {
            multiplyByRows(values, p.b, strideB: p.strideB, sums, depth: depth, columns: p.columns)
          } else {
            multiplyByColumns(
              values, p.b, strideB: p.strideB, sums, depth: depth, columns: p.columns, rows: rows)
          }
          for row in 0..<rows {
            let sums = sums + row * p.columns
            for j in 0..<p.columns where sums[j].tangent.isNaN { sums[j] = p.guardedElement(i + row, j) }
            p.finish(row: i + row, sums)
          }
        }
      }
    }
  }

  /// Four rows of A times Bᵀ, B stored [columns, depth]: dot products that take two numbers of B at a time.
  private static func multiplyByRows(
    _ a: UnsafeMutablePointer<Double>, _ b: UnsafePointer<Dual>, strideB: Int, _ c: UnsafeMutablePointer<Dual>,
    depth: Int, columns: Int
  ) {
    typealias Pair = SIMD2<Double>
    let tangents = a + 4 * depth
    for j in 0..<columns {
      let row = b + j * strideB
      var (v0, v1, v2, v3) = (Pair.zero, Pair.zero, Pair.zero, Pair.zero)
      var (t0, t1, t2, t3) = (Pair.zero, Pair.zero, Pair.zero, Pair.zero)
      @inline(__always)
      func advance(_ k: Int, _ i: Int, _ bValue: Pair, _ bTangent: Pair, _ v: inout Pair, _ t: inout Pair) {
        let aValue = Pair(a[i * depth + k], a[i * depth + k + 1])
        let aTangent = Pair(tangents[i * depth + k], tangents[i * depth + k + 1])
        v += aValue * bValue
        t += aTangent * bValue + aValue * bTangent
      }
      for k in stride(from: 0, to: depth - 1, by: 2) {
        let bValue = Pair(row[k].value, row[k + 1].value)
        let bTangent = Pair(row[k].tangent, row[k + 1].tangent)
        advance(k, 0, bValue, bTangent, &v0, &t0)
        advance(k, 1, bValue, bTangent, &v1, &t1)
        advance(k, 2, bValue, bTangent, &v2, &t2)
        advance(k, 3, bValue, bTangent, &v3, &t3)
      }
      c[j] = Dual(v0.sum(), tangent: t0.sum())
      c[columns + j] = Dual(v1.sum(), tangent: t1.sum())
      c[2 * columns + j] = Dual(v2.sum(), tangent: t2.sum())
      c[3 * columns + j] = Dual(v3.sum(), tangent: t3.sum())
      guard depth % 2 == 1 else { continue }
      let k = depth - 1
      for i in 0..<4 {
        c[i * columns + j] = c[i * columns + j] + Dual(a[i * depth + k], tangent: tangents[i * depth + k]) * row[k]
      }
    }
  }

  /// Rows of A times B, B stored [depth, columns]: sums of multiples of B's rows, four of them at a time.
  private static func multiplyByColumns(
    _ a: UnsafeMutablePointer<Double>, _ b: UnsafePointer<Dual>, strideB: Int, _ c: UnsafeMutablePointer<Dual>,
    depth: Int, columns: Int, rows: Int
  ) {
    let tangents = a + 4 * depth
    c.update(repeating: 0, count: rows * columns)
    for first in stride(from: 0, to: depth, by: 4) {
      for i in 0..<rows {
        let sums = c + i * columns
        let (value, tangent) = (a + i * depth, tangents + i * depth)
        if first + 4 <= depth {
          let (a0, a1) = (value[first], value[first + 1])
          let (a2, a3) = (value[first + 2], value[first + 3])
          let (d0, d1) = (tangent[first], tangent[first + 1])
          let (d2, d3) = (tangent[first + 2], tangent[first + 3])
          let (b0, b1) = (b + first * strideB, b + (first + 1) * strideB)
          let (b2, b3) = (b1 + strideB, b1 + 2 * strideB)
          for j in 0..<columns {
            let (v0, v1, v2, v3) = (b0[j].value, b1[j].value, b2[j].value, b3[j].value)
            let value = (a0 * v0 + a1 * v1) + (a2 * v2 + a3 * v3)
            let left = (d0 * v0 + a0 * b0[j].tangent) + (d1 * v1 + a1 * b1[j].tangent)
            let right = (d2 * v2 + a2 * b2[j].tangent) + (d3 * v3 + a3 * b3[j].tangent)
            sums[j].value += value
            sums[j].tangent += left + right
          }
        } else {
          for k in first..<depth {
            let (factor, row) = (Dual(value[k], tangent: tangent[k]), b + k * strideB)
            for j in 0..<columns { sums[j] = sums[j] + factor * row[j] }
          }
        }
      }
    }
  }
}

extension MatrixProduct where S: Scalar {
  /// One element of op(A)·op(B), each product by the scalar's own rule: 0 times what is not finite is guarded there.
  fileprivate func guardedElement(_ i: Int, _ j: Int) -> S {
    var sum: S = 0
    for k in 0..<depth {
      let left = transposeA ? a[k * strideA + i] : a[i * strideA + k]
      sum = sum + left * (transposeB ? b[j * strideB + k] : b[k * strideB + j])
    }
    return sum
  }

  /// The last pass over one row of finished products: accumulation, or bias and function.
  @inlinable
  package func finish(row: Int, _ sums: UnsafePointer<S>) {
    let out = c + row * strideC
    if accumulates {
      for j in 0..<columns { out[j] = out[j] + sums[j] }
      return
    }
    for j in 0..<columns { out[j] = bias.map { sums[j] + $0[j] } ?? sums[j] }
    if let function { S.map(function, out, out, count: columns) }
  }
}
