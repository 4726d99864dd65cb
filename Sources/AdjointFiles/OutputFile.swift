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
  /// permissions of an existing file are kept. When this returns, content and name are on the disk. Temporary files whose
  /// writers did not live to rename them are removed from the folder.
  /// - Throws: `.unwritableFile`; an existing file is then untouched, and the temporary one is gone. Where the folder alone
  ///   cannot be flushed, the new content is there, and a power cut may bring back the old.
  package static func replace(_ url: URL, by write: (FileHandle) throws -> Void) throws(FileError) {
    // Renaming onto a link would replace the link, and renaming onto a device would replace the device.
    guard let target = FilePlace.target(of: url) else {
      throw unwritable(
        url, expected: "links that lead to a file", found: "links that lead to each other",
        remedy: "Give the path of the file itself.")
    }
    let folder = FilePlace.folder(of: target)
    let old = try? FileManager.default.attributesOfItem(atPath: target)
    if let type = old?[.type] as? FileAttributeType, type != .typeRegular {
      throw unwritable(
        url, expected: "an ordinary file or none", found: type == .typeDirectory ? "a folder" : "a device",
        remedy: "Give the path of a file.")
    }
    sweep(folder)
    let (temporary, handle) = try createTemporary(in: folder, for: url)
    // Closing the file gives up its lock, so it stays open until it has its name.
    defer { try? handle.close() }
    do {
      try write(handle)
      if let permissions = old?[.posixPermissions] {
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: temporary)
      }
      let code = flush(handle.fileDescriptor)
      guard code == 0 else { throw systemError(code) }
      guard rename(temporary, target) == 0 else { throw systemError(errno) }
    } catch {
      unlink(temporary)
      throw unwritable(
        url, expected: "to write the file", found: "the error '\(FileError.words(for: error))'",
        remedy: "Check that the disk is not full, and that you may replace the file.")
    }
    try flush(folder, for: url)
  }

  /// Finds out whether files can be made in a folder, by making one that goes at once.
  /// - Throws: `.unwritableFile`.
  package static func probe(_ folder: URL) throws(FileError) {
    let (temporary, handle) = try createTemporary(in: folder.path, for: folder)
    unlink(temporary)
    try? handle.close()
  }

  /// Waits until what was written is on the disk. Returns the system's error, or 0.
  private static func flush(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
      // There fsync ends at the drive, which may still hold the content in its memory; not every file system knows more.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return 0 }
    #endif
    return fsync(descriptor) == 0 ? 0 : errno
  }

  /// Flushes a folder to the disk, which makes a new name last; not every system can.
  private static func flush(_ folder: String, for url: URL) throws(FileError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let code = flush(descriptor)
    guard [EIO, ENOSPC, EDQUOT].contains(code) else { return }
    throw unwritable(
      url, expected: "to flush the folder \(quoted(folder)) to the disk",
      found: "the error '\(FileError.words(for: systemError(code)))'",
      remedy: "The disk may be failing; save to another one.")
  }

  /// Removes the temporary files of writers that ended before they renamed them: the system took back their locks.
  private static func sweep(_ folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      let path = folder + "/" + name
      let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }

  private static let prefix = ".adjoint-"
  private static let suffix = ".tmp"

  /// A new, empty file of a short name of its own, locked: a name made from the target's could be too long.
  private static func createTemporary(
    in folder: String, for url: URL
  ) throws(FileError) -> (path: String, handle: FileHandle) {
    let process = ProcessInfo.processInfo.processIdentifier
    var number = 0
    while true {
      let path = "\(folder)/\(prefix)\(process)-\(number)\(suffix)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      let code = errno
      let reason = "the error '\(FileError.words(for: systemError(code)))'"
      if descriptor >= 0 {
        if isOwn(descriptor) { return (path, FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)) }
        close(descriptor)
      }
      switch descriptor >= 0 ? EEXIST : code {
      case EEXIST where number < 1000: number += 1
      case ENOENT where !FileManager.default.fileExists(atPath: folder), ENOTDIR:
        throw unwritable(
          url, expected: "the folder \(quoted(folder))", found: code == ENOENT ? "none" : "a file in its place",
          remedy: "Create the folder, or give another path.")
      case EACCES, EPERM, EROFS:
        throw unwritable(
          url, expected: "a folder that you may write to", found: reason,
          remedy: "Change the permissions of \(quoted(folder)), or give another path.")
      default:
        throw unwritable(
          url, expected: "to create a file in \(quoted(folder))", found: reason,
          remedy: "Check that the disk is not full, and that you may write to the folder.")
      }
    }
  }

  /// Locks a new file. False when another writer took it for a dead one's, in the moment before.
  private static func isOwn(_ descriptor: Int32) -> Bool {
    // Where a file system has no locks, nobody gets one, and nothing is taken for dead.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK { return false }
    var status = stat()
    return fstat(descriptor, &status) != 0 || status.st_nlink > 0
  }

  private static func systemError(_ code: Int32) -> NSError { NSError(domain: NSPOSIXErrorDomain, code: Int(code)) }

  private static func unwritable(_ url: URL, expected: String, found: String, remedy: String) -> FileError {
    FileError(.unwritableFile, file: url.path, at: .wholeFile, expected: expected, found: found, remedy: remedy)
  }
}
