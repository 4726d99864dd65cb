import Foundation

/// An ordinary file that is read with suspicion: its true size is known before a byte of it is believed.
///
/// gzip is recognised by the content, where the caller gives a decompressor. A compressed file is held in memory in its
/// compressed form, and decompressed only as far as the caller asks.
package struct InputFile {
  /// The path as it was given.
  package let path: String
  /// The number of bytes in the file when it was opened.
  package let size: Int
  let handle: FileHandle
  private let compressed: (bytes: [UInt8], gzip: Gzip)?
  /// The content of a pipe, which can be read once only.
  private let piped: [UInt8]?

  /// The most bytes of data that are held in memory unless the caller says otherwise: 2 GiB, forty times MNIST.
  package static let memoryLimit = 1 << 31

  /// Opens a file; `gzip` decompresses it where its content is compressed, and without one it is read as it is.
  ///
  /// `pipeLimit` allows a pipe of at most so many bytes as well, which is read to its end at once.
  /// - Throws: `.missingFile`, `.unreadableFile`, or `.oversized` for a pipe.
  package init(_ url: URL, gzip: Gzip? = nil, pipeLimit: Int? = nil) throws(FileError) {
    path = url.path
    let attributes: [FileAttributeKey: Any]
    do {
      // Links are followed by hand: the attributes of a link are those of the link itself.
      attributes = try FileManager.default.attributesOfItem(atPath: FilePlace.target(of: url) ?? path)
    } catch {
      throw FileError(
        .missingFile, file: path, at: .wholeFile, expected: "a file", found: "none",
        remedy: "Check the path, and that the folder is readable.")
    }
    let isRegular = attributes[.type] as? FileAttributeType == .typeRegular
    if !isRegular, let pipeLimit, attributes[.type] as? FileAttributeType != .typeDirectory {
      (handle, piped) = try InputFile.drain(url, atMost: pipeLimit)
      size = piped?.count ?? 0
      compressed = gzip.flatMap { [piped] in Gzip.isCompressed(piped ?? []) ? (piped ?? [], $0) : nil }
      return
    }
    piped = nil
    // Opening a pipe would wait for its writer.
    guard isRegular else {
      throw FileError(
        .unreadableFile, file: path, at: .wholeFile, expected: "an ordinary file", found: "a folder or a device",
        remedy: "Give the path of the file itself.")
    }
    do {
      handle = try FileHandle(forReadingFrom: url)
      size = Int(clamping: try handle.seekToEnd())
    } catch {
      throw InputFile.unreadable(path, error)
    }
    guard let gzip, Gzip.isCompressed(try InputFile.read(0..<min(2, size), of: handle, path)) else {
      compressed = nil
      return
    }
    guard size <= InputFile.memoryLimit else {
      throw InputFile.tooLarge(path, limit: InputFile.memoryLimit, found: "\(size) that are compressed")
    }
    compressed = (try InputFile.read(0..<size, of: handle, path), gzip)
  }

  /// Bytes of the file as they stand in it, compressed or not; the caller knows the range to be within `size`.
  /// - Throws: `.unreadableFile`, or `.truncated` when the file has become shorter since it was opened.
  package func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    if let piped { return Array(piped[range]) }
    return try InputFile.read(range, of: handle, path)
  }

  /// The first bytes of the content, decompressed if need be; fewer when there are no more.
  package func prefix(_ count: Int) throws(FileError) -> [UInt8] { try contents(in: 0..<count) }

  /// The bytes of the content in a range, decompressed if need be; fewer where it ends before. Nothing else is kept.
  package func contents(in range: Range<Int>) throws(FileError) -> [UInt8] {
    if let compressed { return try compressed.gzip.bytes(range, of: compressed.bytes, file: path) }
    return try bytes(range.clamped(to: 0..<size))
  }

  /// The whole content, decompressed if need be, which must not be longer than `maximum` bytes.
  ///
  /// It allocates what the file holds, never what a header promises.
  /// - Throws: `.oversized`, and whatever reading and decompressing throw.
  package func contents(atMost maximum: Int) throws(FileError) -> [UInt8] {
    if let compressed { return try compressed.gzip.decompress(compressed.bytes, file: path, atMost: maximum) }
    guard size <= maximum else {
      throw FileError(
        .oversized, file: path, at: .byte(maximum), expected: "the end of the data",
        found: "\(size - maximum) more bytes",
        remedy: "The file is not what it claims to be; get it again from its source.")
    }
    return try bytes(0..<size)
  }

  /// The whole content, as `contents(atMost:)`, of a file that may be honest and yet too large for the memory to spend on it.
  ///
  /// A plain file is refused before a byte is read, a compressed one as soon as it exceeds the limit.
  /// - Throws: `.oversized` with the limit, and whatever reading and decompressing throw.
  package func contents(memoryLimit: Int) throws(FileError) -> [UInt8] {
    do throws(FileError) {
      return try contents(atMost: memoryLimit)
    } catch  where error.reason == .oversized && (compressed == nil || error.place == .decompressedByte(memoryLimit)) {
      throw InputFile.tooLarge(path, limit: memoryLimit, found: compressed == nil ? "\(size)" : "more")
    } catch {
      throw error
    }
  }

  /// The error that data are larger than the memory to be spent on them.
  package static func tooLarge(_ path: String, limit: Int, found: String) -> FileError {
    FileError(
      .oversized, file: path, at: .wholeFile, expected: "at most \(limit) bytes of data, the limit of memory",
      found: found,
      remedy: "Use fewer examples or a part of the file, or raise the limit (--memory-limit of the command line).")
  }

  /// True for a plain file, whose content may be read at any place and again.
  package var isPlain: Bool { compressed == nil && piped == nil }

  /// The most bytes that the content can have: no compressed file becomes more than 1,032 times as long.
  package var largestSize: Int { compressed.map { $0.bytes.count.multipliedReportingOverflow(by: 1032).0 } ?? size }

  /// A place in the content, which says whether the file or its decompressed content is meant.
  package func place(_ offset: Int) -> FileError.Place { compressed == nil ? .byte(offset) : .decompressedByte(offset) }

  /// Everything that comes out of a pipe.
  private static func drain(_ url: URL, atMost maximum: Int) throws(FileError) -> (FileHandle, [UInt8]) {
    var bytes: [UInt8] = []
    let handle: FileHandle
    do {
      handle = try FileHandle(forReadingFrom: url)
      while bytes.count <= maximum, let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { bytes += piece }
    } catch {
      throw unreadable(url.path, error)
    }
    guard bytes.count <= maximum else { throw tooLarge(url.path, limit: maximum, found: "more") }
    return (handle, bytes)
  }

  private static func read(_ range: Range<Int>, of handle: FileHandle, _ path: String) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    do {
      try handle.seek(toOffset: UInt64(range.lowerBound))
      // Piece by piece, so that the content is in memory once.
      while bytes.count < range.count, let piece = try handle.read(upToCount: min(1 << 20, range.count - bytes.count)),
        !piece.isEmpty
      {
        bytes += piece
      }
    } catch {
      throw unreadable(path, error)
    }
    guard bytes.count == range.count else {
      throw FileError(
        .truncated, file: path, at: .wholeFile, expected: "\(range.count - bytes.count) more bytes",
        found: "the end of the file", remedy: "Something shortened the file while it was read; read it again.")
    }
    return bytes
  }

  private static func unreadable(_ path: String, _ error: any Error) -> FileError {
    FileError(
      .unreadableFile, file: path, at: .wholeFile, expected: "a readable file",
      found: "the error '\(FileError.words(for: error))'", remedy: "Check that you may read it.")
  }
}
