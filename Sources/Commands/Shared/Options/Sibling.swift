import Foundation

/// A program of its own that belongs to the command line: `adjoint NAME` runs `adjoint-NAME`, which lies beside it, as git does.
package struct Sibling: Sendable {
  package let name: String
  /// One line for the help.
  package let summary: String
  /// The name of the executable.
  private let program: String

  private init(_ name: String, _ summary: String = "", program: String? = nil) {
    (self.name, self.summary, self.program) = (name, summary, program ?? "adjoint-\(name)")
  }

  package static let check = Sibling(
    "check", "Check derivatives: the catalogue of operations, one of them, or a model.")
  package static let explain = Sibling(
    "explain", "Write down the backward pass of a model: a page to step through, equations, a drawing.")
  package static let lesson = Sibling(
    "lesson", "List the lessons of the course, or write one: a page with its exercise.")
  package static let diff = Sibling(
    "diff", "Say where two traced trainings parted: the first step, node and element that differ.")
  package static let export = Sibling("export", "Write a model for other programs: ONNX.")
  package static let bench = Sibling(
    "bench", "Time training steps, kernels and overhead against their targets, and against other libraries.")
  package static let experiments = Sibling(
    "experiments", "Run the experiments of the source documents and judge their figures.")
  /// The programs of this package beside `adjoint`.
  package static let all = [check, explain, lesson, diff, export, bench, experiments]
  /// The program `adjoint` itself, as the others find it.
  package static let main = Sibling("", program: "adjoint")

  /// The program that `adjoint NAME` stands for: one of this package, or any executable `adjoint-NAME` beside this one.
  package init?(named name: String) {
    if let known = Sibling.all.first(where: { $0.name == name }) {
      self = known
      return
    }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else { return nil }
    self = Sibling(name)
    guard place != nil else { return nil }
  }

  /// The executable that is running, links followed; nil where the system does not say.
  package static var own: URL? {
    #if os(Linux)
      // `Bundle.main` traps where there is no /proc, as in an empty root.
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return (link ?? CommandLine.arguments.first).map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() }
    #else
      return Bundle.main.executableURL?.resolvingSymlinksInPath()
    #endif
  }

  /// The executable beside this one, if it has been built.
  private var place: URL? {
    guard let own = Sibling.own else { return nil }
    let place = own.deletingLastPathComponent().appendingPathComponent(program)
    return FileManager.default.isExecutableFile(atPath: place.path) ? place : nil
  }

  /// The executable beside this one.
  /// - Throws: `CommandError.notBuilt` when there is none.
  package func executable() throws(CommandError) -> URL {
    guard let place else { throw .notBuilt(program) }
    return place
  }

  /// Becomes the program, with these arguments: terminal, signals and exit code are its own from here on.
  /// - Throws: `CommandError` when there is no such executable, or it cannot be started.
  package func run(_ arguments: some Sequence<String>) throws(CommandError) -> Never {
    let path = try executable().path
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    words.append(nil)
    execv(path, words)
    throw .peer(path, reason: "it cannot be started: \(String(cString: strerror(errno)))")
  }

  /// Runs the program and returns the lines that it printed.
  /// - Throws: `CommandError` when there is no such executable, or it fails.
  package func lines(_ arguments: [String]) throws -> [String] {
    let process = Process()
    let output = Pipe()
    process.executableURL = try executable()
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandError.peer(program, reason: "it ended with exit code \(process.terminationStatus)")
    }
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
