import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("IDX files")
struct IDXTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let small = IDX(dimensions: [2, 3], bytes: [1, 2, 3, 4, 5, 6])

  @Test("what is written is read back, plain and gzip")
  func roundTrip() throws {
    let url = scratch.url.appendingPathComponent("a.idx")
    try IDXTests.small.write(to: url)
    #expect(try IDX(contentsOf: url) == IDXTests.small)
    let compressed = try scratch.file("b.idx", gzipped(IDXTests.small.encoded()))
    #expect(try IDX(contentsOf: compressed) == IDXTests.small)
  }

  @Test("the header is the one that the format describes")
  func header() {
    #expect(IDXTests.small.encoded() == [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
  }

  @Test("an array without elements is read back")
  func empty() throws {
    let url = scratch.url.appendingPathComponent("empty.idx")
    let array = IDX(dimensions: [0, 28, 28], bytes: [])
    try array.write(to: url)
    #expect(try IDX(contentsOf: url) == array)
  }

  @Test("elements of every type become the numbers that their big-endian bytes stand for")
  func numbers() {
    #expect(IDX(elementType: .uint8, dimensions: [1], bytes: [255]).numbers() == [255])
    #expect(IDX(elementType: .int8, dimensions: [1], bytes: [255]).numbers() == [-1])
    #expect(IDX(elementType: .int16, dimensions: [2], bytes: [0xFF, 0xFE, 1, 0]).numbers() == [-2, 256])
    #expect(IDX(elementType: .int32, dimensions: [1], bytes: [0x80, 0, 0, 0]).numbers() == [-2_147_483_648])
    #expect(IDX(elementType: .float32, dimensions: [1], bytes: [0x3F, 0xC0, 0, 0]).numbers() == [1.5])
    #expect(IDX(elementType: .float64, dimensions: [1], bytes: [0xC0, 0, 0, 0, 0, 0, 0, 0]).numbers() == [-2])
  }

  @Test("a file cut short anywhere is refused, at the byte where it ends", arguments: 0..<18, [false, true])
  func truncated(length: Int, compressed: Bool) throws {
    let bytes = Array(IDXTests.small.encoded().prefix(length))
    let url = try scratch.file("cut.idx", compressed ? gzipped(bytes) : bytes)
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .truncated)
    #expect(error.place == (compressed ? .decompressedByte(length) : .byte(length)))
    #expect(error.description.contains(url.path))
  }

  @Test("bytes after the last element are refused", arguments: [false, true])
  func trailing(compressed: Bool) throws {
    let bytes = IDXTests.small.encoded() + [0]
    let url = try scratch.file("long.idx", compressed ? gzipped(bytes) : bytes)
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .oversized)
    #expect(error.place == (compressed ? .decompressedByte(18) : .byte(18)))
  }

  @Test("another kind of file is refused, and its first bytes are shown")
  func wrongMagic() throws {
    let url = try scratch.file("page.idx", "<html>Not found</html>")
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .wrongFormat)
    #expect(error.place == .byte(0))
    #expect(error.found.contains("<htm"))
  }

  @Test("an unknown type code is refused", arguments: [0, 1, 7, 0x0A, 0x0F, 0xFF] as [UInt8])
  func wrongType(code: UInt8) throws {
    var bytes = IDXTests.small.encoded()
    bytes[2] = code
    let url = try scratch.file("type.idx", bytes)
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .wrongFormat)
    #expect(error.place == .byte(2))
  }

  @Test("an impossible number of dimensions is refused", arguments: [0, 9, 255] as [UInt8])
  func wrongRank(rank: UInt8) throws {
    var bytes = IDXTests.small.encoded()
    bytes[3] = rank
    let url = try scratch.file("rank.idx", bytes)
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .wrongFormat)
    #expect(error.place == .byte(3))
  }

  @Test("a header that announces terabytes costs an error and no memory", arguments: [false, true])
  func lyingDimensions(compressed: Bool) throws {
    let bytes = [0, 0, 0x0E, 2, 0, 0xFF, 0xFF, 0xFF, 0, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 100)
    let url = try scratch.file("liar.idx", compressed ? gzipped(bytes) : bytes)
    #expect(try fileError { try IDX(contentsOf: url) }.reason == .truncated)
  }

  @Test("a header whose product exceeds all memory is refused", arguments: [false, true])
  func overflowingDimensions(compressed: Bool) throws {
    let bytes = [0, 0, 0x0E, 8] + [UInt8](repeating: 0xFF, count: 32)
    let url = try scratch.file("overflow.idx", compressed ? gzipped(bytes) : bytes)
    let error = try fileError { try IDX(contentsOf: url) }
    #expect(error.reason == .oversized)
    #expect(error.place == (compressed ? .decompressedByte(4) : .byte(4)))
  }

  @Test("a missing file and a directory are told apart")
  func noFile() throws {
    let missing = scratch.url.appendingPathComponent("none.idx")
    #expect(try fileError { try IDX(contentsOf: missing) }.reason == .missingFile)
    let directory = scratch.url
    #expect(try fileError { try IDX(contentsOf: directory) }.reason == .unreadableFile)
  }

  @Test("writing where nothing can be written throws")
  func unwritable() throws {
    let url = scratch.url.appendingPathComponent("no/such/directory/a.idx")
    #expect(try fileError { try IDXTests.small.write(to: url) }.reason == .unwritableFile)
  }

  @Test("without zlib a plain file is read, and a compressed one is refused")
  func noLibrary() throws {
    let gzip = Gzip(libraries: [])
    let plain = try scratch.file("plain.idx", IDX(dimensions: [1], bytes: [5]).encoded())
    #expect(try IDX.read(InputFile(plain, gzip: gzip)).bytes == [5])
    let compressed = try scratch.file("c.idx.gz", gzipped(IDX(dimensions: [1], bytes: [5]).encoded()))
    #expect(try fileError { try IDX.read(InputFile(compressed, gzip: gzip)) }.reason == .missingLibrary)
  }
}
