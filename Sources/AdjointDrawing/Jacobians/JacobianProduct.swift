import Adjoint

extension LocalJacobian {
  /// A·B with the structure that survives. A product with zero is zero, I leaves the other as it is, and multiples of I
  /// and diagonals give such again. Any other product is dense.
  package func multiplied(by b: LocalJacobian) -> LocalJacobian {
    guard columns == b.rows else {
      fatalError("LocalJacobian: [\(rows)×\(columns)]·[\(b.rows)×\(b.columns)] does not conform")
    }
    func product(_ structure: Structure) -> LocalJacobian {
      LocalJacobian(rows: rows, columns: b.columns, structure: structure)
    }
    switch (structure, b.structure) {
    case (.zero, _), (_, .zero): return product(.zero)
    case (.scaledIdentity(1), let other), (let other, .scaledIdentity(1)): return product(other)
    case (.scaledIdentity(let s), .scaledIdentity(let t)): return product(.scaledIdentity(s * t))
    case (.scaledIdentity(let s), .diagonal(let d)), (.diagonal(let d), .scaledIdentity(let s)):
      return product(.diagonal(d.map { s * $0 }))
    case (.diagonal(let d), .diagonal(let e)): return product(.diagonal(zip(d, e).map { $0 * $1 }))
    case (_, _): return product(.dense(denseProduct(b)))
    }
  }

  private func denseProduct(_ b: LocalJacobian) -> [Double] {
    let right = b.entriesByRow
    let width = b.columns
    var entries = [Double](repeating: 0, count: rows * width)
    forEachEntry { row, k, value in
      for (column, other) in right[k] { entries[row * width + column] += value * other }
    }
    return entries
  }

  /// The entries of each row, as (column, value).
  var entriesByRow: [[(column: Int, value: Double)]] {
    var result = [[(column: Int, value: Double)]](repeating: [], count: rows)
    forEachEntry { row, column, value in result[row].append((column, value)) }
    return result
  }

  /// A + B for matrices of one size.
  func adding(_ b: LocalJacobian) -> LocalJacobian {
    var entries = dense.elements
    b.forEachEntry { row, column, value in entries[row * columns + column] += value }
    return LocalJacobian(rows: rows, columns: columns, structure: .dense(entries))
  }

  /// True for a multiple of I, 1·I included.
  var isScaledIdentity: Bool {
    if case .scaledIdentity = structure { return true }
    return false
  }
  var isIdentity: Bool {
    if case .scaledIdentity(let c) = structure { return c == 1 }
    return false
  }
  var isDiagonal: Bool {
    if case .diagonal = structure { return true }
    return isScaledIdentity
  }
  var isZero: Bool {
    if case .zero = structure { return true }
    return false
  }
}
