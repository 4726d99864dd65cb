import AdjointCommandLine
import AdjointFiles
import Foundation

/// A command that answers every line with one line, run by /bin/sh.
///
/// It may hang, die, or print without end: everything waits until a deadline, and holds no more than was asked for. What it
/// writes on standard error goes where ours goes.
final class LineProcess {
  private let command: String
  private let timeout: Double
  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())
  private var received: [UInt8] = []
  private var takesInput = true
  private var hasAsked = false
  private var interrupts: [any DispatchSourceSignal] = []

  /// Starts the command.
  /// - Parameter timeout: the seconds that an answer may take.
  init(_ command: String, timeout: Double) throws(CommandError) {
    (self.command, self.timeout) = (command, timeout)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardInput = input
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      throw CommandError.process(command, reason: "/bin/sh cannot be started: \(error.localizedDescription)")
    }
    let group = process.processIdentifier
    interrupts = [SIGINT, SIGTERM, SIGHUP].map { number in
      // It stands in a group of its own, which a terminal does not interrupt.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        kill(-group, SIGKILL)
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
  }

  /// Sends a line, and returns the line that answers it, without its end.
  /// - Parameter limit: the most bytes that the answer may have.
  /// - Throws: `CommandError.process` where it dies, is silent for too long, or prints too much.
  func answer(to request: String, named ask: String, atMost limit: Int) throws(CommandError) -> [UInt8] {
    var (left, last) = (Duration.seconds(timeout), ContinuousClock.now)
    // Writing to a process that is gone is an error of writing, and no end of this one; our own output keeps to the custom.
    let custom = signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, custom) }
    // What it prints at its start is taken for its first answer, and judged as such.
    if hasAsked { try refuseUnasked() }
    hasAsked = true
    var rest = Array((request + "\n").utf8)[...]
    var searched = 0
    while true {
      if rest.isEmpty || !takesInput {
        if let end = received[searched...].firstIndex(of: LineProcess.newline) {
          let line = Array(received[..<end])
          received.removeSubrange(...end)
          return line
        }
        searched = received.count
      }
      guard received.count <= limit else {
        throw CommandError.process(
          command,
          reason:
            "it printed \(received.count.grouped) bytes and no end of a line, where at most \(limit.grouped) answer "
            + "the request '\(ask)'; print one line for each request, and all else on standard error")
      }
      try exchange(&rest, within: left, ask)
      // Where both were stopped meanwhile, nobody is late: of a gap, a second counts.
      let now = ContinuousClock.now
      (left, last) = (left - min(now - last, .seconds(1)), now)
    }
  }

  /// Closes its input, waits for its end, and ends it where it does not.
  /// - Throws: `CommandError.process` where it printed more than was asked for.
  func end() throws(CommandError) {
    // What was printed beyond the last answer belongs to no request.
    defer { stop() }
    try refuseUnasked()
  }

  /// Ends it, and every process that it started.
  func stop() {
    try? input.fileHandleForWriting.close()
    for signal in [0, SIGTERM, SIGKILL] where process.isRunning {
      if signal != 0, kill(-process.processIdentifier, signal) != 0 { kill(process.processIdentifier, signal) }
      waitForEnd(seconds: signal == SIGKILL ? 10 : 1)
    }
    try? output.fileHandleForReading.close()
    for source in interrupts { source.cancel() }
    interrupts = []
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
  }

  // MARK: Pipes

  private static let newline = UInt8(ascii: "\n")
  /// A pipe that is ready to be written takes so many bytes without waiting (POSIX's PIPE_BUF is at least 512).
  private static let piece = 512

  /// Writes and reads what can be written and read now, or soon.
  private func exchange(
    _ rest: inout ArraySlice<UInt8>, within left: Duration, _ ask: String
  ) throws(CommandError) {
    let isWriting = takesInput && !rest.isEmpty
    var places = [pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)]
    if isWriting {
      places.append(pollfd(fd: input.fileHandleForWriting.fileDescriptor, events: Int16(POLLOUT), revents: 0))
    }
    guard left > .zero else {
      throw CommandError.process(
        command,
        reason: "expected an answer to '\(ask)' within \(timeout.short) s, found "
          + (isWriting
            ? "that it does not read the request; read a line, and answer it"
            : received.isEmpty
              ? "none; make sure that it flushes its output after each line, or give it longer (--timeout)"
              : "a line that does not end; end each answer with a newline, and flush"))
    }
    let milliseconds = min(
      left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1, 1000)
    guard poll(&places, nfds_t(places.count), Int32(milliseconds)) > 0 else { return }
    if places[0].revents != 0 {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { throw ended(ask) }
      received += data
    }
    if isWriting, places[1].revents != 0 {
      do {
        let piece = rest.prefix(LineProcess.piece)
        try input.fileHandleForWriting.write(contentsOf: Data(piece))
        rest = rest.dropFirst(piece.count)
      } catch {
        // It may have answered all the same, or be at its end, which its output tells.
        takesInput = false
      }
    }
  }

  /// Refuses a line for which nobody asked: every later answer would be that of another request.
  private func refuseUnasked() throws(CommandError) {
    var place = [pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)]
    if received.isEmpty, poll(&place, 1, 0) > 0 { received += output.fileHandleForReading.availableData }
    guard !received.isEmpty else { return }
    let line = String(decoding: received.prefix { $0 != LineProcess.newline }, as: UTF8.self)
    throw CommandError.process(
      command,
      reason: "expected one line for each request, found another one, \(quoted(line)); print all else on standard error"
    )
  }

  // MARK: Its end

  private func waitForEnd(seconds: Double) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while process.isRunning, ContinuousClock.now < deadline { usleep(2000) }
  }

  /// The error that it closed its output instead of answering.
  private func ended(_ ask: String) -> CommandError {
    waitForEnd(seconds: 1)
    guard !process.isRunning else {
      return .process(
        command, reason: "expected an answer to '\(ask)', found that it closed its standard output; keep it open")
    }
    let status = process.terminationStatus
    var number = process.terminationReason == .uncaughtSignal ? status : 0
    // The shell's word for a signal that ended what it ran.
    if number == 0, status > 128, status < 160 { number = status - 128 }
    let found =
      switch status {
      case _ where number != 0: "that it was ended by signal \(number) (\(String(cString: strsignal(number))))"
      case 126, 127: "exit code \(status): the shell cannot run it; write the command as you type it in a shell"
      case 0: "that it ended; answer until the end of standard input"
      default: "that it ended with exit code \(status)"
      }
    let advice = status == 0 || status == 126 || status == 127 ? "" : "; what it wrote on standard error stands above"
    return .process(command, reason: "expected an answer to '\(ask)', found \(found)\(advice)")
  }
}
