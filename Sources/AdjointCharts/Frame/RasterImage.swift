import AdjointFiles
import Foundation

/// A picture of few colours inside a drawing, as a data URI.
///
/// A rectangle for every pixel takes forty times the room. Of the formats that need no compression, BMP is shown by browsers but not
/// by the converters that turn SVG into PDF, so it is PNG, whose format allows blocks that are stored as they are. So a drawing has
/// the same bytes wherever it is made.
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
    var colors = palette.flatMap(RasterImage.channels)
    if !palette.isEmpty { colors += [UInt8](repeating: 0, count: max(0, 768 - colors.count)) }
    return PNG.encoded(pixels, height: height, width: width, channels: 1, palette: colors, by: Gzip(libraries: []))
  }

  /// Red, green and blue of `#RRGGBB`.
  static func channels(_ color: String) -> [UInt8] {
    let digits = Array(color.dropFirst())
    return stride(from: 0, to: 6, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16) ?? 0 }
  }
}
