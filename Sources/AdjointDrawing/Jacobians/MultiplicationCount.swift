import Adjoint

extension JacobianChain {
  /// The order in which a product of matrices is multiplied out.
  public enum Association: Sendable, CaseIterable {
    /// ((A·B)·C)·D, vector times matrix at every step when A is a row: reverse mode.
    case leftToRight
    /// A·(B·(C·D)), matrix times matrix but for the last step: forward mode.
    case rightToLeft
  }

  /// The number of multiplications of numbers that the chain takes.
  ///
  /// - Parameters:
  ///   - order: the order of the products.
  ///   - outputs: the number of rows of the first factor; that of L when left out.
  ///   - usingStructure: true to skip entries that cannot differ from 0, and products with I; otherwise every matrix
  ///     counts as dense, m·k·n multiplications for [m×k]·[k×n].
  public func multiplications(_ order: Association, outputs: Int? = nil, usingStructure: Bool = false) -> Int {
    guard factors.count > 1 else { return 0 }
    let outputs = outputs ?? factors[0].jacobian.rows
    let rest = factors.dropFirst().map(\.jacobian)
    switch order {
    case .leftToRight:
      return outputs * rest.reduce(0) { $0 + cost(of: $1, usingStructure) }
    case .rightToLeft:
      var total = 0
      let last = rest[rest.count - 1]
      var right = Pattern(last, isDense: !usingStructure)
      for left in rest.dropLast().reversed() {
        total += right.multiplications(from: left, usingStructure)
        right = right.product(from: left, usingStructure)
      }
      return total + outputs * right.entryCount
    }
  }

  /// The smallest number of outputs for which right to left takes fewer multiplications than left to right, or `nil` when
  /// left to right never takes more. Both counts are straight lines in the number of outputs.
  public func reversal(usingStructure: Bool = false) -> Int? {
    func line(_ order: Association) -> (fixed: Int, perOutput: Int) {
      let (one, two) = (
        multiplications(order, outputs: 1, usingStructure: usingStructure),
        multiplications(order, outputs: 2, usingStructure: usingStructure)
      )
      return (2 * one - two, two - one)
    }
    let (left, right) = (line(.leftToRight), line(.rightToLeft))
    guard left.perOutput > right.perOutput else { return nil }
    return (right.fixed - left.fixed) / (left.perOutput - right.perOutput) + 1
  }

  /// The multiplications of a full row with this factor.
  private func cost(of factor: LocalJacobian, _ usingStructure: Bool) -> Int {
    usingStructure ? (factor.isIdentity ? 0 : factor.entryCount) : factor.rows * factor.columns
  }
}

/// The entries of a matrix that can differ from 0: for each row a set of columns, as bits.
private struct Pattern {
  private let columns: Int
  private var rows: [[UInt64]]
  private let isIdentity: Bool

  init(_ jacobian: LocalJacobian, isDense: Bool) {
    columns = jacobian.columns
    isIdentity = jacobian.isIdentity && !isDense
    let words = (columns + 63) / 64
    if isDense {
      var row = [UInt64](repeating: .max, count: words)
      if columns % 64 > 0 { row[words - 1] = 1 << UInt64(columns % 64) - 1 }
      rows = Array(repeating: row, count: jacobian.rows)
    } else {
      var sets = [[UInt64]](repeating: [UInt64](repeating: 0, count: words), count: jacobian.rows)
      jacobian.forEachEntry { row, column, _ in sets[row][column / 64] |= 1 << UInt64(column % 64) }
      rows = sets
    }
  }

  private init(columns: Int, rows: [[UInt64]]) { (self.columns, self.rows, isIdentity) = (columns, rows, false) }

  var entryCount: Int { rows.reduce(0) { $0 + Pattern.count($1) } }

  private static func count(_ row: [UInt64]) -> Int { row.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The number of multiplications in `left`·self.
  func multiplications(from left: LocalJacobian, _ usingStructure: Bool) -> Int {
    guard usingStructure else { return left.rows * left.columns * columns }
    if left.isIdentity { return 0 }
    if isIdentity { return 0 }
    let counts = rows.map(Pattern.count)
    var total = 0
    left.forEachEntry { _, k, _ in total += counts[k] }
    return total
  }

  /// The pattern of `left`·self.
  func product(from left: LocalJacobian, _ usingStructure: Bool) -> Pattern {
    var result = [[UInt64]](repeating: [UInt64](repeating: 0, count: (columns + 63) / 64), count: left.rows)
    if !usingStructure, let full = rows.first { return Pattern(columns: columns, rows: result.map { _ in full }) }
    left.forEachEntry { row, k, _ in
      for word in result[row].indices { result[row][word] |= rows[k][word] }
    }
    return Pattern(columns: columns, rows: result)
  }
}
