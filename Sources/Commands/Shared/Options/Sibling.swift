import Foundation

/// A program of its own that belongs to the command line: `adjoint NAME` runs `adjoint-NAME`, which lies beside it, as git does.
package struct Sibling: Sendable {
  package let name: String
  /// One line.
  package let summary: String

  /// The programs of this package.
  package static let explain = Sibling(
    name: "explain", summary: "Write down the backward pass of a model: a page to step through, equations, a drawing.")
  package static let grade = Sibling(
    name: "grade", summary: "Put faults into every rule and into shared code, and count how many the checker finds.")
  package static let bench = Sibling(
    name: "bench",
    summary: "Time training steps, kernels and overhead against their targets, and against other libraries.")
  package static let experiments = Sibling(
    name: "experiments", summary: "Run the experiments of the source documents and judge their figures.")
  package static let all = [explain, grade, bench, experiments]
  /// The program `adjoint` itself, as the others find it.
  package static let main = Sibling(name: "", summary: "Train, evaluate, predict and check.")

  private var program: String { name.isEmpty ? "adjoint" : "adjoint-\(name)" }

  /// The executable beside this one, if it has been built.
  private var executable: URL? {
    guard let own = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
    let place = own.deletingLastPathComponent().appendingPathComponent(program)
    return FileManager.default.isExecutableFile(atPath: place.path) ? place : nil
  }

  /// The program that `adjoint NAME` stands for: one of this package, or any executable `adjoint-NAME` beside this one.
  package init?(named name: String) {
    if let known = Sibling.all.first(where: { $0.name == name }) {
      self = known
      return
    }
    guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else { return nil }
    let other = Sibling(name: name, summary: "")
    guard other.executable != nil else { return nil }
    self = other
  }

  private init(name: String, summary: String) { (self.name, self.summary) = (name, summary) }

  /// Becomes the program, with these arguments: terminal, signals and exit code are its own from here on.
  /// - Throws: `CommandError.notBuilt` when there is no such executable.
  package func run(_ arguments: some Sequence<String>) throws(CommandError) -> Never {
    let path = try found().path
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    words.append(nil)
    execv(path, words)
    throw .unwritable(path, reason: String(cString: strerror(errno)))
  }

  /// Runs the program and returns the last line that it printed.
  /// - Throws: `CommandError` when there is no such executable, or it fails.
  package func lastLine(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = try found()
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let line = text.split(separator: "\n").last else {
      throw CommandError.peer(program, reason: "it ended with exit code \(process.terminationStatus)")
    }
    return String(line)
  }

  /// The path of the executable.
  /// - Throws: `CommandError.notBuilt` when there is none.
  package func found() throws(CommandError) -> URL {
    guard let executable else { throw .notBuilt(program) }
    return executable
  }
}
