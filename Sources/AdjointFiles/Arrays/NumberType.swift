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
  package func numbers<T>(of bytes: [UInt8], _ make: (Double) -> T) -> [T] {
    let order = ByteOrder.littleEndian
    switch self {
    case .bool: return bytes.map { make($0 == 0 ? 0 : 1) }
    case .int8: return bytes.map { make(Double(Int8(bitPattern: $0))) }
    case .uint8: return bytes.map { make(Double($0)) }
    case .int16: return order.words(of: bytes, as: Int16.self).map { make(Double($0)) }
    case .uint16: return order.words(of: bytes, as: UInt16.self).map { make(Double($0)) }
    case .int32: return order.words(of: bytes, as: Int32.self).map { make(Double($0)) }
    case .uint32: return order.words(of: bytes, as: UInt32.self).map { make(Double($0)) }
    case .int64: return order.words(of: bytes, as: Int64.self).map { make(Double($0)) }
    case .uint64: return order.words(of: bytes, as: UInt64.self).map { make(Double($0)) }
    case .float16: return order.words(of: bytes).map { make(NumberType.half($0)) }
    case .bfloat16:
      return order.words(of: bytes, as: UInt16.self).map { make(Double(Float(bitPattern: UInt32($0) << 16))) }
    case .float32: return order.words(of: bytes).map { make(Double(Float(bitPattern: $0))) }
    case .float64: return order.words(of: bytes).map { make(Double(bitPattern: $0)) }
    }
  }

  /// The integers up to the first that does not fit, with that one and its position.
  /// - Precondition: the type is one of integers.
  package func integers<I: FixedWidthInteger>(
    of bytes: [UInt8], as type: I.Type = I.self
  ) -> (values: [I], misfit: String?) {
    let order = ByteOrder.littleEndian
    func exact(_ words: [some FixedWidthInteger]) -> (values: [I], misfit: String?) {
      var values: [I] = []
      values.reserveCapacity(words.count)
      for (position, word) in words.enumerated() {
        guard let value = I(exactly: word) else { return (values, "\(word) at position \(position)") }
        values.append(value)
      }
      return (values, nil)
    }
    switch self {
    case .bool: return exact(bytes.map { UInt8($0 == 0 ? 0 : 1) })
    case .uint8: return exact(bytes)
    case .int8: return exact(order.words(of: bytes, as: Int8.self))
    case .int16: return exact(order.words(of: bytes, as: Int16.self))
    case .uint16: return exact(order.words(of: bytes, as: UInt16.self))
    case .int32: return exact(order.words(of: bytes, as: Int32.self))
    case .uint32: return exact(order.words(of: bytes, as: UInt32.self))
    case .int64: return exact(order.words(of: bytes, as: Int64.self))
    case .uint64: return exact(order.words(of: bytes, as: UInt64.self))
    case .float16, .bfloat16, .float32, .float64: return ([], "a number with a fraction")
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
