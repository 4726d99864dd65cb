import Foundation

/// The reason why Graphviz drew nothing.
public enum GraphvizError: Error, Equatable, CustomStringConvertible {
  /// The program is in none of the folders that were searched.
  case notInstalled(program: String, searched: [String])
  /// The program ended with a status other than 0.
  case failed(program: String, status: Int32, message: String)

  public var description: String {
    switch self {
    case .notInstalled(let program, let searched):
      "Graphviz: expected the program '\(program)', found none in \(searched.joined(separator: ":")). Install the package "
        + "graphviz, or use `svg`, which needs no program."
    case .failed(let program, let status, let message):
      "Graphviz: '\(program) -Tsvg' was expected to exit with 0, it exited with \(status): \(message). The text that it was "
        + "given is `dot`."
    }
  }
}

extension Drawing {
  /// The picture as Graphviz lays it out, by running `dot -Tsvg`.
  /// - Parameters:
  ///   - program: the program to run instead of `dot`: `neato`, `sfdp`, …, or a path.
  ///   - searchPath: the directories to search for it; those of the process when left out.
  /// - Throws: `GraphvizError` when it is not installed or refuses, and the errors of writing temporary files.
  public func svgByGraphviz(program: String = "dot", searchPath: [String]? = nil) throws -> String {
    let directories =
      searchPath ?? (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    let candidates = program.contains("/") ? [program] : directories.map { $0 + "/" + program }
    guard let executable = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw GraphvizError.notInstalled(program: program, searched: directories)
    }
    #if canImport(Darwin) && !os(macOS)
      // A program may run no other there.
      throw GraphvizError.notInstalled(program: executable, searched: directories)
    #else
      // Files, not pipes: no buffer fills while both sides write.
      let place = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: place) }
      let (source, picture) = (place.appendingPathComponent("graph.dot"), place.appendingPathComponent("graph.svg"))
      try dot.write(to: source, atomically: false, encoding: .utf8)

      let process = Process()
      let complaints = Pipe()
      process.executableURL = URL(fileURLWithPath: executable)
      process.arguments = ["-Tsvg", "-o", picture.path, source.path]
      process.standardError = complaints
      try process.run()
      let message = complaints.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        let text = String(decoding: message, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        throw GraphvizError.failed(program: program, status: process.terminationStatus, message: text)
      }
      return try String(contentsOf: picture, encoding: .utf8)
    #endif
  }
}
