import Foundation

/// The words behind an example's name on the command line. `--help` prints what can be asked; a word that the example does not
/// know ends it with a sentence. An option such as `--save FILE` is followed by a word.
struct Asked {
  /// The place that was given, where the example takes one.
  let directory: URL?
  private let name = URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent
  private var given: [String: String] = [:]

  /// - Parameter options: each with its meaning; one that takes a word is written with it, as in `--save FILE`.
  init(_ purpose: String, options: KeyValuePairs<String, String> = [:], directory: String? = nil) {
    let known = options.map { ($0.key, $0.value) } + [("--help", "Print this.")]
    var words = CommandLine.arguments.dropFirst()
    if words.contains("--help") || words.contains("-h") {
      let usage = options.map { " [\($0.key)]" }.joined() + (directory == nil ? "" : " [DIRECTORY]")
      print("\(purpose)\n\nusage: swift run -c release \(name)\(usage)")
      let lines = known + (directory.map { [("DIRECTORY", $0)] } ?? [])
      let width = max(12, lines.map { $0.0.count + 2 }.max() ?? 0)
      for (word, meaning) in lines {
        print("  \(word.padding(toLength: width, withPad: " ", startingAt: 0))\(meaning)")
      }
      exit(0)
    }
    let takes = "it takes " + known.map(\.0).joined(separator: ", ") + (directory == nil ? "" : " and one directory")
    var place: URL?
    while let word = words.popFirst() {
      if word.hasPrefix("-") {
        guard let option = known.first(where: { $0.0.split(separator: " ")[0] == word })?.0.split(separator: " ") else {
          Asked.end(name, "there is no option '\(word)'; \(takes)")
        }
        guard option.count == 1 || words.first?.hasPrefix("-") == false else {
          Asked.end(name, "\(word) needs \(option[1]) behind it")
        }
        given[word] = option.count == 1 ? "" : words.removeFirst()
      } else if directory != nil, place == nil {
        place = URL(fileURLWithPath: word, isDirectory: true)
      } else {
        Asked.end(name, "'\(word)' is one word too many; \(takes)")
      }
    }
    self.directory = place
  }

  func has(_ option: String) -> Bool { given[option] != nil }

  /// The file behind an option.
  func file(_ option: String) -> URL? { given[option].map { URL(fileURLWithPath: $0) } }

  /// The whole number behind an option.
  func count(_ option: String) -> Int? {
    guard let word = given[option] else { return nil }
    guard let count = Int(word), count > 0 else {
      Asked.end(name, "\(option) takes a number above 0, was given '\(word)'")
    }
    return count
  }

  /// What `body` gives. An error, such as of a file that is missing, ends the example with its sentence.
  func orEnd<Result>(_ body: @autoclosure () throws -> Result) -> Result { reading(body) }

  /// The same of a longer body.
  func reading<Result>(_ body: () throws -> Result) -> Result {
    do {
      return try body()
    } catch let error as CocoaError {
      Asked.end(name, "\(error.filePath ?? "a file"): \(error.localizedDescription)")
    } catch { Asked.end(name, "\(error)") }
  }

  /// Ends the example with a sentence.
  func end(_ fault: String) -> Never { Asked.end(name, fault) }

  private static func end(_ name: String, _ fault: String) -> Never {
    FileHandle.standardError.write(Data("\(name): \(fault)\n".utf8))
    exit(2)
  }
}
