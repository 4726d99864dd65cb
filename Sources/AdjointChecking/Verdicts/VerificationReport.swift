import Adjoint
import Foundation

/// The largest difference that an oracle saw.
package struct WorstDifference: Sendable, Hashable {
  /// |found − expected|
  package private(set) var absolute = 0.0
  /// The same as a share of the bound: above 1 is a contradiction.
  package private(set) var inBounds = 0.0

  mutating func include(absolute: Double, inBounds: Double) {
    self.absolute = max(self.absolute, absolute)
    self.inBounds = max(self.inBounds, inBounds)
  }
}

/// Checks of one operation that did not agree and say the same.
package struct Complaint: Sendable {
  package let verdict: Verdict
  /// A clause, such as `in the rule of tanh (%1), the sign is wrong`.
  package let text: String
  /// The fault behind the first of them, where one was found.
  package let finding: Finding?
  /// The checks, by what was drawn and looked at.
  package fileprivate(set) var titles: [String]

  /// The first of the checks, and how many more there are.
  var places: String {
    let told = titles.prefix(3)
    let more = titles.count - told.count
    return told.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
  }
}

/// The checks of one operation by `GradientCheck.verify`, counted.
package struct OperationReport: Sendable {
  package let name: String
  package private(set) var worstError: [Oracle: WorstDifference] = [:]
  /// Single checks: an example, an input, an order.
  package private(set) var agree = 0
  package private(set) var disagree = 0
  package private(set) var cannotTell = 0
  /// Checks made exactly at a kink on purpose, which rightly came to *cannot tell*.
  package internal(set) var kinkProbes = 0
  /// The number of checks.
  package var count: Int { agree + disagree + cannotTell }
  /// The examples, and those among them whose derivative was looked at.
  package internal(set) var (examples, moving) = (0, 0)
  /// Draws at which a value is not finite, so that nothing was compared.
  package internal(set) var skipped = 0
  /// The checks that did not agree.
  package private(set) var complaints: [Complaint] = []

  init(name: String) { self.name = name }

  /// Declarations that an example tried, and those that one was too small for.
  private var (tested, untested): (Set<String>, Set<String>) = ([], [])

  package var verdict: Verdict {
    let isDoubtful = cannotTell > 0 || agree == 0 || isIdle || !untested.isSubset(of: tested)
    return disagree > 0 ? .disagree : isDoubtful ? .cannotTell : .agree
  }

  /// Notes that an example tried a declaration, or could not.
  mutating func note(_ declaration: String, of isDeclared: Bool, isTested: Bool) {
    guard isDeclared else { return }
    if isTested { tested.insert(declaration) } else { untested.insert(declaration) }
  }

  /// A sentence for each declaration that no example tried.
  package var remarks: [String] {
    untested.subtracting(tested).sorted().map {
      "\(name): \($0) was not tested: no example is large enough. Give one whose first axis has two entries or more"
    }
  }

  /// True when no derivative was looked at.
  private var isIdle: Bool { moving == 0 }

  /// The reason why nothing, or no derivative, was checked; `nil` when some was.
  package var idleReason: String? {
    if examples == 0 {
      return "nothing was checked: it has no examples; give the type `static var examples: [Example]`, with the shapes "
        + "and ranges of its inputs"
    }
    guard isIdle, disagree == 0, cannotTell == 0 else { return nil }
    return "no derivative was checked: in none of its \(examples) examples may a number move. Give it an example with "
      + "inputs that have elements, and ranges of more than a point"
  }

  /// Counts one check.
  mutating func count(_ verdict: Verdict, _ title: String, _ complaint: @autoclosure () -> String) {
    count(verdict, title, complaint(), nil)
  }

  /// Counts the checks of a report, one an order.
  mutating func count(_ report: GradientReport, _ title: String) {
    let name = name
    for order in Set(report.judgments.map(\.order)).sorted() {
      let judgments = report.judgments.filter { $0.order == order }
      let verdict = Verdict.combined(judgments.map(\.verdict))
      include(judgments)
      count(verdict, "\(title), order \(order)", report.reason(verdict, inOperation: name), report.findings.first)
    }
  }

  private mutating func count(
    _ verdict: Verdict, _ title: String, _ complaint: @autoclosure () -> String, _ finding: Finding?
  ) {
    switch verdict {
    case .agree:
      agree += 1
      return
    case .disagree: disagree += 1
    case .cannotTell: cannotTell += 1
    }
    add(Complaint(verdict: verdict, text: complaint(), finding: finding, titles: [title]))
  }

  private mutating func add(_ complaint: Complaint) {
    if let known = complaints.firstIndex(where: { ($0.verdict, $0.text) == (complaint.verdict, complaint.text) }) {
      complaints[known].titles += complaint.titles
    } else {
      complaints.append(complaint)
    }
  }

  mutating func include(_ judgments: [Judgment]) {
    for judgment in judgments where judgment.verdict != .cannotTell && judgment.oracle != .taylor {
      worstError[judgment.oracle, default: WorstDifference()].include(
        absolute: abs(judgment.found - judgment.expected), inBounds: judgment.severity)
    }
  }

  /// Adds what another report of the same operation found.
  mutating func merge(_ other: OperationReport) {
    for (oracle, worst) in other.worstError {
      worstError[oracle, default: WorstDifference()].include(absolute: worst.absolute, inBounds: worst.inBounds)
    }
    (agree, disagree, cannotTell) = (agree + other.agree, disagree + other.disagree, cannotTell + other.cannotTell)
    kinkProbes += other.kinkProbes
    (examples, moving) = (examples + other.examples, moving + other.moving)
    skipped += other.skipped
    (tested, untested) = (tested.union(other.tested), untested.union(other.untested))
    for complaint in other.complaints { add(complaint) }
  }

  /// The largest difference as a share of its bound, whoever saw it.
  package var worst: Double? { worstError.values.map(\.inBounds).max() }
}

/// The findings of `GradientCheck.verify`, operation by operation.
public struct VerificationReport: Sendable {
  package let operations: [OperationReport]
  package let seconds: Double

  package var agree: Int { operations.reduce(0) { $0 + $1.agree } }
  package var disagree: Int { operations.reduce(0) { $0 + $1.disagree } }
  package var cannotTell: Int { operations.reduce(0) { $0 + $1.cannotTell } }
  package var kinkProbes: Int { operations.reduce(0) { $0 + $1.kinkProbes } }
  /// The verdict of all operations together.
  public var verdict: Verdict { .combined(operations.map(\.verdict)) }
  /// True when every operation agrees.
  public var agrees: Bool { verdict == .agree }

  /// The findings about some operations alone.
  package func restricted(to names: [String]) -> VerificationReport {
    VerificationReport(operations: operations.filter { names.contains($0.name) }, seconds: seconds)
  }

  /// The largest difference that an oracle saw anywhere.
  package func worst(_ oracle: Oracle) -> WorstDifference? {
    let all = operations.compactMap { $0.worstError[oracle] }
    return all.isEmpty
      ? nil : all.reduce(into: WorstDifference()) { $0.include(absolute: $1.absolute, inBounds: $1.inBounds) }
  }
}
