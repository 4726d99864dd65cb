import AdjointCommandLine
import AdjointFiles

/// `adjoint diff`: where two traced trainings parted.
@main
enum DiffCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "diff", summary: Sibling.diff.summary, positional: ("A B", 2...2),
    options: [.flag("json", "Print one JSON object as the last line of standard output.")],
    notes: [
      (
        "Traces",
        [
          "'adjoint train --trace FILE' writes one, and so does 'step.trace(to:)' in code. Steps of the same number are",
          "compared, bit for bit; NaN is equal to NaN. A trace that was cut off is compared as far as it goes.",
        ]
      ),
      (
        "Examples",
        [
          "adjoint train --epochs 1 --trace a.trace", "adjoint train --epochs 1 --threads 1 --trace b.trace",
          "adjoint diff a.trace b.trace",
        ]
      ),
      ("Exit code", ["0 when nothing differs, 1 when something does or a file cannot be read, 2 for a wrong command"]),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let paths = arguments.positionals
    let comparison = try TraceComparison(TraceReader(paths[0]), TraceReader(paths[1]))
    let report = DiffReport(comparison)
    for (name, text) in report.fields { console.field(name, text, width: 15) }
    if arguments.isGiven("json") { console.line(report.json.text) }
    return report.isSame ? 0 : 1
  }
}
