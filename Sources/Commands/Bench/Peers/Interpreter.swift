import AdjointCommandLine
import Foundation

/// A Python interpreter with one of our scripts.
struct Interpreter {
  let path: String
  private let script: String

  /// - Throws: `CommandError.peer` when the script cannot be found.
  init(_ path: String, script name: String) throws(CommandError) {
    self.path = path
    let place = "Examples/Benchmarks/\(name)"
    for start in [URL(fileURLWithPath: FileManager.default.currentDirectoryPath), Sibling.own].compactMap({ $0 }) {
      var folder = start
      for _ in 0..<8 {
        let candidate = folder.appendingPathComponent(place).path
        if FileManager.default.fileExists(atPath: candidate) {
          script = candidate
          return
        }
        folder = folder.deletingLastPathComponent()
      }
    }
    throw .peer(
      "--peers", reason: "there is no \(place) above this directory or above the program; run it in the package")
  }

  /// The libraries that it has.
  func versions() throws -> [String: String] {
    let versions = try run(["--versions"], onOneCore: false).members ?? []
    return Dictionary(versions.compactMap { name, version in version.string.map { (name, $0) } }) { first, _ in first }
  }

  func run(_ words: [String], onOneCore: Bool) throws -> JSON {
    try Interpreter.run("/usr/bin/env", [path, script] + words, onOneCore: onOneCore)
  }

  /// Runs a program to its end and reads the JSON object on its last line.
  /// - Parameter text: what it finds on its standard input.
  /// - Throws: `CommandError.peer` when it fails or prints no such line.
  static func run(_ path: String, _ words: [String], onOneCore: Bool, saying text: String? = nil) throws -> JSON {
    let process = Process()
    let pinning = "/usr/bin/taskset"
    let cores = ProcessInfo.processInfo.activeProcessorCount
    if onOneCore, FileManager.default.isExecutableFile(atPath: pinning) {
      process.executableURL = URL(fileURLWithPath: pinning)
      process.arguments = ["-c", "\(cores - 1)", path] + words
    } else {
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = words
    }
    let (output, errors) = (Pipe(), FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString))
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    let said = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data((text ?? "").utf8).write(to: said)
    defer { try? FileManager.default.removeItem(at: said) }
    process.standardInput = try FileHandle(forReadingFrom: said)
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    let name = words.prefix(3).map { URL(fileURLWithPath: $0).lastPathComponent }.joined(separator: " ")
    do {
      try process.run()
    } catch {
      throw CommandError.peer(name, reason: "it cannot be started: \(error.localizedDescription)")
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let line = text.split(separator: "\n").last,
      let object = try? JSON(line.utf8, file: name), object.members != nil
    else {
      let last = (try? String(contentsOf: errors, encoding: .utf8))?.split(separator: "\n").last ?? "it printed nothing"
      throw CommandError.peer(name, reason: "it ended with \(process.terminationStatus): \(last)")
    }
    return object
  }
}
