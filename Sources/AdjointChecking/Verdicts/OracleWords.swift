/// The words of one oracle in a report.
package struct OracleWords {
  /// The judge, as *judged by* names it.
  package let name: String
  /// The thing compared; `nil` for the derivative along a random direction.
  private let thing: String?
  /// The judge's way, for the legend.
  let meaning: String
  /// Tells whether a remark on a judgment that agrees says more than `compared` does.
  let showsRemark: Bool

  fileprivate init(_ name: String, _ meaning: String, compares thing: String? = nil, showsRemark: Bool = false) {
    (self.name, self.meaning, self.thing, self.showsRemark) = (name, meaning, thing, showsRemark)
  }

  /// The thing compared, by one judgment or by several of which the worst is shown.
  func compared(order: Int, count: Int, remark: String) -> String {
    let derivative = order == 1 ? "slope" : "second derivative"
    let along =
      count == 1 ? "\(derivative) along a random direction" : "worst \(derivative) of \(count) random directions"
    let parts = order == 1 || thing == nil ? [] : ["order \(order)"]
    if remark.isEmpty { return (parts + [thing ?? along]).joined(separator: ", ") }
    return (parts + [thing ?? derivative, remark]).filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

extension Oracle {
  /// The words for people, a line a case: the judge, its way, and what it compares.
  package var words: OracleWords {
    switch self {
    case .local: OracleWords("local dual numbers", Oracle.alone, compares: "", showsRemark: true)
    case .dual:
      OracleWords("dual numbers", "a replay that carries a derivative along, without a step", showsRemark: true)
    case .secondOrderDual: OracleWords("second-order dual numbers", "a replay that carries two derivatives along")
    case .differences: OracleWords("differences", "(f(x + h) - f(x - h)) / 2h, extrapolated to h = 0")
    case .taylor: OracleWords("Taylor remainder", Oracle.fall, compares: "fall of the remainder")
    case .precision: OracleWords("Double precision", Oracle.wide, compares: "values and gradient", showsRemark: true)
    case .subgradient: OracleWords("one-sided slopes", Oracle.sides, compares: "slope", showsRemark: true)
    case .program: OracleWords("uncompiled replay", Oracle.kept, compares: "output and gradient as compiled")
    case .reference: OracleWords("plain loops", "loops without any trick", compares: "values of the fast loops")
    }
  }

  private static let alone = "each operation by itself, moved at random: its rule must say how its output moves"
  private static let fall = "f(x + h) - f(x) - h · slope falls like h² where the slope is right, like h where it is not"
  private static let wide = "the same numbers once more in Double, with the rounding of each operation added up"
  private static let sides = "each element at a kink must lie between its own slopes on both sides"
  private static let kept = "a program that keeps every value; the compiled one must give the same bits"
}

extension Oracle: CustomStringConvertible {
  /// The judge in words, such as `dual numbers`.
  public var description: String { words.name }
}

/// The words of a report, explained: a line each.
struct Legend {
  private let oracles: [Oracle]
  /// The report.
  private let report: String

  init(_ oracles: some Collection<Oracle>, of report: String) {
    (self.oracles, self.report) = (Oracle.allCases.filter(oracles.contains), report)
  }

  private static let words = [
    ("order 2", "said of the gradient of the gradient"),
    ("slope", "the derivative along a direction, ⟨gradient, direction⟩"),
    ("by the rules", "the number that the operations' rules give, which are on trial"),
    ("by the judge", "the number of a judge that uses no rule"),
    ("of the bound", "their difference as a share of what rounding or the judge's own error explains"),
    ("agree", "no difference is above its bound, or a closer look explains it"),
    ("DISAGREE", "a judge contradicts: a difference is above its bound"),
    ("cannot tell", "no judge could: at a kink, where a value is not finite, or where rounding explains any number"),
    ("at kinks", "probes put exactly at a kink, where no judge can tell, as it must be"),
    ("kink", "a place with two slopes, such as relu at 0, where there is no derivative"),
    ("ill-conditioned", "said of a node that magnifies rounding until it hides the number"),
    ("%n", "node n of the tape; print(y.tape) lists them, for any variable y on it"),
  ]

  var text: String {
    let judges = oracles.map { [$0.words.name, $0.words.meaning] }
    let words = Legend.words.filter { report.contains($0.0.hasPrefix("%") ? "%" : $0.0) }.map { [$0.0, $0.1] }
    return AlignedRows(judges + words).lines.joined(separator: "\n")
  }
}
