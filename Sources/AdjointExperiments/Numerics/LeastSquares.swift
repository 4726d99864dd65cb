import Adjoint
import AdjointLearning

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
      let equations = NormalEquations(jacobian, r.map { -$0 })
      while mu < 1e12 {
        let moved = zip(theta, equations.solution(damping: mu)).map { $0 + $1 }
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
}
