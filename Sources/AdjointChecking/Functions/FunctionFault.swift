import Adjoint

/// The look of wrong entries of a matrix of derivatives: the first pattern that explains every one of them.
struct FunctionFault {
  private let entries: [FunctionReport.Entry]
  private let wrong: [FunctionReport.Entry]
  private let rows: Int
  private let columns: Int
  private let inputs: [FunctionInput]
  /// True where the entries are those of one input alone.
  private let isPart: Bool
  /// The entries by row · columns + column.
  private let places: [Int: FunctionReport.Entry]

  init(_ report: FunctionReport) {
    self.init(
      report.entries, rows: report.size[0], columns: report.size[1], inputs: report.inputs, isPart: false,
      place: { $0.row * report.size[1] + $0.column })
  }

  /// The part of a gradient that belongs to one input, as a matrix of the shape of that input.
  private init(_ entries: [FunctionReport.Entry], of input: FunctionInput) {
    let part = entries.filter { input.range.contains($0.column) }
    let columns = input.shape.last ?? 1
    self.init(
      part, rows: input.range.count / max(columns, 1), columns: columns, inputs: [input], isPart: true,
      place: { $0.column - input.range.lowerBound })
  }

  private init(
    _ entries: [FunctionReport.Entry], rows: Int, columns: Int, inputs: [FunctionInput], isPart: Bool,
    place: (FunctionReport.Entry) -> Int
  ) {
    (self.entries, self.rows, self.columns, self.inputs, self.isPart) = (entries, rows, columns, inputs, isPart)
    wrong = entries.filter { $0.verdict == .disagree }
    places = [Int: FunctionReport.Entry](uniqueKeysWithValues: entries.map { (place($0), $0) })
  }

  /// A clause for people.
  var hypothesis: String? {
    guard !wrong.isEmpty, wrong.allSatisfy(\.found.isFinite) else { return nil }
    return ratio ?? commonFactor ?? matrix ?? byInput ?? permutation
  }

  /// A clause for each input of a gradient in which entries are wrong; `nil` where one of them looks like nothing known.
  private var byInput: String? {
    guard rows == 1, !isPart else { return nil }
    var clauses: [String] = []
    for input in inputs where wrong.contains(where: { input.range.contains($0.column) }) {
      let other = inputs.first { $0 != input && $0.range.count == input.range.count && holds(input, $0) }
      let clause =
        other.map { "holds the gradient of \($0.name)" } ?? FunctionFault(entries, of: input).hypothesis
      guard let clause else { return nil }
      clauses.append("\(input.name)\(other == nil ? ":" : "") \(clause)")
    }
    return clauses.isEmpty ? nil : clauses.joined(separator: "; ")
  }

  /// Tells whether one input's entries are those that another one should have.
  private func holds(_ here: FunctionInput, _ there: FunctionInput) -> Bool {
    isExchanged(here.range.indices.map { ($0, there.range.lowerBound + $0 - here.range.lowerBound) })
  }

  private func fits(
    _ found: Double, _ expected: Double, _ entry: FunctionReport.Entry, _ factor: Double = 1
  ) -> Bool {
    abs(found - expected) <= 1e-6 * max(abs(found), abs(expected)) + 10 * entry.error * max(1, abs(factor))
  }

  /// Tells whether each wrong entry is that many times the right one.
  private func isScaled(by factor: Double) -> Bool {
    wrong.allSatisfy { fits($0.found, factor * $0.expected, $0, factor) }
  }

  /// A factor with a name.
  private var ratio: String? {
    // Where 0 is right, no factor shows.
    let isWhole = entries.allSatisfy { $0.verdict == .disagree || $0.found == 0 && abs($0.expected) <= 10 * $0.error }
    let those = isWhole && wrong.count > 1 && entries.count == rows * columns ? "everywhere" : "there"
    if wrong.allSatisfy({ $0.found == 0 }) { return wrong.count == 1 ? "an entry was dropped" : "entries were dropped" }
    if isScaled(by: -1) { return "the sign is wrong \(those)" }
    // With two coordinates a mean and a half look alike.
    if isScaled(by: 2) {
      return "too large by the factor 2 \(those)" + (rows * columns == 2 ? " (½ or 1/N is missing)" : "")
    }
    if isScaled(by: 0.5) { return "too small by the factor ½ \(those)" }
    for n in Set([rows, columns, rows * columns]).sorted() where n > 2 {
      if isScaled(by: Double(n)) { return "a factor 1/N is missing \(those) (N = \(n))" }
      if isScaled(by: 1 / Double(n)) { return "a factor 1/N is doubled or does not belong \(those) (N = \(n))" }
    }
    return nil
  }

