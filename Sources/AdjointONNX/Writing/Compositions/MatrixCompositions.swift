import Adjoint

extension Composition {
  /// Factorisations, unrolled column by column: their orders are those of the recording.
  static let matrices: [String: Composition] = [
    "cholesky": Composition(unless: tooLarge) { x, _ in cholesky(x[0]) },
    "solveTriangular": Composition(unless: tooLarge) { x, a in
      let isTransposed = a.flag("transposed")
      let t = isTransposed ? x[0].transpose() : x[0]
      return substituted(t, x[1], isUpper: a.flag("upper") != isTransposed, hasUnitDiagonal: a.flag("unitDiagonal"))
    },
    "solve": Composition(unless: tooLarge) { x, a in
      let matrix = a.flag("transposed") ? x[0].transpose() : x[0]
      let rows = eliminated(concatenate([matrix, x[1]], axis: -1))
      let (n, rank) = (rows.shape[rows.shape.rank - 2], rows.shape.rank)
      return substituted(
        rows.slice(0..<n, axis: rank - 1), rows.slice(n..<rows.shape[rank - 1], axis: rank - 1), isUpper: true,
        hasUnitDiagonal: false)
    },
    "logDeterminant": Composition(unless: tooLarge) { x, _ in
      let rows = eliminated(x[0])
      return rows.masked(by: mask(rows.shape, on: x[0].tape) { $0 == $1 }).sum(axis: -1).abs().log().sum(axis: -1)
    },
    "cofactors": Composition(unless: tooLarge) { x, _ in cofactors(x[0]) },
  ]

  /// The largest extent of a matrix whose factorisation is unrolled.
  private static let largest = 32

  private static let tooLarge: @Sendable ([Shape], AttributeList) -> String? = { shapes, _ in
    let extent = shapes[0].last ?? 0
    guard extent > largest else { return nil }
    return
      "ONNX has no operator for this factorisation; it is unrolled up to \(largest) rows, and the matrix has \(extent)"
  }

  /// A constant of 1 where a condition on row and column holds.
  private static func mask(
    _ shape: Shape, on tape: Tape<Double>, _ isOne: (Int, Int) -> Bool
  ) -> Variable<Double> {
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let elements = (0..<rows * columns).map { isOne($0 / columns, $0 % columns) ? 1.0 : 0 }
    return tape.constant(Tensor(shape: [rows, columns], elements: elements))
  }

  /// T⁻¹·B for a triangular T, row after row.
  private static func substituted(
    _ t: Variable<Double>, _ b: Variable<Double>, isUpper: Bool, hasUnitDiagonal: Bool
  ) -> Variable<Double> {
    let n = t.shape[t.shape.rank - 1]
    func row(_ x: Variable<Double>, _ i: Int) -> Variable<Double> { x.slice(i..<i + 1, axis: -2) }
    var solved: Variable<Double>?
    for i in isUpper ? (0..<n).reversed() : Array(0..<n) {
      var rest = row(b, i)
      if let known = solved {
        let coefficients = row(t, i).slice(isUpper ? i + 1..<n : 0..<i, axis: -1)
        rest = rest - coefficients.matmul(known)
      }
      if !hasUnitDiagonal { rest = rest / row(t, i).slice(i..<i + 1, axis: -1) }
      solved = solved.map { concatenate(isUpper ? [rest, $0] : [$0, rest], axis: -2) } ?? rest
    }
    return solved ?? b
  }

  /// The rows with zeros below the diagonal, by the largest pivot of each column.
  private static func eliminated(_ a: Variable<Double>) -> Variable<Double> {
    var rows = a
    let n = a.shape[a.shape.rank - 2]
    for k in 0..<n {
      let column = rows.slice(k..<k + 1, axis: -1)
      let below = mask([n, 1], on: a.tape) { i, _ in i >= k }
      let sizes = `where`(below, column.abs(), -1)
      let best = sizes.squeeze(axis: -1).argMax().oneHot(n).unsqueeze(axis: -1)
      let own = mask([n, 1], on: a.tape) { i, _ in i == k }
      let pivotRow = rows.masked(by: best).sum(axis: -2, keepingDimensions: true)
      let ownRow = rows.slice(k..<k + 1, axis: -2)
      rows = `where`(own, pivotRow, `where`(best, ownRow, rows))
      guard k < n - 1 else { break }
      let pivot = pivotRow.slice(k..<k + 1, axis: -1)
      let factors = rows.slice(k..<k + 1, axis: -1) / `where`(pivot .== 0, 1, pivot)
      rows = rows - factors.masked(by: mask([n, 1], on: a.tape) { i, _ in i > k }) * pivotRow
    }
    return rows
  }

  private static func cholesky(_ a: Variable<Double>) -> Variable<Double> {
    let n = a.shape[a.shape.rank - 1]
    let symmetric = a + 0.5 * (a.transpose() - a)
    var factor: Variable<Double>?
    for j in 0..<n {
      var column = symmetric.slice(j..<j + 1, axis: -1)
      if let known = factor { column = column - known.matmul(known.slice(j..<j + 1, axis: -2), transposeB: true) }
      let root = column.slice(j..<j + 1, axis: -2).sqrt()
      let own = mask([n, 1], on: a.tape) { i, _ in i == j }
      let next = `where`(own, root, column / root).masked(by: mask([n, 1], on: a.tape) { i, _ in i >= j })
      factor = factor.map { concatenate([$0, next], axis: -1) } ?? next
    }
    guard let factor else { return a }
    // As a whole NaN where the matrix is not positive definite.
    let diagonal = factor.masked(by: mask(factor.shape, on: a.tape) { $0 == $1 }).sum(axis: -1, keepingDimensions: true)
    let isPositive = (diagonal .> 0).min(axes: [-2], keepingDimensions: true)
    let lower = mask(factor.shape, on: a.tape) { $0 >= $1 }
    return `where`(isPositive, factor, a.tape.constant(.nan).masked(by: lower))
  }

  /// The determinants of all minors at once, with their signs.
  private static func cofactors(_ a: Variable<Double>) -> Variable<Double> {
    let (shape, rank) = (a.shape, a.shape.rank)
    let n = shape[rank - 1]
    let leading = Array(shape[..<(rank - 2)])
    guard n > 1 else { return `where`(a .== a, 1, 1.0 * a) }
    let places = (0..<n * n).flatMap { place -> [Int32] in
      let (i, j) = (place / n, place % n)
      return (0..<n).filter { $0 != i }.flatMap { r in (0..<n).filter { $0 != j }.map { Int32(r * n + $0) } }
    }
    let count = leading.reduce(1, *)
    let flat = a.reshape(to: [count, n * n]).transpose()
    let index = a.tape.index(Tensor(shape: [n * n, (n - 1) * (n - 1)], elements: places))
    let minors = flat.gather(index).permute([2, 0, 1]).reshape(to: [count, n * n, n - 1, n - 1])
    let signs = mask([n, n], on: a.tape) { ($0 + $1) % 2 == 0 } * 2 - 1
    return (minors.determinant().reshape(to: [count, n, n]) * signs).reshape(to: shape)
  }
}
