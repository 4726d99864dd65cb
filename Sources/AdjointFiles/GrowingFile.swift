import Foundation

/// A text file that grows by whole lines. Each goes to the system at once, so a process that is killed leaves a prefix
/// that can be read.
package final class GrowingFile {
  private let url: URL
  private let handle: FileHandle

  /// Makes the file, or replaces one whose content begins with `beginning` by these lines: no file of another kind is lost.
  /// - Parameter kind: the kind of file, with its article, for errors.
  /// - Throws: `.unwritableFile`; an existing file is then untouched.
  package init(_ url: URL, replacing beginning: String, kind: String, by lines: [String] = []) throws(FileError) {
    self.url = url
    guard let path = FilePlace.target(of: url) else {
      throw GrowingFile.unwritable(
        url, expected: "links that lead to a file", found: "links that lead to each other",
        remedy: "Give the path of the file itself.")
    }
    if FileManager.default.fileExists(atPath: path) {
      let start = try InputFile(url).prefix(max(beginning.utf8.count, FileKind.prefixLength))
      guard start.isEmpty || start.starts(with: beginning.utf8) else {
        throw GrowingFile.unwritable(
          url, expected: "\(kind), or no file", found: FileKind.name(of: start) ?? "a file of another kind",
          remedy: "Give another path, or remove the file.")
      }
    }
    // Lines that stay are there at any time.
    if !lines.isEmpty { try OutputFile.replace(url, with: lines.map { $0 + "\n" }.joined().utf8) }
    let mode = lines.isEmpty ? O_TRUNC : O_APPEND
    let descriptor = open(path, O_WRONLY | O_CREAT | mode | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let error = NSError(domain: NSPOSIXErrorDomain, code: Int(errno))
      throw GrowingFile.unwritable(
        url, expected: "to write the file", found: "the error '\(FileError.words(for: error))'",
        remedy: "Check that the folder exists, and that you may write to it.")
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Adds a line.
  /// - Throws: `.unwritableFile`, as when the disk is full.
  package func append(_ line: String) throws(FileError) {
    do {
      try handle.write(contentsOf: Data((line + "\n").utf8))
    } catch {
      throw GrowingFile.unwritable(
        url, expected: "to add a line", found: "the error '\(FileError.words(for: error))'",
        remedy: "Check that the disk is not full.")
    }
  }

  private static func unwritable(_ url: URL, expected: String, found: String, remedy: String) -> FileError {
    FileError(.unwritableFile, file: url.path, at: .wholeFile, expected: expected, found: found, remedy: remedy)
  }
}
