/// NumPy's array by its description: an oracle that reads the header as words.
struct StrictNPY: Equatable {
  let kind: String
  let shape: [Int]
  /// Row-major, the least significant byte first.
  let data: [UInt8]

  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 12, Array(bytes[..<6]) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], bytes[7] == 0,
      [1, 2, 3].contains(bytes[6])
    else { return nil }
    let start = bytes[6] == 1 ? 10 : 12
    let length = (8..<start).reversed().reduce(0) { $0 * 256 + Int(bytes[$1]) }
    guard length <= 10_000, bytes.count >= start + length else { return nil }
    guard let words = StrictNPY.words(Array(bytes[start..<start + length])) else { return nil }
    // { name : value , … }, where a comma may follow the last.
    guard words.count >= 2, words[0] == "{", words[words.count - 1] == "}" else { return nil }
    var fields: [String: [String]] = [:]
    var rest = words[1..<words.count - 1]
    while let name = rest.popFirst() {
      guard ["'descr", "'fortran_order", "'shape"].contains(name), fields[name] == nil, rest.popFirst() == ":" else {
        return nil
      }
      var value: [String] = []
      var depth = 0
      while let word = rest.first, depth > 0 || word != "," {
        depth += word == "(" ? 1 : word == ")" ? -1 : 0
        value.append(word)
        rest = rest.dropFirst()
      }
      guard !value.isEmpty else { return nil }
      fields[name] = value
      _ = rest.popFirst()
    }
    guard let descr = fields["'descr"], descr.count == 1, let order = fields["'fortran_order"], order.count == 1,
      order[0] == "True" || order[0] == "False", let dimensions = fields["'shape"].flatMap(StrictNPY.dimensions)
    else { return nil }
    let sizes = [
      "b1": 1, "i1": 1, "u1": 1, "i2": 2, "u2": 2, "f2": 2, "i4": 4, "u4": 4, "f4": 4, "i8": 8, "u8": 8, "f8": 8,
    ]
    let letters = Array(descr[0])
    guard letters.count == 4, letters[0] == "'", let size = sizes[String(letters[2...])],
      letters[1] == "<" || letters[1] == ">" || letters[1] == "|" && size == 1
    else { return nil }
    let numbers = Array(bytes[(start + length)...])
    guard dimensions.reduce(Double(size), { $0 * Double(max($1, 1)) }) < 0x1p63 - 20_000,
      dimensions.reduce(Double(size), { $0 * Double($1) }) == Double(numbers.count)
    else { return nil }
    (kind, shape) = (String(letters[2...]), dimensions)
    let count = numbers.count / size
    data = (0..<count).flatMap { position -> [UInt8] in
      // Coordinates of the position, row by row, and where the file has them.
      var (left, place, stride) = (position, 0, 1)
      if order[0] == "True" {
        var below = count
        for dimension in dimensions {
          below /= dimension
          place += left / below * stride
          left %= below
          stride *= dimension
        }
      } else {
        place = position
      }
      let number = Array(numbers[place * size..<(place + 1) * size])
      return letters[1] == ">" ? number.reversed() : number
    }
  }

  /// Signs, numbers and names; a text with a stroke in front. Nil for anything else.
  private static func words(_ text: [UInt8]) -> [String]? {
    var words: [String] = []
    var rest = text[...]
    while let byte = rest.first {
      let character = Character(UnicodeScalar(byte))
      if " \t\n\r".contains(character) {
        rest = rest.dropFirst()
      } else if "{}():,".contains(character) {
        words.append(String(character))
        rest = rest.dropFirst()
      } else if character == "'" || character == "\"" {
        guard let end = rest.dropFirst().firstIndex(of: byte) else { return nil }
        words.append("'" + String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self))
        rest = rest[(end + 1)...]
      } else {
        let word = rest.prefix {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        }
        guard !word.isEmpty else { return nil }
        words.append(String(decoding: word, as: UTF8.self))
        rest = rest.dropFirst(word.count)
      }
    }
    return words
  }

  /// ( ), ( n , ), ( n , m ) and so on.
  private static func dimensions(_ words: [String]) -> [Int]? {
    guard words.count >= 2, words[0] == "(", words[words.count - 1] == ")" else { return nil }
    let inner = words[1..<words.count - 1]
    if inner.isEmpty { return [] }
    var dimensions: [Int] = []
    for (place, word) in inner.enumerated() {
      if place % 2 == 1 {
        guard word == "," else { return nil }
        continue
      }
      let digits = word.hasSuffix("L") ? String(word.dropLast()) : word
      guard let value = Double(digits), digits.allSatisfy(\.isNumber), digits == "0" || digits.first != "0",
        value < 0x1p31
      else { return nil }
      dimensions.append(Int(value))
    }
    guard inner.count > 1, dimensions.count <= 8 else { return nil }
    return dimensions
  }
}

