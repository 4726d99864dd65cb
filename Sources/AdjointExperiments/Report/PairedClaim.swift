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

  /// How far each seed is from the mean of all, which pairs deviations as accuracies are paired (Brown & Forsythe 1974, with
  /// means).
  static func spread(_ values: [Double]) -> [Double] { values.map { abs($0 - values.mean) } }
}

extension [Double] {
  static func - (a: [Double], b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
}
