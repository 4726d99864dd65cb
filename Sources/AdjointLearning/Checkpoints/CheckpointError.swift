import Foundation

/// A checkpoint that cannot be read or written: which file, where in it, what was expected, what was found, and what to
/// do.
///
/// A program tells errors apart by `reason`; a person reads `description`. Whoever throws it has changed nothing: a
/// checkpoint is loaded whole or not at all, and an existing file is replaced whole or not at all.
public struct CheckpointError: Error, Equatable, Sendable {
  /// The kind of trouble.
  public enum Reason: String, Sendable, CaseIterable {
    /// There is no such file.
    case missingFile
    /// The file exists and cannot be opened or read, or is no ordinary file.
    case unreadableFile
    /// The file cannot be written.
    case unwritableFile
    /// The file ends before the data that it announces.
    case truncated
    /// The file goes on after the data that it announces, or its header is longer than any header may be.
    case oversized
    /// The header is not UTF-8, not JSON, or lacks something that the format demands.
    case wrongFormat
    /// An element type that does not exist, or that this library does not read or write.
    case unsupportedType
    /// A shape that cannot be one, or is larger than this library holds.
    case badShape
    /// The place of a tensor in the file contradicts its shape, or that of another tensor.
    case badOffsets
    /// A name that occurs twice, or is reserved.
    case duplicateName
    /// There is no tensor of that name.
    case missingTensor
    /// A tensor or a value that is not of the type, the shape or the range that was asked for.
    case mismatch
  }

  /// Where in the file.
  public enum Place: Hashable, Sendable {
    /// The file as a whole.
    case wholeFile
    /// An offset in bytes, counted from 0.
    case byte(Int)
    /// The tensor of this name.
    case tensor(String)
    /// The entry of the metadata under this key.
    case metadata(String)
  }

  public let reason: Reason
  /// The path of the file, as it was given.
  public let file: String
  public let place: Place
  public let expected: String
  public let found: String
  /// What a person can do about it: a whole sentence.
  public let remedy: String

  public init(_ reason: Reason, file: String, at place: Place, expected: String, found: String, remedy: String) {
    self.reason = reason
    self.file = file
    self.place = place
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }
}

extension CheckpointError: CustomStringConvertible, LocalizedError {
  /// One line: `model.safetensors, tensor 'fc1/weight': expected 400 bytes of data, found 396. Save it again.`
  public var description: String { "\(file)\(place): expected \(expected), found \(found). \(remedy)" }

  public var errorDescription: String? { description }
}

extension CheckpointError.Place: CustomStringConvertible {
  /// The place as it follows the name of the file, with its comma; empty for the whole file.
  public var description: String {
    switch self {
    case .wholeFile: ""
    case .byte(let offset): ", byte \(offset)"
    case .tensor(let name): ", tensor \(quoted(name))"
    case .metadata(let key): ", metadata \(quoted(key))"
    }
  }
}

/// A name from outside as it stands in a sentence: in quotation marks, on one line, and cut when it is very long.
func quoted(_ name: String) -> String {
  let start = name.unicodeScalars.prefix(80)
  var text = ""
  for scalar in start {
    if scalar.properties.generalCategory == .control {
      text += scalar.escaped(asASCII: true)
    } else {
      text.unicodeScalars.append(scalar)
    }
  }
  return start.endIndex == name.unicodeScalars.endIndex ? "'\(text)'" : "'\(text)…'"
}
