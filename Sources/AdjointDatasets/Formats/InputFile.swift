import Foundation

/// An ordinary file that is read with suspicion: its true size is known before a byte of it is believed.
///
/// gzip is recognised by the content. A compressed file is held in memory in its compressed form, and decompressed only
/// as far as the caller asks.
struct InputFile {
  let path: String
  /// The gzip content, or nil when the file is plain.
  private let compressed: [UInt8]?
  private let handle: FileHandle
  private let size: Int
  private let gzip: Gzip

  /// - Throws: `DatasetError`: `.missingFile` or `.unreadableFile`.
  init(_ url: URL, gzip: Gzip = .system) throws(DatasetError) {
    path = url.path
    self.gzip = gzip
    let attributes: [FileAttributeKey: Any]
    do {
      // Links are followed by hand: the attributes of a link are those of the link itself.
      attributes = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
    } catch {
      throw DatasetError(
        .missingFile, file: path, at: .wholeFile, expected: "a file", found: "none",
        remedy: "Check the path, and that the directory is readable.")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw DatasetError(
        .unreadableFile, file: path, at: .wholeFile, expected: "an ordinary file", found: "a directory or a device",
        remedy: "Give the path of the file itself.")
    }
    do {
      handle = try FileHandle(forReadingFrom: url)
    } catch {
      throw InputFile.unreadable(path, error)
    }
    size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    let start = try InputFile.read(2, from: handle, at: 0, path: path)
    compressed =
      Gzip.isCompressed(start) ? try InputFile.read(size, from: handle, at: 0, path: path) : nil
  }

  /// The first bytes of the content, decompressed if need be; fewer when there are no more.
  func prefix(_ count: Int) throws(DatasetError) -> [UInt8] {
    if let compressed { return try gzip.prefix(count, of: compressed, file: path) }
    return try InputFile.read(min(count, size), from: handle, at: 0, path: path)
  }

  /// The whole content, which must not be longer than `maximum` bytes.
  ///
  /// It allocates what the file holds, never what a header promises.
  /// - Throws: `DatasetError`: `.oversized`, and whatever reading and decompressing throw.
  func contents(atMost maximum: Int) throws(DatasetError) -> [UInt8] {
    if let compressed { return try gzip.decompress(compressed, file: path, atMost: maximum) }
    guard size <= maximum else {
      throw DatasetError(
        .oversized, file: path, at: .byte(maximum), expected: "the end of the data",
        found: "\(size - maximum) more bytes",
        remedy: "The file is not what it claims to be; get it again from its source.")
    }
    return try InputFile.read(size, from: handle, at: 0, path: path)
  }

  /// A place in the content, said so that it is clear whether the file or its decompressed content is meant.
  func place(_ offset: Int) -> DatasetError.Place { compressed == nil ? .byte(offset) : .decompressedByte(offset) }

  private static func read(
    _ count: Int, from handle: FileHandle, at offset: UInt64, path: String
  ) throws(DatasetError) -> [UInt8] {
    do {
      try handle.seek(toOffset: offset)
      // Piece by piece, so that the content is in memory once.
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      while bytes.count < count, let piece = try handle.read(upToCount: min(1 << 20, count - bytes.count)),
        !piece.isEmpty
      {
        bytes += piece
      }
      return bytes
    } catch {
      throw unreadable(path, error)
    }
  }

  private static func unreadable(_ path: String, _ error: any Error) -> DatasetError {
    DatasetError(
      .unreadableFile, file: path, at: .wholeFile, expected: "a readable file",
      found: "the error '\(error.localizedDescription)'", remedy: "Check that you may read it.")
  }
}

/// Writes bytes to a temporary file and renames it, so that a crash leaves the old file or the new one.
/// - Throws: `DatasetError.Reason.unwritableFile`.
func writeAtomically(_ bytes: [UInt8], to url: URL) throws(DatasetError) {
  do {
    try Data(bytes).write(to: url, options: .atomic)
  } catch {
    throw DatasetError(
      .unwritableFile, file: url.path, at: .wholeFile, expected: "to write \(bytes.count) bytes",
      found: "the error '\(error.localizedDescription)'",
      remedy: "Check that the directory exists, that you may write to it, and that the disk is not full.")
  }
}
