import Adjoint

extension Tensor where Element == Double {
  /// The rows of a matrix; a vector is one row.
  var matrix: [[Double]] {
    guard shape.rank == 2 else { return [elements] }
    return (0..<shape[0]).map { Array(elements[$0 * shape[1]..<($0 + 1) * shape[1]]) }
  }
}

/// Small matrices of formulas, in plain loops.
enum Formula {
  /// a bᵀ, row by row.
  static func outer(_ a: [Double], _ b: [Double]) -> [Double] { a.flatMap { factor in b.map { factor * $0 } } }

  /// a ⊙ b.
  static func times(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * $1 } }

  static func diagonal(_ a: [Double]) -> [[Double]] {
    a.indices.map { i in a.indices.map { $0 == i ? a[i] : 0 } }
  }

  static func identity(_ n: Int) -> [[Double]] { diagonal([Double](repeating: 1, count: n)) }

  /// rowᵀ in block i of row i: I ⊗ rowᵀ, of dimensions n × n·row.count.
  static func blocks(_ row: [Double], _ n: Int) -> [[Double]] {
    (0..<n).map { i in (0..<n).flatMap { $0 == i ? row : [Double](repeating: 0, count: row.count) } }
  }

  /// The softmax's Jacobian: pᵢ(δᵢⱼ − pⱼ).
  static func softmaxJacobian(_ p: [Double]) -> [[Double]] {
    p.indices.map { i in p.indices.map { j in p[i] * ((i == j ? 1 : 0) - p[j]) } }
  }

  /// The Jacobian that the library finds for a function of one vector or matrix, as rows.
  static func jacobian(
    at x: Tensor<Double>, rows: Int, _ f: (Variable<Double>) -> Variable<Double>
  ) -> [[Double]] {
    let tape = Tape<Double>()
    let leaf = tape.input(x)
    let matrix = Adjoint.jacobian(of: f(leaf), withRespectTo: leaf)
    return matrix.reshape(to: [rows, x.shape.elementCount]).matrix
  }

  static func flat(_ rows: [[Double]]) -> [Double] { rows.flatMap { $0 } }
  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
