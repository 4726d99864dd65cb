import AdjointCommandLine
import AdjointCommandNew

/// The program `adjoint`: finds the command and runs it, or the program of its own that stands for it.
@main
enum AdjointCommand {
  static let commands = [
    TrainCommand.command, EvaluateCommand.command, PredictCommand.command, InfoCommand.command, NewCommand.command,
  ]

  static func main() { CommandLineProgram.main(run) }

  private static func run(_ words: ArraySlice<String>, _ console: Console) throws -> Int32 {
    guard let word = words.first else {
      console.line(HelpText.overview(commands))
      throw CommandError.missingCommand
    }
    if ["--version", "-V", "version"].contains(word) {
      console.line(CommandLineProgram.version)
      return 0
    }
    if ["--help", "-h", "help"].contains(word) {
      guard word == "help", let name = words.dropFirst().first else {
        console.line(HelpText.overview(commands))
        return 0
      }
      return try run(name, ["--help"], console)
    }
    return try run(word, words.dropFirst(), console)
  }

  private static func run(_ name: String, _ words: ArraySlice<String>, _ console: Console) throws -> Int32 {
    if let command = commands.first(where: { $0.name == name }) {
      return try CommandLineProgram.run(command, words, console)
    }
    if let sibling = Sibling(named: name) { try sibling.run(words) }
    let known = ["help"] + commands.map(\.name) + Sibling.all.map(\.name)
    throw CommandError.unknownCommand(name, suggestion: Suggestion.nearest(to: name, among: known))
  }
}
