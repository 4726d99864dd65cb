import Adjoint

/// Small matrices by the sums over all permutations of Leibniz and the quotients of Cramer: no elimination, no pivots.
struct Leibniz {
  /// The rows.
  var a: [[Double]]

  init(_ a: [[Double]]) { self.a = a }

  /// Σ sign(π) Π aᵢ,π₍ᵢ₎, each product from the first row on.
  var determinant: Double { Leibniz.expanded(a[...], Array(a.indices)) }

  private static func expanded(_ rows: ArraySlice<[Double]>, _ columns: [Int]) -> Double {
    guard let first = rows.first else { return 1 }
    return columns.enumerated().reduce(0) { sum, entry in
      var others = columns
      others.remove(at: entry.offset)
      return sum + (entry.offset % 2 == 0 ? 1 : -1) * first[entry.element] * expanded(rows.dropFirst(), others)
    }
  }

  /// The signed minors.
  var cofactors: [[Double]] {
    a.indices.map { i in
      a.indices.map { j in
        let minor = a.indices.filter { $0 != i }.map { row in a.indices.filter { $0 != j }.map { a[row][$0] } }
        return ((i + j) % 2 == 0 ? 1 : -1) * Leibniz(minor).determinant
      }
    }
  }

  /// A⁻¹·B = (cof A)ᵀ·B / det A.
  func solving(_ b: [[Double]]) -> [[Double]] {
    let (cofactors, determinant) = (cofactors, determinant)
    return a.indices.map { i in
      (b.first ?? []).indices.map { j in a.indices.reduce(0) { $0 + cofactors[$1][i] * b[$1][j] } / determinant }
    }
  }

  /// L with L·Lᵀ = (A + Aᵀ)/2, by quotients of minors: lᵢⱼ = |A(1…j−1, i; 1…j)| / √(|A(1…j)|·|A(1…j−1)|).
  var cholesky: [[Double]] {
    let s = a.indices.map { i in a.indices.map { (a[i][$0] + a[$0][i]) / 2 } }
    func minor(_ rows: [Int], _ count: Int) -> Double {
      Leibniz(rows.map { Array(s[$0][..<count]) }).determinant
    }
    return a.indices.map { i in
      a.indices.map { j in
        guard j <= i else { return 0 }
        let before = Array(0..<j)
        return minor(before + [i], j + 1) / (minor(before + [j], j + 1) * minor(before, j)).squareRoot()
      }
    }
  }

  var transposed: Leibniz { Leibniz(a.indices.map { i in a.map { $0[i] } }) }

  /// The triangle that a solve reads.
  func triangle(isUpper: Bool, hasUnitDiagonal: Bool) -> Leibniz {
    Leibniz(
      a.indices.map { i in
        a.indices.map { j in i == j ? (hasUnitDiagonal ? 1 : a[i][i]) : isUpper == (j > i) ? a[i][j] : 0 }
      })
  }

  /// The matrices in the last two axes of a tensor, as rows.
  static func matrices(_ x: Tensor<Double>) -> [[[Double]]] {
    let (rows, columns) = (x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1])
    let count = x.shape.dropLast(2).reduce(1, *)
    return (0..<count).map { (number: Int) -> [[Double]] in
      (0..<rows).map { i in
        let start = (number * rows + i) * columns
        return Array(x.elements[start..<start + columns])
      }
    }
  }

  /// The value of an operation of linear algebra, or `nil` for any other.
  static func value(of operation: any Operation, _ x: [Tensor<Double>]) -> [Double]? {
    func each(_ body: (Leibniz, [[Double]]) -> [[Double]]) -> [Double] {
      let right = x.count > 1 ? matrices(x[1]) : []
      var values: [Double] = []
      for (number, matrix) in matrices(x[0]).enumerated() {
        for row in body(Leibniz(matrix), right.isEmpty ? [] : right[number]) { values += row }
      }
      return values
    }
    switch operation {
    case is Cholesky: return each { a, _ in a.cholesky }
    case let solve as Solve: return each { (solve.isTransposed ? $0.transposed : $0).solving($1) }
    case let solve as SolveTriangular:
      return each { a, b in
        let t = a.triangle(isUpper: solve.isUpper, hasUnitDiagonal: solve.hasUnitDiagonal)
        return (solve.isTransposed ? t.transposed : t).solving(b)
      }
    case let determinant as Determinant:
      return each { a, _ in
        switch determinant.kind {
        case .value: [[a.determinant]]
        case .logMagnitude: [[Double.logarithm(a.determinant.magnitude)]]
        case .cofactors: a.cofactors
        }
      }
    default: return nil
    }
  }
}
