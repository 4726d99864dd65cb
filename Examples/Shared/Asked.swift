import Foundation

/// The words behind an example's name on the command line. `--help` prints what can be asked; a word that the example does not
/// know ends it with a sentence.
struct Asked {
  /// The place that was given, where the example takes one.
  let directory: URL?
  private let given: Set<String>

  init(_ purpose: String, options: KeyValuePairs<String, String> = [:], directory: String? = nil) {
    let name = URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent
    let words = CommandLine.arguments.dropFirst()
    let known = options.map { ($0.key, $0.value) } + [("--help", "Print this.")]
    if words.contains("--help") || words.contains("-h") {
      let usage = options.map { " [\($0.key)]" }.joined() + (directory == nil ? "" : " [DIRECTORY]")
      print("\(purpose)\n\nusage: swift run -c release \(name)\(usage)")
      let lines = known + (directory.map { [("DIRECTORY", $0)] } ?? [])
      for (word, meaning) in lines { print("  \(word.padding(toLength: 12, withPad: " ", startingAt: 0))\(meaning)") }
      exit(0)
    }
    given = Set(words.filter { $0.hasPrefix("-") })
    let places = words.filter { !$0.hasPrefix("-") }
    self.directory = places.first.map { URL(fileURLWithPath: $0, isDirectory: true) }
    let takes = "it takes " + known.map(\.0).joined(separator: ", ") + (directory == nil ? "" : " and one directory")
    let fault: String? =
      if let option = words.first(where: { $0.hasPrefix("-") && !known.map(\.0).contains($0) }) {
        "there is no option '\(option)'"
      } else if places.count > (directory == nil ? 0 : 1) {
        "'\(places[places.count - 1])' is one word too many"
      } else {
        nil
      }
    guard let fault else { return }
    FileHandle.standardError.write(Data("\(name): \(fault); \(takes)\n".utf8))
    exit(2)
  }

  func has(_ option: String) -> Bool { given.contains(option) }
}
