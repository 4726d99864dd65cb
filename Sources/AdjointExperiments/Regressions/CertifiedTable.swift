import AdjointFiles
import Foundation

/// A data set of NIST for nonlinear regression: observations, two starting points, and the certified answer.
///
/// The head of a file names the lines of its parts; they are read from there, and each number must be one.
///
/// Source: NIST/ITL Statistical Reference Datasets, https://www.itl.nist.gov/div898/strd.
package struct CertifiedTable: Sendable {
  /// The first and the second start.
  package let starts: [[Double]]
  /// The certified parameters, to 11 digits.
  package let parameters: [Double]
  /// The certified residual sum of squares.
  package let squares: Double
  /// The columns of the data: the response, then one or two predictors.
  package let columns: [[Double]]

  /// Reads `name.dat` of a folder.
  /// - Throws: `FileError` with the line that cannot be read.
  package init(_ name: String, in folder: URL) throws {
    let file = folder.appendingPathComponent(name + ".dat")
    let bytes = try InputFile(file).contents(atMost: 1 << 20)
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let text = Lines(file: file.path, lines: lines.map(String.init))
    let certified = try text.range("Certified Values")
    let data = try text.range("Data ")
    let starting = try text.range("Starting Values")

    let rows = try starting.map { line in try text.numbers(line, after: "=", count: 4) }
    (starts, parameters) = ((0..<2).map { start in rows.map { $0[start] } }, rows.map { $0[2] })
    let sum = try text.line(holding: "Residual Sum of Squares:", in: certified)
    squares = try text.numbers(sum, after: ":", count: 1)[0]
    let counted = try text.line(holding: "Number of Observations:", in: certified.lowerBound..<data.lowerBound)
    let count = try text.numbers(counted, after: ":", count: 1)[0]
    guard count == Double(data.count) else {
      throw text.error(
        counted, expected: "\(data.count), the count of lines of data", found: quoted(text.lines[counted]))
    }
    let width = text.lines[data.lowerBound].split(separator: " ").count
    let points = try data.map { line in try text.numbers(line, after: nil, count: min(max(width, 2), 3)) }
    columns = points[0].indices.map { column in points.map { $0[column] } }
    if let rest = text.lines[data.upperBound...].firstIndex(where: { !$0.allSatisfy(\.isWhitespace) }) {
      throw text.error(rest, expected: "the end of the data", found: quoted(text.lines[rest]))
    }
  }
}

/// The lines of a file, counted from 0 here and from 1 in errors.
private struct Lines {
  let file: String
  let lines: [String]

  func error(_ line: Int, expected: String, found: String) -> FileError {
    FileError(
      .wrongFormat, file: file, at: .line(line + 1, column: 1), expected: expected, found: found,
      remedy: "Get the file again from its source.")
  }

  /// The lines that the head announces, as in `Data   (lines 61 to 74)`.
  func range(_ title: String) throws -> Range<Int> {
    let head = lines.prefix(10)
    guard let place = head.firstIndex(where: { $0.lowercased().contains(title.lowercased()) && $0.contains("(lines") }),
      let numbers = lines[place].firstMatch(of: /\(lines\s+([0-9]{1,6})\s+to\s+([0-9]{1,6})\)/),
      let first = Int(numbers.1), let last = Int(numbers.2), first >= 1, first <= last
    else {
      throw error(
        0, expected: "'\(title.trimmingCharacters(in: .whitespaces)) (lines … to …)' among the first 10 lines",
        found: "none")
    }
    guard last <= lines.count else {
      throw error(lines.count - 1, expected: "\(last) lines, as line \(place + 1) says", found: "\(lines.count)")
    }
    return first - 1..<last
  }

  func line(holding title: String, in range: Range<Int>) throws -> Int {
    guard let found = range.first(where: { lines[$0].contains(title) }) else {
      throw error(range.lowerBound, expected: "'\(title)' up to line \(range.upperBound)", found: "none")
    }
    return found
  }

  /// The numbers of a line, all of them finite.
  func numbers(_ line: Int, after mark: Character?, count: Int) throws -> [Double] {
    var text = lines[line][...]
    if let mark {
      guard let place = text.firstIndex(of: mark) else {
        throw error(
          line, expected: "'\(mark)' before \(count == 1 ? "a number" : "\(count) numbers")", found: quoted(lines[line])
        )
      }
      text = text[text.index(after: place)...]
    }
    let values = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard values.count == count, values.allSatisfy({ $0?.isFinite == true }) else {
      throw error(line, expected: count == 1 ? "a number" : "\(count) numbers", found: quoted(lines[line]))
    }
    return values.compactMap(\.self)
  }
}
