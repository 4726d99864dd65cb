/// A PNG image by the specification: an oracle that goes pixel by pixel.
struct StrictPNG {
  let height: Int
  let width: Int
  let channels: Int
  private(set) var samples: [UInt16] = []

  init?(_ bytes: [UInt8]) {
    guard Array(bytes.prefix(8)) == [137, 80, 78, 71, 13, 10, 26, 10] else { return nil }
    var chunks: [(name: String, data: [UInt8])] = []
    var place = 8
    while place < bytes.count {
      guard place + 12 <= bytes.count else { return nil }
      let length = StrictPNG.number(bytes[place..<place + 4])
      guard length <= bytes.count - place - 12 else { return nil }
      let all = Array(bytes[place + 4..<place + 8 + length])
      let letters = all.prefix(4)
      guard letters.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }),
        StrictPNG.number(bytes[place + 8 + length..<place + 12 + length]) == Int(StrictGzip.crc(all))
      else { return nil }
      chunks.append((String(decoding: letters, as: UTF8.self), Array(all.dropFirst(4))))
      place += 12 + length
    }
    let known = ["IHDR", "PLTE", "IDAT", "IEND"]
    guard let first = chunks.first, first.name == "IHDR", first.data.count == 13, let last = chunks.last,
      last.name == "IEND", last.data.isEmpty, chunks.filter({ $0.name == "IEND" }).count == 1,
      chunks.filter({ $0.name == "IHDR" }).count == 1,
      chunks.allSatisfy({ known.contains($0.name) || $0.name.first?.isLowercase == true })
    else { return nil }
    let head = first.data
    (width, height) = (StrictPNG.number(head[0..<4]), StrictPNG.number(head[4..<8]))
    let (depth, kind) = (Int(head[8]), Int(head[9]))
    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard (1...1 << 20).contains(width), (1...1 << 20).contains(height), depths[kind]?.contains(depth) == true,
      head[10] == 0, head[11] == 0, head[12] < 2
    else { return nil }
    let own = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][kind] ?? 1
    let data = chunks.indices.filter { chunks[$0].name == "IDAT" }
    guard let from = data.first, let to = data.last, to - from + 1 == data.count else { return nil }
    func only(_ name: String) -> [UInt8]?? {
      let found = chunks.indices.filter { chunks[$0].name == name }
      if found.isEmpty { return .some(nil) }
      return found.count == 1 && found[0] < from ? .some(chunks[found[0]].data) : nil
    }
    guard let palette = only("PLTE"), let clear = only("tRNS") else { return nil }
    if let palette {
      guard kind != 0, kind != 4, palette.count % 3 == 0, !palette.isEmpty,
        palette.count / 3 <= (kind == 3 ? 1 << depth : 256)
      else { return nil }
    }
    if kind == 3 && palette == nil { return nil }
    if let clear {
      guard kind != 4, kind != 6 else { return nil }
      if kind == 3 {
        let colours = chunks.firstIndex { $0.name == "PLTE" } ?? 0
        guard clear.count <= (palette?.count ?? 0) / 3, (chunks.firstIndex { $0.name == "tRNS" } ?? 0) > colours else {
          return nil
        }
      } else if clear.count != 2 * own {
        return nil
      }
    }
    let stream = data.flatMap { chunks[$0].data }
    guard stream.count >= 6, stream[0] & 15 == 8, stream[0] >> 4 <= 7, (Int(stream[0]) << 8 | Int(stream[1])) % 31 == 0,
      stream[1] & 32 == 0, let inflated = StrictGzip.inflated(Array(stream.dropFirst(2))),
      inflated.count + 6 == stream.count
    else { return nil }
    var (a, b) = (1, 0)
    for byte in inflated.content { (a, b) = ((a + Int(byte)) % 65_521, (b + a + Int(byte)) % 65_521) }
    guard StrictPNG.number(stream.suffix(4)) == b << 16 | a else { return nil }

    channels = (kind == 3 ? 3 : own) + (clear == nil ? 0 : 1)
    guard let values = StrictPNG.values(inflated.content, width, height, own, depth, isInterlaced: head[12] == 1) else {
      return nil
    }
    for pixel in 0..<width * height {
      let raw = Array(values[pixel * own..<(pixel + 1) * own])
      if kind == 3, let palette {
        samples += (0..<3).map { 3 * raw[0] + $0 < palette.count ? UInt16(palette[3 * raw[0] + $0]) : 0 }
        if let clear { samples.append(raw[0] < clear.count ? UInt16(clear[raw[0]]) : 255) }
      } else {
        let most = depth == 16 ? 65_535 : 255
        samples += raw.map { UInt16($0 * most / (1 << depth - 1)) }
        if let clear {
          let isClear = (0..<own).allSatisfy { raw[$0] == Int(clear[2 * $0]) << 8 | Int(clear[2 * $0 + 1]) }
          samples.append(isClear ? 0 : UInt16(most))
        }
      }
    }
  }

  /// The samples of every pixel in its place, without filters.
  private static func values(
    _ content: [UInt8], _ width: Int, _ height: Int, _ own: Int, _ depth: Int, isInterlaced: Bool
  ) -> [Int]? {
    guard width * height <= 1 << 14 else { return nil }
    var values = [Int](repeating: 0, count: width * height * own)
    // In which of the seven sections a pixel of a square of 8 × 8 stands.
    let sections = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
      .map { Array($0) }
    var place = 0
    for section in isInterlaced ? Array("1234567") : ["1"] {
      var above: [UInt8] = []
      for row in 0..<height {
        let columns = (0..<width).filter { !isInterlaced || sections[row % 8][$0 % 8] == section }
        if columns.isEmpty { continue }
        let count = (columns.count * own * depth + 7) / 8
        guard place + count < content.count else { return nil }
        let filter = content[place]
        var line = Array(content[place + 1...place + count])
        let step = max(1, own * depth / 8)
        for i in line.indices {
          let left = i >= step ? Int(line[i - step]) : 0
          let up = above.isEmpty ? 0 : Int(above[i])
          let corner = i >= step && !above.isEmpty ? Int(above[i - step]) : 0
          let guess: Int
          switch filter {
          case 0: guess = 0
          case 1: guess = left
          case 2: guess = up
          case 3: guess = (left + up) >> 1
          case 4:
            // The nearest of the three to left + up − corner; of equals the first.
            let aim = left + up - corner
            guess = [left, up, corner].min { abs($0 - aim) < abs($1 - aim) } ?? 0
          default: return nil
          }
          line[i] = UInt8((Int(line[i]) + guess) % 256)
        }
        for (number, column) in columns.enumerated() {
          for channel in 0..<own {
            let bit = (number * own + channel) * depth
            var value = 0
            for place in bit..<bit + depth {
              let shift = UInt8(7 - place % 8)
              value = 2 * value + Int(line[place / 8] >> shift & 1)
            }
            values[(row * width + column) * own + channel] = value
          }
        }
        above = line
        place += count + 1
      }
    }
    return place == content.count ? values : nil
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
