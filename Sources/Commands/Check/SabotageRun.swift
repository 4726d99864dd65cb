import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointGrading

/// `adjoint check --sabotage`: the number of faults that the checker finds, and how often it blames the right place.
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
    guard printsJSON else { return score.exitCode }
    let fields: [(String, JSON)] = [
      ("mutants", .integer(score.mutants)), ("detected", .integer(score.detected)), ("blamed", .integer(score.blamed)),
      ("equivalent", .integer(score.equivalent.count)), ("trapped", .integer(score.trapped.count)),
      ("survivors", .integer(score.survivors.count)), ("survived", .strings(score.survivors.map(\.text))),
      ("misblamed", .strings(score.misblamed.map(\.text))),
      ("seconds", .number(score.seconds)), ("seed", .integer(Int(seed))),
    ]
    console.line(JSON.object(fields).text)
    return score.exitCode
  }
}
