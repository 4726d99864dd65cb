import AdjointCommandLine
import Foundation

/// The directory that `--report` names, found writable before a training starts: nobody should learn after an hour that
/// the report has no place.
struct ReportDirectory {
  let path: String
  private let url: URL

  /// Makes the directory where there is none, and tries it out.
  /// - Throws: `CommandError.unwritable`.
  init(_ path: String) throws(CommandError) {
    self.path = path
    url = URL(fileURLWithPath: path, isDirectory: true)
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue {
      throw .unwritable(path, reason: "it is a file; give --report a directory, which is made where there is none")
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      let probe = url.appendingPathComponent(".adjoint-\(ProcessInfo.processInfo.processIdentifier)")
      try Data().write(to: probe)
      try FileManager.default.removeItem(at: probe)
    } catch {
      throw .unwritable(
        path, reason: "\((error as NSError).localizedDescription) Give --report a directory that you may write to.")
    }
  }

  /// Replaces a file as a whole, or not at all: it is written under another name first.
  /// - Throws: `CommandError.unwritable`.
  func write(_ text: String, to name: String) throws(CommandError) {
    let file = url.appendingPathComponent(name)
    do {
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw .unwritable(file.path, reason: (error as NSError).localizedDescription)
    }
  }
}
