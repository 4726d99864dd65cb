import AdjointCommandLine

/// A grey image in a terminal: a character for two pixels above each other.
///
/// With colours, the upper half block has the upper pixel's grey and its background the lower one's. Without, five shades
/// show the mean of the two.
struct Picture {
  let height: Int
  let width: Int
  let pixels: [UInt8]

  func lines(inColor: Bool) -> [String] {
    stride(from: 0, to: height, by: 2).map { row in
      let cells = (0..<width).map { column in
        let upper = pixels[row * width + column]
        let lower = row + 1 < height ? pixels[(row + 1) * width + column] : 0
        return inColor ? Picture.halves(upper, lower) : Picture.shade(upper, lower)
      }
      return cells.joined() + (inColor ? "\u{1B}[0m" : "")
    }
  }

  private static func halves(_ upper: UInt8, _ lower: UInt8) -> String {
    "\u{1B}[38;5;\(gray(upper));48;5;\(gray(lower))m▀"
  }

  /// The 24 greys of the 256-colour palette.
  private static func gray(_ value: UInt8) -> Int { 232 + Int(value) * 23 / 255 }

  private static func shade(_ upper: UInt8, _ lower: UInt8) -> String {
    [" ", "░", "▒", "▓", "█"][(Int(upper) + Int(lower)) * 5 / 511]
  }
}
