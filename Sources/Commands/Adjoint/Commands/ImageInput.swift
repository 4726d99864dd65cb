import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import Foundation

/// One grey image from a file: PGM (P2 or P5), IDX (plain or gzip), or a row of a CSV file.
///
/// The content decides between them. 0 is background and 255 ink, as in MNIST; `inverted` turns a scan of dark ink on white
/// paper around.
struct ImageInput {
  let height: Int
  let width: Int
  let pixels: [UInt8]

  /// Reads image `index` of a file, which must have this size.
  /// - Throws: `CommandError`, or `FileError` for a damaged IDX file or table.
  init(_ path: String, index: Int, height: Int, width: Int, inverted: Bool) throws {
    let url = FilePlace.url(path)
    let content: [UInt8]
    do {
      // A pipe will do: an image is small, and nothing is believed of it.
      content = [UInt8](try Data(contentsOf: url))
    } catch {
      throw CommandError.badImage(
        file: path, place: "", expected: "an image file",
        found: FileManager.default.fileExists(atPath: url.path)
          ? "something that cannot be read" : "no such file")
    }
    var image: ImageInput
    switch content.prefix(2) {
    case [0x50, 0x32], [0x50, 0x35]: image = try PGM(content, path).image()
    case [0x00, 0x00], [0x1F, 0x8B]: image = try ImageInput.idx(url, path, index)
    case [0x89, 0x50]:
      throw CommandError.badImage(
        file: path, place: "", expected: "PGM, IDX or CSV",
        found: "a PNG image; convert it, for example with "
          + "'magick \(printable(path, atMost: 1024)) -resize 28x28 digit.pgm'")
    default: image = try ImageInput.row(index, of: content, path, pixelCount: height * width, width: width)
    }
    guard (image.height, image.width) == (height, width) else {
      throw CommandError.wrongSize(
        file: path, expected: "an image of \(height) × \(width) pixels, as in training",
        found: "\(image.height) × \(image.width)")
    }
    if inverted { image = ImageInput(height: height, width: width, pixels: image.pixels.map { 255 - $0 }) }
    self = image
  }

  private init(height: Int, width: Int, pixels: [UInt8]) {
    (self.height, self.width, self.pixels) = (height, width, pixels)
  }

  /// The image as a data set of one, for a network that was trained with this standardisation.
  func labeled(_ standardization: Standardization) -> LabeledImages {
    LabeledImages(
      pixels: pixels, height: height, width: width, labels: [0], classNames: ["unknown"],
      standardization: standardization)
  }

  private static func idx(_ url: URL, _ path: String, _ index: Int) throws -> ImageInput {
    let array = try IDX(contentsOf: url)
    guard array.elementType == .uint8, array.dimensions.count == 3 else {
      throw CommandError.badImage(
        file: path, place: "", expected: "images: bytes [n, height, width]",
        found: "\(array.elementType) \(array.dimensions)")
    }
    let (count, height, width) = (array.dimensions[0], array.dimensions[1], array.dimensions[2])
    guard index < count else {
      throw CommandError.badImage(
        file: path, place: "--index \(index)", expected: "an index below \(count), the number of images",
        found: "\(index)")
    }
    let size = height * width
    return ImageInput(height: height, width: width, pixels: Array(array.bytes[index * size..<(index + 1) * size]))
  }

  /// A row of pixels, 0 to 255 or 0 to 1, perhaps with a label in front.
  private static func row(
    _ index: Int, of content: [UInt8], _ path: String, pixelCount: Int, width: Int
  ) throws -> ImageInput {
    let format = CSVFormat(ofNumbers: content)
    var reader = CSVReader(content, file: path, format: format)
    if format.hasHeader { _ = try reader.row() }
    var (count, row): (Int, [CSVField]) = (0, [])
    while count <= index, let next = try reader.row() {
      if next.count == 1, reader.text(next[0]).isEmpty { continue }
      (count, row) = (count + 1, next)
    }
    guard index < count, let first = row.first else {
      throw CommandError.badImage(
        file: path, place: "", expected: "a row of \(pixelCount) numbers", found: "\(count) rows")
    }
    var values: [Double] = []
    for field in row {
      let text = reader.text(field)
      guard let value = Double(text), (0...255).contains(value) else {
        throw CommandError.badImage(
          file: path, place: "line \(field.line), column \(field.column)", expected: "a number from 0 to 255",
          found: quoted(text))
      }
      values.append(value)
    }
    if values.count == pixelCount + 1 { values.removeFirst() }
    guard values.count == pixelCount else {
      throw CommandError.badImage(
        file: path, place: "line \(first.line)", expected: "\(pixelCount) pixels, or a label and \(pixelCount) pixels",
        found: "\(values.count) fields")
    }
    let scale = values.allSatisfy { $0 <= 1 } ? 255.0 : 1
    return ImageInput(
      height: pixelCount / width, width: width, pixels: values.map { UInt8(($0 * scale).rounded()) })
  }
}

/// A portable grey map, plain (P2) or binary (P5).
///
/// Source: netpbm, "PGM Format Specification".
private struct PGM {
  private let content: [UInt8]
  private let path: String
  private var position = 2

  init(_ content: [UInt8], _ path: String) { (self.content, self.path) = (content, path) }

  consuming func image() throws(CommandError) -> ImageInput {
    let isPlain = content[1] == 0x32
    let width = try number("the width", in: 1...10_000)
    let height = try number("the height", in: 1...10_000)
    let brightest = try number("the brightest value", in: 1...255)
    var values: [Int] = []
    if isPlain {
      for _ in 0..<height * width { values.append(try number("a pixel", in: 0...brightest)) }
    } else {
      position += 1  // a single white space ends the header
      guard content.count - position >= height * width else {
        throw wrong("\(height * width) bytes of pixels", "\(max(content.count - position, 0))")
      }
      values = content[position..<position + height * width].map { min(Int($0), brightest) }
    }
    return ImageInput(scaling: values, height: height, width: width, brightest: brightest)
  }

  /// The next number, past white space and comments.
  private mutating func number(_ what: String, in range: ClosedRange<Int>) throws(CommandError) -> Int {
    while position < content.count, content[position] <= 0x20 || content[position] == 0x23 {
      if content[position] == 0x23 {
        while position < content.count, content[position] != 0x0A { position += 1 }
      } else {
        position += 1
      }
    }
    let digits = content[position...].prefix(8).prefix { (0x30...0x39).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)), range.contains(value) else {
      let found =
        position < content.count ? quoted(String(decoding: content[position...].prefix(8), as: UTF8.self)) : "the end"
      throw wrong("\(what) from \(range.lowerBound) to \(range.upperBound)", found)
    }
    position += digits.count
    return value
  }

  private func wrong(_ expected: String, _ found: String) -> CommandError {
    .badImage(file: path, place: "byte \(position)", expected: expected, found: found)
  }
}

extension ImageInput {
  /// Values from 0 to `brightest`, brought to 0 to 255.
  fileprivate init(scaling values: [Int], height: Int, width: Int, brightest: Int) {
    self.init(
      height: height, width: width, pixels: values.map { UInt8(($0 * 255 + brightest / 2) / brightest) })
  }
}
