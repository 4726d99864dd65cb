import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import Foundation

/// `adjoint check --arrays`: claimed slopes beside values of a function along lines.
struct ArraysCheck {
  private let path: String
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(CommandError) {
    path = try arguments.required("arrays")
    printsJSON = arguments.isGiven("json")
  }

  func run(_ console: Console) throws -> Int32 {
    let lines = try SlopeTable(FilePlace.url(path)).lines
    console.field("table", path)
    console.field(
      "lines",
      lines.prefix(8).map { "\($0.name) (\($0.points.count))" }.joined(separator: ", ") + (lines.count > 8 ? ", …" : "")
    )
    console.line()
    let report = checkSlopes(of: lines)
    console.line("\(report)")
    if printsJSON { console.line(report.json) }
    return report.exitCode
  }
}

/// A table with the columns line, t, f and slope.
private struct SlopeTable {
  private(set) var lines: [TabulatedLine] = []

  /// The columns in the order in which a table without a header has them; one without lines begins with t.
  private static let columns = ["line", "t", "f", "slope"]
  private static let example = "numpy.savetxt(FILE, table, delimiter=',', header='line,t,f,slope', comments='')"

  private struct Row {
    let field: CSVField
    let t: Double
    let value: Written
    let slope: Written?
  }

  init(_ url: URL) throws(FileError) {
    let input = try InputFile(url, gzip: .system, pipeLimit: InputFile.memoryLimit)
    if let kind = FileKind.name(of: try input.prefix(FileKind.prefixLength)),
      kind.contains("npz") || kind.contains("npy")
    {
      throw FileError(
        .wrongFormat, file: input.path, at: .wholeFile, expected: "a table of text (CSV)", found: kind,
        remedy: "NumPy's own files are not read yet; write the table with \(SlopeTable.example).")
    }
    let table = try CSVTable(input, memoryLimit: InputFile.memoryLimit)
    let places = try SlopeTable.places(table, file: input.path)
    var (names, groups): ([String], [String: [Row]]) = ([], [:])
    try table.forEachRow { (fields, reader) throws(FileError) in
      let name = places["line"].map { reader.text(fields[$0]) } ?? ""
      guard let t = places["t"], let f = places["f"], let slope = places["slope"] else { return }
      let row = Row(
        field: fields[t], t: try SlopeTable.number(fields[t], reader, isFinite: true).value,
        value: try SlopeTable.number(fields[f], reader),
        slope: reader.text(fields[slope]).isEmpty ? nil : try SlopeTable.number(fields[slope], reader))
      if groups[name] == nil { names.append(name) }
      if groups[name]?.contains(where: { $0.t == row.t }) == true {
        throw reader.wrong(
          fields[t], expected: "each t once on a line", remedy: "Remove the row, or give another name to the line.")
      }
      groups[name, default: []].append(row)
    }
    let precision = (
      value: Precision(groups.values.joined().map(\.value)),
      slope: Precision(groups.values.joined().compactMap(\.slope))
    )
    lines = names.map { name in
      let points = (groups[name] ?? []).map { row in
        TabulatedLine.Point(
          t: row.t, value: row.value.value, slope: row.slope?.value,
          rounding: (precision.value.rounding(row.value), row.slope.map { precision.slope.rounding($0) } ?? 0))
      }
      return TabulatedLine(name: name.isEmpty ? "f" : "line \(printable(name))", points: points)
    }
  }

  /// The positions of the columns.
  private static func places(_ table: CSVTable, file: String) throws(FileError) -> [String: Int] {
    let names = table.header.map { $0.lowercased() }
    if names.isEmpty, table.width == 3 || table.width == 4 {
      return Dictionary(uniqueKeysWithValues: columns.suffix(table.width).enumerated().map { ($1, $0) })
    }
    var places: [String: Int] = [:]
    for (position, name) in names.enumerated() where columns.contains(name) { places[name] = position }
    guard let missing = columns.dropFirst().first(where: { places[$0] == nil }) else { return places }
    throw FileError(
      .mismatch, file: file, at: .line(1, column: 1),
      expected: "the columns line, t, f and slope, of which line may be left out",
      found: names.isEmpty
        ? "\(table.width) columns without names"
        : "none named \(quoted(missing)), but \(names.map { quoted($0) }.joined(separator: ", "))",
      remedy: "Name them in the first line, as \(example) does.")
  }

  private static func number(_ field: CSVField, _ reader: CSVReader, isFinite: Bool = false) throws(FileError)
    -> Written
  {
    if let number = Written(reader.text(field)), number.value.isFinite || !isFinite { return number }
    throw reader.wrong(
      field, expected: isFinite ? "a finite number" : "a number",
      remedy:
        "Correct the field; only slope may be empty, where none is claimed, and only f and slope may be nan or inf.")
  }
}

/// A number with the digits in which it was written.
private struct Written {
  let value: Double
  /// The digits from the first that is not 0.
  let digits: Int
  /// The power of ten of the last digit.
  let last: Int

  init?(_ text: String) {
    guard let value = Double(text) else { return nil }
    self.value = value
    let parts = text.lowercased().split(separator: "e", maxSplits: 1)
    let halves = (parts.first ?? "").split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = halves.count > 1 ? halves[1].count : 0
    digits = halves.joined().filter(\.isNumber).drop { $0 == "0" }.count
    last = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - decimals
  }
}

/// The precision in which a column is written: so many digits, or so many decimals.
private struct Precision {
  private let digits: Int
  private let last: Int

  init(_ column: some Collection<Written>) {
    digits = column.map(\.digits).max() ?? 17
    last = column.map(\.last).min() ?? -400
  }

  /// Half a unit of the last digit that the column has of this number; 0 where that is less than the number's own rounding.
  func rounding(_ number: Written) -> Double {
    guard digits < 16, number.value.isFinite, number.value != 0 else { return 0 }
    let first = Int(log10(abs(number.value)).rounded(.down))
    return 0.5 * pow(10, Double(max(last, first - digits + 1)))
  }
}
