import Foundation

/// Data from outside that cannot be used: which file, where in it, what was expected, what was found, and what to do.
///
/// A program tells errors apart by `reason`; a person reads `description`. Whoever throws it has changed nothing: a data
/// set is loaded whole or not at all.
public struct DatasetError: Error, Equatable, Sendable {
  /// The kind of trouble.
  public enum Reason: String, Sendable, CaseIterable {
    /// There is no such file.
    case missingFile
    /// The file exists and cannot be opened or read, or is no ordinary file.
    case unreadableFile
    /// The file cannot be written.
    case unwritableFile
    /// The content is not in the format: wrong magic number, unknown type code, a stray quotation mark.
    case wrongFormat
    /// The file ends before the data that it announces.
    case truncated
    /// The file goes on after the data that it announces, or announces more than can exist.
    case oversized
    /// The compressed data contradicts itself: an invalid code, or a wrong CRC.
    case corrupt
    /// The system's zlib, needed for `.gz`, cannot be opened.
    case missingLibrary
    /// The content is not the published one.
    case checksum
    /// Two files, or two rows, that belong together have different sizes.
    case mismatch
    /// A number or a class label that cannot be one, or is out of range.
    case badValue
    /// Nothing could be downloaded.
    case download
  }

  /// Where in the file.
  public enum Place: Hashable, Sendable {
    /// The file as a whole.
    case wholeFile
    /// An offset in bytes, counted from 0.
    case byte(Int)
    /// An offset in bytes into the decompressed content, counted from 0.
    case decompressedByte(Int)
    /// A line of the text and a field of that line, both counted from 1.
    case line(Int, column: Int)
  }

  /// The kind of trouble.
  public let reason: Reason
  /// The path of the file, as it was given.
  public let file: String
  /// Where in the file.
  public let place: Place
  /// What should be there.
  public let expected: String
  /// What is there.
  public let found: String
  /// What a person can do about it: a whole sentence.
  public let remedy: String

  /// An error with all that a person needs to know.
  public init(_ reason: Reason, file: String, at place: Place, expected: String, found: String, remedy: String) {
    self.reason = reason
    self.file = file
    self.place = place
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }
}

extension DatasetError: CustomStringConvertible, LocalizedError {
  /// One line: `train.csv, line 3, column 2: expected a number, found 'abc'. Correct the field.`
  public var description: String { "\(file)\(place): expected \(expected), found \(found). \(remedy)" }

  /// The same line, for those who show `localizedDescription`.
  public var errorDescription: String? { description }
}

extension DatasetError.Place: CustomStringConvertible {
  /// The place as it follows the name of the file, with its comma; empty for the whole file.
  public var description: String {
    switch self {
    case .wholeFile: ""
    case .byte(let offset): ", byte \(offset)"
    case .decompressedByte(let offset): ", byte \(offset) of the decompressed data"
    case .line(let line, let column): ", line \(line), column \(column)"
    }
  }
}
