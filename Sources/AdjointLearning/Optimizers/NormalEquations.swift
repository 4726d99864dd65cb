/// The normal equations of a linear problem of least squares: AᵀA x = Aᵀb, whose solution has the least ‖A x − b‖².
///
/// They are for few unknowns of comparable size: forming AᵀA squares the condition of A.
package struct NormalEquations {
  private var matrix: [[Double]]
  private var right: [Double]

  /// The equations for A, row by row, with as many rows as b has elements.
  package init(_ a: [Double], _ b: [Double]) {
    let n = b.isEmpty ? 0 : a.count / b.count
    matrix = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    right = [Double](repeating: 0, count: n)
    for i in b.indices {
      for j in 0..<n {
        right[j] += a[i * n + j] * b[i]
        for k in 0..<n { matrix[j][k] += a[i * n + j] * a[i * n + k] }
      }
    }
  }

  /// x with (AᵀA + μI) x = Aᵀb, by elimination with row exchanges; a singular direction stays 0.
  package func solution(damping mu: Double = 0) -> [Double] {
    var (a, x) = (matrix, right)
    let n = x.count
    for k in 0..<n { a[k][k] += mu }
    for k in 0..<n {
      let pivot = (k..<n).max { a[$0][k].magnitude < a[$1][k].magnitude } ?? k
      a.swapAt(k, pivot)
      x.swapAt(k, pivot)
      guard a[k][k] != 0 else { continue }
      for i in k + 1..<max(n, k + 1) {
        let factor = a[i][k] / a[k][k]
        guard factor != 0 else { continue }
        for j in k..<n { a[i][j] -= factor * a[k][j] }
        x[i] -= factor * x[k]
      }
    }
    for k in stride(from: n - 1, through: 0, by: -1) {
      for j in k + 1..<max(n, k + 1) { x[k] -= a[k][j] * x[j] }
      x[k] = a[k][k] == 0 ? 0 : x[k] / a[k][k]
    }
    return x
  }
}
