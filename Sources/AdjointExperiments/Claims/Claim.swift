import Adjoint
import Foundation

/// One numbered equation, step of an algorithm or worked example of a document, with a check by which it holds or not.
///
/// The check evaluates what is printed, in plain loops, and compares it with the tape; the verdict is read off the numbers.
package struct Claim: Sendable {
  package enum Verdict: String, Sendable {
    case holds, misprint, wrong
  }

  /// Its place in the document: an equation's number, or a section with its subject.
  let place: String
  /// The words or the formula in the document.
  let printed: String
  /// Its counterpart in the library.
  let ours: String
  let check: @Sendable () throws -> Proof

  init(_ place: String, _ printed: String, ours: String, _ check: @escaping @Sendable () throws -> Proof) {
    (self.place, self.printed, self.ours, self.check) = (place, printed, ours, check)
  }
}

/// The result of a check.
package struct Proof: Sendable {
  /// True when the claim is right as printed.
  let holds: Bool
  /// True when the claim is right with the slip corrected that the check names.
  let holdsAmended: Bool
  /// The numbers in words, with few digits, so that they are the same on every instruction set.
  package let numbers: String

  /// *holds* when right as printed, *misprint* when right once a slip of the pen is corrected, else *wrong*.
  package var verdict: Claim.Verdict { holds ? .holds : holdsAmended ? .misprint : .wrong }

  /// Equal numbers, or their distance.
  package static func equal(_ found: [Double], _ expected: [Double], _ remark: String = "") -> Proof {
    equal([(found, expected)], remark)
  }

  static func equal(_ pairs: [([Double], [Double])], _ remark: String = "") -> Proof {
    let worst = pairs.map { distance($0, $1) }.max() ?? .infinity
    return Proof(holds: worst <= tolerance, holdsAmended: false, numbers: text(worst) + suffix(remark))
  }

  /// The printed numbers and the intended ones, both against the right ones.
  package static func amended(
    _ printed: [Double], _ meant: String, _ amended: [Double], _ expected: [Double], _ remark: String = ""
  ) -> Proof {
    let (first, second) = (distance(printed, expected), distance(amended, expected))
    return Proof(
      holds: first <= tolerance, holdsAmended: second <= tolerance,
      numbers: "as printed \(text(first)); with \(meant) \(text(second))" + suffix(remark))
  }

  /// A printed product of factors with these dimensions, and the intended numbers.
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

  /// Right numbers in a matrix of one size where another is needed: a misprint when the transpose has it.
  package static func shaped(
    _ printed: (Int, Int), where needed: (Int, Int), _ meant: String, _ found: [Double], _ expected: [Double],
    _ remark: String = ""
  ) -> Proof {
    let worst = distance(found, expected)
    let isRight = worst <= tolerance
    return Proof(
      holds: isRight && printed == needed, holdsAmended: isRight && (printed.1, printed.0) == needed,
      numbers: "\(printed.0)×\(printed.1) where \(needed.0)×\(needed.1) stands; with \(meant) \(text(worst))"
        + suffix(remark))
  }

  /// A statement of another kind.
  static func fact(_ holds: Bool, amended: Bool = false, _ numbers: String) -> Proof {
    Proof(holds: holds, holdsAmended: amended, numbers: numbers)
  }

  static let tolerance = 1e-9

  /// The largest difference over the largest expected magnitude; infinite where there are not as many numbers.
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
package enum DocumentClaims {
  private static let documents: [(number: String, title: String, claims: [Claim])] = [
    ("000", "T. Wei, *Homework 5: Backpropagation*", CostateClaims.all),
    ("001", "A. Lee, report on a perceptron for MNIST, 2021", JacobianClaims.all),
    ("002", "D. Shi, *Implementing a Multi-Layer Neural Network for MNIST Classification*", TrainingClaims.all),
    ("003", "J. Whitehill, *Feed-forward neural networks*, 2020", ChainRuleClaims.all),
    ("004", "J. M. Peña, *Neural Networks I*, after Lindholm et al., chapter 6", NetworkClaims.all),
  ]

  /// Every claim of the five documents beside ours, with its verdict, as a page in Markdown.
  /// - Throws: the error of a check; none throws on a sound library.
  /// - Complexity: a few seconds in release; nothing is trained.
  package static func markdown() throws -> String {
    var sections: [String] = []
    var counts: [Claim.Verdict: Int] = [:]
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
      *wrong*: not as printed, and no slip of the pen. A row where the document itself has a column, or the other way round, is a misprint. What takes a training to decide is in [Experiments.md](Experiments.md).

      Generated by `adjoint experiments documents --markdown`.
      """
    return ([head] + sections).joined(separator: "\n\n") + "\n"
  }

  /// The verdict of each claim by its place, for each document.
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
