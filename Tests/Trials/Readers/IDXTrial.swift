import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles

/// An IDX file as the format has it: an oracle.
struct StrictIDX: Equatable {
  let type: UInt8
  let dimensions: [Int]
  let elements: [UInt8]

  init?(_ file: [UInt8]) {
    guard let bytes = Gzip.isCompressed(file) ? StrictGzip.content(of: file) : file, bytes.count >= 4,
      let size = [8: 1, 9: 1, 0xB: 2, 0xC: 4, 0xD: 4, 0xE: 8][Int(bytes[2])]
    else { return nil }
    let rank = Int(bytes[3])
    guard bytes[0] == 0, bytes[1] == 0, (1...8).contains(rank), bytes.count >= 4 + 4 * rank else { return nil }
    dimensions = (0..<rank).map { axis in (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 + 4 * axis + $1]) } }
    // In Double nothing overflows, and what is compared with is small.
    guard dimensions.reduce(Double(size), { $0 * Double($1) }) == Double(bytes.count - 4 - 4 * rank) else { return nil }
    // An empty array too has rows that can exist.
    guard dimensions.reduce(Double(size), { $0 * Double(max($1, 1)) }) < 0x1p63 else { return nil }
    (type, elements) = (bytes[2], Array(bytes[(4 + 4 * rank)...]))
  }

  static func file(_ type: UInt8, _ dimensions: [Int], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, type, UInt8(dimensions.count)]
      + dimensions.flatMap { dimension in [24, 16, 8, 0].map { UInt8(dimension >> $0 & 0xFF) } } + elements
  }

  static let files: [[UInt8]] = [
    file(8, [3, 2, 2], Array(0..<12)), file(8, [3], [0, 1, 2]), file(9, [2, 2], [255, 0, 1, 128]),
    file(0xB, [3], Array(0..<6)), file(0xC, [2], Array(0..<8)),
    file(0xD, [1, 2], [0x7F, 0xC0, 0, 1, 0x3F, 0x80, 0, 0]),
    file(0xE, [1], [0x40, 9, 0x21, 0xFB, 0x54, 0x44, 0x2D, 0x18]), file(8, [0, 28, 28], []), file(8, [0], []),
    file(8, [1, 1, 1, 1, 1, 1, 1, 1], [9]),
  ]
}

/// Arrays in IDX files of every element type, plain and gzip.
struct IDXTrial: ReaderTrial {
  let name = "idx"
  let seeds = StrictIDX.files + StrictIDX.files.prefix(2).map { gzipped($0) }
  let words = ["\u{0}", "\u{8}", "\u{3}"]

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let strict = StrictIDX(bytes)
    do {
      let array = try IDX(contentsOf: file)
      let isEqual =
        array.elementType.rawValue == strict?.type && array.dimensions == strict?.dimensions
        && array.bytes == strict?.elements
      _ = array.numbers()
      return reading(isEqual, "\(array.elementType) \(array.dimensions)", stating: array.bytes.count)
    } catch {
      if strict != nil { throw WronglyRefused(error: error) }
      throw error
    }
  }
}

/// Images and labels in a pair of IDX files. A mutant is both, one behind the other, the length of the first in front.
struct ImagesTrial: ReaderTrial {
  let name = "images"
  let words = ["\u{0}", "\u{8}", "\u{3}"]
  var seeds: [[UInt8]] {
    let images = StrictIDX.file(8, [3, 2, 2], Array(0..<12))
    let labels = StrictIDX.file(8, [3], [0, 1, 2])
    return [(images, labels), (gzipped(images), labels), (images, gzipped(labels))].map {
      [UInt8($0.0.count)] + $0.0 + $0.1
    }
  }

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let length = min(Int(bytes.first ?? 0), max(bytes.count - 1, 0))
    let (first, second) = (Array(bytes.dropFirst().prefix(length)), Array(bytes.dropFirst(1 + length)))
    let (images, labels) = (file.appendingPathExtension("images"), file.appendingPathExtension("labels"))
    defer { for url in [images, labels] { unlink(url.path) } }
    try Data(first).write(to: images)
    try Data(second).write(to: labels)
    let data = try LabeledImages(images: images, labels: labels, classNames: ["a", "b", "c"])
    let (strict, classes) = (StrictIDX(first), StrictIDX(second))
    let isEqual =
      strict?.type == 8 && classes?.type == 8 && strict?.dimensions == [data.count, data.height, data.width]
      && classes?.dimensions == [data.count] && data.pixels == strict?.elements
      && data.labels == classes?.elements.map { Int32($0) } && data.labels.allSatisfy { $0 < 3 }
    return reading(isEqual, "\(data.count) of \(data.height) × \(data.width)", stating: data.pixels.count + data.count)
  }
}
