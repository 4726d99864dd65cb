import Foundation

/// Two numbers rounded for a person who compares them: to the same place, with every digit in which they differ and two more.
package struct ComparedNumbers {
  package let found: String
  package let expected: String

  /// The fewest significant digits of the larger number.
  private static let fewest = 6
  /// The digits after which a Double holds nothing.
  private static let most = 17

  /// - Parameter agree: whether what they differ in is rounding, which is left out.
  package init(_ found: Double, _ expected: Double, agree: Bool) {
    let size = max(abs(found), abs(expected))
    guard found.isFinite, expected.isFinite, size > 0 else {
      (self.found, self.expected) = (ComparedNumbers.plain(found), ComparedNumbers.plain(expected))
      return
    }
    let apart = abs(found - expected) / size
    let telling = agree || !(apart > 0) ? 0 : Int(min(-log10(apart), 20).rounded(.up)) + 2
    let digits = min(max(telling, ComparedNumbers.fewest), ComparedNumbers.most)
    let exponent = Int(log10(size).rounded(.down))
    guard (-4..<7).contains(exponent) else {
      (self.found, self.expected) = (
        ComparedNumbers.scientific(found, digits), ComparedNumbers.scientific(expected, digits)
      )
      return
    }
    var decimals = max(digits - 1 - exponent, 0)
    let (a, b) = (String(format: "%.*f", decimals, found), String(format: "%.*f", decimals, expected))
    // Zeros at the end of both say nothing.
    var zeros = 0
    for (x, y) in zip(a.reversed(), b.reversed()) where zeros < decimals {
      guard x == "0", y == "0" else { break }
      zeros += 1
    }
    decimals -= zeros
    self.found = ComparedNumbers.fixed(found, decimals)
    self.expected = ComparedNumbers.fixed(expected, decimals)
  }

  /// Two texts as they are.
  init(verbatim found: String, _ expected: String) { (self.found, self.expected) = (found, expected) }

  private static func fixed(_ x: Double, _ decimals: Int) -> String {
    if x == 0 { return "0" }
    let text = String(format: "%.*f", decimals, x)
    // What would look like 0 and is not.
    return !text.contains(where: { ("1"..."9").contains($0) }) ? scientific(x, 3) : text
  }

  private static func scientific(_ x: Double, _ digits: Int) -> String {
    x == 0 ? "0" : String(format: "%.*e", digits - 1, x)
  }

  private static func plain(_ x: Double) -> String {
    x.isNaN ? "NaN" : x.isInfinite ? (x < 0 ? "-∞" : "∞") : x == 0 ? "0" : String(format: "%.6g", x)
  }
}

extension Double {
  /// Four significant digits at most, without zeros at the end.
  var plain: String { String(format: "%.4g", self) }

  /// A difference as a share of its bound, such as `0.02`; `6.5e+11` for what lies far beyond.
  package var inBounds: String {
    if isNaN { return "NaN" }
    if isInfinite { return "∞" }
    if self == 0 { return "0" }
    return self < 0.001 ? "<0.001" : String(format: self < 10 ? "%.2g" : self < 1000 ? "%.0f" : "%.1e", self)
  }
}

extension [String] {
  /// `a, b and c`.
  var listed: String {
    guard let last, count > 1 else { return first ?? "" }
    return dropLast().joined(separator: ", ") + " and " + last
  }
}

/// Rows of text in aligned columns, two spaces apart and two from the margin.
struct AlignedRows {
  private var rows: [[String]] = []
  /// The columns whose cells end, and do not begin, at one place.
  let trailing: Set<Int>

  init(trailing: Set<Int> = [], _ rows: [[String]] = []) { (self.trailing, self.rows) = (trailing, rows) }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  var lines: [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += "  " + (trailing.contains(column) ? space + cell : cell + space)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
