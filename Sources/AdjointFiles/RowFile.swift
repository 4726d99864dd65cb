import Foundation

/// The rows of a plain file, all of one size, read by their numbers. Nothing of it is held in memory.
///
/// Each read asks for bytes at their place, and says where they are not there, or whether the file has been written to since it was opened.
/// A file that was mapped into memory would end the process instead. One that another file replaces under its name goes on being
/// read as it was opened. Threads may read at the same time.
package final class RowFile: Sendable {
  /// The path as it was given.
  package let path: String
  /// The number of rows.
  package let count: Int
  /// The bytes of a row.
  package let rowSize: Int
  private let start: Int
  private let handle: FileHandle
  private let opened: Stamp
  private let lock = NSLock()
  // Unchecked: read and written under the lock alone.
  private nonisolated(unsafe) var read = 0

  /// The size of a file, and when it was written to last, in nanoseconds.
  private struct Stamp: Equatable {
    let size: Int
    let time: Int

    init?(of descriptor: Int32) {
      var facts = stat()
      guard fstat(descriptor, &facts) == 0 else { return nil }
      #if canImport(Darwin)
        let time = facts.st_mtimespec
      #else
        let time = facts.st_mtim
      #endif
      (size, self.time) = (Int(facts.st_size), Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec))
    }
  }

  /// - Precondition: the file is not compressed, no pipe, and has so many rows from `start` to its end.
  /// - Throws: `.unreadableFile`.
  package init(_ file: InputFile, from start: Int, rowSize: Int, count: Int) throws(FileError) {
    (path, handle, self.start, self.rowSize, self.count) = (file.path, file.handle, start, rowSize, count)
    guard let stamp = Stamp(of: handle.fileDescriptor) else { throw RowFile.unreadable(path, .wholeFile, errno) }
    opened = stamp
  }

  /// The bytes that were read so far.
  package var readByteCount: Int { lock.withLock { read } }

  /// Reads adjacent rows.
  /// - Precondition: they exist, and there is room for them.
  /// - Throws: `.truncated` where the file has become shorter, `.unreadableFile`.
  package func read(_ rows: Range<Int>, into room: UnsafeMutableRawBufferPointer) throws(FileError) {
    guard rows.lowerBound >= 0, rows.upperBound <= count, rows.count * rowSize <= room.count else {
      fatalError("RowFile: \(rows) are not rows among \(count), or there is no room for them")
    }
    let (first, size) = (start + rows.lowerBound * rowSize, rows.count * rowSize)
    var done = 0
    while done < size, let place = room.baseAddress {
      let found = pread(handle.fileDescriptor, place + done, size - done, off_t(first + done))
      if found < 0, errno == EINTR { continue }
      guard found >= 0 else { throw RowFile.unreadable(path, .byte(first + done), errno) }
      guard found > 0 else {
        throw FileError(
          .truncated, file: path, at: .byte(first + done),
          expected: "\(size - done) more bytes of the rows \(rows.lowerBound) to \(rows.upperBound - 1)",
          found: "the end of the file", remedy: RowFile.remedy)
      }
      done += found
    }
    lock.withLock { read += size }
  }

  /// Compares the file with what it was when it was opened.
  /// - Throws: `.unreadableFile` when it has been written to since.
  package func requireUnchanged() throws(FileError) {
    guard let stamp = Stamp(of: handle.fileDescriptor) else { throw RowFile.unreadable(path, .wholeFile, errno) }
    guard stamp != opened else { return }
    throw FileError(
      .unreadableFile, file: path, at: .wholeFile,
      expected: "the \(opened.size) bytes that were there when it was opened",
      found: stamp.size == opened.size ? "as many, written to since" : "\(stamp.size)", remedy: RowFile.remedy)
  }

  /// Lets the system begin to read rows that are asked for soon. It may pass over it.
  package func announce(_ rows: Range<Int>) {
    let (first, size) = (start + rows.lowerBound * rowSize, rows.count * rowSize)
    #if canImport(Darwin)
      var advice = radvisory(ra_offset: off_t(first), ra_count: Int32(clamping: size))
      _ = fcntl(handle.fileDescriptor, F_RDADVISE, &advice)
    #else
      _ = posix_fadvise(handle.fileDescriptor, off_t(first), off_t(size), Int32(POSIX_FADV_WILLNEED))
    #endif
  }

  private static let remedy =
    "Something has changed the file while it was read; put it back, and begin again, or go on from the last checkpoint."

  private static func unreadable(_ path: String, _ place: FileError.Place, _ code: Int32) -> FileError {
    let error = NSError(domain: NSPOSIXErrorDomain, code: Int(code))
    return FileError(
      .unreadableFile, file: path, at: place, expected: "readable bytes",
      found: "the error '\(FileError.words(for: error))'", remedy: "Check the disk, and that you may read the file.")
  }
}
