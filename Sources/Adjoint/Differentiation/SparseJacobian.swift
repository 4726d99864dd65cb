/// A matrix of which only the places of a pattern are stored, row by row (CSR).
public struct SparseMatrix<Element: Scalar>: Equatable, Sendable {
  /// The places that are stored.
  public let pattern: SparsityPattern
  /// The entry at each place.
  public let values: [Element]

  /// The entries as coordinates (COO), row by row.
  public var coordinates: (rows: [Int], columns: [Int], values: [Element]) {
    let rows = (0..<pattern.rowCount).flatMap { row in pattern[row: row].map { _ in row } }
    return (rows, pattern.columns, values)
  }

  /// All entries, zeros included: [rows, columns].
  public var dense: Tensor<Element> {
    var dense = Tensor<Element>(repeating: 0, shape: [pattern.rowCount, pattern.columnCount])
    let (rows, columns, values) = coordinates
    for (place, value) in values.enumerated() {
      dense[linear: rows[place] * pattern.columnCount + columns[place]] = value
    }
    return dense
  }
}

/// The source of a sparsity pattern.
public enum JacobianSparsity: Sendable {
  /// The recording (`sparsity(of:withRespectTo:)`).
  case detected
  /// The caller. Entries at other places must be 0; they would be added to those of their row or column.
  case given(SparsityPattern)
}

/// The sparse Jacobian ∂y/∂x: a row for each element of y, a column for each element of the variables, one after the other.
///
/// Columns that meet in no row share a colour and one forward pass; or rows that meet in no column, one backward pass. The pass is
/// recorded and compiled once. The tape is left as it was.
///
/// - Complexity: a pass for each colour, of which a banded or bipartite pattern has about as many as its fullest row has places.
///   Its memory is that of the places.
///
/// Source: Curtis, Powell & Reid, "On the estimation of sparse Jacobian matrices", IMA J. Appl. Math. 1974.
public func jacobian<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], mode: JacobianMode = .automatic, sparsity: JacobianSparsity,
  file: StaticString = #fileID, line: UInt = #line
) -> SparseMatrix<S> {
  let pattern =
    switch sparsity {
    case .detected: Adjoint.sparsity(of: y, withRespectTo: x, file: file, line: line)
    case .given(let pattern): pattern
    }
  let size = (y.checkedShape("jacobian", file, line).elementCount, x.reduce(0) { $0 + $1.shape.elementCount })
  guard size == (pattern.rowCount, pattern.columnCount) else {
    fatalError(
      "jacobian: a pattern of \(pattern.rowCount) rows and \(pattern.columnCount) columns for \(size.0) elements of y and "
        + "\(size.1) of x", file: file, line: line)
  }
  var values = [S](repeating: 0, count: pattern.count)
  let transposed = pattern.transposed
  let isReverse =
    switch mode {
    case .reverse: true
    case .forward: false
    case .automatic: transposed.fullestRow <= pattern.fullestRow
    }
  // The lines that share a pass, the line's places, and the entries that the pass gives.
  let lines = isReverse ? pattern : transposed
  let colors = lines.transposed.columnColors
  let groups = (0..<(colors.max() ?? -1) + 1).map { color in colors.indices.filter { colors[$0] == color } }
  let places = isReverse ? Array(0..<pattern.count) : pattern.placesOfTransposed
  func keep(_ group: [Int], _ entry: (Int) -> S) {
    for line in group {
      for place in lines.rowStarts[line]..<lines.rowStarts[line + 1] {
        values[places[place]] = entry(lines.columns[place])
      }
    }
  }
  if isReverse {
    let tape = y.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let cotangent = tape.input(.zeros(y.shape))
    let slopes = gradients(of: y, withRespectTo: x, cotangent: cotangent)
    let program = Program<S>(slopes + [cotangent])
    for group in groups {
      program.fill(cotangent) { seed in
        seed.update(repeating: 0)
        for row in group { seed[row] = 1 }
      }
      program.replay()
      let elements = slopes.flatMap { program.value(of: $0).elements }
      keep(group) { elements[$0] }
    }
  } else if pattern.count > 0 {
    let replay = DualReplay(of: y, withRespectTo: x)
    for group in groups {
      var (seeds, start) = (x.map { Tensor<Double>(repeating: 0, shape: $0.shape) }, 0)
      for (position, x) in x.enumerated() {
        for column in group where column >= start && column < start + x.shape.elementCount {
          seeds[position][linear: column - start] = 1
        }
        start += x.shape.elementCount
      }
      let motion = replay.product(along: seeds, file, line)
      keep(group) { S(motion.elements[$0]) }
    }
  }
  return SparseMatrix(pattern: pattern, values: values)
}

