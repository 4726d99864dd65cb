/// The help of a command, made from its table of options.
package struct HelpText {
  package let command: Command

  package var text: String {
    var lines = ["\(command.summary)", "", "Usage: adjoint \(usage)"]
    var groups: [String] = []
    for option in command.allOptions where !groups.contains(option.group) { groups.append(option.group) }
    for group in groups {
      lines += ["", "\(group):"]
      for option in command.allOptions where option.group == group { lines += describe(option) }
    }
    for (heading, body) in command.notes { lines += ["", "\(heading):"] + body.map { "  " + $0 } }
    return lines.joined(separator: "\n")
  }

  private var usage: String {
    let (placeholder, count) = command.positional
    let positional = count.upperBound == 0 ? "" : count.lowerBound == 0 ? " [\(placeholder)]" : " \(placeholder)"
    return "\(command.name) [options]\(positional)"
  }

  private func describe(_ option: Option) -> [String] {
    let head = "  --\(option.name)" + (option.placeholder.isEmpty ? "" : " \(option.placeholder)")
    var help = option.help
    if case .choice(let words) = option.kind { help += " One of \(words.joined(separator: ", "))." }
    if let fallback = option.fallback { help += " Default: \(fallback)." }
    let body = help.wrapped(to: 120 - 30).map { String(repeating: " ", count: 30) + $0 }
    guard head.count < 29, let first = body.first else { return [head] + body }
    return [head.padded(to: 30) + first.dropFirst(30)] + body.dropFirst()
  }

  /// The help of the whole program.
  package static func overview(_ commands: [Command]) -> String {
    var lines = [
      "Reverse-mode automatic differentiation, at the command line.", "", "Usage: adjoint COMMAND [options]", "",
    ]
    let width = ((commands.map(\.name.count) + Sibling.all.map(\.name.count)).max() ?? 0) + 4
    lines += commands.map { "  " + $0.name.padded(to: width) + $0.summary }
    lines += ["", "Programs of their own; 'swift build -c release' builds them all:"]
    lines += Sibling.all.map { "  " + $0.name.padded(to: width) + $0.summary }
    lines += ["", "'adjoint COMMAND --help' lists a command's options and their defaults."]
    lines += ["'adjoint train' without options draws digits and trains on them; it takes less than a minute."]
    return lines.joined(separator: "\n")
  }
}
