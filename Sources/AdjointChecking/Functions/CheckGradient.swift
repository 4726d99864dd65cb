import Adjoint

// Derivatives of plain Swift functions, however they were written: by hand, by another library, in C.

/// Compares a claimed gradient of a plain function with extrapolated differences, which state their own error.
///
/// ```swift
/// let report = checkGradient(of: { sin($0[0]) * $0[1] }, gradient: { [cos($0[0]) * $0[1], sin($0[0])] }, at: [0.5, 2])
/// #expect(report.agrees, "\(report)")
/// ```
///
/// Steps follow each coordinate's magnitude. No tolerance is absolute. An entry is wrong only where the differences, well beyond
/// their error, and the slope of the remainder both say so. At a kink, and where differences do not resolve, they cannot tell.
/// - Parameters:
///   - f: the function; it may throw or not be finite, and the report then says so.
///   - gradient: the gradient that is claimed, as a function of x.
///   - x: the point.
///   - limit: the most entries that are compared one by one. Of more, random combinations of coordinates are compared, and a wrong one
///     is halved until its entries are found.
/// - Complexity: about 65 evaluations of f for an entry, 300 for one that is 0; beyond `limit`, as much for each of 64 groups.
public func checkGradient(
  of f: ([Double]) throws -> Double, gradient: ([Double]) throws -> [Double], at x: [Double],
  oneByOne limit: Int = 2000, file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  requirePoint(x, limit, file, line)
  return withoutActuallyEscaping(f) { f in
    let check = FunctionCheck(of: { [try f($0)] }, at: x, subject: "gradient", limit: limit)
    check.compare { point, check in
      let claim = try gradient(point)
      if claim.count == x.count { return [claim] }
      check.refute("The gradient has \(claim.count) entries; x has \(x.count).")
      return nil
    }
    return check.report
  }
}

/// Compares the numbers of a claimed gradient at x with extrapolated differences.
/// - Precondition: the gradient has as many entries as x.
public func checkGradient(
  of f: ([Double]) throws -> Double, gradient: [Double], at x: [Double], oneByOne limit: Int = 2000,
  file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  if gradient.count != x.count {
    fatalError(
      "checkGradient: the gradient has \(gradient.count) entries and x has \(x.count); give one for each", file: file,
      line: line)
  }
  return checkGradient(of: f, gradient: { _ in gradient }, at: x, oneByOne: limit, file: file, line: line)
}

/// Compares a claimed Jacobian with extrapolated differences: row i holds the derivatives of output i.
public func checkGradient(
  of f: ([Double]) throws -> [Double], jacobian: ([Double]) throws -> [[Double]], at x: [Double],
  oneByOne limit: Int = 2000, file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  requirePoint(x, limit, file, line)
  return withoutActuallyEscaping(f) { f in
    let check = FunctionCheck(of: f, at: x, subject: "Jacobian", limit: limit)
    check.compare { point, check in matrix(try jacobian(point), check) }
    return check.report
  }
}

/// Compares a claimed gradient with f, and then a claimed Hessian with extrapolated differences of that gradient.
///
/// Differences of a gradient keep twice as many digits as second differences of f. Where the gradient is wrong, the report is the
/// gradient's.
public func checkGradient(
  of f: ([Double]) throws -> Double, gradient: ([Double]) throws -> [Double],
  hessian: ([Double]) throws -> [[Double]], at x: [Double], oneByOne limit: Int = 2000,
  file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  let first = checkGradient(of: f, gradient: gradient, at: x, oneByOne: limit, file: file, line: line)
  guard first.verdict != .disagree, first.problems.isEmpty else { return first }
  return withoutActuallyEscaping(gradient) { gradient in
    let check = FunctionCheck(of: gradient, at: x, subject: "Hessian", limit: limit)
    if first.verdict == .cannotTell {
      check.remark("The differences could not judge every entry of the gradient, with which the Hessian was compared.")
    }
    check.compare { point, check in
      guard let claim = matrix(try hessian(point), check) else { return nil }
      if point == x { asymmetry(of: claim).map(check.remark) }
      return claim
    }
    return check.report
  }
}

/// Compares a claimed vector-Jacobian product (x, v) ↦ Jᵀv, the backward mode, with extrapolated differences.
///
/// Its rows are asked for by unit vectors, and a random v shows whether it is linear.
public func checkGradient(
  of f: ([Double]) throws -> [Double], vjp: (_ x: [Double], _ v: [Double]) throws -> [Double], at x: [Double],
  oneByOne limit: Int = 2000, file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  requirePoint(x, limit, file, line)
  return withoutActuallyEscaping(f) { f in
    let check = FunctionCheck(of: f, at: x, subject: "vector-Jacobian product", limit: limit)
    check.compare { point, check in
      try rows(of: vjp, at: point, vectors: check.report.value.count, length: x.count, check)
    }
    return check.report
  }
}

