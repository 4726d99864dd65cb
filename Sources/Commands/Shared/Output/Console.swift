import Foundation

/// Standard output: plain lines, a live line that rewrites itself on a terminal, colours where they are welcome.
package final class Console {
  /// Whether a person is looking.
  package let isTerminal: Bool
  /// Whether to use colours: on a terminal, and `NO_COLOR` is not set.
  package let hasColor: Bool
  /// Why output could not be written, the first time that happened.
  package private(set) var failure: String?
  private var liveWidth = 0

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

  /// On a terminal, replaces the live line; elsewhere, nothing.
  package func live(_ text: String) {
    guard isTerminal else { return }
    write("\r" + text.padded(to: liveWidth))
    liveWidth = text.count
  }

  private func clearLive() {
    guard liveWidth > 0 else { return }
    write("\r" + String(repeating: " ", count: liveWidth) + "\r")
    liveWidth = 0
  }

  /// The text in bold, or as it is.
  package func bold(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  /// The text in a fainter colour, or as it is.
  package func dim(_ text: String) -> String { hasColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

  private func write(_ text: String) {
    guard failure == nil else { return }
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      failure = error.localizedDescription
    }
  }

  /// Standard error, for the one sentence of a failure and for notes.
  package func note(_ text: String) {
    clearLive()
    // A sentence that cannot be written has nowhere else to go.
    try? FileHandle.standardError.write(contentsOf: Data("adjoint: \(text)\n".utf8))
  }
}
