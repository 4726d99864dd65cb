import Adjoint
import Foundation

/// The judgments of a report as a table for people: a row for each thing that was tried, those that say the same folded.
struct Evidence {
  private let rows: [Row]

  /// Judgments of one oracle that say the same, the worst in front.
  private struct Row {
    var judgments: [Judgment]
    var worst: Judgment { judgments[0] }
  }

  init(_ judgments: [Judgment]) {
    var rows: [Row] = []
    for judgment in judgments where !judgment.isSilent {
      if let known = rows.firstIndex(where: { $0.worst.saysTheSame(as: judgment) }) {
        let isWorse = judgment.severity > rows[known].worst.severity
        rows[known].judgments.insert(judgment, at: isWorse ? 0 : rows[known].judgments.count)
      } else {
        rows.append(Row(judgments: [judgment]))
      }
    }
    self.rows = rows
  }

  /// The table with its heading; nothing where nothing was judged.
  func lines(_ paint: (Verdict) -> String) -> [String] {
    guard !rows.isEmpty else { return [] }
    var table = AlignedRows(trailing: [2, 3, 4])
    table.add(["judged by", "compared", "by the rules", "by the judge", "of the bound", ""])
    for row in rows {
      let (numbers, share) = row.worst.inWords
      table.add([
        row.worst.oracle.words.name, row.worst.compared(row.judgments.count), numbers.found, numbers.expected, share,
        paint(row.worst.verdict),
      ])
    }
    return table.lines
  }
}

extension Judgment {
  /// Tells whether this judgment compared nothing, and only says why.
  var isSilent: Bool {
    verdict == .cannotTell && (found.isNaN && expected.isNaN || found == expected && bound == 0)
  }

  fileprivate func saysTheSame(as other: Judgment) -> Bool {
    (oracle, order, verdict, shownRemark) == (other.oracle, other.order, other.verdict, other.shownRemark)
  }

  private var shownRemark: String {
    if oracle.words.showsRemark || verdict == .cannotTell {
      return oracle == .local && isPardoned ? "\(remark); decided in 32 digits" : remark
    }
    guard isPardoned else { return "" }
    // The parts of an error bar are figures for machines.
    return remark.components(separatedBy: "; ").filter { !$0.hasPrefix("truncation") }.joined(separator: "; ")
  }
  /// Tells whether this judgment agrees in spite of its bound, for a reason that was found.
  private var isPardoned: Bool { verdict == .agree && severity > 1 && oracle != .taylor }

  /// What was compared, of this judgment and those that are folded into it.
  fileprivate func compared(_ count: Int) -> String {
    // A remark on the worst of many says by itself what was compared.
    if shownRemark.hasPrefix("worst ") { return shownRemark }
    return oracle.words.compared(order: order, count: count, remark: shownRemark)
  }

  /// Both numbers, and how far they are apart.
  fileprivate var inWords: (numbers: ComparedNumbers, share: String) {
    switch oracle {
    case .taylor: (ComparedNumbers(verbatim: Judgment.rate(found), "≥ h^\(short(expected))"), "")
    case .program where found == expected: (ComparedNumbers(verbatim: "", ""), "same bits")
    case .precision where found == expected, .reference where found == expected, .local where bound == 0:
      (ComparedNumbers(verbatim: "", ""), severity.inBounds)
    case .local, .dual, .secondOrderDual, .differences, .precision, .subgradient, .program, .reference:
      (ComparedNumbers(found, expected, agree: verdict != .disagree), severity.inBounds)
    }
  }

  private static func rate(_ rate: Double) -> String {
    rate.isNaN ? "no rate" : rate.isInfinite ? "exact" : "h^\(String(format: "%.2f", rate))"
  }
}
