import AdjointFiles

/// One grey image in the portable grey map format, plain (P2) or binary (P5).
///
/// Values from 0 to the brightest, which may need two bytes, become 0 to 255. A file holds one image and nothing more.
///
/// Source: netpbm, "PGM Format Specification".
package struct PGM: Sendable, Hashable {
  package let height: Int
  package let width: Int
  /// Row by row, 0 black to 255 white.
  package let pixels: [UInt8]

  /// Reads a file; `isWanted` refuses a size by its error before a pixel is read.
  /// - Throws: `FileError` with the offset of the byte at which the file stops making sense, or the error of `isWanted`.
  package init(_ file: InputFile, isWanted: (_ height: Int, _ width: Int) throws -> Void = { _, _ in }) throws {
    // Comments may stand before every number of the header.
    var header = Scanner(file, try file.prefix(1 << 16))
    guard header.bytes.count > 1, header.bytes[0] == 0x50, [0x32, 0x35].contains(header.bytes[1]) else {
      throw header.wrong("a PGM image, which begins with P2 or P5", FileKind.name(of: header.bytes) ?? "something else")
    }
    let isPlain = header.bytes[1] == 0x32
    header.position = 2
    width = try header.number("the width", in: 1...10_000, allowingComments: true)
    height = try header.number("the height", in: 1...10_000, allowingComments: true)
    let brightest = try header.number("the brightest value", in: 1...65_535, allowingComments: true)
    try isWanted(height, width)
    let count = height * width
    let size = brightest > 255 ? 2 : 1
    // A pixel of a plain image takes a separator and at most eight digits; more white space than that is no image.
    let room = isPlain ? 32 * count + (1 << 16) : 1 + size * count
    var scanner = Scanner(file, try file.contents(atMost: header.position + room))
    scanner.position = header.position
    var values: [Int] = []
    values.reserveCapacity(count)
    if isPlain {
      for _ in 0..<count { values.append(try scanner.number("a pixel", in: 0...brightest)) }
      scanner.skipSpace()
    } else {
      guard scanner.byte.map(Scanner.isSpace) == true else {
        throw scanner.wrong("one white space between header and pixels", scanner.rest)
      }
      scanner.position += 1
      for _ in 0..<count { values.append(try scanner.binary(size, atMost: brightest, count)) }
    }
    guard scanner.byte == nil else { throw scanner.wrong("the end after the last pixel", scanner.rest) }
    pixels = values.map { UInt8(($0 * 255 + brightest / 2) / brightest) }
  }

  /// A place in the file's bytes.
  private struct Scanner {
    let file: InputFile
    let bytes: [UInt8]
    var position = 0

    init(_ file: InputFile, _ bytes: [UInt8]) { (self.file, self.bytes) = (file, bytes) }

    var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Blank, tab, line feed, vertical tab, form feed, carriage return: the format's white space.
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    mutating func skipSpace(allowingComments: Bool = false) {
      while let byte, Scanner.isSpace(byte) || (allowingComments && byte == 0x23) {
        if byte == 0x23 {
          while let byte = self.byte, byte != 0x0A, byte != 0x0D { position += 1 }
        } else {
          position += 1
        }
      }
    }

    /// The next number, which white space (or a comment in the header) must precede and end.
    mutating func number(
      _ what: String, in range: ClosedRange<Int>, allowingComments: Bool = false
    ) throws(FileError) -> Int {
      let gap = position
      skipSpace(allowingComments: allowingComments)
      guard position > gap else { throw wrong("white space before \(what)", rest) }
      let start = position
      var value = 0
      while let byte, (0x30...0x39).contains(byte) {
        value = min(value * 10 + Int(byte - 0x30), 1_000_000)
        position += 1
      }
      let end = byte.map { Scanner.isSpace($0) || (allowingComments && $0 == 0x23) } ?? true
      guard position > start, end, range.contains(value) else {
        position = start
        throw wrong("\(what), a whole number from \(range.lowerBound) to \(range.upperBound)", rest)
      }
      return value
    }

    /// The next pixel of a binary image, the more significant byte first.
    mutating func binary(_ size: Int, atMost brightest: Int, _ count: Int) throws(FileError) -> Int {
      guard position + size <= bytes.count else {
        throw FileError(
          .truncated, file: file.path, at: file.place(bytes.count), expected: "\(count * size) bytes of pixels",
          found: "the end of the file", remedy: "The file is cut short; get it again from its source.")
      }
      let value = bytes[position..<position + size].reduce(0) { $0 << 8 | Int($1) }
      guard value <= brightest else { throw wrong("a pixel of at most \(brightest)", "\(value)") }
      position += size
      return value
    }

    /// What stands at the position, in words.
    var rest: String {
      byte == nil ? "the end" : quoted(String(decoding: bytes[position...].prefix(12), as: UTF8.self))
    }

    func wrong(_ expected: String, _ found: String) -> FileError {
      FileError(
        .wrongFormat, file: file.path, at: file.place(position), expected: expected, found: found,
        remedy: "Write the image again as PGM, for example with: magick FILE image.pgm.")
    }
  }
}
