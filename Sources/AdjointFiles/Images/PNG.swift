import Foundation

/// The image format PNG: every colour type and depth, plain and interlaced, palettes and transparency.
///
/// A file is a signature and chunks, each with its length, four letters, data and checksum; the pixels are a zlib stream of
/// filtered rows. What is compressed must become exactly what the header says, which is compared with the file before memory is
/// taken. Gamma and colour profiles are passed over: the numbers are those of the file.
///
/// Source: W3C, "Portable Network Graphics (PNG) Specification (Second Edition)", sections 4, 5, 8, 9 and 11.
package enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// Pixels along a side.
  private static let largestSide = 1 << 20

  /// The header of an image.
  struct Header {
    let height: Int
    let width: Int
    let depth: Int
    let hasPalette: Bool
    /// The samples of a pixel in the file.
    let samples: Int
    let isInterlaced: Bool

    var bitsPerPixel: Int { depth * samples }

    /// The sections of the image in the order of the file: the first row and column of each, and the steps from one to the next.
    var passes: [(row: Int, column: Int, rowStep: Int, columnStep: Int)] {
      isInterlaced
        ? [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        : [(0, 0, 1, 1)]
    }

    /// The rows of a section, and the bytes of each without the one for its filter; none where it has no pixels.
    func size(of pass: (row: Int, column: Int, rowStep: Int, columnStep: Int)) -> (rows: Int, bytes: Int) {
      guard height > pass.row, width > pass.column else { return (0, 0) }
      let rows = (height - pass.row + pass.rowStep - 1) / pass.rowStep
      let columns = (width - pass.column + pass.columnStep - 1) / pass.columnStep
      return (rows, (columns * bitsPerPixel + 7) / 8)
    }

    /// The bytes of all rows, each with the one for its filter.
    var byteCount: Int { passes.map(size).reduce(0) { $0 + $1.rows * ($1.bytes + 1) } }
  }

  /// Reads an image; `isWanted` refuses a size by its error before pixels are read.
  /// - Throws: `FileError` with the byte at which the file stops making sense, or the error of `isWanted`.
  package static func read(
    _ file: InputFile, memoryLimit: Int = InputFile.memoryLimit,
    isWanted: (_ height: Int, _ width: Int) throws -> Void = { _, _ in }
  ) throws -> RasterImage {
    let start = try file.prefix(33)
    var chunks = Chunks(file: file, bytes: start)
    let header = try header(&chunks)
    try isWanted(header.height, header.width)
    chunks = Chunks(file: file, bytes: try file.contents(memoryLimit: memoryLimit))
    _ = try chunks.next()
    var (palette, transparency, packed): ([UInt8]?, [UInt8]?, [UInt8]) = (nil, nil, [])
    var (hasData, isOver) = (false, false)
    while true {
      let place = chunks.position
      let (name, data) = try chunks.next()
      switch name {
      case "PLTE":
        let most = header.hasPalette ? 1 << header.depth : 256
        guard palette == nil, !hasData, header.samples != 2, header.hasPalette || header.samples > 2,
          data.count % 3 == 0,
          (1...most).contains(data.count / 3)
        else { throw chunks.wrong(place, "a palette of 1 to \(most) colours before the pixels", "another one") }
        palette = Array(data)
      case "tRNS":
        guard transparency == nil, !hasData, header.samples % 2 == 1,
          header.hasPalette ? data.count <= (palette?.count ?? 0) / 3 : data.count == 2 * header.samples
        else {
          throw chunks.wrong(place, "the transparency of a palette or a colour, before the pixels", "another one")
        }
        transparency = Array(data)
      case "IDAT":
        guard !isOver else { throw chunks.wrong(place, "all pixels in chunks that follow each other", "more of them") }
        hasData = true
        packed += data
      case "IEND":
        guard hasData, !header.hasPalette || palette != nil, data.isEmpty else {
          throw chunks.wrong(place, hasData ? "a palette, and an empty last chunk" : "pixels", "the end")
        }
        guard chunks.position == chunks.bytes.count else {
          throw chunks.wrong(
            chunks.position, "the end of the file", "\(chunks.bytes.count - chunks.position) more bytes")
        }
        let pixels = try pixels(of: packed, header, file)
        return image(pixels, header, palette: palette, transparency: transparency)
      default:
        // A capital letter says that the image cannot be understood without the chunk.
        guard name.first?.isLowercase == true else {
          throw chunks.wrong(place, "chunks of a PNG image", "the chunk \(quoted(name))")
        }
      }
      if name != "IDAT" { isOver = hasData }
    }
  }

  private static func header(_ chunks: inout Chunks) throws(FileError) -> Header {
    let (name, data) = try chunks.next()
    guard name == "IHDR", data.count == 13 else { throw chunks.wrong(8, "the header of a PNG image", quoted(name)) }
    let field = Array(data)
    let sides = ByteOrder.bigEndian.words(of: field, as: UInt32.self).map(Int.init)
    guard sides.prefix(2).allSatisfy({ (1...largestSide).contains($0) }) else {
      throw FileError(
        .badShape, file: chunks.file.path, at: chunks.file.place(16), expected: "sides of 1 to \(largestSide) pixels",
        found: "\(sides[0]) × \(sides[1])", remedy: "The header is damaged, or the image must be made smaller.")
    }
    let kind: (depths: [UInt8], samples: Int) =
      switch field[9] {
      case 0: ([1, 2, 4, 8, 16], 1)
      case 2: ([8, 16], 3)
      case 3: ([1, 2, 4, 8], 1)
      case 4: ([8, 16], 2)
      case 6: ([8, 16], 4)
      default: ([], 0)
      }
    guard kind.depths.contains(field[8]) else {
      throw chunks.wrong(24, "a depth and a kind of colour that PNG has", "\(field[8]) and \(field[9])")
    }
    guard field[10] == 0, field[11] == 0, field[12] < 2 else {
      throw chunks.wrong(26, "compression 0, filters 0, interlacing 0 or 1", "\(field[10...])")
    }
    return Header(
      height: sides[1], width: sides[0], depth: Int(field[8]), hasPalette: field[9] == 3, samples: kind.samples,
      isInterlaced: field[12] == 1)
  }

  /// The filtered rows as they are without filters.
  private static func pixels(of packed: [UInt8], _ header: Header, _ file: InputFile) throws(FileError) -> [UInt8] {
    // No data become 1,032 times as long.
    guard header.byteCount / 1032 <= packed.count else {
      throw FileError(
        .truncated, file: file.path, at: .wholeFile,
        expected: "pixels of an image of \(header.height) × \(header.width)",
        found: "\(packed.count) bytes, compressed",
        remedy: "The header is damaged or a trap; get the file again from its source.")
    }
    var rows = try CompressedPart.stream(
      packed, count: header.byteCount, file: file.path, remedy: "convert the image to PGM"
    ).decompressed()
    let step = max(1, header.bitsPerPixel / 8)
    var position = 0
    for pass in header.passes {
      let size = header.size(of: pass)
      for row in 0..<size.rows {
        guard unfilter(&rows, at: position, count: size.bytes, step: step, isFirst: row == 0) else {
          throw FileError(
            .corrupt, file: file.path, at: .wholeFile, expected: "a filter from 0 to 4 for each row",
            found: "\(rows[position])", remedy: "The file is damaged; get it again from its source.")
        }
        position += size.bytes + 1
      }
    }
    return rows
  }

  /// Turns differences from the pixels beside and above into values; false for a filter that does not exist.
  private static func unfilter(_ rows: inout [UInt8], at start: Int, count: Int, step: Int, isFirst: Bool) -> Bool {
    let filter = rows[start]
    let above = start - count - 1
    for place in 1..<count + 1 {
      let left = place > step ? rows[start + place - step] : 0
      let up = isFirst ? 0 : rows[above + place]
      switch filter {
      case 0: return true
      case 1: rows[start + place] &+= left
      case 2: rows[start + place] &+= up
      case 3: rows[start + place] &+= UInt8((Int(left) + Int(up)) / 2)
      case 4:
        let corner = isFirst || place <= step ? 0 : rows[above + place - step]
        let guess = Int(left) + Int(up) - Int(corner)
        let (a, b, c) = (abs(guess - Int(left)), abs(guess - Int(up)), abs(guess - Int(corner)))
        rows[start + place] &+= a <= b && a <= c ? left : b <= c ? up : corner
      default: return false
      }
    }
    return true
  }

  /// The pixels in their places, samples of less than 8 bits made wider, colours of a palette in its place.
  private static func image(
    _ rows: [UInt8], _ header: Header, palette: [UInt8]?, transparency: [UInt8]?
  ) -> RasterImage {
    let (depth, own) = (header.depth, header.samples)
    let colours = (header.hasPalette ? palette : nil)?.map(UInt16.init)
    let channels = (colours == nil ? own : 3) + (transparency == nil ? 0 : 1)
    let opaque = UInt16(depth == 16 ? 65_535 : 255)
    // The colour that is transparent, in samples as the file has them.
    let clear = transparency.map { ByteOrder.bigEndian.words(of: $0, as: UInt16.self) }
    let mask = UInt16(255 >> max(0, 8 - depth))
    let widening = colours == nil && depth < 8 ? UInt16(255 / (1 << depth - 1)) : 1
    var samples = [UInt16](repeating: 0, count: header.height * header.width * channels)
    var pixel: [UInt16] = [0, 0, 0, 0]
    var start = 0
    for pass in header.passes {
      let size = header.size(of: pass)
      for row in 0..<size.rows {
        var sample = 0
        for column in stride(from: pass.column, to: header.width, by: pass.columnStep) {
          for channel in 0..<own {
            let place = start + 1 + sample * depth / 8
            pixel[channel] =
              switch depth {
              case 16: UInt16(rows[place]) << 8 | UInt16(rows[place + 1])
              case 8: UInt16(rows[place])
              default: UInt16(rows[place] >> UInt8(8 - depth - sample * depth % 8)) & mask
              }
            sample += 1
          }
          let target = ((pass.row + row * pass.rowStep) * header.width + column) * channels
          if let colours {
            let number = Int(pixel[0])
            // A colour that the palette does not have is black, as libpng shows it.
            for channel in 0..<3 where 3 * number < colours.count {
              samples[target + channel] = colours[3 * number + channel]
            }
            if let transparency {
              samples[target + 3] = number < transparency.count ? UInt16(transparency[number]) : 255
            }
          } else {
            for channel in 0..<own { samples[target + channel] = pixel[channel] * widening }
            if let clear { samples[target + own] = (0..<own).allSatisfy { pixel[$0] == clear[$0] } ? 0 : opaque }
          }
        }
        start += size.bytes + 1
      }
    }
    return RasterImage(
      height: header.height, width: header.width, channels: channels, maximum: Int(opaque), samples: samples)
  }

  /// Chunk after chunk, each with its checksum.
  private struct Chunks {
    let file: InputFile
    let bytes: [UInt8]
    var position = PNG.signature.count

    mutating func next() throws(FileError) -> (name: String, data: ArraySlice<UInt8>) {
      guard bytes.starts(with: PNG.signature) else {
        throw wrong(0, "the eight bytes with which a PNG image begins", "\(Array(bytes.prefix(8)))")
      }
      guard bytes.count - position >= 12 else { throw cut("a chunk of 12 bytes or more") }
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - position - 12 else { throw cut("a chunk of \(length) bytes of data") }
      let (start, end) = (position + 8, position + 8 + length)
      let letters = bytes[position + 4..<start]
      guard letters.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
        throw wrong(position + 4, "the four letters of a chunk", quoted(String(decoding: letters, as: UTF8.self)))
      }
      let stated = bytes[end..<end + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let found = CRC32.value(of: bytes[position + 4..<end])
      guard stated == found else {
        throw FileError(
          .corrupt, file: file.path, at: file.place(position),
          expected: "data of a chunk with the checksum \(String(stated, radix: 16))", found: String(found, radix: 16),
          remedy: "The file is damaged; get it again from its source.")
      }
      position = end + 4
      return (String(decoding: letters, as: UTF8.self), bytes[start..<end])
    }

    func wrong(_ place: Int, _ expected: String, _ found: String) -> FileError {
      FileError(
        .wrongFormat, file: file.path, at: file.place(place), expected: expected, found: found,
        remedy: "The file is damaged or no PNG image; get it again from its source.")
    }

    private func cut(_ expected: String) -> FileError {
      FileError(
        .truncated, file: file.path, at: file.place(bytes.count), expected: expected, found: "the end of the file",
        remedy: "The file is cut short; get it again from its source.")
    }
  }
}

