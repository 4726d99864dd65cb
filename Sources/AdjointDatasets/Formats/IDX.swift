import AdjointFiles
import Foundation

/// An array of numbers in the IDX format, the format of MNIST.
///
/// A file is a magic number `0 0 type rank`, then `rank` dimensions as big-endian 32-bit numbers, then the elements in
/// row-major order, big-endian:
///
///     00 00 08 03 | 0000EA60 0000001C 0000001C | 60000 · 28 · 28 bytes
///
/// Reading believes nothing: dimensions are compared with the bytes that are really there before anything is allocated,
/// so a header that lies costs an error and no memory.
///
/// Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "File formats".
package struct IDX: Sendable, Hashable {
  /// The type of the elements, with the code that the format gives it.
  package enum ElementType: UInt8, Sendable, CaseIterable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C
    case float32 = 0x0D
    case float64 = 0x0E

    /// Bytes for each element.
    package var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The largest number of dimensions that is read; a `Shape` has no more.
  private static let maximumRank = 8

  /// The type of the elements.
  package let elementType: ElementType
  /// The extent of every axis, slowest first.
  package let dimensions: [Int]
  /// The elements as the file has them: row-major, big-endian.
  package let bytes: [UInt8]

  /// An array with these elements, given as big-endian bytes.
  /// - Precondition: 1 to 8 dimensions, each below 2³², and as many bytes as they say.
  package init(elementType: ElementType = .uint8, dimensions: [Int], bytes: [UInt8]) {
    guard (1...IDX.maximumRank).contains(dimensions.count), dimensions.allSatisfy({ (0...0xFFFF_FFFF).contains($0) })
    else { fatalError("IDX: \(dimensions) are not 1 to \(IDX.maximumRank) dimensions between 0 and 2³² − 1") }
    guard let count = IDX.byteCount(elementType, dimensions), bytes.count == count else {
      fatalError("IDX: \(bytes.count) bytes do not fill \(dimensions) elements of \(elementType.size) bytes")
    }
    self.elementType = elementType
    self.dimensions = dimensions
    self.bytes = bytes
  }

  /// Reads a file, plain or gzip.
  /// - Throws: `FileError` with the offset of the byte at which the file stops making sense.
  package init(contentsOf url: URL) throws(FileError) { self = try IDX.read(InputFile(url, gzip: .system)) }

  /// The array in a file, or its first `rows` along the first axis, after `check` has accepted the content that was read.
  ///
  /// No more is kept than is asked for: of a file of a million images, the first hundred take the memory of a hundred.
  /// - Throws: `FileError`, also for more than `memoryLimit` bytes of elements.
  package static func read(
    _ file: InputFile, rows: Range<Int>? = nil, memoryLimit: Int = InputFile.memoryLimit,
    check: ([UInt8]) throws(FileError) -> Void = { _ in }
  ) throws(FileError) -> IDX {
    var (type, dimensions) = try header(of: file)
    let start = 4 + 4 * dimensions.count
    guard let whole = byteCount(type, dimensions), whole <= Int.max - start else {
      throw oversized(file, dimensions)
    }
    let rowSize = dimensions[0] > 0 ? whole / dimensions[0] : 0
    let wanted = rows?.clamped(to: 0..<dimensions[0]) ?? 0..<dimensions[0]
    let (first, count) = (wanted.lowerBound * rowSize, wanted.count * rowSize)
    // A header that lies is found out by the bytes that are there.
    guard count <= memoryLimit || file.largestSize <= memoryLimit else {
      throw InputFile.tooLarge(file.path, limit: memoryLimit, found: "\(count) for \(product(dimensions)) elements")
    }
    let before = rows == nil ? start : 0
    var content =
      try rows == nil
      ? file.contents(atMost: start + whole) : file.contents(in: start + first..<start + first + count)
    guard content.count == before + count else {
      throw cut(
        file, at: start + first - before + content.count,
        expected: "\(count) bytes for \(product(dimensions)) elements after the header",
        found: max(content.count - before, 0))
    }
    try check(content)
    // In place: the elements are in memory once.
    content.removeSubrange(..<before)
    dimensions[0] = wanted.count
    return IDX(elementType: type, dimensions: dimensions, bytes: content)
  }

  /// The rows along the first axis of a plain file, to be read when they are needed.
  /// - Throws: `FileError` when the file is compressed, or of another length than its header says.
  package static func rows(of file: InputFile) throws(FileError) -> RowFile {
    let (type, dimensions) = try header(of: file)
    let start = 4 + 4 * dimensions.count
    guard file.isPlain else {
      throw FileError(
        .wrongFormat, file: file.path, at: .wholeFile, expected: "a plain file, of which rows can be read one by one",
        found: "compressed data", remedy: "Decompress it, such as with gunzip.")
    }
    guard let size = byteCount(type, dimensions), size <= Int.max - start else {
      throw oversized(file, dimensions)
    }
    guard file.size >= start + size else {
      throw cut(
        file, at: file.size, expected: "\(size) bytes for \(product(dimensions)) elements after the header",
        found: max(file.size - start, 0))
    }
    guard file.size == start + size else {
      throw FileError(
        .oversized, file: file.path, at: .byte(start + size), expected: "the end of the data",
        found: "\(file.size - start - size) more bytes",
        remedy: "The file is not what it claims to be; get it again from its source.")
    }
    return try RowFile(file, from: start, rowSize: dimensions[0] > 0 ? size / dimensions[0] : 0, count: dimensions[0])
  }

  private static func oversized(_ file: InputFile, _ dimensions: [Int]) -> FileError {
    FileError(
      .oversized, file: file.path, at: file.place(4), expected: "dimensions of an array that can exist",
      found: "\(product(dimensions)) elements", remedy: "The header is damaged; get the file again from its source.")
  }

  private static func product(_ dimensions: [Int]) -> String { dimensions.map(String.init).joined(separator: " × ") }

  /// The type and the dimensions that a file announces; no element is read.
  package static func header(of file: InputFile) throws(FileError) -> (type: ElementType, dimensions: [Int]) {
    let start = try file.prefix(4 + 4 * maximumRank)
    guard start.count >= 4 else {
      throw cut(file, at: start.count, expected: "4 bytes of magic number", found: start.count)
    }
    guard start[0] == 0, start[1] == 0 else {
      let text = start.prefix(4).map { $0 >= 0x20 && $0 < 0x7F ? String(UnicodeScalar($0)) : "·" }.joined()
      let kind = FileKind.name(of: start).map { ": \($0)" } ?? ""
      throw FileError(
        .wrongFormat, file: file.path, at: file.place(0), expected: "an IDX file, which begins with the bytes 00 00",
        found: "\(hexadecimal(start[0])) \(hexadecimal(start[1])) ('\(text)')\(kind)",
        remedy: "This is another kind of file (perhaps an error page instead of the data); get the right one.")
    }
    guard let type = ElementType(rawValue: start[2]) else {
      throw damaged(
        file, at: 2, expected: "a type code 08, 09, 0b, 0c, 0d or 0e", found: hexadecimal(start[2]))
    }
    let rank = Int(start[3])
    guard (1...maximumRank).contains(rank) else {
      throw damaged(file, at: 3, expected: "1 to \(maximumRank) dimensions", found: "\(rank)")
    }
    guard start.count >= 4 + 4 * rank else {
      throw cut(
        file, at: start.count, expected: "\(4 * rank) bytes of dimensions after the magic number",
        found: start.count - 4)
    }
    return (type, ByteOrder.bigEndian.words(of: Array(start[4..<4 + 4 * rank]), as: UInt32.self).map(Int.init))
  }

  private static func cut(_ file: InputFile, at offset: Int, expected: String, found: Int) -> FileError {
    FileError(
      .truncated, file: file.path, at: file.place(offset), expected: expected, found: "\(found)",
      remedy: "The file is cut short; get it again from its source.")
  }

  private static func damaged(_ file: InputFile, at offset: Int, expected: String, found: String) -> FileError {
    FileError(
      .wrongFormat, file: file.path, at: file.place(offset), expected: expected, found: found,
      remedy: "The header is damaged; get the file again from its source.")
  }

  /// The bytes of an array, or nil when no memory could hold it: an empty array too may have rows that cannot exist.
  private static func byteCount(_ type: ElementType, _ dimensions: [Int]) -> Int? {
    var count = type.size
    for dimension in dimensions where dimension > 0 {
      let (product, overflows) = count.multipliedReportingOverflow(by: dimension)
      if overflows { return nil }
      count = product
    }
    return dimensions.contains(0) ? 0 : count
  }

  /// The elements as numbers; exact for every type.
  package func numbers() -> [Double] {
    switch elementType {
    case .uint8: bytes.map { Double($0) }
    case .int8: bytes.map { Double(Int8(bitPattern: $0)) }
    case .int16: ByteOrder.bigEndian.words(of: bytes, as: Int16.self).map { Double($0) }
    case .int32: ByteOrder.bigEndian.words(of: bytes, as: Int32.self).map { Double($0) }
    case .float32: ByteOrder.bigEndian.words(of: bytes).map { Double(Float(bitPattern: $0)) }
    case .float64: ByteOrder.bigEndian.words(of: bytes).map { Double(bitPattern: $0) }
    }
  }

  /// The file's content: header and elements.
  package func encoded() -> [UInt8] {
    [0, 0, elementType.rawValue, UInt8(dimensions.count)]
      + ByteOrder.bigEndian.bytes(of: dimensions.map { UInt32($0) }) + bytes
  }

  /// Replaces a file, as a whole or not at all, by the array's plain IDX file.
  /// - Throws: `FileError` when the file cannot be written.
  package func write(to url: URL) throws(FileError) { try OutputFile.replace(url, with: encoded()) }
}

/// Two hexadecimal digits.
private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
