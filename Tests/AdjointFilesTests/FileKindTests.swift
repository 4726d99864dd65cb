import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Kinds of files")
struct FileKindTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("the first bytes name a format, and ordinary text has none")
  func names() {
    #expect(FileKind.name(of: Array("RIFF1234WEBPVP8 ".utf8)) == "a WebP image")
    #expect(FileKind.name(of: [0, 0, 0, 24] + Array("ftypheic".utf8))?.contains("HEIC") == true)
    for text in ["", "1,2,3", "label,pixel0", "RIFF", "{\"a\": 1}", "B,M\n1,2"] {
      #expect(FileKind.name(of: Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test("UTF-8 that is not well-formed is found at its first byte")
  func utf8() {
    for text in ["", "abc", "äöü", "日本", "😀", "\u{7FF}\u{800}\u{FFFF}\u{10FFFF}"] {
      #expect(Array(text.utf8).firstInvalidUTF8 == nil)
    }
    for bytes in [
      [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88],
      [0xE2, 0x82, 0x28], [0xFF],
    ] as [[UInt8]] {
      #expect(([0x61, 0x62] + bytes + [0x63]).firstInvalidUTF8 == 2, "\(bytes)")
    }
    // Every pair of bytes, against the standard library.
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let bytes = [first, second]
        #expect((bytes.firstInvalidUTF8 == nil) == (String(validating: bytes, as: UTF8.self) != nil))
      }
    }
  }

  @Test("a part of the content is read without keeping the rest", arguments: [false, true])
  func parts(compressed: Bool) throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let file = try InputFile(folder.file("f", compressed ? gzipped(content) : content), gzip: .system)
    for range in [0..<7, 100_000..<100_010, 65_530..<200_000, 299_990..<400_000, 400_000..<400_001, 5..<5] {
      #expect(try file.contents(in: range) == Array(content[range.clamped(to: 0..<content.count)]), "\(range)")
    }
  }

  @Test("a pipe is read where it is allowed, up to its limit")
  func pipes() throws {
    let path = folder.url.appendingPathComponent("pipe")
    #expect(mkfifo(path.path, 0o600) == 0)
    #expect(throws: FileError.self) { try InputFile(path) }
    for (limit, fits) in [(3, true), (2, false)] {
      let writer = Thread { try? FileHandle(forWritingTo: path).write(contentsOf: [1, 2, 3] as [UInt8]) }
      writer.start()
      if fits {
        let file = try InputFile(path, pipeLimit: limit)
        #expect(try file.contents(atMost: 3) == [1, 2, 3] && file.prefix(2) == [1, 2] && file.bytes(1..<2) == [2])
      } else {
        #expect(try #require(throws: FileError.self) { try InputFile(path, pipeLimit: limit) }.reason == .oversized)
      }
    }
  }
}
