import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("Pictures")
struct PictureTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func image(_ base64: String) throws -> Tensor<Double> {
    try Tensor(image: scratch.file("i.png", [UInt8](#require(Data(base64Encoded: base64)))))
  }

  @Test("a palette with a transparent colour, as Pillow writes it, becomes colours with opacity")
  func palette() throws {
    let image = try image(
      "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAgMAAADgGo6JAAAACVBMVEX/AAAA/wAAAP8tSs2KAAAAAnRSTlP/AOW3MEoAAAAMSURB"
        + "VHjaY5BgmAAAANwAqVIaE48AAAAASUVORK5CYII=")
    let (red, green, blue) = ([1.0, 0, 0, 1], [0.0, 1, 0, 0], [0.0, 0, 1, 1])
    #expect(image == Tensor(shape: [2, 3, 4], elements: red + green + blue + blue + green + red))
  }

  @Test("interlaced images of 16 and of 2 bits are read, with every filter")
  func interlaced() throws {
    let colours = try image(
      "iVBORw0KGgoAAAANSUhEUgAAAAUAAAADEAIAAAHzw756AAAAEXRFWHRDb21tZW50AG1hZGUgaGVyZZd+7iYAAABeSURBVHheY2Fg"
        + "Z33EvZfZzdtHLYiRSVlTk0XvPuP6jVt7dqcrKyEgi+AM8WJZPwiHeee3PU/2Xcx6BoRpTOF3YrcnT8rMzfcoVa7613CzbUtP/6Ss"
        + "Ga7zFBb/XnkNAK96JP0LjzxjAAAAAElFTkSuQmCC")
    #expect(colours == Tensor(shape: [3, 5, 3], elements: (0..<45).map { Double(($0 * 1499 + 7) % 65_536) / 65_535 }))
    let grey = try image(
      "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAJAgAAAAHmhEFIAAAAEXRFWHRDb21tZW50AG1hZGUgaGVyZZd+7iYAAAAjSURBVHheY2Bg"
        + "YWCA4AUMC4B0BxCXsGRA8bF/DDk5LFEgEgB69gjlbCOtQgAAAABJRU5ErkJggg==")
    #expect(grey == Tensor(shape: [9, 7, 1], elements: (0..<63).map { Double($0 * 5 % 4) / 3 }))
  }

  @Test("what is written is read back, grey and in colours")
  func roundTrip() throws {
    let url = scratch.url.appendingPathComponent("w.png")
    let grey = Tensor<Float>(shape: [3, 4], elements: (0..<12).map { Float($0 * 21) / 255 })
    try grey.save(png: url)
    #expect(try Tensor<Float>(image: url) == grey.reshape(to: [3, 4, 1]))
    let colours = Tensor<Double>(shape: [2, 2, 3], elements: (0..<12).map { Double($0 * 23) / 255 })
    try colours.save(png: url)
    #expect(try Tensor<Double>(image: url) == colours)
    try Tensor<Double>([[-1, 2, .nan]]).save(png: url)
    #expect(try Tensor<Double>(image: url).elements == [0, 1, 0])
    let digits = DrawnDigits(seed: 1).training(3)
    try digits.save(image: 2, png: url)
    let file = try InputFile(url)
    #expect(try RasterImage.read(file)?.grey == Array(digits.image(2)))
  }

  @Test("a palette is written with its last colour transparent and read back", arguments: [true, false])
  func writtenPalette(isCompressed: Bool) throws {
    let gzip = isCompressed ? Gzip.system : Gzip(libraries: [])
    let file = PNG.encoded(
      [0, 1, 2, 2, 1, 0], height: 2, width: 3, channels: 1, palette: [255, 0, 0, 0, 255, 0, 0, 0, 255], by: gzip)
    let image = try Tensor<Double>(image: scratch.file("p.png", file))
    let (red, green, blue) = ([1.0, 0, 0, 1], [0.0, 1, 0, 1], [0.0, 0, 1, 0])
    #expect(image == Tensor(shape: [2, 3, 4], elements: red + green + blue + blue + green + red))
    if !isCompressed { #expect(file.firstRange(of: Array("IDAT".utf8) + [0x78, 0x01, 1, 8, 0, 0xF7, 0xFF]) != nil) }
  }

  @Test("an image is refused when any of its bytes is cut off or changed")
  func damaged() throws {
    let url = scratch.url.appendingPathComponent("w.png")
    try Tensor<Float>(shape: [3, 4], elements: (0..<12).map { Float($0) / 12 }).save(png: url)
    let whole = [UInt8](try Data(contentsOf: url))
    for count in 0..<whole.count {
      #expect(throws: FileError.self, "\(count)") {
        try Tensor<Float>(image: scratch.file("c.png", Array(whole.prefix(count))))
      }
    }
    let short = try fileError { try Tensor<Float>(image: scratch.file("s.png", Array(whole.prefix(7)))) }
    #expect(short.expected == "the eight bytes with which a PNG image begins")
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0x21
      #expect(throws: FileError.self, "\(place)") { try Tensor<Float>(image: scratch.file("d.png", damaged)) }
    }
    #expect(throws: FileError.self) { try Tensor<Float>(image: scratch.file("l.png", whole + [0])) }
  }

  @Test("a header that promises more than the data hold is refused without the memory for it")
  func bomb() throws {
    var file = PNG.encoded([UInt8](repeating: 0, count: 100), height: 10, width: 10, channels: 1)
    file.replaceSubrange(16..<24, with: [0, 8, 0, 0, 0, 8, 0, 0])
    let crc = CRC32.value(of: file[12..<29])
    file.replaceSubrange(29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * $0)) })
    let error = try fileError { try Tensor<Float>(image: scratch.file("b.png", file)) }
    #expect(error.reason == .truncated && error.expected.contains("524288 × 524288"))
  }

  @Test("colours become grey by their brightness, and what is transparent is white paper")
  func brightness() {
    func grey(_ channels: Int, _ samples: [UInt16], maximum: Int = 255) -> [UInt8] {
      RasterImage(height: 1, width: samples.count / channels, channels: channels, maximum: maximum, samples: samples)
        .grey
    }
    #expect(grey(3, [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]) == [76, 150, 29, 255])
    #expect(grey(1, [0, 32_768, 65_535], maximum: 65_535) == [0, 128, 255])
    #expect(grey(2, [0, 255, 0, 0, 0, 51, 200, 0]) == [0, 255, 204, 255])
    #expect(grey(4, [255, 255, 255, 255, 0, 0, 0, 0]) == [255, 255])
  }

  @Test("a JPEG image without libturbojpeg is refused with the package that has it; other kinds are named")
  func missing() throws {
    let file = try InputFile(scratch.file("p.jpg", [0xFF, 0xD8, 0xFF, 0xE0, 1, 2]))
    let error = try fileError { try JPEG.read(file, libraries: ["libnone.so.7"]) }
    #expect(error.reason == .missingLibrary && error.remedy.contains("package libturbojpeg0"))
    let other = try fileError { try Tensor<Float>(image: scratch.file("g.gif", "GIF89a")) }
    #expect(other.found == "a GIF image" && other.remedy.contains("magick"))
  }
}
