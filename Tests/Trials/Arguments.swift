import Foundation

/// The words behind the name of the program: a command, then options with a value each.
struct Arguments {
  let command: String
  private var values: [String: String] = [:]

  init(_ words: some Collection<String>) {
    command = words.first ?? ""
    let options = Array(words.dropFirst())
    for position in stride(from: 0, to: options.count - 1, by: 2) {
      values[String(options[position].drop { $0 == "-" })] = options[position + 1]
    }
  }

  subscript(name: String) -> String? { values[name] }
  func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
}

/// Prints a line at once: what a child said before a trap counts.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
