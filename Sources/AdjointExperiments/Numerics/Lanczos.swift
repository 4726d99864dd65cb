import Adjoint

/// Lanczos's method: the ends of a symmetric matrix's spectrum from products H·v alone.
///
/// Orthonormal vectors q₁, q₂, … span Krylov's space, on which H is tridiagonal, with α on the diagonal and β beside it. Its
/// least eigenvalue is the least value of vᵀHv on that space, so never below that of H; a negative one proves a negative
/// direction. Every new vector is made orthogonal to all before, twice, so that rounding brings back no ghost.
///
/// Source: C. Lanczos, "An iteration method for the solution of the eigenvalue problem", 1950; Golub & Van Loan, ch. 10.
package struct Lanczos {
  package let least: Double
  package let largest: Double

  package init(dimension: Int, steps: Int, using generator: inout Generator, product: ([Double]) -> [Double]) {
    var vectors: [[Double]] = []
    var (alpha, beta): ([Double], [Double]) = ([], [])
    var q = Lanczos.normalized((0..<dimension).map { _ in generator.normal() }).vector
    for _ in 0..<min(steps, dimension) {
      vectors.append(q)
      var w = product(q)
      alpha.append(Lanczos.dot(q, w))
      for _ in 0..<2 {
        for v in vectors {
          let part = Lanczos.dot(v, w)
          for i in w.indices { w[i] -= part * v[i] }
        }
      }
      let (next, norm) = Lanczos.normalized(w)
      guard norm > 1e-12 * (alpha.map(\.magnitude).max() ?? 1) else { break }
      beta.append(norm)
      q = next
    }
    least = Lanczos.eigenvalue(alpha, beta, number: 0)
    largest = Lanczos.eigenvalue(alpha, beta, number: alpha.count - 1)
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  private static func normalized(_ v: [Double]) -> (vector: [Double], norm: Double) {
    let norm = dot(v, v).squareRoot()
    return (norm > 0 ? v.map { $0 / norm } : v, norm)
  }

  /// An eigenvalue of a tridiagonal matrix, counted from the least, by bisection on Sturm's sequence: the number of negative
  /// pivots of T − x is the number of eigenvalues below x.
  static func eigenvalue(_ alpha: [Double], _ beta: [Double], number: Int) -> Double {
    let (largest, coupling) = (alpha.map(\.magnitude).max() ?? 0, beta.map(\.magnitude).max() ?? 0)
    let radius: Double = largest + 2 * coupling + 1e-300
    func below(_ x: Double) -> Int {
      var (count, pivot) = (0, 1.0)
      for i in alpha.indices {
        pivot = alpha[i] - x - (i > 0 ? beta[i - 1] * beta[i - 1] / (pivot == 0 ? 1e-300 : pivot) : 0)
        count += pivot < 0 ? 1 : 0
      }
      return count
    }
    var (low, high) = (-radius, radius)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if below(middle) > number { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }
}
