import Foundation

/// The words behind an example's name on the command line. `--help` prints what can be asked; a word that the example does not
/// know ends it with a sentence. An option such as `--save FILE` is followed by a word.
struct Asked {
  /// The place that was given, where the example takes one.
  let directory: URL?
  private var given: [String: String] = [:]

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
    var (places, fault): ([String], String?) = ([], nil)
    var rest = words
    while let word = rest.popFirst() {
      let option = known.map { $0.0.split(separator: " ") }.first { $0[0] == word }
      if !word.hasPrefix("-") {
        places.append(word)
      } else if let option, option.count == 1 || rest.first?.hasPrefix("-") == false {
        given[word] = option.count == 1 ? "" : rest.popFirst()
      } else {
        fault = fault ?? (option.map { "\($0[0]) takes a \($0[1])" } ?? "there is no option '\(word)'")
      }
    }
    self.directory = places.first.map { URL(fileURLWithPath: $0, isDirectory: true) }
    if fault == nil, places.count > (directory == nil ? 0 : 1) {
      fault = "'\(places[places.count - 1])' is one word too many"
    }
    guard let fault else { return }
    let takes = "it takes " + known.map(\.0).joined(separator: ", ") + (directory == nil ? "" : " and one directory")
    Asked.end("\(fault); \(takes)", code: 2)
  }

  func has(_ option: String) -> Bool { given[option] != nil }

  /// The file behind an option.
  func file(_ option: String) -> URL? { given[option].map { URL(fileURLWithPath: $0) } }

  /// What `body` makes of a file that was asked for; an error ends the example with its sentence.
  func reading<Made>(_ body: () throws -> Made) -> Made {
    do { return try body() } catch { Asked.end("\(error)", code: 1) }
  }

  /// Ends the example with a sentence.
  static func end(_ sentence: String, code: Int32) -> Never {
    let name = URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent
    FileHandle.standardError.write(Data("\(name): \(sentence)\n".utf8))
    exit(code)
  }
}
