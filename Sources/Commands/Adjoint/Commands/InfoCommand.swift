import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointLearning
import Foundation

/// `adjoint info`: the instruction sets, operations and optimisers of this build, and the speed of this machine; or what a
/// checkpoint holds.
enum InfoCommand {
  static let command = Command(
    name: "info",
    summary: "Show what this build can do and this machine, or what a checkpoint holds.",
    positional: ("FILE", 0...1),
    options: [
      .flag("measure", "Measure the multiply-add peak of one core, and the matrix product against it."),
      .flag("markdown", "Print the page of all operations, Docs/Operations.md, and nothing else."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [
      ("File", ["A checkpoint: the version that wrote it, its training, settings and tensors"]),
      (
        "Environment",
        [
          "ADJOINT_KERNELS=NAME chooses the instruction set; 'reference' are plain loops in Swift",
          "ADJOINT_MPI=FILE names the library of MPI for processes that mpirun starts",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if let file = arguments.positionals.first {
      for option in ["measure", "markdown"] where arguments.isGiven(option) {
        throw CommandError.unusedOption(option, reason: "on a checkpoint", usedBy: [])
      }
      let checkpoint = try CheckpointInfo(file)
      checkpoint.show(on: console)
      if arguments.isGiven("json") { console.line(checkpoint.json.text) }
      return 0
    }
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
    let library = ProcessGroup.library
    field(
      "processes",
      library.map { "\($0.version) (\($0.name)), for mpirun -n 4 adjoint train" }
        ?? "one: no library of MPI was found; apt-get install openmpi-bin (Debian), or name one in ADJOINT_MPI", console
    )
    for (name, words) in lists { field(name, "\(words.count): " + words.joined(separator: " "), console) }
    field("optimizers", "\(OptimizerEntry.all.count):", console)
    var table = Table(("name", .left), ("update", .left), ("defaults", .left))
    for entry in OptimizerEntry.all {
      let defaults = entry.hyperparameters.map { "\($0.option) \($0.value.short)" }
      table.add(entry.name, entry.rule, defaults.joined(separator: ", "))
    }
    console.table(table)
    let measured = arguments.isGiven("measure") ? try MeasuredMachine() : nil
    for line in measured?.lines ?? [] { console.line(line) }
    guard arguments.isGiven("json") else { return 0 }

    var fields: [(String, JSON)] = [
      ("instructionSet", .string(Kernels.name)), ("available", .strings(Kernels.available)), ("cores", .integer(cores)),
      ("mpi", library.map { .string($0.version) } ?? .null),
    ]
    fields += lists.map { ($0.name, .strings($0.words)) }
    fields.append(("optimizers", .strings(OptimizerEntry.all.map(\.name))))
    fields += measured?.fields ?? []
    console.line(JSON.object(fields).text)
    return 0
  }

  private static func field(_ name: String, _ value: String, _ console: Console) {
    for (number, line) in value.wrapped(to: 104).enumerated() {
      console.field(number == 0 ? name : "", line)
    }
  }
}

/// The speed of one core, measured by `adjoint-bench --machine`.
private struct MeasuredMachine {
  /// The table as that program prints it, below an empty line.
  let lines: [String]
  let fields: [(String, JSON)]

  /// Runs `adjoint-bench`.
  /// - Throws: `CommandError` when it has not been built, or fails.
  init() throws {
    let printed = try Sibling.bench.lines(["--machine", "--json"])
    let figures = try JSON((printed.last ?? "").utf8, file: "adjoint-bench")
    lines = [""] + printed.dropLast()
    fields = ["peakGFLOPS", "productGFLOPS", "productToPeak", "product"].map { ($0, figures[$0] ?? .null) }
  }
}
