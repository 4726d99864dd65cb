import Adjoint
import Foundation

/// Everything that a check of a gradient found. `description` is for people, `json` the same for machines.
///
/// In a test: `#expect(report.agrees)`, which shows the report; in XCTest, `XCTAssert(report.agrees, "\(report)")`.
public struct GradientReport: Sendable {
  /// A name for what was checked.
  package let subject: String
  /// The comparisons that were made, one for each oracle and order.
  public internal(set) var judgments: [Judgment] = []
  /// The faults, each with the node that is convicted.
  public internal(set) var findings: [Finding] = []
  package internal(set) var singularities: [Singularity] = []
  /// Operations of the recording whose rules passed the node-by-node check, when it was made.
  package internal(set) var verifiedOperations = 0
  /// Operations of the recording that were judged by themselves.
  package internal(set) var certifiedOperations = 0
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
}

// MARK: For people

extension GradientReport: CustomStringConvertible {
  /// The findings that are told in full, and the places beside that of the sentence; of more findings, a line each.
  private static let toldInFull = 3

  /// A sentence of verdict, then each fault, then the evidence.
  public var description: String { text() }

  /// The words of this report, explained.
  public var legend: String { Legend(judgments.map(\.oracle), of: description).text }

  /// The description; the verdicts in colours where asked for.
  /// - Parameter opening: words in front of the sentence of verdict.
  package func text(behind opening: String = "", colored: Bool = false) -> String {
    let sentence = opening.isEmpty ? summary : opening + summary.prefix(1).lowercased() + summary.dropFirst()
    var lines = [verdict.painted(sentence, if: colored)]
    for finding in findings.prefix(GradientReport.toldInFull) { lines += [""] + finding.lines }
    lines += findings.dropFirst(GradientReport.toldInFull).map { "  also \($0.text)" }
    if !findings.isEmpty, verifiedOperations > 0 {
      lines.append("  \(counted(verifiedOperations, "other operation")) checked at the same values: no fault.")
    }
    // The first is in the sentence.
    let places = singularities.dropFirst(verdict == .cannotTell ? 1 : 0)
    lines += places.prefix(GradientReport.toldInFull).map { "  also \($0.text)" }
    let untold = places.count - GradientReport.toldInFull
    if untold > 0 { lines.append("  and \(counted(untold, "more such place"))") }
    let evidence = Evidence(judgments).lines { $0.painted($0.text, if: colored) }
    if !evidence.isEmpty { lines += [""] + evidence }
    // A number says nothing without a listing.
    if verdict != .agree, lines.contains(where: { $0.contains("%") }) {
      lines += ["", "  print(y.tape) lists the nodes %n, for any variable y on the tape."]
    }
    return lines.joined(separator: "\n")
  }

  /// The verdict in one sentence: the operation at fault and what is wrong with it, or what was tried, or why nothing can be told.
  public var summary: String {
    switch verdict {
    case .agree: "The gradient of \(subject) agrees: \(reason)."
    case .disagree: "The gradient of \(subject) is wrong: \(reason)."
    case .cannotTell: "Cannot tell whether the gradient of \(subject) is right: \(reason)."
    }
  }

  private var reason: String {
    switch verdict {
    case .agree: tried
    case .disagree: fault
    case .cannotTell: doubt
    }
  }

  /// The clause behind the verdict on an operation by itself, whose place does not matter.
  func reason(_ verdict: Verdict, inOperation name: String) -> String {
    guard verdict == .disagree else { return doubt }
    return findings.first { $0.operation == name }.map { $0.clause(at: name) } ?? fault
  }

  private var tried: String {
    let directions = judgments.count { $0.oracle == .dual && $0.order == 1 && !$0.remark.hasPrefix("worst") }
    let orders = judgments.contains { $0.order == 2 } ? ", at orders 1 and 2" : ""
    let what =
      (certifiedOperations > 0 ? [counted(certifiedOperations, "operation") + " one by one"] : [])
      + (directions > 0 ? [counted(directions, "random direction")] : [])
      + (coordinates > 0 ? [counted(coordinates, "coordinate")] : [])
    return what.isEmpty ? "judged by " + Set(judgments.map(\.oracle.words.name)).sorted().listed : what.listed + orders
  }

  private var fault: String {
    if let first = findings.first {
      let others = findings.count - 1
      return first.clause + (others > 0 ? ", and \(counted(others, "more fault"))" : "")
    }
    let judges = judgments.filter { $0.verdict == .disagree }.map(\.oracle.words.name)
    return "\(Array(Set(judges)).sorted().listed) contradict the rules, and no operation could be singled out"
  }

  private var doubt: String {
    if let first = singularities.first { return first.text }
    guard let judgment = judgments.first(where: { $0.verdict == .cannotTell }) else { return "nothing was compared" }
    return judgment.remark.isEmpty ? "\(judgment.oracle.words.name) could not decide" : judgment.remark
  }
}

extension Verdict {
  /// A text in the colour of this verdict, or as it is.
  package func painted(_ text: String, if colored: Bool) -> String {
    guard colored else { return text }
    let code =
      switch self {
      case .agree: "32"
      case .disagree: "31;1"
      case .cannotTell: "33"
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}

// MARK: For machines

extension GradientReport: Encodable {
  private enum CodingKeys: String, CodingKey {
    case subject, verdict, summary, judgments, findings, singularities, verifiedOperations, certifiedOperations
    case coordinates, uCurve, seed, seconds
  }

  /// Encodes the verdict and all that it rests on.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(subject, forKey: .subject)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(summary, forKey: .summary)
    try container.encode(judgments, forKey: .judgments)
    try container.encode(findings, forKey: .findings)
    try container.encode(singularities, forKey: .singularities)
    try container.encode(verifiedOperations, forKey: .verifiedOperations)
    try container.encode(certifiedOperations, forKey: .certifiedOperations)
    try container.encode(coordinates, forKey: .coordinates)
    try container.encodeIfPresent(uCurve, forKey: .uCurve)
    try container.encode(seed, forKey: .seed)
    try container.encode(seconds, forKey: .seconds)
  }

  /// The same as JSON, keys sorted.
  public var json: String { sortedJSON }
}

extension Encodable {
  /// This report as JSON, keys sorted; ∞ and NaN are texts.
  var sortedJSON: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
