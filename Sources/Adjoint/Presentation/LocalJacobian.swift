/// The Jacobian ∂vec(y)/∂vec(xᵢ) of one recorded operation with respect to one of its inputs, J[r, c] = ∂y[r]/∂xᵢ[c],
/// in the form of its structure.
///
/// vec is **row-major**: row r is the r-th element of y, column c the c-th of xᵢ, in the order in which tensors are
/// stored. A structure is a claim about *which* entries can differ from 0. The entries themselves are exact, to the
/// rounding of `Double`.
public struct LocalJacobian: Sendable {
  /// The places where entries can differ from 0.
  package enum Structure: Sendable {
    /// No place: y does not depend on xᵢ differentiably.
    case zero
    /// c·I: a sum, a negation, a reshape, a product with a single number.
    case scaledIdentity(Double)
    /// An elementwise function: J·v is entries ⊙ v.
    case diagonal([Double])
    /// Each row r has at most one entry, at column `columns[r]` (−1: none): a permutation, a gather, a repetition.
    case oneEntryInEachRow(columns: [Int], entries: [Double])
    /// Each column c has at most one entry, at row `rows[c]` (−1: none): a sum, a mean, a maximum, a scatter.
    case oneEntryInEachColumn(rows: [Int], entries: [Double])
    /// A ⊗ I or I ⊗ A: a matrix product.
    case kronecker(Kronecker)
    /// Blocks of one size along the diagonal, each row-major: a function of every row of x.
    case blocks(count: Int, entries: [Double])
    /// Any entry, row-major.
    case dense([Double])
  }

  /// `factor` ⊗ I or I ⊗ `factor`.
  package struct Kronecker: Sendable {
    /// The matrix A.
    package let factor: Tensor<Double>
    /// The size of I.
    package let identity: Int
    /// True for I ⊗ A, A repeated along the diagonal; false for A ⊗ I, each entry of A times a small identity.
    package let identityIsLeft: Bool
    /// The shape of Y when the rows are in the order of vec(Yᵀ); `nil` when they are in that of vec(Y).
    package let transposed: Shape?
  }

  /// The number of rows: the elements of y.
  public let rows: Int
  /// The number of columns: the elements of x.
  public let columns: Int
  package let structure: Structure

  package init(rows: Int, columns: Int, structure: Structure) {
    (self.rows, self.columns, self.structure) = (rows, columns, structure)
  }

  /// Calls `body` with row, column and value of every entry that the structure allows to differ from 0.
  package func forEachEntry(_ body: (Int, Int, Double) -> Void) {
    switch structure {
    case .zero: break
    case .scaledIdentity(let c): for i in 0..<rows { body(i, i, c) }
    case .diagonal(let entries): for i in 0..<rows { body(i, i, entries[i]) }
    case .oneEntryInEachRow(let places, let entries):
      for row in 0..<rows where places[row] >= 0 { body(row, places[row], entries[row]) }
    case .oneEntryInEachColumn(let places, let entries):
      for column in 0..<columns where places[column] >= 0 { body(places[column], column, entries[column]) }
    case .kronecker(let product): product.forEachEntry(body)
    case .blocks(let count, let entries):
      let (height, width) = (rows / Swift.max(count, 1), columns / Swift.max(count, 1))
      for (position, entry) in entries.enumerated() {
        let (row, column) = (position / width, position % width)
        body(row, row / height * width + column, entry)
      }
    case .dense(let entries):
      for (position, entry) in entries.enumerated() { body(position / columns, position % columns, entry) }
    }
  }

  /// The number of entries that the structure allows to differ from 0.
  package var entryCount: Int {
    switch structure {
    case .zero: 0
    case .scaledIdentity, .diagonal: rows
    case .oneEntryInEachRow(let places, _), .oneEntryInEachColumn(let places, _): places.count { $0 >= 0 }
    case .kronecker(let product): product.factor.elements.count * product.identity
    case .blocks(_, let entries), .dense(let entries): entries.count
    }
  }

  /// All entries, row-major, zeros included: `rows` × `columns` numbers.
  public var dense: Tensor<Double> {
    var entries = [Double](repeating: 0, count: rows * columns)
    forEachEntry { row, column, value in entries[row * columns + column] = value }
    return Tensor(shape: [rows, columns], elements: entries)
  }

  /// J·v: the motion of y when xᵢ moves along v (a Jacobian-vector product).
  /// - Complexity: one multiplication for each entry that can differ from 0.
  public func times(_ v: [Double], file: StaticString = #fileID, line: UInt = #line) -> [Double] {
    guard v.count == columns else {
      fatalError("LocalJacobian: \(v.count) numbers for \(columns) columns", file: file, line: line)
    }
    var product = [Double](repeating: 0, count: rows)
    forEachEntry { row, column, value in product[row] += value * v[column] }
    return product
  }

  /// vᵀ·J: the contribution of a cotangent v of y to xᵢ, as a row (a vector-Jacobian product).
  public func leftTimes(_ v: [Double], file: StaticString = #fileID, line: UInt = #line) -> [Double] {
    guard v.count == rows else {
      fatalError("LocalJacobian: \(v.count) numbers for \(rows) rows", file: file, line: line)
    }
    var product = [Double](repeating: 0, count: columns)
    forEachEntry { row, column, value in product[column] += v[row] * value }
    return product
  }
}

extension LocalJacobian.Kronecker {
  func forEachEntry(_ body: (Int, Int, Double) -> Void) {
    let (height, width) = (factor.shape[0], factor.shape[1])
    for q in 0..<identity {
      for (position, value) in factor.elements.enumerated() {
        let (a, b) = (position / width, position % width)
        let row = identityIsLeft ? q * height + a : a * identity + q
        body(place(of: row), identityIsLeft ? q * width + b : b * identity + q, value)
      }
    }
  }

  /// The row of vec(Y) that holds a row of vec(Yᵀ).
  private func place(of row: Int) -> Int {
    guard let shape = transposed else { return row }
    return row % shape[0] * shape[1] + row / shape[0]
  }
}

extension LocalJacobian: CustomStringConvertible {
  /// Dimensions and structure, such as `[30×23520] I₃₀ ⊗ [1×784]`.
  public var description: String { "[\(rows)×\(columns)] \(structureText)" }

  /// The structure in words.
  package var structureText: String {
    switch structure {
    case .zero: return "zero"
    case .scaledIdentity(let c): return c == 1 ? "identity" : "scaled identity, \(Notation.number(c).text)·I"
    case .diagonal: return "diagonal"
    case .oneEntryInEachRow(let places, let entries):
      guard entries.allSatisfy({ $0 == 1 }) else { return "one entry in each row" }
      return rows == columns && Set(places) == Set(0..<columns) ? "permutation" : "one-hot rows"
    case .oneEntryInEachColumn(_, let entries):
      if rows == 1 { return entries.allSatisfy { $0 == entries.first } ? "a row of equal entries" : "a row" }
      return entries.allSatisfy { $0 == 1 } ? "one-hot columns" : "one entry in each column"
    case .kronecker(let product):
      let matrix = "[\(product.factor.shape[0])×\(product.factor.shape[1])]"
      let identity = "I" + Notation.lowered(product.identity)
      return (product.identityIsLeft ? "\(identity) ⊗ \(matrix)" : "\(matrix) ⊗ \(identity)")
        + (product.transposed == nil ? "" : ", rows in the order of the transposed result")
    case .blocks(let count, _):
      return "\(count) blocks of [\(rows / Swift.max(count, 1))×\(columns / Swift.max(count, 1))] along the diagonal"
    case .dense: return "dense"
    }
  }
}
