import Adjoint
import AdjointCommandLine
import AdjointLearning
import Foundation

/// `adjoint info`: what this build and this machine have.
enum InfoCommand {
  static let command = Command(
    name: "info", summary: "Show the instruction set, the operations and the optimisers; measure the machine.",
    options: [
      .flag("measure", "Measure the multiply-add peak of one core, and the matrix product against it."),
      .flag("markdown", "Print the page of all operations, Docs/Operations.md, and nothing else."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [
      ("Environment", ["ADJOINT_KERNELS=NAME chooses the instruction set; 'reference' are plain loops in Swift"])
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("markdown") {
      for line in OperationCatalog.markdown().split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        console.line(String(line))
      }
      return 0
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let lists: [(name: String, words: [String])] = [
      ("operations", OperationCatalog.names), ("activations", Activation.optionNames),
      ("losses", ClassificationLoss.optionNames), ("initializers", InitializerName.optionNames),
      ("schedules", ScheduleNotation.forms),
    ]
    field("instructions", "\(Kernels.name) (of \(Kernels.available.joined(separator: ", ")))", console)
    field("cores", "\(cores)", console)
    for (name, words) in lists { field(name, "\(words.count): " + words.joined(separator: " "), console) }
    field("optimizers", "\(OptimizerEntry.all.count):", console)
    var table = Table(("name", .left), ("update", .left), ("defaults", .left))
    for entry in OptimizerEntry.all {
      let defaults = entry.hyperparameters.map { "\($0.option) \($0.value.short)" }
      table.add(entry.name, entry.rule, defaults.joined(separator: ", "))
    }
    for line in table.lines { console.line(line) }
    let measured = arguments.isGiven("measure") ? try MeasuredMachine() : nil
    if let measured { measured.show(on: console) }
    guard arguments.isGiven("json") else { return 0 }

    var fields: [(String, JSON)] = [
      ("instructionSet", .string(Kernels.name)), ("available", .strings(Kernels.available)), ("cores", .integer(cores)),
    ]
    fields += lists.map { ($0.name, .strings($0.words)) }
    fields.append(("optimizers", .strings(OptimizerEntry.all.map(\.name))))
    if let measured { fields += measured.fields }
    console.line(JSON.object(fields).text)
    return 0
  }

  private static func field(_ name: String, _ value: String, _ console: Console) {
    for (number, line) in value.wrapped(to: 104).enumerated() {
      console.line(console.bold((number == 0 ? name : "").padded(to: 14)) + line)
    }
  }
}
