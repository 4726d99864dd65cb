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
  /// What did not agree, as sentences.
  var complaints: [String] = []

  init(_ report: OperationReport) {
    name = report.name
    (agree, disagree, cannotTell) = (report.agree, report.disagree, report.cannotTell)
    (kinkProbes, complaints) = (report.kinkProbes, report.complaints.map(\.description))
    for oracle in Oracle.allCases { worst[oracle] = report.worstError[oracle]?.inBounds }
  }

  /// Every judgment of one report.
  init(name: String, _ report: GradientReport) {
    self.name = name
    for judgment in report.judgments { add(judgment.verdict) }
    if report.verdict != .agree { complaints = [report.summary] }
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
      ("complaints", .strings(complaints)),
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
}

extension Console {
  /// The words of a report, explained below it.
  func legend(_ text: String) {
    line()
    line(bold("The words"))
    line(text)
  }
}
