import Foundation

/// An ordinary file that is read from its beginning, and replaced only as a whole.
struct CheckpointFile {
  let path: String
  /// The size when it was opened.
  let size: Int
  private let handle: FileHandle

  /// - Throws: `CheckpointError`: `.missingFile` or `.unreadableFile`.
  init(_ url: URL) throws(CheckpointError) {
    path = url.path
    let attributes: [FileAttributeKey: Any]
    do {
      // Links are followed by hand: the attributes of a link are those of the link itself.
      attributes = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
    } catch {
      throw CheckpointError(
        .missingFile, file: path, at: .wholeFile, expected: "a file", found: "none",
        remedy: "Check the path, and that the folder is readable.")
    }
    // Opening a pipe would wait for its writer.
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw CheckpointError(
        .unreadableFile, file: path, at: .wholeFile, expected: "an ordinary file", found: "a folder or a device",
        remedy: "Give the path of the file itself.")
    }
    do {
      handle = try FileHandle(forReadingFrom: url)
      size = Int(clamping: try handle.seekToEnd())
      try handle.seek(toOffset: 0)
    } catch {
      throw CheckpointFile.unreadable(path, error)
    }
  }

  /// The next `count` bytes, which the caller knows to be within `size`.
  /// - Throws: `CheckpointError`: `.unreadableFile`, or `.truncated` when the file has become shorter since.
  func read(_ count: Int) throws(CheckpointError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let part: Data?
      do {
        part = try handle.read(upToCount: min(count - bytes.count, 1 << 24))
      } catch {
        throw CheckpointFile.unreadable(path, error)
      }
      guard let part, !part.isEmpty else {
        throw CheckpointError(
          .truncated, file: path, at: .wholeFile, expected: "\(count - bytes.count) more bytes",
          found: "the end of the file", remedy: "Something shortened the file while it was read; read it again.")
      }
      bytes += part
    }
    return bytes
  }

  private static func unreadable(_ path: String, _ error: any Error) -> CheckpointError {
    CheckpointError(
      .unreadableFile, file: path, at: .wholeFile, expected: "a readable file",
      found: "the error '\(error.localizedDescription)'", remedy: "Check that you may read it.")
  }
}

extension CheckpointFile {
  /// Writes a file beside the one at `url`, flushes it to the disk, and renames it: the old content or the new one is there
  /// at any time.
  /// - Throws: `CheckpointError.Reason.unwritableFile`.
  static func replace(_ url: URL, by write: (FileHandle) throws -> Void) throws(CheckpointError) {
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
  private static func createTemporary(in folder: URL, for url: URL) throws(CheckpointError) -> (String, FileHandle) {
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

  private static func unwritable(_ url: URL, expected: String, found: String, remedy: String) -> CheckpointError {
    CheckpointError(.unwritableFile, file: url.path, at: .wholeFile, expected: expected, found: found, remedy: remedy)
  }
}
