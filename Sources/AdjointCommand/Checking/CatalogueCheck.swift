import Adjoint
import AdjointChecking
import Foundation

/// `adjoint check [OPERATION ...]`: a row for each operation of the catalogue.
struct CatalogueCheck {
  private let names: [String]
  private let order: Int
  private let seed: UInt64
  private let printsJSON: Bool

  init(_ names: [String], _ arguments: Arguments) throws {
    self.names = names
    order = arguments.isGiven("order") ? try arguments.integer("order") : 2
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
  }

  func run(_ console: Console) throws -> Int32 {
    let clock = ContinuousClock()
    let start = clock.now
    var summary = CheckSummary()
    for name in names {
      console.live("checking \(name) …")
      summary.outcomes.append(check(name))
    }
    summary.seconds = start.duration(to: clock.now).seconds
    show(summary, console)
    if printsJSON { console.line(JSON.object(summary.fields).text) }
    return summary.exitCode
  }

  /// All examples of an operation.
  private func check(_ name: String) -> CheckOutcome {
    var outcome = CheckOutcome(name: name)
    for example in OperationCatalog.examples where example.operation.name == name {
      let tape = Tape<Double>()
      var generator = Generator(seed: seed)
      var leaves: [Variable<Double>] = []
      let inputs = example.inputs.map { input -> Variable<Double> in
        switch input {
        case .numbers(let shape, let range, let kinks):
          let x = tape.input(
            Tensor(
              shape: shape,
              elements: (0..<shape.elementCount).map { _ in
                var value = generator.uniform(range.lowerBound, range.upperBound)
                while kinks.contains(where: { abs($0 - value) < 0.05 }) {
                  value = generator.uniform(range.lowerBound, range.upperBound)
                }
                return value
              }))
          leaves.append(x)
          return x
        case .indices(let shape, let below):
          return tape.index(
            Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Int32(generator.uniform() * Double(below)) }))
        }
      }
      guard !leaves.isEmpty else { continue }
      let y = tape.record(example.operation, inputs: inputs)
      let report = GradientCheck(of: y, withRespectTo: leaves, order: order, seed: seed).run()
      outcome.add(report)
      outcome.add(report.verdict)
    }
    return outcome
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
      console.line(console.hasColor ? line.replacing(verdict.text, with: console.verdict(verdict), maxReplacements: 1) : line)
    }
    for outcome in summary.outcomes {
      for report in outcome.complaints {
        console.line()
        console.line(report.table(colored: console.hasColor))
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