extension PNG {
  /// The content of a file: 8 bits for each sample, grey for one channel and colours for three.
  /// - Parameters:
  ///   - palette: the red, green and blue of each number that the pixels of one channel may have; the last is transparent.
  ///   - gzip: the library that compresses; without any, the file is the same wherever it is written.
  /// - Precondition: the pixels fill the image.
  package static func encoded(
    _ pixels: [UInt8], height: Int, width: Int, channels: Int, palette: [UInt8] = [], by gzip: Gzip = .system
  ) -> [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity(pixels.count + height)
    let length = width * channels
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * length..<row * length + length]
    }
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let order = ByteOrder.bigEndian
      let checked = Array(name.utf8) + data
      return order.bytes(of: [UInt32(data.count)]) + checked + order.bytes(of: [CRC32.value(of: checked)])
    }
    let sides = ByteOrder.bigEndian.bytes(of: [UInt32(width), UInt32(height)])
    let header: [UInt8] = sides + [8, palette.isEmpty ? (channels == 1 ? 0 : 2) : 3, 0, 0, 0]
    var file = signature + chunk("IHDR", header)
    if !palette.isEmpty {
      let opacities = [UInt8](repeating: 255, count: palette.count / 3 - 1) + [0]
      file += chunk("PLTE", palette) + chunk("tRNS", opacities)
    }
    return file + chunk("IDAT", gzip.stream(of: rows)) + chunk("IEND", [])
  }
}
