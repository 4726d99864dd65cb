import Adjoint
import AdjointCharts

extension LocalJacobian {
  /// A picture of the entries that can differ from 0, of at most `height` × `width` cells: `■` where a cell holds such
  /// an entry, `·` where it holds none. Larger matrices are divided into equal cells.
  package func pattern(height: Int = 10, width: Int = 40) -> String {
    let (lines, places) = (Swift.min(rows, height), Swift.min(columns, width))
    guard lines > 0, places > 0 else { return "(empty)" }
    var cells = [[Bool]](repeating: [Bool](repeating: false, count: places), count: lines)
    forEachEntry { row, column, _ in cells[row * lines / rows][column * places / columns] = true }
    return cells.map { line in line.map { $0 ? "■" : "·" }.joined() }.joined(separator: "\n")
  }

  /// The entries, with the middle of long rows and columns left out. `·` stands where the structure allows only 0.
  package func numbers(rows shownRows: Int = 4, columns shownColumns: Int = 6) -> String {
    let (lines, places) = (Elision(rows, showing: shownRows), Elision(columns, showing: shownColumns))
    var cells: [Int: [Int: String]] = [:]
    let (visible, visibleColumns) = (Set(lines.positions), Set(places.positions))
    forEachEntry { row, column, value in
      guard visible.contains(row), visibleColumns.contains(column) else { return }
      cells[row, default: [:]][column] = Text.number(value)
    }
    var table = lines.positions.map { row in
      places.inserting("…", into: places.positions.map { cells[row]?[$0] ?? "·" })
    }
    if lines.isElided { table.insert(table[0].map { _ in "⋮" }, at: lines.head) }
    return Text.aligned(table)
  }
}

extension JacobianChain: CustomStringConvertible {
  /// The chain with its names and dimensions on two lines.
  public var summary: String {
    let names = factors.map { "∂\(symbols[$0.y.index])/∂\(vec($0.x))" }
    return "∂\(symbols[output.index])/∂\(vec(variable)) = " + names.joined(separator: " · ") + "\n" + dimensions
  }

  /// Names and dimensions, then every factor with its structure, its parts, its pattern and its numbers, then the cost.
  public var description: String {
    var text = summary + "   (vec is row-major)\n"
    for factor in factors {
      let jacobian = factor.jacobian
      text += "\n∂\(symbols[factor.y.index])/∂\(vec(factor.x))  \(jacobian), "
      text += "\(Text.grouped(jacobian.entryCount)) of \(Text.grouped(jacobian.rows * jacobian.columns)) entries"
      text += factor.pathCount > 1 ? ", the sum over \(factor.pathCount) paths\n" : "\n"
      if factor.parts.count > 1 { text += "  merged: " + factor.parts.joined(separator: " · ") + "\n" }
      if jacobian.entryCount < jacobian.rows * jacobian.columns { text += Text.indented(jacobian.pattern()) + "\n" }
      text += Text.indented(jacobian.numbers()) + "\n"
    }
    return text + "\n" + cost
  }

  /// The number of multiplications in both orders, dense and with structure used, and the number of outputs at which
  /// the verdict reverses.
  public var cost: String {
    [false, true].map { usingStructure in
      let (left, right) = (
        multiplications(.leftToRight, usingStructure: usingStructure),
        multiplications(.rightToLeft, usingStructure: usingStructure)
      )
      let verdict =
        reversal(usingStructure: usingStructure).map { "right to left takes fewer from \(Text.grouped($0)) outputs on" }
        ?? "left to right takes no more for any number of outputs"
      return "multiplications, \(usingStructure ? "structure used" : "dense"): \(Text.grouped(left)) left to right, "
        + "\(Text.grouped(right)) right to left; \(verdict)"
    }.joined(separator: "\n")
  }

  private func vec(_ x: Variable<S>) -> String {
    x.shape.count { $0 > 1 } > 1 ? "vec(\(symbols[x.index]))" : symbols[x.index]
  }
}

/// The positions of a long list that are shown: some at the beginning, one at the end.
struct Elision {
  let positions: [Int]
  let head: Int
  let isElided: Bool

  init(_ count: Int, showing limit: Int) {
    isElided = count > limit
    head = isElided ? limit - 1 : count
    positions = isElided ? Array(0..<limit - 1) + [count - 1] : Array(0..<count)
  }

  func inserting(_ mark: String, into cells: [String]) -> [String] {
    isElided ? Array(cells[..<head]) + [mark] + Array(cells[head...]) : cells
  }
}

/// Numbers and tables in plain text.
enum Text {
  /// A number with at most four significant digits: `0.1234`, `−1`, `3.2e−05`.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == value.rounded(), value.magnitude < 1e6 { return "\(Int(value))".replacing("-", with: "−") }
    let exponent = decimalExponent(value)
    if exponent < -4 || exponent > 5 {
      let mantissa = rounded(value / power(exponent), digits: 3)
      return "\(mantissa)e\(exponent)".replacing("-", with: "−")
    }
    return "\(rounded(value, digits: 3 - exponent))".replacing("-", with: "−")
  }

  private static func decimalExponent(_ value: Double) -> Int {
    var (exponent, size) = (0, value.magnitude)
    while size >= 10 { (size, exponent) = (size / 10, exponent + 1) }
    while size < 1 { (size, exponent) = (size * 10, exponent - 1) }
    return exponent
  }

  private static func power(_ exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
  }

  private static func rounded(_ value: Double, digits: Int) -> Double {
    let scale = power(Swift.max(digits, 0))
    return (value * scale).rounded() / scale
  }

  /// A number with its digits in threes: `30,811,200`.
  static func grouped(_ number: Int) -> String {
    var (digits, result) = (Array(String(number.magnitude)), "")
    while digits.count > 3 {
      result = "," + String(digits.suffix(3)) + result
      digits.removeLast(3)
    }
    return (number < 0 ? "−" : "") + String(digits) + result
  }

  /// Rows of cells in columns, each aligned at the right.
  static func aligned(_ table: [[String]]) -> String {
    let widths = (table.first ?? []).indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      row.indices.map { String(repeating: " ", count: widths[$0] - row[$0].count) + row[$0] }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  static func indented(_ text: String, by width: Int = 2) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String(repeating: " ", count: width) + $0 }
      .joined(separator: "\n")
  }
}

extension JacobianChain.Factor: CustomStringConvertible {
  /// The matrix, and between which nodes it stands.
  public var description: String {
    "∂\(y.tape.describe(y.index))/∂\(x.tape.describe(x.index)): \(jacobian)"
  }
}
