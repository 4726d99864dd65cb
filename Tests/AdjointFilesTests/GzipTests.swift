import AdjointFiles
import TestFiles
import Testing

@Suite("gzip")
struct GzipTests {
  /// "adjoint " forty times, compressed by another program.
  private static let compressed: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c, 0xc9, 0xca, 0xcf, 0xcc, 0x2b, 0x51, 0x48,
    0x1c, 0xa5, 0xc9, 0xa2, 0x01, 0x0a, 0x8a, 0x81, 0xe6, 0x40, 0x01, 0x00, 0x00,
  ]
  private static let content = [UInt8](String(repeating: "adjoint ", count: 40).utf8)

  @Test("data compressed by another program is restored")
  func decompresses() throws {
    #expect(try Gzip.system.decompress(GzipTests.compressed, file: "a.gz", atMost: 320) == GzipTests.content)
    #expect(try Gzip.system.decompress(GzipTests.compressed, file: "a.gz", atMost: .max) == GzipTests.content)
  }

  @Test("several members are one content")
  func members() throws {
    let bytes = try Gzip.system.decompress(gzipped([1, 2]) + gzipped([]) + gzipped([3]), file: "a.gz", atMost: 9)
    #expect(bytes == [1, 2, 3])
  }

  @Test("content longer than the internal pieces is restored")
  func longContent() throws {
    let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(try Gzip.system.decompress(gzipped(content), file: "a.gz", atMost: 1_000_000) == content)
  }

  @Test("data cut short at any byte is refused")
  func truncated() throws {
    for length in 0..<GzipTests.compressed.count {
      let cut = Array(GzipTests.compressed.prefix(length))
      let error = try #require(throws: FileError.self) { try Gzip.system.decompress(cut, file: "a.gz", atMost: 1000) }
      #expect(error.reason == .truncated, "\(length) bytes")
      #expect(error.place == .byte(length))
    }
  }

  @Test("no changed byte goes unnoticed but those of the header that mean nothing")
  func corrupt() throws {
    // Bytes 4 to 9 of the header are the time, the level and the system.
    for position in Array(0..<4) + Array(10..<GzipTests.compressed.count) {
      var damaged = GzipTests.compressed
      damaged[position] ^= 0x55
      let result = try? Gzip.system.decompress(damaged, file: "a.gz", atMost: 1000)
      #expect(result == nil, "byte \(position)")
    }
  }

  @Test("a wrong CRC is called damage, in zlib's words")
  func wrongCRC() throws {
    var damaged = GzipTests.compressed
    damaged[damaged.count - 8] ^= 1
    let error = try #require(throws: FileError.self) { try Gzip.system.decompress(damaged, file: "a.gz", atMost: 1000) }
    #expect(error.reason == .corrupt)
    #expect(error.found.contains("incorrect data check"))
    #expect(error.file == "a.gz")
  }

  @Test("bytes after the end are refused")
  func trailing() throws {
    let long = GzipTests.compressed + [1, 2, 3]
    let error = try #require(throws: FileError.self) { try Gzip.system.decompress(long, file: "a.gz", atMost: 1000) }
    #expect(error.reason == .oversized)
    #expect(error.place == .byte(GzipTests.compressed.count))
  }

  @Test("decompression stops at the agreed length")
  func bomb() throws {
    let error = try #require(throws: FileError.self) {
      try Gzip.system.decompress(GzipTests.compressed, file: "a.gz", atMost: 319)
    }
    #expect(error.reason == .oversized)
    #expect(error.place == .decompressedByte(319))
    #expect(try Gzip.system.bytes(0..<7, of: GzipTests.compressed, file: "a.gz") == Array("adjoint".utf8))
  }

  @Test("without zlib the error names the package")
  func noLibrary() throws {
    let gzip = Gzip(libraries: ["libno-such-zlib.so.1"])
    let error = try #require(throws: FileError.self) {
      try gzip.decompress(GzipTests.compressed, file: "a.gz", atMost: 1000)
    }
    #expect(error.reason == .missingLibrary)
    #expect(error.remedy.contains("zlib1g"))
  }
}
