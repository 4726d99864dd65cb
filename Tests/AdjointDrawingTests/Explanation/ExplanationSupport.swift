import Adjoint
import Foundation

/// A program of the system that runs a page's scripts, if it is installed.
struct Tool: Sendable {
  let path: String

  /// Runs the interpreter alone.
  static let node = Tool("node", "nodejs")
  /// Opens whole pages.
  static let chromium = Tool("chromium", "chromium-browser", "google-chrome")

  /// A program at a place.
  init(_ program: URL) { path = program.path }

  private init?(_ names: String...) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let places = names.flatMap { name in folders.map { $0 + "/" + name } }
    guard let path = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { return nil }
    self.path = path
  }

  /// Runs the tool, and returns what it printed. Output goes to files, so that no pipe can fill up.
  func run(_ arguments: [String], in folder: Folder) throws -> (output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (output, errors) = (try folder.file(UUID().uuidString, ""), try folder.file(UUID().uuidString, ""))
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    return (try String(contentsOf: output, encoding: .utf8), try String(contentsOf: errors, encoding: .utf8))
  }
}

/// A directory of its own.
final class Folder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-drawing-\(UUID().uuidString)")
  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String, _ text: String) throws -> URL {
    let file = url.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return file
  }
}

extension [Double] {
  /// As JSON; what is not finite is null.
  var json: String { "[" + map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ",") + "]" }

  /// The largest magnitude among the finite ones.
  var largest: Double { reduce(0) { $1.isFinite ? Swift.max($0, $1.magnitude) : $0 } }

  /// The largest difference from other numbers, in units of the largest of these; infinite where only one side is finite.
  /// - Parameter summands: how large the terms were that these numbers are sums of. Sums that cancel down to the rounding of
  ///   their terms have no digits to compare: those are measured against the terms.
  func distance(to others: [Double], summands: Double = 0) -> Double {
    guard count == others.count else { return .infinity }
    let scale = largest > 1e-14 * summands ? largest : summands
    return zip(self, others).reduce(0) { worst, pair in
      if !pair.0.isFinite || !pair.1.isFinite { return pair.0.isFinite == pair.1.isFinite ? worst : .infinity }
      return Swift.max(worst, pair.0 == pair.1 ? 0 : (pair.0 - pair.1).magnitude / scale)
    }
  }
}
