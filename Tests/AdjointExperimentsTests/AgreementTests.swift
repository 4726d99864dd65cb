import AdjointExperiments
import Foundation
import Testing

/// Docs/Documents.md and Docs/Experiments.md against each other, and against what computes them.
@Suite struct AgreementTests {
  static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Docs")

  private func text(_ page: String) throws -> String {
    try String(contentsOf: Self.docs.appendingPathComponent(page), encoding: .utf8)
  }

  /// The cells of each row of the tables of a text, without their headings.
  private func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { $0.hasPrefix("| ") }.map {
      $0.dropFirst(2).dropLast(2).replacing("\\|", with: "¦").components(separatedBy: " | ")
        .map { $0.replacing("¦", with: "|") }
    }
  }

  private var rows: [Row] { get throws { try ExperimentsPage(store: RecordStore(Self.docs)).rows() } }

  /// Rows of a section that Documents.md judges too, which decide something else by a training or a spectrum.
  private static let trained: Set = [
    "784-64-10, sigmoid, 50,000 images: test accuracy ≥ 96.5%",
    "numerical against backpropagated gradient, six kinds, ε = 1e-2",
    "everything zero: of the images nothing is learnt", "everything zero: all weight gradients are exactly 0",
    "softmax regression: Hessian positive semi-definite",
    "softmax regression, error ≤ 8.3%", "784-200-10, ReLU, error ≤ 2.1%",
    "softmax regression: no improvement after a few epochs (< 0.2 points from epochs 4–5 to the last two)",
    "784-200-10: often all 100 of a batch are right in the last five epochs (at least half of the time)",
    "784-200-10 overfits: error on the test set over that on the batches, last five epochs",
  ]

  @Test func `a claim that both pages judge has one verdict`() throws {
    let verdicts = try DocumentClaims.verdicts()
    var judged = 0
    for row in try rows {
      guard let claim = row.claim else { continue }
      judged += 1
      let there = try #require(verdicts[claim.document]?[claim.place], "\(claim) is not in Documents.md")
      switch row.verdict {
      case .holds, .confirmed:
        #expect(claim.isAmended ? there == "misprint" : there == "holds", "\(row.subject): \(there)")
      case .missed, .refuted: #expect(there != "holds", "\(row.subject): \(there)")
      case .undecided, .mapped, .reported, .notRun: Issue.record("\(row.subject) decides nothing about \(claim)")
      }
    }
    #expect(judged >= 15)
  }

  @Test func `a row on a section that Documents.md judges says which claim it judges`() throws {
    let verdicts = try DocumentClaims.verdicts()
    for row in try rows where row.claim == nil && row.verdict != .reported {
      let words = row.place.lowercased().split(separator: " ", maxSplits: 1)
      guard words.count == 2, let places = verdicts[String(words[0])]?.keys else { continue }
      let isJudged = places.contains { place in
        place.lowercased() == words[1] || place.lowercased().hasPrefix(words[1] + ",")
      }
      #expect(!isJudged || Self.trained.contains(row.subject), "\(row.place): \(row.subject)")
    }
  }

  @Test func `Documents.md has the verdict of each claim, and counts them`() throws {
    let page = try text("Documents.md")
    let verdicts = try DocumentClaims.verdicts()
    var counts: [String: Int] = [:]
    for section in page.components(separatedBy: "\n## ").dropFirst() {
      let rows = cells(section).filter { $0.first != "place" && $0.first != "---" }
      let expected = verdicts[String(section.prefix(3))] ?? [:]
      #expect(rows.count == expected.count, "\(section.prefix(3))")
      for row in rows {
        let verdict = row[3].replacing("*", with: "")
        #expect(verdict == expected[row[0]], "\(section.prefix(3)) \(row[0])")
        counts[verdict, default: 0] += 1
      }
    }
    let total = counts.values.reduce(0, +)
    let sentence =
      "\(total) claims: \(counts["holds"] ?? 0) hold, \(counts["misprint"] ?? 0) are misprints, \(counts["wrong"] ?? 0) are wrong."
    #expect(page.contains(sentence), "the head does not say: \(sentence)")
    let readme = try text("../README.md").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(readme.contains(sentence.components(separatedBy: ": ")[1]), "README.md counts otherwise")
  }

  @Test func `Experiments.md has the verdict of each row, once in its table and once in its section`() throws {
    let found = cells(try text("Experiments.md")).filter { $0.count == 5 }.map { [$0[0], $0[1], $0[4]] }
    for row in try rows {
      let own = [row.place, row.subject, row.verdict.words]
      #expect(found.count { $0 == own } == 2, "\(own)")
    }
  }
}
