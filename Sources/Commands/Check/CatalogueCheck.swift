import Adjoint
import AdjointChecking
import AdjointCommandLine
import Foundation

/// `adjoint check [OPERATION ...]`: a row for each operation of the catalogue.
struct CatalogueCheck {
  private let names: [String]
  private let seed: UInt64
  private let printsJSON: Bool

  init(_ names: [String], _ arguments: Arguments) throws {
    self.names = names
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
  }

  func run(_ console: Console) throws -> Int32 {
    let report = GradientCheck.verifyCatalogue(OperationCatalog.types(of: names), seed: seed)
    let outcomes = report.operations.filter { names.contains($0.name) }.map { CheckOutcome($0) }
    let summary = CheckSummary(outcomes: outcomes, seconds: report.seconds)
    show(summary, console)
    let skipped = report.operations.reduce(0) { names.contains($1.name) ? $0 + $1.skipped : $0 }
    if skipped > 0 { console.line("\(skipped.of("draw")) far from 0 skipped: a value is not finite there") }
    if printsJSON { console.line(JSON.object(summary.fields).text) }
    return summary.exitCode
  }

  // MARK: Output

  private func show(_ summary: CheckSummary, _ console: Console) {
    let oracles = Oracle.allCases.filter { oracle in summary.outcomes.contains { $0.worst[oracle] != nil } }
    var table = Table(
      columns: [("operation", .left), ("verdict", .left), ("checks", .right)] + oracles.map { ($0.title, .right) })
    for outcome in summary.outcomes {
      let checks = outcome.agree + outcome.disagree + outcome.cannotTell
      table.add([outcome.name, outcome.verdict.text, "\(checks)"] + oracles.map { outcome.worst[$0]?.inBounds ?? "" })
    }
    for (number, line) in table.lines.enumerated() {
      guard number > 0 else {
        console.line(console.bold(line))
        continue
      }
      let verdict = summary.outcomes[number - 1].verdict
      console.line(line.replacing(verdict.text, with: console.verdict(verdict), maxReplacements: 1))
    }
    for outcome in summary.outcomes {
      for complaint in outcome.complaints {
        console.line()
        console.line("\(outcome.name): \(complaint)")
      }
    }
    console.line()
    let probes = summary.kinkProbes > 0 ? ", \(summary.kinkProbes.of("probe")) at kinks" : ""
    console.line(
      "\(summary.agree.of("check")) agree, \(summary.disagree) disagree, \(summary.cannotTell) cannot tell\(probes)")
    if let (error, name) = summary.worst(.dual) {
      console.line("worst dual error: \(error.inBounds) of its bound, at \(name)")
    }
    console.line("errors in units of the bound; \(summary.seconds.precise)")
  }
}
