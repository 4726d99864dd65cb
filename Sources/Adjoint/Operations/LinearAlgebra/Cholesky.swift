/// The lower triangular L with L·Lᵀ = A for a symmetric positive definite A; of any other matrix the symmetric part
/// (A + Aᵀ)/2 is taken, so the derivative is symmetric too. L is NaN where that is not positive definite.
///
/// Ā = (Z + Zᵀ)/2 with Z = L⁻ᵀ·Φ(Lᵀ·L̄)·L⁻¹, where Φ takes the lower triangle and half of the diagonal. Source: Murray,
/// Differentiation of the Cholesky decomposition, 2016.
///
/// - Complexity: n³/3 operations.
package struct Cholesky: MatrixOperation {
  package init() {}

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try x.only(1, for: name)[0].square(for: name) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    S.cholesky(x[0].base, y.base, extent: y.shape[y.shape.rank - 1], count: y.shape.leading.elementCount)
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, contribution(g, p.y))]
  }

  private func contribution<S: Scalar>(_ g: Variable<S>, _ l: Variable<S>) -> Variable<S> {
    // The zeros above the diagonal are constants.
    let inner = l.matmul(g.tril(), transposeA: true)
    let extent = l.shape[l.shape.rank - 1]
    let phi = (inner.tril() + inner.tril(diagonal: -1)) * 0.5
    guard extent > 0 else { return phi }
    let left = l.solveTriangular(phi, transposed: true)
    let z = l.solveTriangular(left.transposingMatrices(), transposed: true)
    return (z + z.transposingMatrices()) * 0.5
  }

  package var name: String { "cholesky" }
  package var ownForm: OperationForm { .cholesky }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    let extent = shape[shape.rank - 1]
    return (0..<shape.leading.elementCount).flatMap { number -> [Variable<Double>] in
      func a(_ i: Int, _ j: Int) -> Variable<Double> { x[0].elements[(number * extent + i) * extent + j] }
      var l: [[Variable<Double>]] = []
      for i in 0..<extent {
        var row: [Variable<Double>] = []
        for j in 0...i {
          let above = j < i ? l[j] : row
          let own = i == j ? a(i, i) : (a(i, j) + a(j, i)) / 2
          let rest = (0..<j).reduce(own) { $0 - row[$1] * above[$1] }
          row.append(i == j ? rest.sqrt() : rest / l[j][j])
        }
        l.append(row)
      }
      return l.flatMap { row in row + (row.count..<extent).map { _ in tape.constant(0) } }
    }
  }
  package static var examples: [Example] { squareExamples(Cholesky()) }
}
