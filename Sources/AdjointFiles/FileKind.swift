/// The kind of a file, as its first bytes tell it.
///
/// A reader that finds another format than its own names it, so that nobody searches a photograph for a missing comma.
package enum FileKind {
  /// Bytes that `name` looks at.
  package static let prefixLength = 16

  /// The kind of content that begins like this, with its article; nil where nothing gives it away.
  package static func name(of content: some Collection<UInt8>) -> String? {
    let start = Array(content.prefix(prefixLength))
    if let kind = signatures.first(where: { start.starts(with: $0.bytes) }) { return kind.name }
    // These two hold a length first.
    if start.starts(with: Array("RIFF".utf8)), start.dropFirst(8).starts(with: Array("WEBP".utf8)) {
      return "a WebP image"
    }
    return start.dropFirst(4).starts(with: Array("ftyp".utf8)) ? "a HEIC or AVIF image, or a film" : nil
  }

  private static let signatures: [(bytes: [UInt8], name: String)] = [
    ([0xFF, 0xD8, 0xFF], "a JPEG image"), ([0x89] + "PNG".utf8, "a PNG image"), (Array("GIF8".utf8), "a GIF image"),
    (Array("BM".utf8), "a BMP image"), ([0x49, 0x49, 0x2A, 0], "a TIFF image"),
    ([0x4D, 0x4D, 0, 0x2A], "a TIFF image"),
    ([0x93] + "NUMPY".utf8, "a NumPy array (.npy)"), ([0x50, 0x4B, 3, 4], "a ZIP archive (.zip, .npz, .xlsx, .pt)"),
    ([0x89] + "HDF".utf8, "an HDF5 file"), (Array("PAR1".utf8), "a Parquet file"),
    ([0xFD] + "7zXZ".utf8, "a file compressed with xz"), ([0x28, 0xB5, 0x2F, 0xFD], "a file compressed with zstd"),
    (Array("BZh".utf8), "a file compressed with bzip2"), ([0x1F, 0x8B], "a file compressed with gzip"),
    (Array("%PDF".utf8), "a PDF document"), (Array("SQLite format 3".utf8), "an SQLite database"),
    (Array("P1".utf8), "a PBM image of black and white"), (Array("P4".utf8), "a PBM image of black and white"),
    (Array("P3".utf8), "a PPM image in colour"), (Array("P6".utf8), "a PPM image in colour"),
    (Array("P7".utf8), "a PAM image"), (Array("P2".utf8), "a PGM image"), (Array("P5".utf8), "a PGM image"),
    ([0xFF, 0xFE], "text in UTF-16"), ([0xFE, 0xFF], "text in UTF-16"),
    (Array("<!DOCTYPE".utf8), "a page of HTML"), (Array("<html".utf8), "a page of HTML"),
    (Array("<?xml".utf8), "XML or an SVG drawing"), (Array("<svg".utf8), "an SVG drawing"),
  ]

  /// The remedy for content of another kind: how to turn it into an image that is read, or into a table.
  package static func remedy(for name: String, table: Bool = false) -> String {
    switch name {
    case "text in UTF-16": "Convert it, for example with: iconv -f utf-16 -t utf-8 FILE."
    case _ where table && (name.contains("image") || name.contains("drawing")):
      "Give a CSV file with a row of pixels and a label for each image, or a directory of IDX files."
    case _ where name.contains("image") || name.contains("drawing"):
      "Convert it, for example with: magick FILE image.png."
    case _ where name.contains("NumPy"):
      "Save it as a table, for example with: numpy.savetxt(FILE, array, delimiter=',')."
    case _ where name.contains("compressed"): "Decompress it first."
    default: "Extract or convert it to a table of text first."
    }
  }
}

extension [UInt8] {
  /// The position of the first byte that is not well-formed UTF-8; nil for text.
  ///
  /// Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
  package var firstInvalidUTF8: Int? {
    var position = 0
    while position < count {
      let lead = self[position]
      if lead < 0x80 {
        position += 1
        continue
      }
      let (length, second): (Int, ClosedRange<UInt8>)
      switch lead {
      case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      default: return position
      }
      guard count - position >= length, second.contains(self[position + 1]),
        self[position + 1..<position + length].allSatisfy({ $0 & 0xC0 == 0x80 })
      else { return position }
      position += length
    }
    return nil
  }
}
