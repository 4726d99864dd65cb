import AdjointFiles
import Foundation

/// An error between the command line and the library, as data; the sentences stand in one place, below.
package enum CommandError: Error, Equatable {
  // How the command was written.
  case missingCommand
  case unknownCommand(String, suggestion: String?)
  case unknownOperation(String, suggestion: String?)
  case unknownOption(String, command: String, suggestion: String?)
  case repeatedOption(String)
  case missingValue(option: String, placeholder: String)
  case unexpectedValue(option: String, value: String)
  case badValue(option: String, value: String, expected: String, suggestion: String?)
  case unexpectedArgument(String, command: String)
  case missingArgument(String, command: String)
  case missingOption(String, placeholder: String, command: String)
  case unusedOption(String, reason: String, usedBy: [String])
  case unknownRow(String, suggestion: String?)
  case unknownExperiment(String, suggestion: String?)
  case unknownLesson(String, count: Int)
  case noRowAtThreads(Int)
  case contradiction(option: String, given: String, saved: String, file: String)
  case notACheckpoint(String)
  case badPackageName(String, expected: String)

  // What the command found.
  case noSuchData(String, suggestion: String?)
  case noMNIST(searched: [String], files: [String], address: String)
  case noCheckpoint(String, resuming: Bool)
  case foreignCheckpoint(String, missing: String, tensors: [String] = [], suggestion: String? = nil)
  case badSettings(file: String, reason: String)
  case movedData(String, file: String)
  case otherData(file: String)
  case diverged(String)
  case notFinite(String, file: String)
  case wrongSize(file: String, expected: String, found: String)
  case badImage(file: String, place: String, expected: String, found: String)
  case tooFewExamples(String)
  case unwritable(String, reason: String)
  case disagreement(String)
  case noInstructionSet(String, available: [String])
  case notBuilt(String)
  case noClone
  case occupied(String)
  case peer(String, reason: String)
  case process(String, reason: String)

  /// 2 when the command was written wrongly, also one that the user gave to be run, 1 for everything else.
  package var exitCode: Int32 {
    switch self {
    case .missingCommand, .unknownCommand, .unknownOperation, .unknownOption, .repeatedOption, .missingValue,
      .unexpectedValue, .badValue, .unexpectedArgument, .missingArgument, .missingOption, .unusedOption, .contradiction,
      .unknownRow, .unknownExperiment, .unknownLesson, .noRowAtThreads, .notACheckpoint, .badPackageName, .process:
      2
    case .noSuchData, .noMNIST, .noCheckpoint, .foreignCheckpoint, .badSettings, .movedData, .otherData, .diverged,
      .notFinite, .wrongSize, .badImage, .tooFewExamples, .unwritable, .disagreement, .noInstructionSet, .notBuilt,
      .noClone, .occupied, .peer:
      1
    }
  }
}

extension CommandError {
  /// The result of `body`, whose options stand in a checkpoint: its errors are the file's, since nobody gave them.
  package static func blaming<Result>(
    _ file: String?, _ body: () throws(CommandError) -> Result
  ) throws(CommandError) -> Result {
    do {
      return try body()
    } catch {
      guard let file else { throw error }
      if case .noSuchData(let data, _) = error { throw .movedData(data, file: file) }
      throw .badSettings(file: file, reason: error.description)
    }
  }

  /// The error that a file could not be replaced, under the name that the user gave it.
  package static func unwritable(_ place: String, _ error: FileError) -> CommandError {
    .unwritable(place, reason: "expected \(error.expected), found \(error.found); \(error.remedy)")
  }
}

