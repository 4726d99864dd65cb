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
  case noRowAtThreads(Int)
  case contradiction(option: String, given: String, saved: String, file: String)

  // What the command found.
  case noSuchData(String, suggestion: String?)
  case noMNIST(searched: [String])
  case noCheckpoint(String, resuming: Bool)
  case foreignCheckpoint(String, missing: String, tensors: [String] = [])
  case otherData(file: String)
  case wrongSize(file: String, expected: String, found: String)
  case badImage(file: String, place: String, expected: String, found: String)
  case tooFewExamples(String)
  case unwritable(String, reason: String)
  case disagreement(String)
  case noInstructionSet(String, available: [String])
  case notBuilt(String)
  case peer(String, reason: String)

  /// 2 when the command was written wrongly, 1 for everything else.
  package var exitCode: Int32 {
    switch self {
    case .missingCommand, .unknownCommand, .unknownOperation, .unknownOption, .repeatedOption, .missingValue,
      .unexpectedValue, .badValue, .unexpectedArgument, .missingArgument, .missingOption, .unusedOption, .contradiction,
      .unknownRow, .unknownExperiment, .noRowAtThreads:
      2
    case .noSuchData, .noMNIST, .noCheckpoint, .foreignCheckpoint, .otherData, .wrongSize, .badImage, .tooFewExamples,
      .unwritable, .disagreement, .noInstructionSet, .notBuilt, .peer:
      1
    }
  }
}

extension CommandError {
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
      "there is no command '\(word)'" + Self.didYouMean(near, else: "'adjoint --help' lists them")
    case .unknownOperation(let word, let near):
      "the catalogue has no operation '\(word)'" + Self.didYouMean(near, else: "'adjoint info' lists them")
    case .unknownOption(let word, let command, let near):
      "'\(command)' has no option '\(word)'"
        + Self.didYouMean(near.map { "--\($0)" }, else: "'adjoint \(command) --help' lists them")
    case .repeatedOption(let name): "--\(name) was given twice; give it once"
    case .missingValue(let name, let placeholder): "--\(name) needs a value: --\(name) \(placeholder)"
    case .unexpectedValue(let name, let value): "--\(name) takes no value, but '\(value)' was given"
    case .badValue(let name, let value, let expected, let near):
      "--\(name) \(value): expected \(expected)" + Self.didYouMean(near, else: nil)
    case .unexpectedArgument(let word, let command):
      "'\(command)' does not know what to do with '\(word)'; 'adjoint \(command) --help' says what it takes"
    case .missingArgument(let placeholder, let command):
      "'\(command)' needs \(placeholder); see 'adjoint \(command) --help'"
    case .missingOption(let name, let placeholder, let command): "'\(command)' needs --\(name) \(placeholder)"
    case .unusedOption(let name, let reason, let users):
      "--\(name) has no effect \(reason)" + (users.isEmpty ? "" : "; it belongs to \(users.listed("and"))")
    case .contradiction(let name, let given, let saved, let file):
      "--\(name) \(given) contradicts the checkpoint \(file), which was made with \(saved); leave the option out to "
        + "resume, or start a new training without --resume"
    case .unknownRow(let word, let near):
      "there is no row '\(word)'" + Self.didYouMean(near, else: "'adjoint bench --list' lists them")
    case .unknownExperiment(let word, let near):
      "there is no experiment '\(word)'" + Self.didYouMean(near, else: "'adjoint experiments --list' lists them")
    case .noRowAtThreads(let threads):
      "none of these rows is measured on \(threads.of("thread")); the steps are"
    case .noSuchData(let word, let near):
      "--data \(word): there is no such file or directory"
        + Self.didYouMean(near, else: "give drawn, mnist, a directory with MNIST's four files, or a CSV file")
    case .noMNIST(let places):
      "MNIST was not found: looked in \(places.listed("and")); set ADJOINT_MNIST to its directory, or give --download to "
        + "fetch it (11 MB)"
    case .noCheckpoint(let file, let resuming):
      "there is no checkpoint \(file); check the path"
        + (resuming ? ", or start anew with --save \(file) in place of --resume" : "")
    case .foreignCheckpoint(let file, let missing, let tensors):
      "\(file) was not saved by 'adjoint train': it does not say its '\(missing)'"
        + (tensors.isEmpty
          ? ""
          : "; expected tensors such as 'fc1/weight', found "
            + tensors.prefix(6).map { quoted($0) }.joined(separator: ", ") + (tensors.count > 6 ? ", …" : ""))
    case .otherData(let file):
      "the training images are not those that \(file) was trained on; give it the same data, or start a new training"
    case .wrongSize(let file, let expected, let found): "\(file): expected \(expected), found \(found)"
    case .badImage(let file, let place, let expected, let found):
      "\(file)\(place.isEmpty ? "" : ", \(place)"): expected \(expected), found \(found)"
    case .tooFewExamples(let sentence): sentence
    case .unwritable(let file, let reason): "\(file) cannot be written: \(reason)"
    case .disagreement(let sentence): sentence
    case .peer(let name, let reason): "\(name): \(reason)"
    case .noInstructionSet(let name, let available):
      "ADJOINT_KERNELS=\(name): this machine has \(available.listed("and"))"
    case .notBuilt(let program):
      "\(program) is a program of its own, and it is not built here; build it with "
        + "'swift build -c release --product \(program)'"
    }
  }

  private static func didYouMean(_ word: String?, else alternative: String?) -> String {
    word.map { "; did you mean \($0)?" } ?? alternative.map { "; \($0)" } ?? ""
  }
}

/// "Did you mean": the known word that takes the fewest edits to reach.
///
/// The distance counts insertions, deletions, replacements and swaps of neighbours (the restricted form of Damerau 1964).
package enum Suggestion {
  /// The nearest of `words`, or nil when none is near: more than a third of the letters would have to change.
  package static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    let typed = word.lowercased()
    var best: (word: String, distance: Int)?
    for candidate in words {
      let edits = distance(typed, candidate.lowercased())
      // A word that was only begun ("hid" for "hidden") is near too.
      let isBeginning = typed.count >= 2 && candidate.lowercased().hasPrefix(typed)
      let allowed = max(1, max(typed.count, candidate.count) / 3)
      guard edits <= allowed || isBeginning else { continue }
      let score = isBeginning ? min(edits, 1) : edits
      if score < best?.distance ?? .max { best = (candidate, score) }
    }
    return best?.word
  }

  /// The number of edits between two words.
  package static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
