import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointGrading

/// `adjoint grade`, also `adjoint check --sabotage`: the grade of the checker.
@main
enum GradeCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "grade", summary: Sibling.grade.summary, positional: ("OPERATION ...", 0...Int.max),
    options: [
      Option("seed", "N", .integer(0...Int.max), default: "0", "What values and faults are drawn from."),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ],
    notes: [("Exit code", ["0 when every fault was found, 1 when one was not"])]
  ) { arguments, console in
    try SabotageRun(OperationCatalog.names(among: arguments.positionals), arguments).run(console)
  }
}

/// The number of faults that the checker finds, and how often it blames the right place.
struct SabotageRun {
  private let names: [String]
  private let isWhole: Bool
  private let seed: UInt64
  private let printsJSON: Bool

  init(_ names: [String], _ arguments: Arguments) throws {
    self.names = names
    isWhole = arguments.positionals.isEmpty
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
  }

  func run(_ console: Console) throws -> Int32 {
    // Faults in shared code belong to no operation; they are part of the whole run alone.
    let score = Sabotage(OperationCatalog.types(of: names), includesSharedCode: isWhole, seed: seed).run()
    console.line("\(score)")
    guard printsJSON else { return score.survivors.isEmpty ? 0 : 1 }
    let fields: [(String, JSON)] = [
      ("mutants", .integer(score.mutants)), ("detected", .integer(score.detected)), ("blamed", .integer(score.blamed)),
      ("equivalent", .integer(score.equivalent.count)), ("trapped", .integer(score.trapped.count)),
      ("survivors", .integer(score.survivors.count)), ("survived", .strings(score.survivors.map(\.text))),
      ("misblamed", .strings(score.misblamed.map(\.text))),
      ("seconds", .number(score.seconds)), ("seed", .integer(Int(seed))),
    ]
    console.line(JSON.object(fields).text)
    return score.survivors.isEmpty ? 0 : 1
  }
}