/// Compares a claimed Jacobian-vector product (x, u) ↦ Ju, the forward mode, with extrapolated differences.
///
/// Its columns are asked for by unit vectors, and a random u shows whether it is linear.
public func checkGradient(
  of f: ([Double]) throws -> [Double], jvp: (_ x: [Double], _ u: [Double]) throws -> [Double], at x: [Double],
  oneByOne limit: Int = 2000, file: StaticString = #fileID, line: UInt = #line
) -> FunctionReport {
  requirePoint(x, limit, file, line)
  return withoutActuallyEscaping(f) { f in
    let check = FunctionCheck(of: f, at: x, subject: "Jacobian-vector product", limit: limit)
    check.compare { point, check in
      let outputs = check.report.value.count
      guard let columns = try rows(of: jvp, at: point, vectors: x.count, length: outputs, check) else { return nil }
      return (0..<outputs).map { i in columns.map { $0[i] } }
    }
    return check.report
  }
}

/// Compares a claimed derivative of a function that runs elsewhere with extrapolated differences.
package func checkDerivative(
  of f: @escaping ([Double]) throws -> [Double], _ claim: FunctionClaim, at x: [Double], oneByOne limit: Int = 2000,
  _ setting: FunctionSetting
) -> FunctionReport {
  let check = FunctionCheck(of: f, at: x, subject: claim.subject, limit: limit, setting)
  check.compare { point, check in
    let outputs = check.report.value.count
    switch claim {
    case .gradient(let gradient): return matrix([try gradient(point)], check)
    case .jacobian(let jacobian): return matrix(try jacobian(point), check)
    case .vjp(let product): return try rows(of: product, at: point, vectors: outputs, length: x.count, check)
    case .jvp(let product):
      let columns = try rows(of: product, at: point, vectors: x.count, length: outputs, check)
      return columns.map { columns in (0..<outputs).map { i in columns.map { $0[i] } } }
    }
  }
  return check.report
}

private func requirePoint(_ x: [Double], _ limit: Int, _ file: StaticString, _ line: UInt) {
  if x.isEmpty { fatalError("checkGradient: x is empty; give at least one coordinate", file: file, line: line) }
  if limit < 1 {
    fatalError("checkGradient: oneByOne is \(limit); it must be at least 1", file: file, line: line)
  }
}

/// The claim, where it has a row for each output and a column for each coordinate.
private func matrix(_ claim: [[Double]], _ check: FunctionCheck) -> [[Double]]? {
  let (rows, columns) = (check.report.size[0], check.report.size[1])
  if claim.count == rows, claim.allSatisfy({ $0.count == columns }) { return claim }
  let lengths = Set(claim.map(\.count)).sorted()
  let found =
    lengths.count == 1 ? "\(claim.count) × \(lengths[0])" : "of \(claim.count) rows of lengths \(lengths.prefix(4))"
  check.refute(
    "The \(check.report.subject) is \(found); \(rows) outputs of \(columns) coordinates ask for \(rows) × \(columns).",
    hypothesis: claim.count == columns && lengths == [rows] ? "It has the shape of its transpose" : nil)
  return nil
}

private func asymmetry(of matrix: [[Double]]) -> String? {
  for i in matrix.indices {
    for j in 0..<i where abs(matrix[i][j] - matrix[j][i]) > 1e-9 * max(abs(matrix[i][j]), abs(matrix[j][i])) {
      return "The Hessian is not symmetric: [\(j), \(i)] holds \(matrix[j][i]) and [\(i), \(j)] holds \(matrix[i][j])."
    }
  }
  return nil
}

/// The products with each unit vector; `nil` where the product has another length or is not linear.
private func rows(
  of product: ([Double], [Double]) throws -> [Double], at x: [Double], vectors: Int, length: Int,
  _ check: FunctionCheck
) throws -> [[Double]]? {
  func times(_ vector: [Double]) throws -> [Double]? {
    let result = try product(x, vector)
    if result.count == length { return result }
    check.refute(
      "The \(check.report.subject) has \(result.count) entries for a vector of \(vectors); it must have \(length).")
    return nil
  }
  var rows: [[Double]] = []
  for i in 0..<vectors {
    var unit = [Double](repeating: 0, count: vectors)
    unit[i] = 1
    guard let row = try times(unit) else { return nil }
    rows.append(row)
  }
  var generator = Generator(seed: 1)
  let vector = (0..<vectors).map { _ in generator.uniform(0.5, 1) * (generator.next() & 1 == 0 ? 1 : -1) }
  guard let combined = try times(vector) else { return nil }
  for j in 0..<length {
    var (sum, size) = (0.0, 0.0)
    for i in 0..<vectors {
      sum += vector[i] * rows[i][j]
      size += abs(vector[i] * rows[i][j])
    }
    // A product in `Float` is linear to that.
    let share = check.isSingle || (combined + rows.joined()).areSingle ? 0x1p-18 : 1e-9
    // What cancels within the product leaves the rounding of its largest numbers.
    let rounding = 0x1p-48 * (rows.joined().lazy.map { abs($0) }.max() ?? 0)
    guard sum.isFinite, !(abs(sum - combined[j]) <= share * max(size, abs(combined[j])) + rounding) else { continue }
    check.refute(
      "With a random vector, entry \(j) is \(combined[j]); the same combination of unit vectors gives \(sum).",
      hypothesis: "The product is not linear in its vector")
    return nil
  }
  return rows
}