/// The sparse Hessian ∂²y/∂x² of a single number. The tape is left as it was.
/// - Complexity: as `jacobian(of:withRespectTo:mode:sparsity:)` of the gradient.
public func hessian<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, sparsity: JacobianSparsity, file: StaticString = #fileID,
  line: UInt = #line
) -> SparseMatrix<S> {
  let mark = y.tape.count
  defer { y.tape.truncate(to: mark) }
  let slope = gradients(of: y, withRespectTo: [x], file: file, line: line)[0]
  return jacobian(of: slope, withRespectTo: [x], mode: .reverse, sparsity: sparsity, file: file, line: line)
}

/// The diagonal of the Hessian ∂²y/∂x² of a single number, of x's shape. The tape is left as it was.
/// - Complexity: a pass for each colour of the Hessian's pattern: one where it is diagonal, x.count where it is dense.
public func hessianDiagonal<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let matrix = hessian(of: y, withRespectTo: x, sparsity: .detected, file: file, line: line)
  var diagonal = Tensor<S>(repeating: 0, shape: x.shape)
  for row in 0..<matrix.pattern.rowCount {
    let start = matrix.pattern.rowStarts[row]
    guard let place = matrix.pattern[row: row].firstIndex(of: row) else { continue }
    diagonal[linear: row] = matrix.values[start + (place - matrix.pattern[row: row].startIndex)]
  }
  return diagonal
}

/// The Jacobians of a batch of independent functions, recorded: of y [n, r…] by x [n, c…], of shape [n, r…, c…], where entry i
/// along the first axis of y depends on entry i of x alone. Of a gradient it is the block diagonal of a Hessian.
///
/// - Complexity: a backward pass for each element of one entry of y, or a forward one for each of x; each for the whole batch.
/// - Precondition: no entry depends on another one.
public func batchJacobian<S: Scalar>(
  of y: Variable<S>, withRespectTo x: Variable<S>, mode: JacobianMode = .automatic, file: StaticString = #fileID,
  line: UInt = #line
) -> Variable<S> {
  let shapes = (y.checkedShape("batchJacobian", file, line), x.checkedShape("batchJacobian", file, line))
  guard let n = shapes.0.first, n == shapes.1.first else {
    fatalError(
      "batchJacobian: y is \(shapes.0) and x is \(shapes.1); their first axes are the batch, and must be equal",
      file: file, line: line)
  }
  let (rows, columns) = (shapes.0.dropFirst().reduce(1, *), shapes.1.dropFirst().reduce(1, *))
  let pattern = sparsity(of: y, withRespectTo: [x], file: file, line: line)
  for row in 0..<pattern.rowCount {
    guard let other = pattern[row: row].first(where: { $0 / columns != row / rows }) else { continue }
    fatalError(
      "batchJacobian: entry \(row / rows) of y depends on entry \(other / columns) of x; only independent entries are a "
        + "batch. jacobian(of:withRespectTo:sparsity:) takes any function", file: file, line: line)
  }
  let shape = Shape(Array(shapes.0) + shapes.1.dropFirst())
  guard shape.elementCount > 0 else { return y.tape.constant(.zeros(shape)) }
  let isReverse =
    switch mode {
    case .reverse: true
    case .forward: false
    case .automatic: rows <= columns
    }
  func seed(_ shape: Shape, _ width: Int, _ k: Int) -> Variable<S> {
    y.tape.constant(Tensor<S>(shape: shape, elements: (0..<n * width).map { $0 % width == k ? 1 : 0 }))
  }
  let lines =
    isReverse
    ? (0..<rows).map { k in
      gradients(of: y, withRespectTo: [x], cotangent: seed(shapes.0, rows, k))[0].reshape(n, 1, columns)
    }
    : (0..<columns).map { k in
      jvp(of: y, withRespectTo: [x], along: [seed(shapes.1, columns, k)]).reshape(n, rows, 1)
    }
  return concatenate(lines, axis: isReverse ? 1 : 2).reshape(to: shape)
}

