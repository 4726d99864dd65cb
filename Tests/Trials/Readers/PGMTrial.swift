import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles

/// Grey images, plain and binary.
struct PGMTrial: ReaderTrial {
  let name = "pgm"
  let seeds =
    [
      "P2\n3 2\n255\n0 1 2\n253 254 255\n", "P2 # plain\n# a comment\n2 2\n15\n0 5 10 15", "P2\t1 1 1 1\n",
      "P5\n4 2\n255\nABCDefgh", "P5 2 2 15\n\u{0}\u{1}\u{E}\u{F}", "P5\n1 2 # two bytes\n1000\n\u{1}\u{2}\u{3}\u{4}",
    ].map { Array($0.utf8) } + [gzipped(Array("P2 2 1 9 3 9".utf8))]
  let words = [
    "#", "\n", " ", "P2", "P5", "\t", "\r", "# comment\n", "65535", "65536", "10001", "99999999999999999999",
  ]

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let strict = StrictPGM(bytes)
    do {
      let image = try PGM(InputFile(file, gzip: .system))
      let isEqual = strict?.height == image.height && strict?.width == image.width && strict?.pixels == image.pixels
      return reading(isEqual, "\(image.height) × \(image.width): \(image.pixels)", stating: 8 * image.pixels.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }
}

/// A grey image by netpbm's description: an oracle.
struct StrictPGM {
  let height: Int
  let width: Int
  let pixels: [UInt8]

  init?(_ file: [UInt8]) {
    guard let bytes = Gzip.isCompressed(file) ? StrictGzip.content(of: file) : file, bytes.count > 2, bytes[0] == 0x50,
      bytes[1] == 0x32 || bytes[1] == 0x35
    else { return nil }
    var rest = bytes.dropFirst(2)
    func isSpace(_ byte: UInt8) -> Bool { [9, 10, 11, 12, 13, 32].contains(byte) }
    /// The next number, behind white space; in the header behind comments too.
    func number(_ range: ClosedRange<Int>, inHeader: Bool) -> Int? {
      let before = rest.count
      while let byte = rest.first, isSpace(byte) || inHeader && byte == 0x23 {
        rest = byte == 0x23 ? rest.drop { $0 != 10 && $0 != 13 } : rest.dropFirst()
      }
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest.dropFirst(digits.count)
      guard before > rest.count + digits.count, !digits.isEmpty else { return nil }
      if let next = rest.first, !isSpace(next), !(inHeader && next == 0x23) { return nil }
      let value = Double(String(decoding: digits, as: UTF8.self)) ?? .infinity
      return value <= Double(range.upperBound) && value >= Double(range.lowerBound) ? Int(value) : nil
    }
    guard let width = number(1...10_000, inHeader: true), let height = number(1...10_000, inHeader: true),
      let brightest = number(1...65_535, inHeader: true)
    else { return nil }
    var values: [Int] = []
    if bytes[1] == 0x32 {
      // Each pixel takes two bytes, but for the last.
      guard width * height <= bytes.count else { return nil }
      for _ in 0..<width * height {
        guard let value = number(0...brightest, inHeader: false) else { return nil }
        values.append(value)
      }
      guard rest.allSatisfy(isSpace) else { return nil }
    } else {
      let size = brightest > 255 ? 2 : 1
      guard let mark = rest.popFirst(), isSpace(mark), rest.count == width * height * size else { return nil }
      let data = Array(rest)
      values = (0..<width * height).map { size == 1 ? Int(data[$0]) : Int(data[2 * $0]) << 8 | Int(data[2 * $0 + 1]) }
      guard values.allSatisfy({ $0 <= brightest }) else { return nil }
    }
    (self.width, self.height) = (width, height)
    pixels = values.map { UInt8((Double($0) * 255 / Double(brightest)).rounded()) }
  }
}
