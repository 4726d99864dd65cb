import Adjoint

/// Levenberg and Marquardt's method for least squares: steps between Gauss and Newton's and the gradient's.
///
///     (JᵀJ + μI) δ = −Jᵀr,   θ ← θ + δ,
///
/// r the residuals and J their Jacobian, from the tape; μ falls when a step lowers ‖r‖² and rises when it does not.
///
/// Source: K. Levenberg, "A method for the solution of certain non-linear problems in least squares", 1944.
package struct LeastSquares {
  let residuals: (Variable<Double>) -> Variable<Double>

  package init(residuals: @escaping (Variable<Double>) -> Variable<Double>) { self.residuals = residuals }

  /// Σ r² and its minimiser near θ.
  package func minimize(from start: [Double], steps: Int) -> (theta: [Double], squares: Double) {
    let tape = Tape<Double>()
    let input = tape.input(Tensor(start))
    let output = residuals(input)
    let program = Program<Double>([output, input])
    func squares(_ theta: [Double]) -> Double {
      program.write(Tensor(theta), into: input)
      program.replay()
      return program.value(of: output).elements.reduce(0) { $0 + $1 * $1 }
    }
    var (theta, mu) = (start, 1e-2)
    var best = squares(theta)
    for _ in 0..<steps where mu < 1e12 {
      let (jacobian, r) = linearization(at: theta)
      let n = theta.count
      var normal = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
      var right = [Double](repeating: 0, count: n)
      for i in r.indices {
        for a in 0..<n {
          right[a] -= jacobian[i * n + a] * r[i]
          for b in 0..<n { normal[a][b] += jacobian[i * n + a] * jacobian[i * n + b] }
        }
      }
      while mu < 1e12 {
        var damped = normal
        for a in 0..<n { damped[a][a] += mu }
        let step = LeastSquares.solve(damped, right)
        let moved = zip(theta, step).map { $0 + $1 }
        let value = squares(moved)
        if value < best {
          (theta, best, mu) = (moved, value, max(mu / 3, 1e-14))
          break
        }
        mu *= 4
      }
    }
    return (theta, best)
  }

  private func linearization(at theta: [Double]) -> (jacobian: [Double], residuals: [Double]) {
    let tape = Tape<Double>()
    let input = tape.input(Tensor(theta))
    let output = residuals(input)
    let values = output.value.elements
    return (jacobian(of: output, withRespectTo: input, mode: .forward).elements, values)
  }

  /// A x = b by elimination with row exchanges; a singular direction stays 0.
  static func solve(_ matrix: [[Double]], _ b: [Double]) -> [Double] {
    var (a, x) = (matrix, b)
    let n = b.count
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
