/// X with op(T)·X = B for a triangular T, of which the other triangle is not read.
///
/// B̄ = op(T)⁻ᵀ·X̄, and T̄ = −B̄·Xᵀ within the triangle, transposed where op transposes.
///
/// - Complexity: n²·k operations for k columns of B, and twice that backward.
package struct SolveTriangular: MatrixOperation {
  package let isUpper: Bool
  package let isTransposed: Bool
  package let hasUnitDiagonal: Bool

  package init(isUpper: Bool = false, isTransposed: Bool = false, hasUnitDiagonal: Bool = false) {
    (self.isUpper, self.isTransposed, self.hasUnitDiagonal) = (isUpper, isTransposed, hasUnitDiagonal)
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try right(x) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.copy(x[1])
    let (rows, columns) = (y.shape[y.shape.rank - 2], y.shape[y.shape.rank - 1])
    S.solveTriangular(
      x[0].base, strideT: rows, upper: isUpper, transposed: isTransposed, unitDiagonal: hasUnitDiagonal, y.base,
      strideX: columns, rows: rows, columns: columns, count: y.shape.leading.elementCount)
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let adjoint = SolveTriangular(
      isUpper: isUpper, isTransposed: !isTransposed, hasUnitDiagonal: hasUnitDiagonal)
    let b = p.tape.record(adjoint, p.x[0], g)
    let product = { isTransposed ? p.y.matmul(b, transposeB: true) : b.matmul(p.y, transposeB: true) }
    let least = hasUnitDiagonal ? 1 : 0
    return [p.to(0, isUpper ? (-product()).triu(diagonal: least) : (-product()).tril(diagonal: -least)), p.to(1, b)]
  }

  package var name: String { "solveTriangular" }
  package var attributes: [Attribute] {
    [
      Attribute("upper", .flag(isUpper)), Attribute("transposed", .flag(isTransposed)),
      Attribute("unitDiagonal", .flag(hasUnitDiagonal)),
    ]
  }
  package func notation(_ x: [Notation]) -> Notation {
    .call((isUpper ? "upper" : "lower") + (hasUnitDiagonal ? " unit" : ""), [x[0]]).inverse(isTransposed, times: x[1])
  }
  package var ownForm: OperationForm { .solveTriangular }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    let flags = [("upper", isUpper), ("transposed", isTransposed), ("unitDiagonal", hasUnitDiagonal)]
    return "\(x[0]).solveTriangular("
      + ([x[1]] + flags.filter(\.1).map { "\($0.0): true" }).joined(separator: ", ") + ")"
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    let (extent, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let rows = isUpper == isTransposed ? Array(0..<extent) : (0..<extent).reversed()
    return (0..<shape.leading.elementCount).flatMap { number -> [Variable<Double>] in
      func t(_ i: Int, _ j: Int) -> Variable<Double> {
        x[0].elements[(number * extent + (isTransposed ? j : i)) * extent + (isTransposed ? i : j)]
      }
      var solved = (0..<extent * columns).map { x[1].elements[number * extent * columns + $0] }
      for (step, i) in rows.enumerated() {
        for j in 0..<columns {
          let rest = rows[..<step].reduce(solved[i * columns + j]) { $0 - t(i, $1) * solved[$1 * columns + j] }
          solved[i * columns + j] = hasUnitDiagonal ? rest : rest / t(i, i)
        }
      }
      return solved
    }
  }
  package static var examples: [Example] {
    rightExamples(SolveTriangular())
      + [(true, false, false), (false, true, true), (true, true, false)].flatMap { upper, transposed, unit in
        rightExamples(SolveTriangular(isUpper: upper, isTransposed: transposed, hasUnitDiagonal: unit)).prefix(3)
      }
  }
}

/// X with op(A)·X = B, by L·U with the largest pivot of each column; infinite or NaN where A is singular.
///
/// B̄ = op(A)⁻ᵀ·X̄, and Ā = −B̄·Xᵀ, transposed where op transposes.
///
/// - Complexity: ⅔n³ + 2n²·k operations for k columns of B, and as much again backward.
package struct Solve: MatrixOperation {
  package let isTransposed: Bool
  package init(isTransposed: Bool = false) { self.isTransposed = isTransposed }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try right(x) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    S.solve(
      x[0].base, transposed: isTransposed, x[1].base, y.base, extent: y.shape[y.shape.rank - 2],
      columns: y.shape[y.shape.rank - 1], count: y.shape.leading.elementCount)
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let b = p.tape.record(Solve(isTransposed: !isTransposed), p.x[0], g)
    return [
      p.to(0, -(isTransposed ? p.y.matmul(b, transposeB: true) : b.matmul(p.y, transposeB: true))), p.to(1, b),
    ]
  }

  package var name: String { "solve" }
  package var attributes: [Attribute] { [Attribute("transposed", .flag(isTransposed))] }
  package func notation(_ x: [Notation]) -> Notation { x[0].inverse(isTransposed, times: x[1]) }
  package var ownForm: OperationForm { .solve }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    isTransposed ? methodCall(name, x, "transposed: true") : methodCall(name, x)
  }
  // Which element is a pivot depends on the numbers.
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { nil }
  package static var examples: [Example] { rightExamples(Solve()) + rightExamples(Solve(isTransposed: true)).prefix(3) }
}

extension Notation {
  /// A⁻¹·b, or A⁻ᵀ·b.
  fileprivate func inverse(_ isTransposed: Bool, times b: Notation) -> Notation {
    .infix(.product, .superscript(self, isTransposed ? .symbol("−T") : .number(-1)), b)
  }
}
