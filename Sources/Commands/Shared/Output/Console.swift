import AdjointFiles
import Foundation

/// Standard output: plain lines, a live line that rewrites itself on a terminal, colours where they are welcome.
package final class Console {
  /// True where a person is looking.
  package let isTerminal: Bool
  /// True on a terminal where `NO_COLOR` is not set.
  package let hasColor: Bool
  /// True where a launcher passes the output on. One that is ending reads no more, and then nobody waits for it: the step is
  /// finished and saved.
  package var hasLauncher = false
  /// True for a process that another one speaks for: it prints nothing but errors.
  package var isQuiet = false
  private var liveWidth = 0
  private let output = Output(to: .standardOutput)
  private let errors = Output(to: .standardError)

  package init() {
    isTerminal = isatty(STDOUT_FILENO) == 1
    let environment = ProcessInfo.processInfo.environment
    let isPlain = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
    hasColor = isTerminal && !isPlain
  }

  package func line(_ text: String = "") {
    clearLive()
    write(text + "\n")
  }

  /// Prints a table, its heading in bold.
  package func table(_ table: Table) {
    for (number, line) in table.lines.enumerated() { self.line(number == 0 ? bold(line) : line) }
  }

  /// Prints a name in bold and its value beside it.
  package func field(_ name: String, _ value: String, width: Int = 14) {
    line(bold(name.padded(to: width)) + printable(value, atMost: 2000))
  }

  /// On a terminal, replaces the live line, cut where the terminal ends; elsewhere, nothing.
  package func live(_ text: String) {
    guard isTerminal else { return }
    // In the last column some terminals go to the next line.
    let shown = String(printable(text, atMost: 2000).prefix(Swift.max(terminalWidth - 1, 1)))
    write("\r" + shown.padded(to: Swift.min(liveWidth, terminalWidth - 1)))
    liveWidth = shown.count
  }

  /// The columns of the terminal as it is now; a person may have made it narrower.
  private var terminalWidth: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  private func clearLive() {
    guard liveWidth > 0 else { return }
    write("\r" + String(repeating: " ", count: Swift.min(liveWidth, terminalWidth - 1)) + "\r")
    liveWidth = 0
  }

  /// The text in bold, or as it is.
  package func bold(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  private func write(_ text: String) {
    if !isQuiet { output.write(text, waiting: !hasLauncher) }
  }

  /// Waits until all is written, with a launcher a second at most. Returns the reason for which something could not be written.
  package func finish() -> String? { output.finish(until: limit) }

  private var limit: DispatchTime { hasLauncher ? .now() + 1 : .distantFuture }

  /// Standard error, for the one sentence of a failure and for notes: a line, whatever names it holds.
  package func note(_ text: String) {
    if !isQuiet { complain(text) }
  }

  /// The sentence of a failure, also of a process that is quiet.
  package func complain(_ text: String) {
    clearLive()
    _ = finish()
    errors.write("adjoint: \(printable(text, atMost: 4000))\n", waiting: !hasLauncher)
    // A sentence that cannot be written has nowhere else to go.
    _ = errors.finish(until: limit)
  }
}

/// Texts on their way to a file, in their order.
private final class Output: Sendable {
  private let file: FileHandle
  private let queue = DispatchQueue(label: "adjoint.output")
  // Only what runs on the queue reads and writes it.
  nonisolated(unsafe) private var failure: String?

  init(to file: FileHandle) { self.file = file }

  func write(_ text: String, waiting: Bool) {
    if waiting { queue.sync { write(text) } } else { queue.async { self.write(text) } }
  }

  private func write(_ text: String) {
    guard failure == nil else { return }
    do {
      try file.write(contentsOf: Data(text.utf8))
    } catch {
      failure = error.localizedDescription
    }
  }

  func finish(until limit: DispatchTime) -> String? {
    let end = DispatchWorkItem {}
    queue.async(execute: end)
    return end.wait(timeout: limit) == .success ? queue.sync { failure } : nil
  }
}

/// Rows of text in aligned columns.
package struct Table {
  package enum Alignment { case left, right }

  package let header: [String]
  package let alignments: [Alignment]
  package private(set) var rows: [[String]] = []

  package init(_ columns: (String, Alignment)...) { self.init(columns: columns) }

  package init(columns: [(String, Alignment)]) {
    header = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  package mutating func add(_ cells: String...) { add(cells) }
  /// Cells may be names from files.
  package mutating func add(_ cells: [String]) { rows.append(cells.map { printable($0, atMost: 200) }) }

  /// The lines, header first, two spaces between columns.
  package var lines: [String] {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([header] + rows).map { row in
      let cells = row.indices.map { column in
        alignments[column] == .left ? row[column].padded(to: widths[column]) : row[column].padded(left: widths[column])
      }
      var line = "  " + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
