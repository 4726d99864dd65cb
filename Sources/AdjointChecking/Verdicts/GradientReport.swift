import Adjoint
import Foundation

/// Everything that a check of a gradient found. `description` is a table for people, `json` the same for machines.
///
/// In a test: `#expect(report.agrees, "\(report)")`.
public struct GradientReport: Sendable, Encodable {
  /// A name for what was checked.
  package let subject: String
  /// The comparisons that were made, one for each oracle and order.
  public internal(set) var judgments: [Judgment] = []
  /// The faults, each with the node that is convicted.
  public internal(set) var findings: [Finding] = []
  package internal(set) var singularities: [Singularity] = []
  /// Operations of the recording whose rules passed the node-by-node check, when it was made.
  package internal(set) var verifiedOperations = 0
  /// Coordinates compared one by one, in a full check.
  public internal(set) var coordinates = 0
  /// The error of differences against the step, for a chart.
  public internal(set) var uCurve: UCurve?
  package let seed: UInt64
  package internal(set) var seconds = 0.0

  init(subject: String, seed: UInt64) {
    (self.subject, self.seed) = (subject, seed)
  }

  /// The verdict of all comparisons together; nothing judged is nothing proved.
  public var verdict: Verdict {
    if !findings.isEmpty { return .disagree }
    return .combined(judgments.map(\.verdict))
  }
  /// True when the gradient agrees with every oracle that could tell.
  public var agrees: Bool { verdict == .agree }
  /// 0 when it agrees, 1 when it disagrees, 2 when it cannot tell.
  public var exitCode: Int32 { verdict == .agree ? 0 : verdict == .disagree ? 1 : 2 }

  /// The largest difference in units of its bound, by oracle.
  package func worst(_ oracle: Oracle) -> Double? {
    judgments.filter { $0.oracle == oracle && $0.verdict != .cannotTell }.map(\.severity).max()
  }

  /// The same as JSON, keys sorted.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension GradientReport: CustomStringConvertible {
  public var description: String { table(colored: false) }

  /// An aligned table of the judgments and the findings; colours only where asked for.
  package func table(colored: Bool) -> String {
    func paint(_ verdict: Verdict) -> String {
      guard colored else { return verdict.text }
      let code = verdict == .agree ? "32" : verdict == .disagree ? "31;1" : "33"
      return "\u{1B}[\(code)m\(verdict.text)\u{1B}[0m"
    }
    var lines = ["\(subject): \(paint(verdict))"]
    let rows = judgments.map { judgment in
      [
        "\(judgment.oracle)", "order \(judgment.order)", judgment.verdict.text, "found \(judgment.found)",
        "expected \(judgment.expected)", "bound \(short(judgment.bound))", judgment.remark,
      ]
    }
    let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
      lines.append("  " + cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
    }
    lines += singularities.map { "  " + $0.text }
    for finding in findings { lines.append("  wrong: " + finding.text) }
    // A number says nothing without a listing.
    if lines.dropFirst().contains(where: { $0.contains("%") }) {
      lines.append("  print(y.tape) lists the nodes %n, for any variable y on the tape.")
    }
    if !findings.isEmpty { lines.append("  \(verifiedOperations) other operations verified.") }
    if judgments.isEmpty { lines.append("  nothing was checked") }
    if coordinates > 0 { lines.append("  \(coordinates) coordinates compared one by one.") }
    return lines.joined(separator: "\n")
  }
}
