import Foundation
import TestFiles
import Testing

/// The command line as built: what it printed, and how it ended.
struct Outcome {
  let output: String
  let errors: String
  let code: Int32

  /// The JSON object on the last line of standard output.
  func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
    let line = try #require(output.split(separator: "\n").last, "\(errors)", sourceLocation: sourceLocation)
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require(object as? [String: Any], sourceLocation: sourceLocation)
  }

  func number(_ key: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Double {
    let value = try json(sourceLocation: sourceLocation)[key]
    return try #require((value as? NSNumber)?.doubleValue, "\(key)", sourceLocation: sourceLocation)
  }
}

/// A directory of its own, and the command run in it.
final class Workplace {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-command-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: directory.appendingPathComponent(name))
    return path(name)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: directory.appendingPathComponent(name)))
  }

  /// Replaces a text in the header of a checkpoint, which is padded as before.
  func editHeader(_ name: String, _ old: String, _ new: String) throws {
    let content = try bytes(name)
    let length = (0..<4).reduce(0) { $0 | Int(content[$1]) << (8 * $1) }
    let header = String(decoding: content[8..<8 + length], as: UTF8.self)
    try #require(header.contains(old), "\(header)")
    var edited = Array(header.replacingOccurrences(of: old, with: new).utf8)
    while edited.count % 8 != 0 { edited.append(0x20) }
    _ = try write(
      name, (0..<8).map { UInt8(truncatingIfNeeded: edited.count >> (8 * $0)) } + edited + content[(8 + length)...])
  }

  /// The system's number of a file, which changes when another one takes its place; nil when there is none.
  func identity(of name: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
    return (attributes?[.systemFileNumber] as? NSNumber)?.intValue
  }

  /// Starts the command, or another copy of it. Output goes to files, so that no pipe can fill up.
  func start(_ arguments: [String], program: URL? = nil, environment: [String: String] = [:]) throws -> Running {
    let process = Process()
    process.executableURL = try program ?? binary()
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (path("\(UUID().uuidString).out"), path("\(UUID().uuidString).err"))
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    return Running(process: process, workplace: self, output: output, errors: errors)
  }

  /// Runs the command to its end.
  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
    try start(arguments, environment: environment).outcome()
  }
}

/// A command that has been started.
struct Running {
  let process: Process
  /// Kept, since the directory goes when the workplace does.
  let workplace: Workplace
  let output: String
  let errors: String

  func outcome() throws -> Outcome {
    process.waitUntilExit()
    return try withExtendedLifetime(workplace) {
      Outcome(
        output: try String(contentsOfFile: output, encoding: .utf8),
        errors: try String(contentsOfFile: errors, encoding: .utf8), code: process.terminationStatus)
    }
  }
}

/// The executable, which stands beside the test bundle in the build folder.
func binary() throws -> URL { try builtProgram("adjoint") }

/// Options of a training that takes a moment, in a debug build too.
let tiny = [
  "train", "--train-limit", "300", "--test-limit", "100", "--hidden", "16", "--epochs", "2", "--batch", "64",
]

extension Workplace {
  /// A tiny training with further options.
  func train(_ further: String...) throws -> Outcome { try start(tiny + further).outcome() }
}