  /// One factor without a name for several entries.
  private var commonFactor: String? {
    // The entry that is known best tells the factor best.
    let best = wrong.min { $0.error * abs($1.expected) < $1.error * abs($0.expected) }
    guard wrong.count > 1, let best else { return nil }
    let factor = best.found / best.expected
    guard factor.isFinite, isScaled(by: factor) else { return nil }
    // The number of examples, or of whatever else a mean is taken over, is the function's own.
    let whole = (abs(factor) < 1 ? 1 / factor : factor).rounded()
    if (3...1e9).contains(whole), isScaled(by: whole) { return "all are \(Int(whole)) times too large, as without 1/N" }
    if (3...1e9).contains(whole), isScaled(by: 1 / whole) {
      return "all are \(Int(whole)) times too small, as with 1/N twice"
    }
    if abs(factor - 1) < 0.01 {
      return "all are \(short(abs(factor - 1))) of their size too \(factor > 1 ? "large" : "small")"
    }
    return "all are scaled by the factor \(short(factor))"
  }

  private func isExchanged(_ pairs: [(Int, Int)]) -> Bool {
    !pairs.isEmpty
      && pairs.allSatisfy { here, there in
        guard let found = places[here], let expected = places[there] else { return false }
        return fits(found.found, expected.expected, expected)
      }
  }

  /// A pattern of a matrix: transposed, or one row or column in place of another.
  private var matrix: String? {
    guard rows > 1, columns > 1 else { return nil }
    let wrong = places.filter { $0.value.verdict == .disagree }.map(\.key)
    // Element (i, j) of the transpose stands where a matrix of this shape has another one, unless both are square.
    if isExchanged(wrong.map { ($0, $0 % rows * columns + $0 / rows) }) { return "it is transposed" }
    let text = line("row", count: rows, of: wrong.map { $0 / columns }, length: columns) { $0 * columns + $1 }
    return text ?? line("column", count: columns, of: wrong.map { $0 % columns }, length: rows) { $1 * columns + $0 }
  }

  /// The line whose expected entries stand in each wrong line.
  private func line(
    _ word: String, count: Int, of wrong: [Int], length: Int, place: (Int, Int) -> Int
  ) -> String? {
    var moves: [String] = []
    for here in Set(wrong).sorted() {
      let source = (0..<count).first { there in
        there != here && isExchanged((0..<length).map { (place(here, $0), place(there, $0)) })
      }
      guard let source else { return nil }
      moves.append("\(word) \(here) holds \(word) \(source)")
    }
    return moves.prefix(4).joined(separator: ", ") + (moves.count > 4 ? ", …" : "")
  }

  /// The wrong entries are the right ones in another order.
  private var permutation: String? {
    guard (2...1000).contains(wrong.count) else { return nil }
    var rest = wrong.sorted { $0.expected < $1.expected }
    for entry in wrong.sorted(by: { $0.found < $1.found }) {
      guard let match = rest.firstIndex(where: { fits(entry.found, $0.expected, $0) }) else { return nil }
      rest.remove(at: match)
    }
    if wrong.count > 2 { return "the \(wrong.count) wrong entries are permuted" }
    func place(_ entry: FunctionReport.Entry) -> String {
      if let input = inputs.first(where: { $0.range.contains(entry.column) }) { return input.element(entry.column) }
      return rows == 1 ? "\(entry.column)" : "[\(entry.row), \(entry.column)]"
    }
    return "entries \(place(wrong[0])) and \(place(wrong[1])) are exchanged"
  }
}
