import AdjointCompression

/// A part of a file that is compressed, and must become exactly as long as the file says.
package struct CompressedPart {
  /// The compressed bytes.
  let bytes: ArraySlice<UInt8>
  let format: AdjointDeflateFormat
  /// The bytes that it becomes.
  let count: Int
  let file: String
  let place: FileError.Place
  /// The way around zlib where it is missing, such as `save it without compression`.
  let remedy: String

  /// The zlib stream of an image.
  package static func stream(
    _ bytes: [UInt8], count: Int, file: String, remedy: String
  ) -> CompressedPart {
    CompressedPart(bytes: bytes[...], format: .zlib, count: count, file: file, place: .wholeFile, remedy: remedy)
  }

  /// The data. Memory grows with what is there, and never beyond `count` by more than a piece.
  /// - Throws: `.missingLibrary`, `.truncated`, `.corrupt`, or `.oversized` where the data are longer than the file says.
  package func decompressed(by gzip: Gzip = .system) throws(FileError) -> [UInt8] {
    let inflater = try gzip.open(format, file: file, remedy: remedy)
    defer { adjoint_inflater_close(inflater) }
    var output: [UInt8] = []
    // No data become 1,032 times as long.
    output.reserveCapacity(min(count, bytes.count.multipliedReportingOverflow(by: 1032).0))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var position = 0
    while true {
      var (consumed, produced) = (0, 0)
      let room = min(chunk.count - 1, count - output.count) + 1
      let status = bytes.withUnsafeBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { output -> AdjointInflateStatus in
          guard let start = input.baseAddress, let destination = output.baseAddress else { return .progress }
          return adjoint_inflate(
            inflater, start + position, input.count - position, destination, room, &consumed, &produced)
        }
      }
      position += consumed
      guard produced <= count - output.count else {
        throw error(.oversized, "\(count) bytes of decompressed data", "more")
      }
      output += chunk[..<produced]
      switch status {
      case .progress:
        if consumed == 0 && produced == 0 {
          throw error(.truncated, "\(count) bytes of decompressed data", "the end of the data after \(output.count)")
        }
      case .memberEnd:
        guard output.count == count else {
          throw error(.truncated, "\(count) bytes of decompressed data", "\(output.count)")
        }
        guard position == bytes.count else {
          throw error(.oversized, "the end of the compressed data", "\(bytes.count - position) more bytes")
        }
        return output
      case .damaged:
        throw error(
          .corrupt, "valid compressed data", "damage (zlib: \(String(cString: adjoint_inflater_message(inflater))))")
      case .outOfMemory: throw error(.unreadableFile, "memory to decompress", "none left")
      }
    }
  }

  private func error(_ reason: FileError.Reason, _ expected: String, _ found: String) -> FileError {
    FileError(
      reason, file: file, at: place, expected: expected, found: found,
      remedy: "The file is damaged or not what it claims to be; get it again from its source.")
  }
}

extension Gzip {
  /// The bytes as a zlib stream (RFC 1950), compressed where the system has zlib, and otherwise stored as they are.
  package func stream(of bytes: [UInt8]) -> [UInt8] {
    // The bound that zlib states for its own output.
    var output = [UInt8](
      repeating: 0, count: bytes.count + bytes.count >> 12 + bytes.count >> 14 + bytes.count >> 25 + 13)
    if adjoint_opens_libraries() {
      for library in libraries {
        let count = bytes.withUnsafeBufferPointer { input in
          output.withUnsafeMutableBufferPointer { output in
            output.baseAddress.map { adjoint_deflate(library, input.baseAddress, input.count, $0, output.count) } ?? 0
          }
        }
        if count > 0 { return Array(output[..<count]) }
      }
    }
    var stored: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 0xFFFF, bytes.count)
      stored.append(end == bytes.count ? 1 : 0)
      stored += ByteOrder.littleEndian.bytes(of: [UInt16(end - start), ~UInt16(end - start)])
      stored += bytes[start..<end]
      start = end
    } while start < bytes.count
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return stored + ByteOrder.bigEndian.bytes(of: [b << 16 | a])
  }
}

/// The checksum of ZIP archives and PNG images.
package enum CRC32 {
  /// The CRC-32 of the bytes.
  package static func value(of bytes: some Collection<UInt8>) -> UInt32 {
    bytes.withContiguousStorageIfAvailable { adjoint_crc32(0, $0.baseAddress, $0.count) }
      ?? Array(bytes).withUnsafeBufferPointer { adjoint_crc32(0, $0.baseAddress, $0.count) }
  }
}
