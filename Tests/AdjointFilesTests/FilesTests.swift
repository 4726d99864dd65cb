import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Files")
struct FilesTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("a file is read from any place, plain or gzip, and no further than it was asked to")
  func reading() throws {
    let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let plain = try InputFile(folder.file("plain", content), gzip: .system)
    #expect(plain.size == content.count)
    #expect(try plain.bytes(1_999_990..<2_000_010) == Array(content[1_999_990..<2_000_010]))
    #expect(try plain.contents(atMost: content.count) == content)
    let compressed = try InputFile(folder.file("compressed", gzipped(content)), gzip: .system)
    for file in [plain, compressed] {
      #expect(try file.prefix(7) == Array(content.prefix(7)))
      let error = try #require(throws: FileError.self) { try file.contents(atMost: content.count - 1) }
      #expect(error.reason == .oversized && error.place == file.place(content.count - 1))
    }
    #expect(try compressed.contents(atMost: .max) == content)
  }

  @Test("a file that looks like gzip is read as it is where no decompressor is given")
  func looksCompressed() throws {
    let file = try InputFile(folder.file("f", [0x1F, 0x8B, 7]))
    #expect(try file.contents(atMost: 3) == [0x1F, 0x8B, 7])
    #expect(file.place(1) == .byte(1))
  }

  @Test("a file that became shorter since it was opened is an error")
  func shortened() throws {
    let url = try folder.file("f", [1, 2, 3, 4])
    let file = try InputFile(url)
    try FileHandle(forWritingTo: url).truncate(atOffset: 2)
    let error = try #require(throws: FileError.self) { try file.bytes(1..<4) }
    #expect(error.reason == .truncated && error.expected == "2 more bytes")
  }
}

@Suite("Numbers in files")
struct ByteOrderTests {
  @Test("words become bytes in either order, and come back")
  func words() {
    let words: [UInt32] = [0x0102_0304, 0xFFFF_FF00]
    #expect(ByteOrder.littleEndian.bytes(of: words) == [4, 3, 2, 1, 0, 0xFF, 0xFF, 0xFF])
    #expect(ByteOrder.bigEndian.bytes(of: words) == [1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0])
    for order in [ByteOrder.littleEndian, .bigEndian] {
      #expect(order.words(of: order.bytes(of: words)) == words)
      #expect(order.words(of: order.bytes(of: [Int64.min, -2, 3])) == [Int64.min, -2, 3])
      #expect(order.words(of: [1, 2, 3, 4, 5], as: UInt32.self).count == 1)
      #expect(order.words(of: [], as: UInt16.self) == [])
    }
  }

  @Test("digests are the published ones")
  func digests() {
    #expect(SHA256.hexadecimal(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    // One byte a word is FNV-1a as its authors publish it.
    var hash = FNV1a()
    for byte in "foobar".utf8 { hash.add(UInt64(byte)) }
    #expect(hash.value == 0x8594_4171_F739_67E8)
  }

  @Test("bytes are hashed eight at a time, and the rest one by one")
  func fingerprint() {
    var (bytes, words) = (FNV1a(), FNV1a())
    bytes.add([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for word in [0x0807_0605_0403_0201, 9, 10] as [UInt64] { words.add(word) }
    #expect(bytes.value == words.value)
  }
}
