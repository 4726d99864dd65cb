/// The type of the numbers of an array in a file, by the names that safetensors files give them.
///
/// A file's numbers stand little-endian here, whatever order they had in the file.
package enum NumberType: String, Sendable, CaseIterable {
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"
  case bool = "BOOL"
  case int8 = "I8"
  case int16 = "I16"
  case int32 = "I32"
  case int64 = "I64"
  case uint8 = "U8"
  case uint16 = "U16"
  case uint32 = "U32"
  case uint64 = "U64"

  /// The type of integers of so many bits; nil where no file has it.
  package init?(width: Int, isSigned: Bool) {
    let types: [NumberType] = isSigned ? [.int8, .int16, .int32, .int64] : [.uint8, .uint16, .uint32, .uint64]
    guard let type = types.first(where: { 8 * $0.byteCount == width }) else { return nil }
    self = type
  }

  /// The size of one number in bytes.
  package var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// True for whole numbers, and for true and false.
  package var isInteger: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: false
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    }
  }

  /// The numbers, each as `make` turns it: exact, but that integers beyond 2⁵³ are rounded to the nearest `Double`.
  @inlinable
  package func numbers<T>(of bytes: [UInt8], _ make: (Double) -> T) -> [T] {
    var numbers: [T] = []
    numbers.reserveCapacity(bytes.count / byteCount)
    for piece in pieces(bytes.count) { for number in doubles(bytes[piece]) { numbers.append(make(number)) } }
    return numbers
  }

  /// The integers up to the first that does not fit, with that one and its position.
  @inlinable
  package func integers<I: FixedWidthInteger>(
    of bytes: [UInt8], as type: I.Type = I.self
  ) -> (values: [I], misfit: String?) {
    guard isInteger else { return ([], "a number with a fraction") }
    var values: [I] = []
    values.reserveCapacity(bytes.count / byteCount)
    for piece in pieces(bytes.count) {
      for word in words(bytes[piece]) {
        // A number below 0 has all bits in front.
        let isNegative = isSigned && word >> 63 == 1
        guard let value = isNegative ? I(exactly: Int64(bitPattern: word)) : I(exactly: word) else {
          let text = isNegative ? "\(Int64(bitPattern: word))" : "\(word)"
          return (values, "\(text) at position \(values.count)")
        }
        values.append(value)
      }
    }
    return (values, nil)
  }

  /// True for integers that may be below 0.
  @usableFromInline
  var isSigned: Bool {
    switch self {
    case .int8, .int16, .int32, .int64: true
    case .float16, .bfloat16, .float32, .float64, .bool, .uint8, .uint16, .uint32, .uint64: false
    }
  }

  /// Places of whole numbers, one after the other: what is converted in between is never more than that.
  @usableFromInline
  func pieces(_ count: Int) -> [Range<Int>] {
    let length = 1 << 14
    return stride(from: 0, to: count, by: length).map { $0..<min($0 + length, count) }
  }

  /// The numbers in 64 bits, integers with their sign.
  @usableFromInline
  func words(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
    let (order, content) = (ByteOrder.littleEndian, Array(bytes))
    let words: [UInt64] =
      switch byteCount {
      case 1: content.map { UInt64($0) }
      case 2: order.words(of: content, as: UInt16.self).map { UInt64($0) }
      case 4: order.words(of: content, as: UInt32.self).map { UInt64($0) }
      default: order.words(of: content)
      }
    if self == .bool { return words.map { $0 == 0 ? 0 : 1 } }
    guard isSigned else { return words }
    let unused = 64 - 8 * byteCount
    return words.map { UInt64(bitPattern: Int64(bitPattern: $0 << unused) >> unused) }
  }

  @usableFromInline
  func doubles(_ bytes: ArraySlice<UInt8>) -> [Double] {
    let words = words(bytes)
    switch self {
    case .float16: return words.map { NumberType.half(UInt16($0)) }
    case .bfloat16: return words.map { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .float32: return words.map { Double(Float(bitPattern: UInt32($0))) }
    case .float64: return words.map { Double(bitPattern: $0) }
    case .int8, .int16, .int32, .int64: return words.map { Double(Int64(bitPattern: $0)) }
    case .bool, .uint8, .uint16, .uint32, .uint64: return words.map { Double($0) }
    }
  }

  /// A number of half precision: a sign, five bits of exponent, ten of the fraction.
  ///
  /// Source: IEEE 754-2019, section 3.6, binary16.
  static func half(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Double(bits & 0x3FF))
    let magnitude: Double
    switch exponent {
    case 0: magnitude = fraction * 0x1p-24
    case 0x1F: magnitude = fraction == 0 ? .infinity : .nan
    default: magnitude = Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
    return bits >> 15 == 0 ? magnitude : -magnitude
  }
}
