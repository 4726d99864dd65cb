import Adjoint
import Foundation

/// One numbered equation, step of an algorithm or worked example of a document, with a check that computes whether it holds.
///
/// The check evaluates what is printed, in plain loops, and compares it with the tape; the verdict is read off the numbers.
package struct Printed: Sendable {
  package enum Verdict: String, Sendable {
    case holds, misprint, wrong
  }

  /// Where it stands: an equation's number, or a section and what it is about.
  let place: String
  /// What is printed there.
  let printed: String
  /// What stands beside it here.
  let ours: String
  let check: @Sendable () throws -> Proof

  init(_ place: String, _ printed: String, ours: String, _ check: @escaping @Sendable () throws -> Proof) {
    (self.place, self.printed, self.ours, self.check) = (place, printed, ours, check)
  }
}

/// What a check found.
package struct Proof: Sendable {
  /// Whether what is printed is right.
  let holds: Bool
  /// Whether it is right with the slip corrected that the claim names.
  let holdsAmended: Bool
  /// In words, with few digits, so that they are the same on every instruction set.
  package let numbers: String

  /// Right as printed: *holds*. Right once a slip of the pen is corrected: *misprint*. Else *wrong*.
  package var verdict: Printed.Verdict { holds ? .holds : holdsAmended ? .misprint : .wrong }

  /// Equal numbers; how far apart is told where they are not.
  package static func equal(_ found: [Double], _ expected: [Double], _ remark: String = "") -> Proof {
    equal([(found, expected)], remark)
  }

  static func equal(_ pairs: [([Double], [Double])], _ remark: String = "") -> Proof {
    let worst = pairs.map { distance($0, $1) }.max() ?? .infinity
    return Proof(holds: worst <= tolerance, holdsAmended: false, numbers: text(worst) + suffix(remark))
  }

  /// What is printed beside what was meant, both against what is right.
  package static func amended(
    _ printed: [Double], _ meant: String, _ amended: [Double], _ expected: [Double], _ remark: String = ""
  ) -> Proof {
    let (first, second) = (distance(printed, expected), distance(amended, expected))
    return Proof(
      holds: first <= tolerance, holdsAmended: second <= tolerance,
      numbers: "as printed \(text(first)); with \(meant) \(text(second))" + suffix(remark))
  }

  /// A product that is printed of factors with these dimensions beside what was meant.
  package static func product(
    of dimensions: [(Int, Int)], _ meant: String, _ amended: [Double], _ expected: [Double], _ remark: String = ""
  ) -> Proof {
    let conforms = zip(dimensions, dimensions.dropFirst()).allSatisfy { $0.1 == $1.0 }
    let second = distance(amended, expected)
    let listed = dimensions.map { "\($0.0)×\($0.1)" }.joined(separator: " · ")
    return Proof(
      holds: conforms && second <= tolerance, holdsAmended: second <= tolerance,
      numbers: "\(listed) \(conforms ? "conforms" : "does not conform"); with \(meant) \(text(second))" + suffix(remark)
    )
  }

  /// A statement of another kind.
  static func fact(_ holds: Bool, amended: Bool = false, _ numbers: String) -> Proof {
    Proof(holds: holds, holdsAmended: amended, numbers: numbers)
  }

  static let tolerance = 1e-9

  /// The largest difference over the largest of what is expected; infinite where there are not as many numbers.
  static func distance(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count, !expected.isEmpty else { return .infinity }
    let size = expected.map(abs).max() ?? 0
    let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    return difference == 0 ? 0 : size > 0 ? difference / size : .infinity
  }

  private static func text(_ distance: Double) -> String {
    if distance <= tolerance { return "equal" }
    guard distance.isFinite else { return "of another size" }
    return "off by \(String(format: "%.2g", distance)) times the largest element"
  }

  private static func suffix(_ remark: String) -> String { remark.isEmpty ? "" : "; " + remark }
}

/// The five source documents, claim by claim.
public enum DocumentClaims {
  private static let documents: [(number: String, title: String, claims: [Printed])] = [
    ("000", "T. Wei, *Homework 5: Backpropagation*", Claims000.all),
    ("001", "A. Lee, report on a perceptron for MNIST, 2021", Claims001.all),
    ("002", "D. Shi, *Implementing a Multi-Layer Neural Network for MNIST Classification*", Claims002.all),
    ("003", "J. Whitehill, *Feed-forward neural networks*, 2020", Claims003.all),
    ("004", "J. M. Peña, *Neural Networks I*, after Lindholm et al., chapter 6", Claims004.all),
  ]

  /// Every claim of the five documents beside ours, with its verdict, as a page in Markdown.
  /// - Throws: what a check throws; none does on a sound library.
  /// - Complexity: a few seconds in release; nothing is trained.
  public static func markdown() throws -> String {
    var sections: [String] = []
    var counts: [Printed.Verdict: Int] = [:]
    for document in documents {
      let rows = try document.claims.map { claim in
        let evidence = try claim.check()
        counts[evidence.verdict, default: 0] += 1
        let verdict = evidence.verdict == .holds ? "holds" : "**\(evidence.verdict.rawValue)**"
        return [claim.place, claim.printed, claim.ours, verdict, evidence.numbers]
      }
      let table = markdownTable(["place", "as printed", "ours", "verdict", "numbers"], rows)
      sections.append("## \(document.number): \(document.title)\n\n\(table)")
    }
    let total = counts.values.reduce(0, +)
    let head = """
      # The documents, claim by claim

      Every numbered equation, algorithm and worked example of the five source documents, executed: what is printed is evaluated in plain loops in
      `Double` on random networks and compared with what the tape computes. \(total) claims: \(counts[.holds] ?? 0) hold, \
      \(counts[.misprint] ?? 0) are misprints, \(counts[.wrong] ?? 0) are wrong.

      *holds*: equal up to 1e-9 of the largest element. *misprint*: not as printed, but once the slip named under *numbers* is corrected.
      *wrong*: not as printed, and no slip of the pen. What takes a training to decide is in [Experiments.md](Experiments.md).

      Generated by `adjoint experiments documents --markdown`.
      """
    return ([head] + sections).joined(separator: "\n\n") + "\n"
  }

  /// How many claims have each verdict, by document: what tests look at.
  package static func verdicts() throws -> [String: [String: String]] {
    var verdicts: [String: [String: String]] = [:]
    for document in documents {
      for claim in document.claims {
        verdicts[document.number, default: [:]][claim.place] = try claim.check().verdict.rawValue
      }
    }
    return verdicts
  }
}
