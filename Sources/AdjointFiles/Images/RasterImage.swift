/// A picture of pixels as a file holds it.
package struct RasterImage: Sendable, Equatable {
  package let height: Int
  package let width: Int
  /// The samples of a pixel: 1 grey, 2 grey and opacity, 3 red, green and blue, 4 with opacity.
  package let channels: Int
  /// The brightest value: 255, or 65,535 where the file is as fine.
  package let maximum: Int
  /// Row by row, pixel by pixel.
  package let samples: [UInt16]

  package init(height: Int, width: Int, channels: Int, maximum: Int, samples: [UInt16]) {
    (self.height, self.width, self.channels) = (height, width, channels)
    (self.maximum, self.samples) = (maximum, samples)
  }

  /// The brightness of each pixel from 0 to 255: colours by the weights of ITU-R BT.601, and what is transparent on white paper.
  package var grey: [UInt8] {
    if channels == 1, maximum == 255 { return samples.map { UInt8(truncatingIfNeeded: $0) } }
    var grey: [UInt8] = []
    grey.reserveCapacity(height * width)
    func byte(_ place: Int) -> Int { (Int(samples[place]) * 255 + maximum / 2) / maximum }
    for start in stride(from: 0, to: samples.count, by: channels) {
      var value = byte(start)
      if channels > 2 {
        // In units of 2⁻¹⁶; the three sum to one.
        value = (19_595 * value + 38_470 * byte(start + 1) + 7_471 * byte(start + 2) + 0x8000) >> 16
      }
      if channels % 2 == 0 {
        let opacity = byte(start + channels - 1)
        value = (value * opacity + 255 * (255 - opacity) + 127) / 255
      }
      grey.append(UInt8(value))
    }
    return grey
  }

  /// Reads a PNG or JPEG image by its content; nil for other files. `isWanted` refuses a size by its error before pixels are
  /// read.
  /// - Throws: `FileError`, or the error of `isWanted`.
  package static func read(
    _ file: InputFile, memoryLimit: Int = InputFile.memoryLimit,
    isWanted: (_ height: Int, _ width: Int) throws -> Void = { _, _ in }
  ) throws -> RasterImage? {
    let start = try file.prefix(FileKind.prefixLength)
    if start.starts(with: PNG.signature.prefix(4)) {
      return try PNG.read(file, memoryLimit: memoryLimit, isWanted: isWanted)
    }
    if start.starts(with: JPEG.signature) { return try JPEG.read(file, memoryLimit: memoryLimit, isWanted: isWanted) }
    return nil
  }
}
