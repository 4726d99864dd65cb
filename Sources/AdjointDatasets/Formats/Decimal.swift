/// Decimal numbers in bytes of text: sign, digits, at most one point, and perhaps an exponent.
///
/// The nearest `Float` is found without the system's parser but where it might be wrong: at most 19 digits are an integer m,
/// and m · 10ᵉ in `Double` is off by less than two units in its last place. That decides the `Float`, unless it lies
/// within that distance of the middle between two of them.
///
/// Source: W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990.
enum Decimal {
  /// Reads the number that begins at a position: the nearest `Float`, and the position behind the number.
  ///
  /// Nil where no number begins, and for one that is too large.
  @inline(__always)
  static func read(_ bytes: [UInt8], from start: Int) -> (value: Float, end: Int)? {
    var position = start
    var isNegative = false
    if position < bytes.count, bytes[position] == 0x2D || bytes[position] == 0x2B {
      isNegative = bytes[position] == 0x2D
      position &+= 1
    }
    let first = position
    var (mantissa, significant, exponent): (UInt64, Int, Int) = (0, 0, 0)
    while position < bytes.count {
      let digit = bytes[position] &- 0x30
      guard digit < 10 else { break }
      position &+= 1
      if significant < 19 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        significant &+= mantissa == 0 ? 0 : 1
      } else {
        exponent &+= 1
      }
    }
    var digits = position &- first
    if position < bytes.count, bytes[position] == 0x2E {
      position &+= 1
      let point = position
      while position < bytes.count {
        let digit = bytes[position] &- 0x30
        guard digit < 10 else { break }
        position &+= 1
        if significant < 19 {
          mantissa = mantissa &* 10 &+ UInt64(digit)
          significant &+= mantissa == 0 ? 0 : 1
          exponent &-= 1
        }
      }
      digits &+= position &- point
    }
    guard digits > 0 else { return nil }
    if position < bytes.count, bytes[position] | 0x20 == 0x65 {
      guard let (value, end) = readExponent(bytes, from: position + 1) else { return nil }
      exponent &+= value
      position = end
    }
    if mantissa < 1 << 24, exponent == 0 { return (isNegative ? -Float(mantissa) : Float(mantissa), position) }
    let magnitude = nearest(mantissa, exponent) ?? exact(bytes, first..<position)
    return magnitude.map { (isNegative ? -$0 : $0, position) }
  }

  /// The exponent after its letter; nil when no digits stand there.
  private static func readExponent(_ bytes: [UInt8], from start: Int) -> (value: Int, end: Int)? {
    var position = start
    var isBelow = false
    if position < bytes.count, bytes[position] == 0x2D || bytes[position] == 0x2B {
      isBelow = bytes[position] == 0x2D
      position += 1
    }
    let first = position
    var value = 0
    while position < bytes.count, bytes[position] &- 0x30 < 10 {
      // Larger ones are infinite or 0 in any case.
      if value < 100_000 { value = value * 10 + Int(bytes[position] &- 0x30) }
      position += 1
    }
    return position > first ? (isBelow ? -value : value, position) : nil
  }

  /// The `Float` nearest to m · 10ᵉ; nil where `Double` does not decide it.
  private static func nearest(_ mantissa: UInt64, _ exponent: Int) -> Float? {
    if mantissa == 0 { return 0 }
    guard exponent.magnitude < powers.count else { return nil }
    let power = powers[Int(exponent.magnitude)]
    let product = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    // The bits that `Float` drops; the first of them alone is the middle.
    let dropped = Int(truncatingIfNeeded: product.bitPattern & 0x1FFF_FFFF)
    guard (dropped - 0x1000_0000).magnitude > 4, product > 1e-37, product < 1e38 else { return nil }
    return Float(product)
  }

  /// The system's answer; nil for an infinite one.
  private static func exact(_ bytes: [UInt8], _ range: Range<Int>) -> Float? {
    Float(String(decoding: bytes[range], as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
  }

  /// The shortest way to write the number that a word is, exactly; nil for a word that is no decimal number.
  ///
  /// So two words give the same text where they are the same number, and there alone, whatever their length: 1.0, 01 and
  /// +1e0 give 1, and .50 gives 0.5. A whole number of more than 20 digits, and one with more than 6 zeros behind the
  /// point, keeps an exponent. An exponent of a million or more is no number.
  static func numeral(_ word: String) -> String? {
    var rest = Substring(word).utf8
    let sign = rest.first == 0x2D ? "-" : ""
    if rest.first == 0x2D || rest.first == 0x2B { rest.removeFirst() }
    let mantissa = rest.prefix { $0 &- 0x30 < 10 || $0 == 0x2E }
    let parts = mantissa.split(separator: 0x2E, omittingEmptySubsequences: false)
    var digits = Array(parts.joined())
    guard parts.count <= 2, !digits.isEmpty else { return nil }
    var exponent = parts.count == 2 ? -parts[1].count : 0
    rest = rest[mantissa.endIndex...]
    if let letter = rest.popFirst() {
      guard letter | 0x20 == 0x65, let power = Int(Substring(rest)), power.magnitude < 1_000_000 else { return nil }
      exponent += power
    }
    while digits.last == 0x30 {
      digits.removeLast()
      exponent += 1
    }
    let written = String(decoding: digits.drop { $0 == 0x30 }, as: UTF8.self)
    if written.isEmpty { return "0" }
    func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
    // The digits before the point.
    let whole = written.count + exponent
    if exponent >= 0, whole <= 20 { return sign + written + zeros(exponent) }
    if exponent < 0, whole > 0 { return sign + written.prefix(whole) + "." + written.dropFirst(whole) }
    if exponent < 0, whole >= -6 { return sign + "0." + zeros(-whole) + written }
    return sign + written + "e\(exponent)"
  }

  /// 10⁰ to 10²², which `Double` holds exactly.
  private static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
}
