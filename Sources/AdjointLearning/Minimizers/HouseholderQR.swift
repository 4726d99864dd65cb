/// The factors of a matrix by Householder's reflections with column exchanges, A·P = Q·R, and Qᵀb beside them.
///
/// They solve problems of least squares with few unknowns, ‖A x − b‖² least. A itself is reflected, so its condition is not
/// squared as it would be in the normal equations AᵀA x = Aᵀb.
///
/// Source: Golub & Van Loan, *Matrix Computations*, 5.4.2.
package struct HouseholderQR {
  private let rows: Int
  private let columns: Int
  /// R column after column, each of `rows` numbers: zeros below the diagonal.
  private var elements: [Double]
  /// Qᵀb.
  package private(set) var right: [Double]
  /// The column of A that stands at each place in R.
  package private(set) var order: [Int]

  /// The factors of A, given column after column, with as many rows as b has elements.
  /// - Complexity: rows · columns², with as much again for the exchanges.
  package init(columnMajor a: [Double], _ b: [Double]) {
    rows = b.count
    columns = b.isEmpty ? 0 : a.count / b.count
    (elements, right, order) = (a, b, Array(0..<columns))
    for k in 0..<min(rows, columns) { reflect(k) }
  }

  /// R[i, j]
  private func r(_ i: Int, _ j: Int) -> Double { elements[j * rows + i] }

  private mutating func reflect(_ k: Int) {
    // Computed anew: norms that are updated lose their digits just where columns depend on each other.
    let norms = (k..<columns).map { norm(elements[$0 * rows + k..<($0 + 1) * rows]) }
    guard let largest = norms.indices.max(by: { norms[$0] < norms[$1] }), norms[largest] > 0 else { return }
    exchange(k, k + largest)
    let start = k * rows + k
    let diagonal = elements[start] > 0 ? -norms[largest] : norms[largest]
    // v = x − αe₁, divided by its first element, which is the largest in size.
    let first = elements[start] - diagonal
    let v = [1] + elements[start + 1..<(k + 1) * rows].map { $0 / first }
    let factor = -first / diagonal
    elements[start] = diagonal
    for i in 1..<max(v.count, 1) { elements[start + i] = 0 }
    for j in k + 1..<max(columns, k + 1) { HouseholderQR.apply(v, factor, to: &elements, at: j * rows + k) }
    HouseholderQR.apply(v, factor, to: &right, at: k)
  }

  /// x ← x − factor·(vᵀx)·v
  private static func apply(_ v: [Double], _ factor: Double, to x: inout [Double], at start: Int) {
    var product = 0.0
    for i in v.indices { product += v[i] * x[start + i] }
    product *= factor
    for i in v.indices { x[start + i] -= product * v[i] }
  }

  private mutating func exchange(_ j: Int, _ k: Int) {
    guard j != k else { return }
    order.swapAt(j, k)
    for i in 0..<rows { elements.swapAt(j * rows + i, k * rows + i) }
  }

  /// The number of columns that are independent of each other, as far as rounding lets one tell.
  package var rank: Int {
    let count = min(rows, columns)
    guard count > 0 else { return 0 }
    let least = Double(max(rows, columns)) * .ulpOfOne * r(0, 0).magnitude
    return (0..<count).first { r($0, $0).magnitude <= least } ?? count
  }

  /// x with the least ‖A x − b‖²; what rounding cannot tell from a dependent column stays 0.
  package func solution() -> [Double] {
    var x = [Double](repeating: 0, count: columns)
    for k in (0..<rank).reversed() {
      var sum = right[k]
      for j in k + 1..<max(rank, k + 1) { sum -= r(k, j) * x[order[j]] }
      x[order[k]] = sum / r(k, k)
    }
    return x
  }

  /// x with the least ‖A x − b‖² + μ‖x‖².
  /// - Precondition: μ > 0, which makes the columns independent.
  package func solution(damping mu: Double) -> [Double] {
    let height = min(rows, columns)
    var below = [Double](repeating: 0, count: (height + columns) * columns)
    for j in 0..<columns {
      for i in 0..<min(j + 1, height) { below[j * (height + columns) + i] = r(i, j) }
      below[j * (height + columns) + height + j] = mu.squareRoot()
    }
    let zeros = [Double](repeating: 0, count: columns)
    let damped = HouseholderQR(columnMajor: below, right.prefix(height) + zeros).solution()
    var x = zeros
    for (place, column) in order.enumerated() { x[column] = damped[place] }
    return x
  }

  /// ‖A x‖²
  package func squaredLength(of x: [Double]) -> Double {
    (0..<min(rows, columns)).reduce(0) { total, i in
      var sum = 0.0
      for j in i..<columns { sum += r(i, j) * x[order[j]] }
      return total + sum * sum
    }
  }
}

/// The Euclidean length, also where squares would leave the range of the type.
func norm(_ x: some Collection<Double>) -> Double {
  var largest = 0.0
  for value in x { largest = max(largest, value.magnitude) }
  guard largest > 0, largest.isFinite else { return largest }
  var sum = 0.0
  for value in x { sum += (value / largest) * (value / largest) }
  return largest * sum.squareRoot()
}
