import AdjointChecking
import AdjointCommandLine

/// The checks under one name, counted: a row of the table and an entry of the JSON.
struct CheckOutcome {
  let name: String
  var agree = 0
  var disagree = 0
  var cannotTell = 0
  /// Probes put at a kink on purpose, whose verdict must be *cannot tell*; not counted elsewhere.
  var kinkProbes = 0
  /// The largest error in units of its bound, by oracle.
  var worst: [Oracle: Double] = [:]
  /// The disagreements, as sentences.
  var complaints: [String] = []

  init(_ report: OperationReport) {
    name = report.name
    (agree, disagree, cannotTell) = (report.agree, report.disagree, report.cannotTell)
    (kinkProbes, complaints) = (report.kinkProbes, report.complaints)
    for oracle in Oracle.allCases { worst[oracle] = report.worstError[oracle]?.inBounds }
  }

  /// Every judgment of one report.
  init(name: String, _ report: GradientReport) {
    self.name = name
    for judgment in report.judgments { add(judgment.verdict) }
    for oracle in Oracle.allCases { worst[oracle] = report.worst(oracle) }
  }

  var verdict: Verdict { disagree > 0 ? .disagree : cannotTell > 0 ? .cannotTell : .agree }

  private mutating func add(_ verdict: Verdict) {
    switch verdict {
    case .agree: agree += 1
    case .disagree: disagree += 1
    case .cannotTell: cannotTell += 1
    }
  }

  var json: JSON {
    .object([
      ("name", .string(name)), ("verdict", .string(verdict.rawValue)), ("worstError", CheckOutcome.json(worst)),
    ])
  }

  static func json(_ worst: [Oracle: Double]) -> JSON {
    .object(Oracle.allCases.compactMap { oracle in worst[oracle].map { (oracle.rawValue, .number($0)) } })
  }
}

/// The outcomes of a whole check.
struct CheckSummary {
  var outcomes: [CheckOutcome] = []
  var seconds = 0.0

  var agree: Int { outcomes.reduce(0) { $0 + $1.agree } }
  var disagree: Int { outcomes.reduce(0) { $0 + $1.disagree } }
  var cannotTell: Int { outcomes.reduce(0) { $0 + $1.cannotTell } }
  var kinkProbes: Int { outcomes.reduce(0) { $0 + $1.kinkProbes } }
  /// 0, 1 or 2, as the verdict is.
  var exitCode: Int32 { disagree > 0 ? 1 : cannotTell > 0 || agree == 0 ? 2 : 0 }

  var fields: [(String, JSON)] {
    [
      ("operations", .array(outcomes.map(\.json))), ("agree", .integer(agree)), ("disagree", .integer(disagree)),
      ("cannotTell", .integer(cannotTell)), ("kinkProbes", .integer(kinkProbes)), ("seconds", .number(seconds)),
    ]
  }

  /// The largest error of any outcome, and whose it is.
  func worst(_ oracle: Oracle) -> (error: Double, name: String)? {
    let all = outcomes.compactMap { outcome in outcome.worst[oracle].map { ($0, outcome.name) } }
    return all.max { $0.0 < $1.0 }
  }
}

extension Oracle {
  /// A heading of a column.
  var title: String {
    switch self {
    case .dual: "dual"
    case .local: "each operation"
    case .secondOrderDual: "dual²"
    case .differences: "differences"
    case .taylor: "Taylor"
    case .precision: "precision"
    case .subgradient: "subgradient"
    case .program: "program"
    case .reference: "reference"
    }
  }
}

extension Console {
  /// The verdict's word in its colour, or as it is.
  func verdict(_ verdict: Verdict) -> String {
    guard hasColor else { return verdict.text }
    let code = verdict == .agree ? "32" : verdict == .disagree ? "31;1" : "33"
    return "\u{1B}[\(code)m\(verdict.text)\u{1B}[0m"
  }
}

extension Double {
  /// An error in units of its bound.
  var inBounds: String {
    if !isFinite { return "∞" }
    if self == 0 { return "0" }
    return self < 0.001 ? "<0.001" : self < 100 ? fixed(3) : self < 1e6 ? fixed(0) : String(Float(self))
  }
}
