import AdjointCommandLine
import AdjointFiles
import AdjointLearning
import Foundation

/// A trace, read step by step: a file of a hundred thousand steps takes no more memory than one of them.
///
/// The last line of a run that was killed may be cut off; it is left out, and `isCut` says so.
final class TraceReader {
  /// The path as the user gave it.
  let path: String
  private(set) var scalar = ""
  private(set) var instructions = ""
  private(set) var seed = ""
  /// Everything that decides an update beside gradients, in words.
  private(set) var update = ""
  /// True when the file ends within a line.
  private(set) var isCut = false
  /// The number of whole steps that were read.
  private(set) var stepCount = 0

  private let file: InputFile
  private var recordings: [Int: TracedRecording] = [:]
  private var offset = 0
  private var buffer: [UInt8] = []
  private var position = 0
  private var line = 0

  /// Opens a trace.
  /// - Throws: `FileError` for no file, another format, another version.
  init(_ path: String) throws(FileError) {
    self.path = path
    file = try InputFile(FilePlace.url(path))
    let start = try file.prefix(max(TraceFormat.beginning.utf8.count, FileKind.prefixLength))
    guard start.starts(with: TraceFormat.beginning.utf8) else {
      throw FileError(
        .wrongFormat, file: path, at: .wholeFile, expected: "a trace",
        found: start.isEmpty ? "an empty file" : FileKind.name(of: start) ?? "another format",
        remedy: "Give a file that 'adjoint train --trace FILE' or 'step.trace(to:)' wrote.")
    }
    guard let header = try nextLine() else {
      throw FileError(
        .truncated, file: path, at: .line(1, column: 1), expected: "a first line, with its end",
        found: "the end of the file",
        remedy: "The run was killed before it began; write the trace anew.")
    }
    guard header["version"]?.integer == TraceFormat.version else {
      throw FileError(
        .unsupportedType, file: path, at: .line(1, column: 1), expected: "version \(TraceFormat.version) of the format",
        found: header["version"].map { "version \($0.text)" } ?? "none",
        remedy: "Compare the traces with the adjoint that wrote them, or write them anew.")
    }
    scalar = try member("scalar", of: header, \.string, "Float or Double")
    guard ["Float", "Double"].contains(scalar) else {
      throw fault("'scalar' that is Float or Double", "\(quoted(scalar))")
    }
    instructions = try member("instructions", of: header, \.string, "a text")
    seed = try member("seed", of: header, { $0.double == nil ? nil : $0.text }, "a number")
    update = try member("update", of: header, \.string, "a text")
  }

  /// The next step; nil at the end.
  /// - Throws: `FileError` for a line that is damaged.
  func next() throws(FileError) -> TracedStep? {
    while let content = try nextLine() {
      guard let step = content["step"] else {
        let number = try member("recording", of: content, \.integer, "a whole number")
        recordings[number] = try TracedRecording(content, in: self)
        continue
      }
      stepCount += 1
      guard let number = step.integer else { throw fault("'step' that is a whole number", step.text) }
      guard let recording = recordings[try member("recording", of: content, \.integer, "a whole number")] else {
        throw fault("'recording' that a line above describes", content["recording"]?.text ?? "none")
      }
      let hashes = try bytes("hashes", of: content)
      guard hashes.count == 8 * recording.nodes.count else {
        throw fault("'hashes' of \(recording.nodes.count) nodes, 8 bytes each", "\(hashes.count) bytes")
      }
      let held = try member("held", of: content, { $0.integer.flatMap { $0 >= 0 ? $0 : nil } }, "a whole number")
      let values = try bytes("values", of: content)
      let expected = recording.byteCount(held: held, size: scalarSize)
      guard values.count == expected else { throw fault("'values' of \(expected) bytes", "\(values.count) bytes") }
      return TracedStep(
        number: number, epoch: content["epoch"]?.integer, recording: recording,
        rate: try member("rate", of: content, { $0 }, "a number").text, isRefused: content["refused"] == .bool(true),
        hashes: ByteOrder.littleEndian.words(of: hashes), held: held, values: values, scalarSize: scalarSize)
    }
    return nil
  }

  private var scalarSize: Int { scalar == "Float" ? 4 : 8 }

  // MARK: Lines

  private func nextLine() throws(FileError) -> JSON? {
    var end = buffer[position...].firstIndex(of: UInt8(ascii: "\n"))
    while end == nil, offset < file.size {
      buffer.removeSubrange(..<position)
      position = 0
      let searched = buffer.count
      buffer += try file.bytes(offset..<min(offset + 1 << 20, file.size))
      offset = min(offset + 1 << 20, file.size)
      end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n"))
    }
    guard let end else {
      isCut = position < buffer.count
      return nil
    }
    line += 1
    let content = buffer[position..<end]
    position = end + 1
    do {
      return try JSON(content, file: path)
    } catch {
      var column = 1
      if case .byte(let byte) = error.place { column += byte }
      throw FileError(
        error.reason, file: path, at: .line(line, column: column), expected: error.expected, found: error.found,
        remedy: "The file is damaged; write the trace anew.")
    }
  }

  private func bytes(_ name: String, of content: JSON) throws(FileError) -> [UInt8] {
    [UInt8](try member(name, of: content, { $0.string.flatMap { Data(base64Encoded: $0) } }, "base 64"))
  }

  /// The member of an object, as a type.
  func member<Value>(
    _ name: String, of object: JSON, _ value: (JSON) -> Value?, _ expected: String
  ) throws(FileError) -> Value {
    guard let found = object[name], let value = value(found) else {
      throw fault("\(quoted(name)) that is \(expected)", object[name].map { printable($0.text) } ?? "none")
    }
    return value
  }

  /// The error that the present line is not what the format says.
  func fault(_ expected: String, _ found: String) -> FileError {
    FileError(
      .badValue, file: path, at: .line(line, column: 1), expected: expected, found: found,
      remedy: "The file is damaged, or another program wrote it wrongly: Docs/Traces.md states the format.")
  }
}
