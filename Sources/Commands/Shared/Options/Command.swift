/// A command of the command line, as data.
package struct Command: Sendable {
  package let name: String
  /// One line.
  package let summary: String
  /// The placeholder of the arguments without dashes, and their number.
  package let positional: (placeholder: String, count: ClosedRange<Int>)
  package let options: [Option]
  /// Further sections of the help: a heading and lines.
  package let notes: [(heading: String, lines: [String])]
  /// Runs the command and returns the exit code.
  package let run: @Sendable (Arguments, Console) throws -> Int32

  package init(
    name: String, summary: String, positional: (placeholder: String, count: ClosedRange<Int>) = ("", 0...0),
    options: [Option], notes: [(heading: String, lines: [String])] = [],
    run: @escaping @Sendable (Arguments, Console) throws -> Int32
  ) {
    (self.name, self.summary, self.positional) = (name, summary, positional)
    (self.options, self.notes, self.run) = (options, notes, run)
  }

  /// An option that every command has.
  package static let help = Option.flag("help", "Show this help.")
  /// The other option that every command has.
  package static let version = Option.flag("version", "Show the version and the instruction set.")
  /// Options that have a short form as well.
  package static let shortNames = ["-h": "help", "-o": "output"]

  package var allOptions: [Option] { options + [Command.help, Command.version] }
}

/// The options and arguments given to a command, checked against its table.
package struct Arguments {
  package let command: Command
  /// The values given, in canonical form, by option name; a flag has the value "".
  package private(set) var given: [String: String] = [:]
  package private(set) var positionals: [String] = []
  /// True for stored values, among which defaults stand too.
  package private(set) var isStored = false

  /// Reads the words after the command's name.
  /// - Throws: `CommandError`, always a usage error.
  package init(_ words: ArraySlice<String>, for command: Command) throws(CommandError) {
    self.command = command
    var rest = words
    var optionsEnd = false
    while let word = rest.popFirst() {
      if optionsEnd || word == "-" || !word.hasPrefix("-") {
        positionals.append(word)
      } else if word == "--" {
        optionsEnd = true
      } else {
        try parse(word, &rest)
      }
    }
    if isGiven("help") || isGiven("version") { return }
    let (placeholder, count) = command.positional
    if positionals.count > count.upperBound {
      throw .unexpectedArgument(positionals[count.upperBound], command: command.name)
    }
    if positionals.count < count.lowerBound { throw .missingArgument(placeholder, command: command.name) }
  }

  /// Values that were stored, such as in a checkpoint; names that the command does not have are ignored.
  package init(stored: [String: String], for command: Command) throws(CommandError) {
    self.command = command
    isStored = true
    for option in command.options {
      if let value = stored[option.name] { given[option.name] = try option.canonical(value) }
    }
  }

  /// The same arguments, with these values for options that were not given.
  package func supplying(_ values: [String: String]) -> Arguments {
    var arguments = self
    arguments.given.merge(values) { given, _ in given }
    return arguments
  }

  private mutating func parse(_ word: String, _ rest: inout ArraySlice<String>) throws(CommandError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let short = Command.shortNames[parts[0]]
    let name = short ?? String(parts[0].drop { $0 == "-" })
    guard let option = command.allOptions.first(where: { $0.name == name }), short != nil || word.hasPrefix("--")
    else {
      let near = Suggestion.option(name, among: command.allOptions.map(\.name))
      throw .unknownOption(parts[0], command: command.name, suggestion: near)
    }
    if isGiven(name) { throw .repeatedOption(name) }
    if case .flag = option.kind {
      if parts.count > 1 { throw .unexpectedValue(option: name, value: parts[1]) }
      given[name] = ""
      return
    }
    var value: String? = parts.count > 1 ? parts[1] : nil
    if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
    guard let value, !value.isEmpty else { throw .missingValue(option: name, placeholder: option.placeholder) }
    given[name] = try option.canonical(value)
  }

  /// The words that give another program those of these options that were given here.
  package func words(_ names: [String]) -> [String] {
    names.compactMap { name in given[name].map { $0.isEmpty ? "--\(name)" : "--\(name)=\($0)" } }
  }

  // MARK: Reading

  package func isGiven(_ name: String) -> Bool { given[name] != nil }

  /// The value given, or the default.
  package func text(_ name: String) -> String? { given[name] ?? option(name).fallback }

  /// The value given, or the default, of an option that has one.
  package func required(_ name: String) throws(CommandError) -> String {
    guard let text = text(name) else {
      throw .missingValue(option: name, placeholder: option(name).placeholder)
    }
    return text
  }

  package func integer(_ name: String) throws(CommandError) -> Int {
    let text = try required(name)
    guard let value = Int(text) else { throw option(name).bad(text, expected: "a whole number") }
    return value
  }

  /// The whole number of an option that was given; nil for one that was not.
  package func givenInteger(_ name: String) throws(CommandError) -> Int? {
    isGiven(name) ? try integer(name) : nil
  }

  package func number(_ name: String) throws(CommandError) -> Double {
    let text = try required(name)
    guard let value = Double(text) else { throw option(name).bad(text, expected: "a number") }
    return value
  }

  /// The case of an enumeration that an option names.
  package func choice<Choice: Named>(_ name: String, _ type: Choice.Type = Choice.self) throws(CommandError) -> Choice {
    let text = try required(name)
    guard let value = Choice.allCases.first(where: { $0.optionName == text }) else {
      let words = Choice.allCases.map(\.optionName)
      throw option(name).bad(text, expected: words.listed("or"), among: words)
    }
    return value
  }

  package func option(_ name: String) -> Option {
    guard let option = command.allOptions.first(where: { $0.name == name }) else {
      fatalError("the command '\(command.name)' has no option '\(name)' in its table")
    }
    return option
  }
}

/// An enumeration whose cases have names on the command line.
package protocol Named: CaseIterable, Equatable {
  var optionName: String { get }
}

extension Named where Self: RawRepresentable<String> {
  /// `leakyRelu` is `leaky-relu`.
  package var optionName: String { rawValue.hyphenated }
}

extension Named {
  package static var optionNames: [String] { allCases.map(\.optionName) }
}
