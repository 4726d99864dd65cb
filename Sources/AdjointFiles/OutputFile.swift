import Foundation

/// Files that are replaced only as a whole: the old content or the new one is there at any time.
package enum OutputFile {
  /// Replaces a file by one with these bytes, such as the `utf8` of a text.
  /// - Throws: `.unwritableFile`; an existing file is then untouched.
  package static func replace(_ url: URL, with content: some Sequence<UInt8>) throws(FileError) {
    try replace(url) { try $0.write(contentsOf: Data(content)) }
  }

  /// Replaces a file by one that `write` fills: written beside it, flushed to the disk, and renamed.
  ///
  /// So a crash, a full disk or a power cut leaves the old file or the new one, never a part. A link is followed, and the
  /// permissions of an existing file are kept.
  /// - Throws: `.unwritableFile`; an existing file is then untouched, and the temporary one is gone.
  package static func replace(_ url: URL, by write: (FileHandle) throws -> Void) throws(FileError) {
    // Renaming onto a link would replace the link, and renaming onto a device would replace the device.
    let target = url.resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent()
    let old = try? FileManager.default.attributesOfItem(atPath: target.path)
    if let type = old?[.type] as? FileAttributeType, type != .typeRegular {
      throw unwritable(
        url, expected: "an ordinary file or none", found: type == .typeDirectory ? "a folder" : "a device",
        remedy: "Give the path of a file.")
    }
    let (temporary, handle) = try createTemporary(in: folder, for: url)
    do {
      try write(handle)
      if let permissions = old?[.posixPermissions] {
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: temporary)
      }
      try handle.synchronize()
      try handle.close()
      guard rename(temporary, target.path) == 0 else { throw systemError(errno) }
    } catch {
      try? handle.close()
      unlink(temporary)
      throw unwritable(
        url, expected: "to write the file", found: "the error '\(error.localizedDescription)'",
        remedy: "Check that the disk is not full, and that you may replace the file.")
    }
    // The file's content is safe now; its name is once the folder is flushed too, where the system can do that.
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  /// A new, empty file of a short name of its own: a name made from the target's could be too long.
  private static func createTemporary(in folder: URL, for url: URL) throws(FileError) -> (String, FileHandle) {
    let process = ProcessInfo.processInfo.processIdentifier
    var number = 0
    while true {
      let path = folder.appendingPathComponent(".adjoint-\(process)-\(number).tmp").path
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      let code = errno
      let reason = "the error '\(systemError(code).localizedDescription)'"
      if descriptor >= 0 { return (path, FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)) }
      switch code {
      case EEXIST where number < 1000: number += 1
      case ENOENT, ENOTDIR:
        throw unwritable(
          url, expected: "the folder \(quoted(folder.path))", found: code == ENOENT ? "none" : "a file in its place",
          remedy: "Create the folder, or give another path.")
      case EACCES, EPERM, EROFS:
        throw unwritable(
          url, expected: "a folder that you may write to", found: reason,
          remedy: "Change the permissions of \(quoted(folder.path)), or give another path.")
      default:
        throw unwritable(
          url, expected: "to create a file in \(quoted(folder.path))", found: reason,
          remedy: "Check that the disk is not full, and that you may write to the folder.")
      }
    }
  }

  private static func systemError(_ code: Int32) -> NSError { NSError(domain: NSPOSIXErrorDomain, code: Int(code)) }

  private static func unwritable(_ url: URL, expected: String, found: String, remedy: String) -> FileError {
    FileError(.unwritableFile, file: url.path, at: .wholeFile, expected: expected, found: found, remedy: remedy)
  }
}