/// A ZIP archive by its description: an oracle.
struct StrictZIP {
  /// In the order of the list; the content is nil where it is damaged.
  private(set) var members: [(name: String, content: [UInt8]?)] = []

  init?(_ bytes: [UInt8]) {
    func number(_ place: Int, _ size: Int) -> Int {
      (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    }
    func begins(_ place: Int, _ words: String) -> Bool {
      place >= 0 && place + 4 <= bytes.count && Array(bytes[place..<place + 4]) == Array(words.utf8)
    }
    guard bytes.count >= 22,
      let end = (max(0, bytes.count - 65_557)...bytes.count - 22).last(where: {
        begins($0, "PK\u{5}\u{6}") && $0 + 22 + number($0 + 20, 2) == bytes.count
      })
    else { return nil }
    let (count, size, start) = (number(end + 10, 2), number(end + 12, 4), number(end + 16, 4))
    let hasSecond = end >= 76 && begins(end - 20, "PK\u{6}\u{7}") && begins(end - 76, "PK\u{6}\u{6}")
    guard count < 0xFFFF, number(end + 4, 4) == 0, number(end + 8, 2) == count,
      start + size == (hasSecond ? end - 76 : end)
    else { return nil }
    var place = start
    var entries: [(name: String, method: Int, crc: Int, packed: Int, length: Int, local: Int, nameLength: Int)] = []
    for _ in 0..<count {
      guard place + 46 <= start + size, begins(place, "PK\u{1}\u{2}") else { return nil }
      let (nameLength, more) = (number(place + 28, 2), number(place + 30, 2) + number(place + 32, 2))
      guard place + 46 + nameLength + more <= start + size else { return nil }
      let name = String(decoding: bytes[place + 46..<place + 46 + nameLength], as: UTF8.self)
      let (flags, method, crc) = (number(place + 8, 2), number(place + 10, 2), number(place + 16, 4))
      let (packed, length, local) = (number(place + 20, 4), number(place + 24, 4), number(place + 42, 4))
      // Deflated data become at most 1,032 times as long.
      guard flags & 0x2041 == 0, method == 8 && length <= 1032 * (packed + 1) || method == 0 && length == packed,
        packed < 0xFFFF_FFFF, length < 0xFFFF_FFFF, local < 0xFFFF_FFFF,
        !entries.contains(where: { $0.name == name })
      else { return nil }
      entries.append((name, method, crc, packed, length, local, nameLength))
      place += 46 + nameLength + more
    }
    guard place == start + size else { return nil }
    for entry in entries {
      let next = entries.map(\.local).filter { $0 > entry.local }.min() ?? start
      let isAlone = entries.filter { $0.local == entry.local }.count == 1
      guard isAlone, entry.local + 30 + entry.nameLength + entry.packed <= next else { return nil }
      members.append((entry.name, nil))
      let data = entry.local + 30 + entry.nameLength + number(entry.local + 28, 2)
      guard begins(entry.local, "PK\u{3}\u{4}"), number(entry.local + 8, 2) == entry.method,
        number(entry.local + 26, 2) == entry.nameLength, data + entry.packed <= next
      else { continue }
      var content = Array(bytes[data..<data + entry.packed])
      if entry.method == 8 {
        guard let inflated = StrictGzip.inflated(content), inflated.count == entry.packed else { continue }
        content = inflated.content
      }
      guard content.count == entry.length, Int(StrictGzip.crc(content)) == entry.crc else { continue }
      members[members.count - 1].content = content
    }
  }
}
