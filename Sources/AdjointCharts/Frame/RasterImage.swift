import Foundation

/// A picture of few colours inside a drawing, as a data URI.
///
/// A rectangle for every pixel takes forty times the room. Of the formats that need no compression, BMP is shown by browsers but not
/// by the converters that turn SVG into PDF, so it is PNG, whose format allows blocks that are stored as they are: a header,
/// the bytes and two checksums (RFC 2083, RFC 1950, RFC 1951 §3.2.4).
package struct RasterImage {
  let width: Int
  let height: Int
  /// A place in the palette for each pixel, row by row from the top; 255 is transparent.
  let pixels: [UInt8]
  /// Colours such as `#0072B2`, at most 255; greys from black to white when there are none, and then nothing is transparent.
  let palette: [String]

  package init(width: Int, height: Int, pixels: [UInt8], palette: [String]) {
    (self.width, self.height, self.pixels, self.palette) = (width, height, pixels, palette)
  }

  /// The `image` element that shows it in a rectangle.
  package func element(x: Double, y: Double, width: Double, height: Double, class name: String = "image") -> Markup {
    Markup(
      "image",
      [
        "class": .init(name), "x": .init(x), "y": .init(y), "width": .init(width), "height": .init(height),
        "preserveAspectRatio": "none", "href": .init("data:image/png;base64," + Data(png).base64EncodedString()),
      ])
  }

  /// The file.
  var png: [UInt8] {
    let isGrey = palette.isEmpty
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let header = RasterImage.bytes(UInt32(width)) + RasterImage.bytes(UInt32(height))
    file += RasterImage.chunk("IHDR", header + [8, isGrey ? 0 : 3, 0, 0, 0])
    if !isGrey {
      var colors = palette.flatMap(RasterImage.channels)
      colors += [UInt8](repeating: 0, count: max(0, 768 - colors.count))
      file += RasterImage.chunk("PLTE", colors)
      file += RasterImage.chunk("tRNS", [UInt8](repeating: 255, count: 255) + [0])
    }
    // Every row begins with the number of its filter: none.
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * width..<(row + 1) * width]
    }
    file += RasterImage.chunk("IDAT", RasterImage.stored(rows))
    return file + RasterImage.chunk("IEND", [])
  }

  /// Red, green and blue of `#RRGGBB`.
  static func channels(_ color: String) -> [UInt8] {
    let digits = Array(color.dropFirst())
    return stride(from: 0, to: 6, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16) ?? 0 }
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in body { remainder = table[Int((remainder ^ UInt32(byte)) & 0xFF)] ^ (remainder >> 8) }
    return bytes(UInt32(content.count)) + body + bytes(~remainder)
  }

  /// Remainders of every byte by the polynomial of CRC-32.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { remainder, _ in
      remainder & 1 == 1 ? 0xEDB8_8320 ^ (remainder >> 1) : remainder >> 1
    }
  }

  /// Bytes in the format of zlib, not compressed.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let block = bytes[start..<min(start + 65535, bytes.count)]
      start += block.count
      let size = UInt16(block.count)
      stream.append(start == bytes.count ? 1 : 0)
      for number in [size, ~size] {
        stream += [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
      }
      stream += block
    } while start < bytes.count
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return stream + self.bytes(b << 16 | a)
  }
}
