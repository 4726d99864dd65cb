/// The header of an array in NumPy's format, and its length with all that precedes the data.
struct NPYHeader {
  private(set) var type = NumberType.float64
  private(set) var isBigEndian = false
  private(set) var isFortran = false
  private(set) var shape: [Int] = []
  /// The type as the file spells it.
  private(set) var descr = ""
  /// The bytes before the data.
  let length: Int
  /// The bytes of the data.
  private(set) var byteCount = 0

  private let file: String
  private let place: (Int) -> FileError.Place
  private let bytes: [UInt8]
  private var position: Int

  /// Reads the header at the start of a content.
  init(_ content: [UInt8], file: String, place: @escaping (Int) -> FileError.Place) throws(FileError) {
    (self.file, self.place) = (file, place)
    guard content.starts(with: NPY.magic) else {
      throw FileError(
        .wrongFormat, file: file, at: place(0), expected: "a NumPy array, which begins with the bytes 93 'NUMPY'",
        found: FileKind.name(of: content) ?? "other bytes", remedy: "Give a file that numpy.save wrote.")
    }
    func cut(_ expected: String) -> FileError {
      FileError(
        .truncated, file: file, at: place(content.count), expected: expected, found: "the end of the file",
        remedy: "The file is cut short; get it again from its source.")
    }
    guard content.count >= 12 else { throw cut("a version and the length of a header") }
    guard (1...3).contains(content[6]), content[7] == 0 else {
      throw FileError(
        .wrongFormat, file: file, at: place(6), expected: "version 1.0, 2.0 or 3.0 of the format",
        found: "\(content[6]).\(content[7])", remedy: "Save it with numpy.save of NumPy 1 or 2.")
    }
    let size = content[6] == 1 ? 2 : 4
    let stated = content[8..<8 + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard stated <= 10_000 else {
      throw FileError(
        .oversized, file: file, at: place(8), expected: "a header of at most 10000 bytes", found: "\(stated)",
        remedy: "An array of numbers has a short one; save each field of a structured array by itself.")
    }
    length = 8 + size + stated
    guard content.count >= length else { throw cut("a header of \(stated) bytes") }
    bytes = Array(content[..<length])
    position = 8 + size
    try parse()
    // The parser stands in a copy of the header alone from here on.
    try readType()
    byteCount = try checkedSize()
  }

  // MARK: The dictionary

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  /// Takes a character, behind white space; false where another one stands.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func parse() throws(FileError) {
    guard take("{") else { throw wrong("'{', with which a header begins") }
    var seen: Set<String> = []
    while !take("}") {
      let key = try text("a name in quotation marks")
      guard seen.insert(key).inserted else { throw wrong("each name once", "\(quoted(key)) twice", .duplicateName) }
      guard take(":") else { throw wrong("':' behind a name") }
      switch key {
      case "descr":
        skipSpace()
        guard byte != UInt8(ascii: "[") else {
          throw unsupported(
            "a structured array of several fields", "Save each field by itself: numpy.save(FILE, array['name']).")
        }
        descr = try text("the type in quotation marks")
      case "fortran_order": isFortran = try truth()
      case "shape": shape = try dimensions()
      default: throw wrong("'descr', 'fortran_order' or 'shape'", quoted(key))
      }
      guard take(",") else {
        guard take("}") else { throw wrong("',' or '}'") }
        break
      }
    }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) { throw wrong("'\(key)'", "none") }
    skipSpace()
    guard byte == nil else { throw wrong("the end of the header") }
  }

  private mutating func text(_ what: String) throws(FileError) -> String {
    skipSpace()
    guard let mark = byte, mark == UInt8(ascii: "'") || mark == UInt8(ascii: "\"") else { throw wrong(what) }
    guard let end = bytes[(position + 1)...].firstIndex(of: mark) else { throw wrong("the end of a text") }
    let text = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    position = end + 1
    return text
  }

  private mutating func truth() throws(FileError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw wrong("True or False")
  }

  private mutating func dimensions() throws(FileError) -> [Int] {
    guard take("(") else { throw wrong("'(', with which a shape begins") }
    var shape: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty else { throw wrong("a whole number") }
      // Python itself refuses a number that begins with 0.
      guard let dimension = Int(String(decoding: digits, as: UTF8.self)), dimension <= Int(Int32.max),
        digits.count == 1 || digits.first != 0x30
      else {
        throw wrong("a dimension from 0 to \(Int32.max)", String(decoding: digits.prefix(24), as: UTF8.self), .badShape)
      }
      position += digits.count
      // Python 2 marked long integers so.
      if byte == UInt8(ascii: "L") { position += 1 }
      guard shape.count < NPY.maximumRank else {
        throw wrong("at most \(NPY.maximumRank) dimensions", "more", .badShape)
      }
      shape.append(dimension)
      guard take(",") else {
        guard shape.count > 1, take(")") else { throw wrong("',' or ')'") }
        break
      }
    }
    return shape
  }

  // MARK: Type and size

  /// The letter and the size by which NumPy names a type.
  static func descr(of type: NumberType) -> String {
    switch type {
    case .bool: "|b1"
    case .int8: "|i1"
    case .uint8: "|u1"
    case .int16: "<i2"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint16: "<u2"
    case .uint32: "<u4"
    case .uint64: "<u8"
    case .float16: "<f2"
    // NumPy has no such type; it is widened before.
    case .bfloat16, .float32: "<f4"
    case .float64: "<f8"
    }
  }

  private mutating func readType() throws(FileError) {
    let (order, name) = (descr.first, descr.dropFirst())
    if let type = NumberType.allCases.first(where: { $0 != .bfloat16 && NPYHeader.descr(of: $0).dropFirst() == name }),
      let order, "<>".contains(order) || order == "|" && type.byteCount == 1
    {
      (self.type, isBigEndian) = (type, order == ">")
      return
    }
    let convert = "Convert it before: numpy.save(FILE, array.astype('float64'))."
    switch name.first {
    case "O":
      throw unsupported(
        "Python objects, which are stored as a pickle: a program that runs when it is read",
        "Save numbers: numpy.save(FILE, numpy.array(…, dtype=float)); rows of different lengths need an array each.")
    case "c":
      throw unsupported("complex numbers", "Save the two parts by themselves: array.real and array.imag.")
    case "U", "S", "a", "T":
      throw unsupported("texts", "Save numbers, such as the index of each text among numpy.unique.")
    case "M", "m": throw unsupported("dates or durations", convert)
    case "V": throw unsupported("records or raw bytes", "Save each field by itself: numpy.save(FILE, array['name']).")
    case "f" where name == "f12" || name == "f16": throw unsupported("numbers of extended precision", convert)
    default: throw unsupported("the unknown type \(quoted(descr))", convert)
    }
  }

  /// The product of the dimensions and the size of a number; none of their products overflows, not even beside a 0.
  private func checkedSize() throws(FileError) -> Int {
    var product = type.byteCount
    for dimension in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow, next <= Int.max - length else {
        throw wrong("dimensions with a product that fits 63 bits", "\(shape)", .badShape)
      }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  private func wrong(
    _ expected: String, _ found: String? = nil, _ reason: FileError.Reason = .wrongFormat
  ) -> FileError {
    let rest = String(decoding: bytes[min(position, bytes.count)...].prefix(16), as: UTF8.self)
    return FileError(
      reason, file: file, at: place(min(position, bytes.count)), expected: expected,
      found: found ?? (rest.isEmpty ? "the end" : quoted(rest)),
      remedy: "The file is damaged; save the array again with numpy.save.")
  }

  private func unsupported(_ found: String, _ remedy: String) -> FileError {
    FileError(
      .unsupportedType, file: file, at: place(position), expected: "an array of numbers", found: found, remedy: remedy)
  }
}
