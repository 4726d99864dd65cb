import Foundation

/// Trials of one kind, run by a child process; the parent begins a new one behind a trial that ended its process.
///
/// A child leaves the present trial's input in a file of its number, and removes it when the trial has passed. So the file
/// that is left names the trial and holds its input.
struct Children {
  /// The words that a child is given: the kind of trial and its name.
  let kind: String
  let name: String
  let seed: Int
  let keep: URL
  /// Says whether the end of a child by a trap, with this output on standard error, is right.
  var allows: (String) -> Bool = { _ in false }

  /// A file system in memory, where there is one: a trial writes files.
  static let place = URL(
    fileURLWithPath: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : FileManager.default.temporaryDirectory.path)

  /// Runs trials first ..< first + count and returns the number that failed; it ends after ten.
  func run(first: Int, count: Int) -> (failures: Int, traps: Int, said: [String: Int]) {
    var (next, failures, traps) = (first, 0, 0)
    var said: [String: Int] = [:]
    while next < first + count, failures < 10 {
      let folder = Self.place.appendingPathComponent("trials-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      guard (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)) != nil,
        let result = try? start(folder, next, first + count - next)
      else { return (failures + 1, traps, said) }
      for line in result.output.split(separator: "\n") {
        if line.hasPrefix("total ") {
          let words = line.split(separator: " ", maxSplits: 2)
          said[String(words[2]), default: 0] += Int(words[1]) ?? 0
        } else {
          say("  \(line)")
        }
      }
      let left = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).compactMap { Int($0) }
      // A child leaves the inputs of what failed; the last one is where it ended, unless it ended well.
      for number in left.sorted() {
        let isTrap = !result.isWell && number == left.max()
        if isTrap, allows(result.error) {
          traps += 1
          continue
        }
        failures += 1
        report(number, folder, isTrap ? "\(result.cause): \(result.lastWords)" : nil)
      }
      if result.isWell { break }
      guard let last = left.max() else {
        say("  a child ended without a trial: \(result.cause): \(result.lastWords)")
        return (failures + 1, traps, said)
      }
      next = last + 1
    }
    return (failures, traps, said)
  }

  /// Keeps the input of a failed trial and says how to repeat it.
  private func report(_ number: Int, _ folder: URL, _ trap: String?) {
    let kept = keep.appendingPathComponent("\(name)-\(seed)-\(number)")
    try? FileManager.default.createDirectory(at: keep, withIntermediateDirectories: true)
    try? FileManager.default.removeItem(at: kept)
    try? FileManager.default.copyItem(at: folder.appendingPathComponent("\(number)"), to: kept)
    if let trap { say("  \(name) \(number): \(trap)") }
    say("  kept: \(kept.path); again: Trials \(kind) --only \(name) --seed \(seed) --first \(number) --count 1")
  }

  /// The end of a child.
  private struct Result {
    let output: String
    let error: String
    let isWell: Bool
    let cause: String

    /// The line of the trap, or the end of what was said.
    var lastWords: Substring {
      error.split(separator: "\n").last { $0.contains("rror: ") } ?? error.suffix(600)
    }
  }

  /// Runs this program with other words, to its end.
  static func process(_ words: [String], output: FileHandle? = nil, error: FileHandle? = nil) throws -> Process {
    let child = Process()
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    child.executableURL = URL(fileURLWithPath: link ?? CommandLine.arguments[0])
    child.arguments = words
    child.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    if let output { child.standardOutput = output }
    if let error { child.standardError = error }
    try child.run()
    child.waitUntilExit()
    return child
  }

  private func start(_ folder: URL, _ first: Int, _ count: Int) throws -> Result {
    let (outputFile, errorFile) = (folder.appendingPathComponent("output"), folder.appendingPathComponent("error"))
    for file in [outputFile, errorFile] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let words = [
      "child", "--kind", kind, "--name", name, "--seed", "\(seed)", "--first", "\(first)", "--count", "\(count)",
      "--folder", folder.path,
    ]
    let child = try Self.process(
      words, output: try FileHandle(forWritingTo: outputFile), error: try FileHandle(forWritingTo: errorFile))
    let (status, isSignal) = (child.terminationStatus, child.terminationReason == .uncaughtSignal)
    let cause =
      isSignal ? (status == SIGALRM ? "a hang (ended after 20 s)" : "signal \(status)") : "exit code \(status)"
    func text(_ file: URL) -> String { String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self) }
    return Result(
      output: text(outputFile), error: text(errorFile), isWell: !isSignal && status == 0, cause: cause)
  }
}

/// The child's side of a trial: its input in a file, a clock against hangs, and the most memory that it took.
struct ChildTrial {
  let file: URL

  /// Writes the input.
  init(_ number: Int, in folder: URL, input: [UInt8]) throws {
    file = folder.appendingPathComponent("\(number)")
    try Data(input).write(to: file)
    alarm(20)
  }

  /// Ends a trial. The file of one that failed stays.
  func end(failure: String?) {
    alarm(0)
    if let failure { say("\(file.lastPathComponent): \(failure)") } else { unlink(file.path) }
  }
}

/// The most memory that this process has held since the last reset, in bytes; 0 where the system does not say.
enum PeakMemory {
  static func reset() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  static var bytes: Int { field("VmHWM:") }
  static var residentBytes: Int { field("VmRSS:") }

  private static func field(_ name: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes << 10
  }
}
