import Adjoint
import Foundation

/// A program of the command line: reads its words, does what they say, and turns every error into one sentence and an exit
/// code.
package enum CommandLineProgram {
  /// Runs the one command of an executable such as `adjoint-bench`.
  package static func main(_ command: Command) -> Never {
    main { words, console in try run(command, words, console) }
  }

  /// Runs `body` on the words after the program's name, and exits.
  package static func main(_ body: (ArraySlice<String>, Console) throws -> Int32) -> Never {
    let console = Console()
    // A file that may not grow any further is an error of writing, as on a full disk, and not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    var code: Int32
    do {
      code = try body(CommandLine.arguments.dropFirst(), console)
      if let reason = console.finish() { throw CommandError.unwritable("standard output", reason: reason) }
    } catch let error as CommandError {
      console.complain(error.description)
      code = error.exitCode
    } catch {
      // The library's errors say in a sentence what, where, and what to do.
      console.complain((error as? any LocalizedError)?.errorDescription ?? "\(error)")
      code = 1
    }
    exit(code)
  }

  /// The line that `--version` prints.
  package static var version: String { "adjoint \(adjointVersion), \(Kernels.name)" }

  /// Runs a command on the words after its name.
  /// - Returns: the exit code.
  package static func run(_ command: Command, _ words: ArraySlice<String>, _ console: Console) throws -> Int32 {
    // The library would trap at the first operation.
    let kernels = ProcessInfo.processInfo.environment["ADJOINT_KERNELS"] ?? ""
    guard kernels.isEmpty || Kernels.available.contains(kernels) else {
      throw CommandError.noInstructionSet(kernels, available: Kernels.available)
    }
    let arguments = try Arguments(words, for: command)
    if arguments.isGiven("help") {
      console.line(HelpText(command: command).text)
      return 0
    }
    if arguments.isGiven("version") {
      console.line(version)
      return 0
    }
    return try command.run(arguments, console)
  }
}
