/// gzip by RFC 1952 and 1951: an oracle that decodes bit by bit, apart from zlib.
struct StrictGzip {
  private let bytes: [UInt8]
  /// In bits.
  private var position = 0
  private var output: [UInt8] = []

  private struct Damage: Error {}

  /// The content of all members, or nil when anything is wrong.
  static func content(of bytes: [UInt8]) -> [UInt8]? {
    var reader = StrictGzip(bytes: bytes)
    var content: [UInt8] = []
    repeat {
      guard (try? reader.member()) != nil else { return nil }
      content += reader.output
    } while reader.position < bytes.count * 8
    return content
  }

  /// The content of deflated data without a wrapping, and the bytes that they take; nil when anything is wrong.
  static func inflated(_ bytes: [UInt8]) -> (content: [UInt8], count: Int)? {
    var reader = StrictGzip(bytes: bytes)
    guard (try? reader.blocks()) != nil else { return nil }
    return (reader.output, (reader.position + 7) / 8)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func bit() throws(Damage) -> Int {
    guard position < bytes.count * 8 else { throw Damage() }
    defer { position += 1 }
    return Int(bytes[position / 8] >> UInt8(position % 8)) & 1
  }

  private mutating func bits(_ count: Int) throws(Damage) -> Int {
    var value = 0
    for place in 0..<count { value |= try bit() << place }
    return value
  }

  private mutating func member() throws(Damage) {
    let start = position / 8
    output = []
    guard try bits(8) == 0x1F, try bits(8) == 0x8B, try bits(8) == 8 else { throw Damage() }
    let flags = try bits(8)
    guard flags & 0xE0 == 0 else { throw Damage() }
    _ = try bits(48)
    if flags & 4 != 0 { for _ in 0..<(try bits(16)) { _ = try bits(8) } }
    for flag in [8, 16] where flags & flag != 0 { while try bits(8) != 0 {} }
    if flags & 2 != 0 {
      let crc = StrictGzip.crc(bytes[start..<position / 8])
      guard try bits(16) == Int(crc & 0xFFFF) else { throw Damage() }
    }
    try blocks()
    position = (position + 7) / 8 * 8
    guard try bits(32) == Int(StrictGzip.crc(output[...])), try bits(32) == output.count & 0xFFFF_FFFF else {
      throw Damage()
    }
  }

  private mutating func blocks() throws(Damage) {
    var isLast = false
    while !isLast {
      isLast = try bit() == 1
      switch try bits(2) {
      case 0: try stored()
      case 1: try compressed(try Code(StrictGzip.fixedLengths), try Code(Array(repeating: 5, count: 32)))
      case 2: try dynamic()
      default: throw Damage()
      }
    }
  }

  private static let fixedLengths =
    Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
    + Array(repeating: 8, count: 8)

  private mutating func stored() throws(Damage) {
    position = (position + 7) / 8 * 8
    let length = try bits(16)
    guard try bits(16) == length ^ 0xFFFF else { throw Damage() }
    for _ in 0..<length { output.append(UInt8(try bits(8))) }
  }

  private mutating func dynamic() throws(Damage) {
    let (literals, distances, lengths) = (try bits(5) + 257, try bits(5) + 1, try bits(4) + 4)
    guard literals <= 286, distances <= 30 else { throw Damage() }
    var own = [Int](repeating: 0, count: 19)
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(lengths) {
      own[symbol] = try bits(3)
    }
    let code = try Code(own)
    guard code.isComplete else { throw Damage() }
    var all: [Int] = []
    while all.count < literals + distances {
      let symbol = try self.symbol(code)
      switch symbol {
      case 16:
        guard let last = all.last else { throw Damage() }
        all += Array(repeating: last, count: try bits(2) + 3)
      case 17: all += Array(repeating: 0, count: try bits(3) + 3)
      case 18: all += Array(repeating: 0, count: try bits(7) + 11)
      default: all.append(symbol)
      }
    }
    guard all.count == literals + distances, all[256] > 0 else { throw Damage() }
    let (literal, distance) = (try Code(Array(all[..<literals])), try Code(Array(all[literals...])))
    // A code may lack words when it has none, or a single one of one bit.
    guard literal.isComplete || literal.isSingle, distance.isComplete || distance.isSingle || distance.isEmpty else {
      throw Damage()
    }
    try compressed(literal, distance)
  }

  private mutating func compressed(_ literals: Code, _ distances: Code) throws(Damage) {
    while true {
      let symbol = try self.symbol(literals)
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol < 286 else { throw Damage() }
      let length: Int
      switch symbol {
      case 257..<265: length = symbol - 254
      case 285: length = 258
      default:
        let extra = (symbol - 261) / 4
        length = (4 + (symbol - 261) % 4) << extra + 3 + (try bits(extra))
      }
      let step = try self.symbol(distances)
      guard step < 30 else { throw Damage() }
      let extra = max(step / 2 - 1, 0)
      let distance = step < 4 ? step + 1 : (2 + step % 2) << extra + 1 + (try bits(extra))
      guard distance <= output.count else { throw Damage() }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  private mutating func symbol(_ code: Code) throws(Damage) -> Int {
    var word = 1
    for _ in 0..<15 {
      word = word << 1 | (try bit())
      if let symbol = code.symbols[word] { return symbol }
    }
    throw Damage()
  }

  /// A canonical Huffman code: the symbol of each word, which has a 1 in front that keeps its length.
  private struct Code {
    var symbols: [Int: Int] = [:]
    /// The share of all words that are taken, in 2⁻¹⁵.
    private var taken = 0
    var isComplete: Bool { taken == 1 << 15 }
    var isEmpty: Bool { symbols.isEmpty }
    var isSingle: Bool { symbols.count == 1 && taken == 1 << 14 }

    init(_ lengths: [Int]) throws(Damage) {
      var word = 0
      for length in 1...15 {
        word <<= 1
        for symbol in lengths.indices where lengths[symbol] == length {
          guard word < 1 << length else { throw Damage() }
          symbols[1 << length | word] = symbol
          taken += 1 << (15 - length)
          word += 1
        }
      }
    }
  }

  static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
