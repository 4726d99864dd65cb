import Foundation

/// A file that cannot be used: its path, the place in it, what was expected, what was found, and what to do.
///
/// `description` is the sentence for a person. Whoever throws the error has changed nothing: a file is read whole or not at
/// all, and an existing file is replaced whole or not at all.
public struct FileError: Error, Equatable, Sendable {
  /// The kind of trouble.
  package enum Reason: String, Sendable, CaseIterable {
    // The file itself.

    /// There is no such file.
    case missingFile
    /// The file exists and cannot be opened or read, or is no ordinary file.
    case unreadableFile
    /// The file cannot be written.
    case unwritableFile
    /// Nothing could be downloaded.
    case download
    /// The system's zlib, needed for `.gz`, cannot be opened.
    case missingLibrary

    // Its content as a whole.

    /// The content is not in the format: a wrong magic number, a stray quotation mark, no JSON.
    case wrongFormat
    /// The file ends before the data that it announces.
    case truncated
    /// The file goes on after the data that it announces, or announces more than can exist.
    case oversized
    /// The compressed data contradicts itself: an invalid code, or a wrong CRC.
    case corrupt
    /// The content is not the published one.
    case checksum

    // A part of its content.

    /// A number or a class label that cannot be one, or is out of range.
    case badValue
    /// Two parts that belong together have different sizes, or a part is not of the type, shape or range asked for.
    case mismatch
    /// An element type that does not exist, or that this library does not read or write.
    case unsupportedType
    /// A shape that cannot be one, or is larger than this library holds.
    case badShape
    /// The place of a tensor in the file contradicts its shape, or the place of another tensor.
    case badOffsets
    /// A name that occurs twice, or is reserved.
    case duplicateName
    /// There is no tensor of that name.
    case missingTensor
  }

  /// A place in a file.
  package enum Place: Hashable, Sendable {
    /// The file as a whole.
    case wholeFile
    /// An offset in bytes, counted from 0.
    case byte(Int)
    /// An offset in bytes into the decompressed content, counted from 0.
    case decompressedByte(Int)
    /// A line of the text and a field of that line, both counted from 1.
    case line(Int, column: Int)
    /// The tensor of this name.
    case tensor(String)
    /// The entry of the metadata under this key.
    case metadata(String)
    /// The node of a graph, by its name or its result, with its operator.
    case node(String)
  }

  /// The kind of trouble.
  package let reason: Reason
  /// The path of the file, as it was given.
  public let file: String
  /// The place in the file.
  package let place: Place
  /// The content that should be there.
  package let expected: String
  /// The content that is there.
  package let found: String
  /// Advice for a person: a whole sentence.
  package let remedy: String

  package init(_ reason: Reason, file: String, at place: Place, expected: String, found: String, remedy: String) {
    self.reason = reason
    self.file = file
    self.place = place
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }
}

extension FileError: CustomStringConvertible, LocalizedError {
  /// One line: `train.csv, line 3, column 2: expected a number, found 'abc'. Correct the field.`
  public var description: String {
    // What was expected and found may hold what a file said.
    printable(
      "\(printable(file, atMost: 1024))\(place.words): expected \(expected), found \(found). \(remedy)", atMost: 4000)
  }

  /// The same line, for those who show `localizedDescription`.
  public var errorDescription: String? { description }
}

extension FileError {
  /// The system's words for an error of reading or writing, which Foundation wraps into vaguer ones of its own.
  package static func words(for error: any Error) -> String {
    let error = error as NSError
    let system = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    guard system.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(truncatingIfNeeded: system.code)))
  }
}

extension FileError.Place {
  /// The place as it follows the name of the file, with its comma; empty for the whole file.
  fileprivate var words: String {
    switch self {
    case .wholeFile: ""
    case .byte(let offset): ", byte \(offset)"
    case .decompressedByte(let offset): ", byte \(offset) of the decompressed data"
    case .line(let line, let column): ", line \(line), column \(column)"
    case .tensor(let name): ", tensor \(quoted(name))"
    case .metadata(let key): ", metadata \(quoted(key))"
    case .node(let name): ", node \(printable(name, atMost: 200))"
    }
  }
}

/// A name or value from outside as it stands in a sentence: in quotation marks, on one line, and cut when it is very long.
package func quoted(_ text: String) -> String { "'\(printable(text))'" }

/// A text from outside on one line: what a terminal would obey instead of showing it is escaped, and what is longer than
/// `limit` is cut.
package func printable(_ text: String, atMost limit: Int = 80) -> String {
  let start = text.unicodeScalars.prefix(limit)
  var shown = ""
  for scalar in start {
    if isObeyed(scalar) { shown += scalar.escaped(asASCII: true) } else { shown.unicodeScalars.append(scalar) }
  }
  return start.endIndex == text.unicodeScalars.endIndex ? shown : shown + "…"
}

/// True for control characters, other ends of lines, and marks that turn the direction of writing.
private func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
  default: false
  }
}
