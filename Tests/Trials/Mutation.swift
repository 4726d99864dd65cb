import Adjoint

/// Random damage that knows the structure of files: bits and bytes, cuts, pieces of other files, numbers, repetitions, words.
struct Mutation {
  let seeds: [[UInt8]]
  let words: [String]
  private var generator: Generator

  init(_ seeds: [[UInt8]], words: [String], _ generator: Generator) {
    (self.seeds, self.words, self.generator) = (seeds, words, generator)
  }

  private static let numbers = [
    "0", "1", "-1", "9", "00", "-0", "0.5", "1e400", "-1e-400", "1e5", ".5", "5.", "+1", "nan", "inf", "-inf", "0x10",
    "",
    "255", "256", "2147483647", "2147483648", "4294967295", "4294967296", "4611686018427387904",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "1e308", "true",
  ]
  private static let integers: [UInt32] = [0, 1, 2, 7, 8, 255, 256, 65535, 1 << 24, 1 << 31 - 1, 1 << 31, .max]

  mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(max(count, 1))) }

  /// A seed with one to four damages, mostly one.
  mutating func next() -> [UInt8] {
    var bytes = seeds[pick(seeds.count)]
    for _ in 0...min(pick(4), pick(4)) { damage(&bytes) }
    return bytes
  }

  private mutating func range(in bytes: [UInt8], atMost most: Int) -> Range<Int> {
    let start = pick(bytes.count + 1)
    return start..<min(bytes.count, start + pick(most + 1))
  }

  private mutating func damage(_ bytes: inout [UInt8]) {
    switch pick(12) {
    case 0: if !bytes.isEmpty { bytes[pick(bytes.count)] ^= 1 << UInt8(pick(8)) }
    case 1: if !bytes.isEmpty { bytes[pick(bytes.count)] = UInt8(pick(256)) }
    case 2: bytes.removeSubrange(pick(bytes.count + 1)...)
    case 3: bytes.removeSubrange(range(in: bytes, atMost: 16))
    case 4:
      let other = seeds[pick(seeds.count)]
      let piece = other[range(in: other, atMost: 64)]
      bytes.replaceSubrange(range(in: bytes, atMost: 64), with: piece)
    case 5:
      let piece = Array(bytes[range(in: bytes, atMost: 24)])
      let place = pick(bytes.count + 1)
      for _ in 0...(1 << pick(6)) where bytes.count < 100_000 { bytes.insert(contentsOf: piece, at: place) }
    case 6, 7, 8: replaceNumber(in: &bytes)
    case 9: replaceInteger(in: &bytes)
    case 10:
      if !words.isEmpty { bytes.insert(contentsOf: words[pick(words.count)].utf8, at: pick(bytes.count + 1)) }
    default: bytes.insert(UInt8(pick(256)), at: pick(bytes.count + 1))
    }
  }

  /// Puts another number in the place of one in digits.
  private mutating func replaceNumber(in bytes: inout [UInt8]) {
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E }
    let starts = bytes.indices.filter { isDigit(bytes[$0]) && ($0 == 0 || !isDigit(bytes[$0 - 1])) }
    guard !starts.isEmpty else { return }
    let start = starts[pick(starts.count)]
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: Self.numbers[pick(Self.numbers.count)].utf8)
  }

  /// Puts another number in the place of four bytes near the beginning, in either order of bytes.
  private mutating func replaceInteger(in bytes: inout [UInt8]) {
    guard bytes.count >= 4 else { return }
    let place = pick(min(bytes.count - 3, 40))
    let value = Self.integers[pick(Self.integers.count)]
    let word = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    bytes.replaceSubrange(place..<place + 4, with: pick(2) == 0 ? word : word.reversed())
  }
}
