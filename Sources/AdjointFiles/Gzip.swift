import AdjointCompression

/// Decompression of gzip (RFC 1952) by the system's zlib, which is opened when it is needed.
///
/// Without zlib every other part of the package works; only reading a compressed file throws.
package struct Gzip: Sendable, Hashable {
  /// The names or paths that are tried in this order.
  package let libraries: [String]

  /// A decompressor that uses the first of these libraries that can be opened.
  package init(libraries: [String]) { self.libraries = libraries }

  /// The system's zlib under its usual names.
  package static let system: Gzip = {
    #if canImport(Darwin)
      Gzip(libraries: ["/usr/lib/libz.1.dylib", "libz.1.dylib"])
    #else
      Gzip(libraries: ["libz.so.1"])
    #endif
  }()

  /// True when the data begins like a gzip file. The content decides, not the name of a file: some programs decompress
  /// while they download and leave the name as it was.
  package static func isCompressed(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.prefix(2).elementsEqual([0x1F, 0x8B])
  }

  /// Decompresses all members of a gzip file and checks their lengths and CRCs.
  ///
  /// Memory grows with the data that is really there, so a small file cannot demand much more than `maximum`.
  /// - Parameters:
  ///   - compressed: The whole content of the file.
  ///   - file: The name for error messages.
  ///   - maximum: The most bytes that the content may decompress to.
  /// - Throws: `.missingLibrary`, `.truncated`, `.corrupt`, or `.oversized` beyond `maximum`.
  package func decompress(
    _ compressed: [UInt8], file: String, atMost maximum: Int
  ) throws(FileError) -> [UInt8] {
    let (bytes, isWhole) = try inflate(compressed, file: file, upTo: maximum)
    guard isWhole else {
      throw FileError(
        .oversized, file: file, at: .decompressedByte(maximum), expected: "the end of the data", found: "more data",
        remedy: "The file is not what it claims to be; get it again from its source.")
    }
    return bytes
  }

  /// The bytes of the decompressed content in a range, fewer where it ends before, without looking at what follows; what
  /// precedes them is decompressed and not kept.
  /// - Throws: as `decompress` does, for the part that is read.
  package func bytes(_ range: Range<Int>, of compressed: [UInt8], file: String) throws(FileError) -> [UInt8] {
    try inflate(compressed, file: file, from: range.lowerBound, upTo: range.upperBound).bytes
  }

  /// The decompressed bytes from `first` on, up to `maximum`; `isWhole` says that there are no more.
  private func inflate(
    _ compressed: [UInt8], file: String, from first: Int = 0, upTo maximum: Int
  ) throws(FileError) -> (bytes: [UInt8], isWhole: Bool) {
    let inflater = try open(.gzip, file: file, remedy: "decompress the file with gunzip")
    defer { adjoint_inflater_close(inflater) }

    var bytes: [UInt8] = []
    // The last four bytes are the length of the last member, if the file is honest; no file becomes 1,032 times as long.
    let announced = ByteOrder.littleEndian.words(of: Array(compressed.suffix(4)), as: UInt32.self).first ?? 0
    bytes.reserveCapacity(
      min(maximum - first, Int(announced), compressed.count.multipliedReportingOverflow(by: 1032).0))
    var count = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var position = 0
    while true {
      var (consumed, produced) = (0, 0)
      // One byte more than may be kept tells a file that is too long from one that ends exactly here.
      let room = min(chunk.count - 1, maximum - count) + 1
      let status = compressed.withUnsafeBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { output -> AdjointInflateStatus in
          guard let start = input.baseAddress, let destination = output.baseAddress else { return .progress }
          return adjoint_inflate(
            inflater, start + position, input.count - position, destination, room, &consumed, &produced)
        }
      }
      position += consumed
      let kept = min(produced, maximum - count)
      bytes += chunk[min(max(first - count, 0), kept)..<kept]
      count += kept
      if kept < produced { return (bytes, false) }
      switch status {
      case .progress:
        if consumed == 0 && produced == 0 {
          throw FileError(
            .truncated, file: file, at: .byte(compressed.count), expected: "more compressed data",
            found: "the end of the file after \(count) decompressed bytes",
            remedy: "The file is cut short; get it again from its source.")
        }
      case .memberEnd:
        if position == compressed.count { return (bytes, true) }
        guard Gzip.isCompressed(compressed[position...]), adjoint_inflater_reset(inflater) == 0 else {
          throw FileError(
            .oversized, file: file, at: .byte(position), expected: "the end of the gzip data",
            found: "\(compressed.count - position) more bytes that are no gzip member",
            remedy: "Something was appended to the file; get it again from its source.")
        }
      case .damaged:
        throw FileError(
          .corrupt, file: file, at: .byte(position), expected: "valid gzip data",
          found: "damage (zlib: \(String(cString: adjoint_inflater_message(inflater))))",
          remedy: "The file is damaged; get it again from its source.")
      case .outOfMemory:
        throw FileError(
          .unreadableFile, file: file, at: .byte(position), expected: "memory to decompress", found: "none left",
          remedy: "Close other programs, or decompress the file with gunzip.")
      }
    }
  }

  /// The library, ready for data in this wrapping.
  func open(
    _ format: AdjointDeflateFormat, file: String, remedy: String
  ) throws(FileError) -> OpaquePointer {
    let names = libraries.joined(separator: ", ")
    guard adjoint_opens_libraries() else {
      throw FileError(
        .missingLibrary, file: file, at: .wholeFile, expected: "zlib (\(names))",
        found: "a program that is linked statically and opens no library",
        remedy: remedy.prefix(1).uppercased() + remedy.dropFirst() + ".")
    }
    guard let inflater = libraries.lazy.compactMap({ adjoint_inflater_open($0, format) }).first else {
      throw FileError(
        .missingLibrary, file: file, at: .wholeFile, expected: "zlib (\(names))",
        found: "no such library on this system",
        remedy: "Install it (Debian and Ubuntu: package zlib1g; Fedora: zlib), or \(remedy).")
    }
    return inflater
  }
}