extension CommandError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingCommand: "no command was given; 'adjoint --help' lists them"
    case .unknownCommand(let word, let near):
      "there is no command \(quoted(word))" + Self.didYouMean(near, else: "'adjoint --help' lists them")
    case .unknownOperation(let word, let near):
      "the catalogue has no operation \(quoted(word))" + Self.didYouMean(near, else: "'adjoint info' lists them")
    case .unknownOption(let word, let command, let near):
      "'\(command)' has no option \(quoted(word))"
        + Self.didYouMean(near.map { "--\($0)" }, else: "'adjoint \(command) --help' lists them")
    case .repeatedOption(let name): "--\(name) was given twice; give it once"
    case .missingValue(let name, let placeholder): "--\(name) needs a value: --\(name) \(placeholder)"
    case .unexpectedValue(let name, let value): "--\(name) takes no value, but \(quoted(value)) was given"
    case .badValue(let name, let value, let expected, let near):
      "--\(name) \(printable(value)): expected \(expected)" + Self.didYouMean(near, else: nil)
    case .unknownLesson(let word, let count):
      "there is no lesson \(quoted(word)), but 1 to \(count); 'adjoint lesson' lists them"
    case .unexpectedArgument(let word, let command):
      "'\(command)' does not know what to do with \(quoted(word)); 'adjoint \(command) --help' says what it takes"
    case .missingArgument(let placeholder, let command):
      "'\(command)' needs \(placeholder); see 'adjoint \(command) --help'"
    case .missingOption(let name, let placeholder, let command): "'\(command)' needs --\(name) \(placeholder)"
    case .unusedOption(let name, let reason, let users):
      "--\(name) has no effect \(reason)" + (users.isEmpty ? "" : "; it belongs to \(users.listed("and"))")
    case .contradiction(let name, let given, let saved, let file):
      "--\(name) \(printable(given)) contradicts the checkpoint \(path(file)), which was made with \(printable(saved)); leave the option out to "
        + "resume, or start a new training without --resume"
    case .unknownRow(let word, let near):
      "there is no row \(quoted(word))" + Self.didYouMean(near, else: "'adjoint bench --list' lists them")
    case .unknownExperiment(let word, let near):
      "there is no experiment \(quoted(word))" + Self.didYouMean(near, else: "'adjoint experiments --list' lists them")
    case .noRowAtThreads(let threads):
      "none of these rows is measured on \(threads.of("thread")); the steps are"
    case .noSuchData(let word, let near):
      "--data \(path(word)): there is no such file or directory"
        + Self.didYouMean(
          near, else: "give drawn, mnist, a directory with MNIST's four files, an NPZ file, or a CSV file")
    case .noMNIST(let places, let files, let address):
      "MNIST was not found: looked in \(places.listed("and")) for \(files.listed("and")), plain or gzip; --download fetches "
        + "them (11 MB); or get each, with .gz, from \(address), and give their directory as --data or ADJOINT_MNIST"
    case .noCheckpoint(let file, let resuming):
      "there is no checkpoint \(path(file)); check the path"
        + (resuming ? ", or start anew with --save \(path(file)) in place of --resume" : "")
    case .foreignCheckpoint(let file, let missing, let tensors, let suggestion):
      "\(path(file)) was not saved by 'adjoint train': it does not say its '\(missing)'"
        + (tensors.isEmpty
          ? ""
          : "; expected tensors such as 'fc1/weight', found "
            + tensors.prefix(6).map { quoted($0) }.joined(separator: ", ") + (tensors.count > 6 ? ", …" : "")
            + (suggestion.map { "; to take them as a perceptron, give \($0)" } ?? ""))
    case .badSettings(let file, let reason):
      "\(path(file)) says what cannot be: \(reason). It was changed by hand or by another version; save it again"
    case .movedData(let data, let file):
      "\(path(file)) was trained on \(path(data)), which is not there any more; say with --data where it is now"
    case .diverged(let sentence): sentence
    case .notFinite(let what, let file):
      "\(path(file)): \(what) cannot be computed, a number is not finite; the training had diverged: train anew with a "
        + "lower learning rate, or go on from an older checkpoint"
    case .notACheckpoint(let file):
      "--save \(path(file)) would replace a file that is no checkpoint; give another path, or remove the file"
    case .badPackageName(let name, let expected): "\(quoted(name)) cannot be a package's name: expected \(expected)"
    case .noClone:
      "this program lies outside the clone of Adjoint that it was built in; say where the package finds Adjoint: "
        + "--path DIR, a clone, or --url URL, a repository"
    case .occupied(let folder):
      "\(path(folder)) is there already: expected no such folder, or an empty one; give another name, or remove it"
    case .otherData(let file):
      "the training images are not those that \(path(file)) was trained on; give it the same data, or start a new training"
    case .wrongSize(let file, let expected, let found): "\(path(file)): expected \(expected), found \(found)"
    case .badImage(let file, let place, let expected, let found):
      "\(path(file))\(place.isEmpty ? "" : ", \(place)"): expected \(expected), found \(found)"
    case .tooFewExamples(let sentence): sentence
    case .unwritable(let file, let reason): "\(path(file)) cannot be written: \(reason)"
    case .disagreement(let sentence): sentence
    case .peer(let name, let reason): "\(name): \(reason)"
    case .process(let command, let reason): "--process \(quoted(command)): \(reason)"
    case .noInstructionSet(let name, let available):
      "ADJOINT_KERNELS=\(printable(name)): this machine has \(available.listed("and"))"
    case .notBuilt(let program):
      "\(program) is a program of its own, and it is not built here; build it with "
        + "'swift build -c release --product \(program)'"
    }
  }

  /// A path as it stands in a sentence: whole, where a system takes it at all.
  private func path(_ text: String) -> String { printable(text, atMost: 1024) }

  private static func didYouMean(_ word: String?, else alternative: String?) -> String {
    word.map { "; did you mean \($0)?" } ?? alternative.map { "; \($0)" } ?? ""
  }
}
