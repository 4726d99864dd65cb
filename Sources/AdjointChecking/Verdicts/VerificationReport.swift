import Adjoint
import Foundation

/// The largest difference that an oracle saw.
package struct WorstError: Sendable, Hashable {
  /// |found − expected|
  package private(set) var absolute = 0.0
  /// The same as a share of the bound: above 1 is a contradiction.
  package private(set) var inBounds = 0.0

  mutating func include(absolute: Double, inBounds: Double) {
    self.absolute = max(self.absolute, absolute)
    self.inBounds = max(self.inBounds, inBounds)
  }
}

/// The checks of one operation by `GradientCheck.verify`, counted.
package struct OperationReport: Sendable {
  package let name: String
  package private(set) var worstError: [Oracle: WorstError] = [:]
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
  /// A sentence for each check that did not agree.
  package private(set) var complaints: [String] = []

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
    switch verdict {
    case .agree: agree += 1
    case .disagree: disagree += 1
    case .cannotTell: cannotTell += 1
    }
    if verdict != .agree { complaints.append("\(title): \(complaint())") }
  }

  /// Counts the checks of a report, one an order.
  mutating func count(_ report: GradientReport, _ title: String) {
    for order in Set(report.judgments.map(\.order)).sorted() {
      let judgments = report.judgments.filter { $0.order == order }
      include(judgments)
      count(.combined(judgments.map(\.verdict)), "\(title), order \(order)", report.description)
    }
  }

  mutating func include(_ judgments: [Judgment]) {
    for judgment in judgments where judgment.verdict != .cannotTell && judgment.oracle != .taylor {
      worstError[judgment.oracle, default: WorstError()].include(
        absolute: abs(judgment.found - judgment.expected), inBounds: judgment.severity)
    }
  }

  /// Adds what another report of the same operation found.
  mutating func merge(_ other: OperationReport) {
    for (oracle, worst) in other.worstError {
      worstError[oracle, default: WorstError()].include(absolute: worst.absolute, inBounds: worst.inBounds)
    }
    (agree, disagree, cannotTell) = (agree + other.agree, disagree + other.disagree, cannotTell + other.cannotTell)
    kinkProbes += other.kinkProbes
    (examples, moving) = (examples + other.examples, moving + other.moving)
    skipped += other.skipped
    (tested, untested) = (tested.union(other.tested), untested.union(other.untested))
    complaints += other.complaints
  }
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

  /// The largest difference that an oracle saw anywhere.
  package func worst(_ oracle: Oracle) -> WorstError? {
    let all = operations.compactMap { $0.worstError[oracle] }
    return all.isEmpty
      ? nil : all.reduce(into: WorstError()) { $0.include(absolute: $1.absolute, inBounds: $1.inBounds) }
  }
}

extension VerificationReport: CustomStringConvertible {
  /// A line an operation, then the sums, then whatever did not agree.
  public var description: String {
    let width = operations.map(\.name.count).max() ?? 0
    var lines = operations.map { operation in
      let dual = operation.worstError[.dual] ?? WorstError()
      let name = operation.name.padding(toLength: width, withPad: " ", startingAt: 0)
      if let reason = operation.idleReason { return "\(name)  \(reason)" }
      let probes =
        (operation.kinkProbes > 0 ? ", \(operation.kinkProbes) kink probes" : "")
        + (operation.skipped > 0
          ? ", \(operation.skipped) \(operation.skipped == 1 ? "draw" : "draws") skipped: a value is not finite there"
          : "")
      return "\(name)  \(operation.verdict.text)  \(operation.count) checks"
        + probes + ", worst dual error \(short(dual.absolute)) = \(short(dual.inBounds)) of its bound"
    }
    if operations.isEmpty { lines.append("nothing was checked: no operation was given") }
    guard operations.contains(where: { $0.count > 0 }) else { return lines.joined(separator: "\n") }
    lines.append(
      "\(agree) agree, \(disagree) disagree, \(cannotTell) cannot tell, \(kinkProbes) kink probes, \(short(seconds)) s")
    lines += operations.flatMap { $0.complaints + $0.remarks }
    return lines.joined(separator: "\n")
  }
}
