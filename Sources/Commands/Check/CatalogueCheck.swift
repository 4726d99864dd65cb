import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointCommandTraining

/// `adjoint check [OPERATION ...]`: a row for each operation of the catalogue.
struct CatalogueCheck {
  private let names: [String]
  private let seed: UInt64
  private let printsLegend: Bool
  private let printsJSON: Bool

  init(_ names: [String], _ arguments: Arguments) throws {
    self.names = names
    seed = UInt64(try arguments.integer("seed"))
    (printsLegend, printsJSON) = (arguments.isGiven("legend"), arguments.isGiven("json"))
  }

  func run(_ console: Console) throws -> Int32 {
    let report = GradientCheck.verifyCatalogue(OperationCatalog.types(of: names), seed: seed).restricted(to: names)
    let summary = CheckSummary(outcomes: report.operations.map { CheckOutcome($0) }, seconds: report.seconds)
    console.line(report.text(colored: console.hasColor))
    if printsLegend { console.legend(report.legend) }
    console.line()
    console.line(report.seconds.precise)
    if printsJSON { console.line(JSON.object(summary.fields).text) }
    return summary.exitCode
  }
}
