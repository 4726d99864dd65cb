import Adjoint
import AdjointFiles
import Foundation

// Pictures as tensors: PNG in and out, JPEG in where the system has libturbojpeg.

extension Tensor where Element: Scalar & BinaryFloatingPoint {
  /// Reads a PNG or JPEG image: [height, width, channels] from 0 to 1, with one channel for grey and three for red, green and
  /// blue; opacity is one more.
  /// - Throws: `FileError` for a damaged file and other kinds, and for JPEG where libturbojpeg is not installed.
  public init(image url: URL) throws {
    let file = try InputFile(url)
    guard let image = try RasterImage.read(file) else {
      let start = try file.prefix(FileKind.prefixLength)
      throw FileError(
        .wrongFormat, file: file.path, at: .wholeFile, expected: "a PNG or JPEG image",
        found: FileKind.name(of: start) ?? "a file of another kind",
        remedy: "Convert it, for example with: magick FILE image.png.")
    }
    let scale = Double(image.maximum)
    self.init(
      shape: [image.height, image.width, image.channels], elements: image.samples.map { Element(Double($0) / scale) })
  }

  /// Replaces a file, as a whole or not at all, by a PNG image of 8 bits: from [height, width] or [height, width, 1] a grey one,
  /// from [height, width, 3] red, green and blue. 0 is black and 1 is white; what lies beyond is cut, and NaN is black.
  /// - Precondition: the shape is one of these, with an element at least.
  /// - Throws: `FileError` when the file cannot be written.
  public func save(png url: URL, file: StaticString = #fileID, line: UInt = #line) throws(FileError) {
    let channels = shape.rank == 3 ? shape[2] : 1
    guard shape.rank == 2 || shape.rank == 3, channels == 1 || channels == 3, shape.elementCount > 0 else {
      fatalError(
        "save(png:): a tensor of shape \(shape) is no picture; give [height, width], or [height, width, 3] for colours",
        file: file, line: line)
    }
    let pixels = elements.map { $0 > 0 ? UInt8(($0 < 1 ? Double($0) : 1) * 255 + 0.5) : 0 }
    try OutputFile.replace(url, with: PNG.encoded(pixels, height: shape[0], width: shape[1], channels: channels))
  }
}

extension LabeledImages {
  /// Replaces a file, as a whole or not at all, by one of these images as a grey PNG image.
  /// - Precondition: the image exists.
  /// - Throws: `FileError` when the file cannot be written.
  public func save(
    image number: Int, png url: URL, file: StaticString = #fileID, line: UInt = #line
  ) throws(FileError) {
    let pixels = Array(image(number, file: file, line: line))
    try OutputFile.replace(url, with: PNG.encoded(pixels, height: height, width: width, channels: 1))
  }
}
