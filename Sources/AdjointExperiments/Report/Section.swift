/// The report of an experiment: rows of the final table, text, pictures.
package struct Section: Sendable {
  package var rows: [Row] = []
  /// Paragraphs, lists and tables in Markdown.
  package var text: [String] = []
  package var pictures: [SVGPicture] = []

  package init(rows: [Row] = [], text: [String] = [], pictures: [SVGPicture] = []) {
    (self.rows, self.text, self.pictures) = (rows, text, pictures)
  }
}

/// A drawing of a section.
package struct SVGPicture: Sendable {
  /// The end of its file's name, after the experiment's.
  package let name: String
  package let caption: String
  package let svg: String
}

/// The place of a claim among `DocumentClaims`.
package struct ClaimPlace: Sendable, Hashable {
  /// Such as `003`.
  package let document: String
  package let place: String
  /// True for the claim with its slip corrected.
  package let isAmended: Bool
}

/// A figure or claim of a document, the result here, and the verdict.
package struct Row: Sendable {
  package enum Verdict: Sendable, Equatable {
    /// A figure to reach, reached or not.
    case holds, missed
    /// A claim of a document that the runs support, contradict, or cannot decide.
    case confirmed, refuted
    case undecided(String)
    /// A claim that holds at some settings and not at others: counts of both, of the undecided, and of those without runs.
    case mapped(holds: Int, fails: Int, open: Int, missing: Int)
    /// There is nothing to compare with.
    case reported
    /// There are no runs.
    case notRun

    package var words: String {
      switch self {
      case .holds: "holds"
      case .missed: "MISSED"
      case .confirmed: "confirmed"
      case .refuted: "refuted"
      case .undecided(let why): "not decided (\(why))"
      case .mapped(let holds, let fails, let open, let missing):
        "holds at \(holds) of \(holds + fails + open + missing) points, not at \(fails)"
          + (open > 0 ? "; \(open) not decided" : "") + (missing > 0 ? "; \(missing) not run" : "")
      case .reported: "reported"
      case .notRun: "NOT RUN"
      }
    }

    /// True for a figure that must be reached and was not. A document's claim may well be refuted.
    package var isMiss: Bool { self == .missed || self == .notRun }
  }

  package let place: String
  package let subject: String
  package let theirs: String
  package let ours: String
  package let verdict: Verdict
  /// The claim of `DocumentClaims` that is judged here once more; both verdicts must agree.
  package private(set) var claim: ClaimPlace?

  package init(_ place: String, _ subject: String, theirs: String, ours: String, _ verdict: Verdict) {
    (self.place, self.subject, self.theirs, self.ours, self.verdict) = (place, subject, theirs, ours, verdict)
  }

  /// A figure to reach.
  package static func figure(_ place: String, _ subject: String, theirs: String, ours: String, reached: Bool) -> Row {
    Row(place, subject, theirs: theirs, ours: ours, reached ? .holds : .missed)
  }

  /// The row with the claim that it judges once more.
  /// - Parameter amended: true where the row judges the claim with its slip corrected.
  func judging(_ claim: String, amended: Bool = false) -> Row {
    var row = self
    row.claim = ClaimPlace(document: String(place.prefix(3)), place: claim, isAmended: amended)
    return row
  }
}

/// A claim of the document, judged by intervals that must all be positive.
package struct PairedClaim {
  let place: String
  let words: String
  /// Paired differences over seeds, each with its name; the claim says that each is above zero on average.
  let differences: [(name: String, values: [Double])]

  package init(place: String, words: String, differences: [(name: String, values: [Double])]) {
    (self.place, self.words, self.differences) = (place, words, differences)
  }

  /// One row: confirmed when every interval is above zero, refuted when one is below.
  package func row(_ indecision: Row.Verdict?) -> Row {
    let intervals = differences.map { ($0.name, Interval(ofMean: $0.values)) }
    let ours = intervals.map { "\($0.0): \($0.1.points)" }.joined(separator: "; ")
    let verdict: Row.Verdict
    if let indecision {
      verdict = indecision
    } else if intervals.allSatisfy(\.1.isPositive) {
      verdict = .confirmed
    } else if intervals.contains(where: { $0.1.isNegative }) {
      verdict = .refuted
    } else {
      verdict = .undecided("an interval holds 0")
    }
    return Row(place, words, theirs: "claimed", ours: ours, verdict)
  }

  /// The distance of each seed from the mean of all, which pairs deviations as accuracies are paired (Brown & Forsythe 1974, with
  /// means).
  static func spread(_ values: [Double]) -> [Double] { values.map { abs($0 - values.mean) } }
}

extension [Double] {
  static func - (a: [Double], b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
}
