import Adjoint
import Foundation

/// The command line: finds the command, runs it, and turns every error into one sentence and an exit code.
@main
enum AdjointCommand {
  static let commands = [
    TrainCommand.command, EvaluateCommand.command, PredictCommand.command, CheckCommand.command, BenchCommand.command,
    ExperimentsCommand.command, ExplainCommand.command, InfoCommand.command,
  ]

  static func main() {
    let console = Console()
    var code: Int32
    do {
      code = try run(CommandLine.arguments.dropFirst(), console)
      if let reason = console.failure { throw CommandError.unwritable("standard output", reason: reason) }
    } catch let error as CommandError {
      console.note(error.description)
      code = error.exitCode
    } catch {
      // The library's errors say in a sentence what, where, and what to do.
      console.note((error as? any LocalizedError)?.errorDescription ?? "\(error)")
      code = 1
    }
    exit(code)
  }

  private static func run(_ words: ArraySlice<String>, _ console: Console) throws -> Int32 {
    guard let word = words.first else {
      console.line(HelpText.overview(commands))
      throw CommandError.missingCommand
    }
    if ["--help", "-h", "help"].contains(word) {
      guard word == "help", let name = words.dropFirst().first else {
        console.line(HelpText.overview(commands))
        return 0
      }
      console.line(HelpText(command: try command(name)).text)
      return 0
    }
    let command = try command(word)
    // The library would trap at the first operation.
    let kernels = ProcessInfo.processInfo.environment["ADJOINT_KERNELS"] ?? ""
    guard kernels.isEmpty || Kernels.available.contains(kernels) else {
      throw CommandError.noInstructionSet(kernels, available: Kernels.available)
    }
    let arguments = try Arguments(words.dropFirst(), for: command)
    if arguments.isGiven("help") {
      console.line(HelpText(command: command).text)
      return 0
    }
    return try command.run(arguments, console)
  }

  private static func command(_ name: String) throws(CommandError) -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    throw .unknownCommand(name, suggestion: Suggestion.nearest(to: name, among: ["help"] + commands.map { $0.name }))
  }
}