/// The Jacobians of a batch of small functions that are written on single numbers, recorded: of the results yᵢ by the arguments xⱼ,
/// where each variable holds one number for each function of the batch, and all have one shape [n…]. Entry […, i, j] of the result
/// [n…, m, k] is ∂yᵢ/∂xⱼ.
///
/// The function is written as for plain numbers. Numbers of one argument stand side by side, so that a program computes a block of
/// functions at a time, in a cache, and looks for no structure.
///
/// - Complexity: m backward passes, or k forward ones; each for the whole batch.
/// - Precondition: elements of y depend on the elements of x beside them alone, as elementwise operations leave them.
public func batchJacobian<S: Scalar>(
  of y: [Variable<S>], withRespectTo x: [Variable<S>], mode: JacobianMode = .automatic, file: StaticString = #fileID,
  line: UInt = #line
) -> Variable<S> {
  guard let first = x.first, !y.isEmpty else {
    fatalError(
      "batchJacobian: \(y.count) results by \(x.count) arguments; give at least one of each", file: file, line: line)
  }
  let (shape, tape) = (first.checkedShape("batchJacobian", file, line), first.tape)
  for v in x + y where v.checkedShape("batchJacobian", file, line) != shape {
    fatalError(
      "batchJacobian: \(tape.describe(v.index)) beside arguments of the shape \(shape); each variable holds a number for "
        + "each function of the batch", file: file, line: line)
  }
  if let mixed = tape.firstMixing(from: x, to: y) {
    fatalError(
      "batchJacobian: \(tape.describe(mixed)) mixes the functions of the batch; only operations on each by itself are taken. "
        + "batchJacobian(of:withRespectTo:) of one variable [n, …] takes others", file: file, line: line)
  }
  let one = tape.constant(Tensor<S>.ones(shape))
  let isReverse =
    switch mode {
    case .reverse: true
    case .forward: false
    case .automatic: y.count <= x.count
    }
  let entries =
    isReverse
    ? y.flatMap { gradients(of: $0, withRespectTo: x, cotangent: one) }
    : y.flatMap { y in x.map { jvp(of: y, withRespectTo: [$0], along: [one]) } }
  let flat = entries.map { $0.reshape(shape.elementCount, 1) }
  return concatenate(flat, axis: 1).reshape(to: Shape(Array(shape) + [y.count, x.count]))
}

extension Tape {
  /// A node between some variables and others that is not computed element by element; `nil` when all are.
  fileprivate func firstMixing(from x: [Variable<S>], to y: [Variable<S>]) -> Int? {
    let (targets, shape) = (Set(x.map(\.index)), x[0].shape)
    let (first, last) = (targets.min() ?? 0, y.map(\.index).max() ?? 0)
    guard first <= last else { return nil }
    let depends = nodesBetween(Array(targets), and: last)
    var isWanted = [Bool](repeating: false, count: last + 1)
    for y in y { isWanted[y.index] = true }
    for i in (first...last).reversed() where isWanted[i] && depends[i] && !targets.contains(i) {
      guard case .operation(let operation) = nodes[i].kind else { continue }
      guard operation.isElementwise || operation.form == .reshape, nodes[i].shape == shape else { return i }
      for input in nodes[i].inputs { isWanted[input] = true }
    }
    return nil
  }
}
