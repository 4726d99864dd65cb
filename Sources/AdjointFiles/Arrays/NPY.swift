import Foundation

/// An array of numbers in NumPy's format `.npy`.
///
/// A file is the word `93 NUMPY`, two bytes of version, the length of the header (two bytes in version 1, four in 2 and 3),
/// the header, and the data. The header is a dictionary as Python writes it:
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
///
/// Python objects are refused: they are pickles, programs that run when they are read.
///
/// Source: NumPy 2, "numpy.lib.format", sections "Format Version 1.0" to "3.0".
package struct NPY: Sendable, Equatable {
  package let type: NumberType
  package let shape: [Int]
  /// The numbers in row-major order, little-endian.
  package let bytes: [UInt8]

  /// The dimensions that an array has at most, as a `Shape` does.
  package static let maximumRank = 8
  static let magic = [UInt8(0x93)] + Array("NUMPY".utf8)
  /// As NumPy's own reader allows, which guards Python's parser by it.
  private static let maximumHeader = 10_000

  /// An array with these numbers.
  /// - Precondition: there are as many bytes as the shape and the type say.
  package init(type: NumberType, shape: [Int], bytes: [UInt8]) {
    (self.type, self.shape, self.bytes) = (type, shape, bytes)
  }

  /// Reads a file, plain or gzip, after its header has been compared with what is there.
  /// - Throws: `FileError`.
  package init(contentsOf url: URL, memoryLimit: Int = InputFile.memoryLimit) throws(FileError) {
    let file = try InputFile(url, gzip: .system)
    let start = try file.prefix(12 + NPY.maximumHeader)
    let header = try NPYHeader(start, file: file.path, place: file.place)
    guard header.byteCount <= memoryLimit || file.largestSize <= memoryLimit else {
      throw InputFile.tooLarge(file.path, limit: memoryLimit, found: "\(header.byteCount)")
    }
    try self.init(
      header, content: file.contents(atMost: header.length + header.byteCount), file: file.path, place: file.place)
  }

  /// The array in the content of a file.
  init(_ content: [UInt8], file: String, place: @escaping (Int) -> FileError.Place) throws(FileError) {
    let header = try NPYHeader(content, file: file, place: place)
    try self.init(header, content: content, file: file, place: place)
  }

  private init(
    _ header: NPYHeader, content: consuming [UInt8], file: String, place: (Int) -> FileError.Place
  ) throws(FileError) {
    let found = content.count - header.length
    guard found == header.byteCount else {
      throw FileError(
        found < header.byteCount ? .truncated : .oversized, file: file, at: place(content.count),
        expected: "\(header.byteCount) bytes for \(header.descr) of shape \(header.shape)", found: "\(found)",
        remedy: "The file is damaged; get it again from its source.")
    }
    content.removeSubrange(..<header.length)
    if header.isBigEndian { NPY.reverse(&content, size: header.type.byteCount) }
    if header.isFortran, header.shape.count > 1 {
      content = NPY.transposed(content, header.shape, size: header.type.byteCount)
    }
    self.init(type: header.type, shape: header.shape, bytes: content)
  }

  /// Turns the bytes of each number around.
  private static func reverse(_ bytes: inout [UInt8], size: Int) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: bytes.count, by: size) {
      for place in 0..<size / 2 { bytes.swapAt(start + place, start + size - 1 - place) }
    }
  }

  /// Row-major from column-major order: the first position moves fastest in `bytes`.
  private static func transposed(_ bytes: [UInt8], _ shape: [Int], size: Int) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    var strides: [Int] = []
    var stride = size
    for dimension in shape {
      strides.append(stride)
      stride *= dimension
    }
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var position = [Int](repeating: 0, count: shape.count)
    var offset = 0
    while output.count < bytes.count {
      for place in 0..<size { output.append(bytes[offset + place]) }
      var axis = shape.count - 1
      position[axis] += 1
      offset += strides[axis]
      while axis > 0, position[axis] == shape[axis] {
        offset -= strides[axis] * shape[axis]
        position[axis] = 0
        axis -= 1
        position[axis] += 1
        offset += strides[axis]
      }
    }
    return output
  }

  /// The content of a file: version 1, data aligned to 64 bytes, as NumPy writes it.
  package var encoded: [UInt8] {
    let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(NPYHeader.descr(of: type))', 'fortran_order': False, 'shape': (\(dimensions)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64
    let header = Array(text.utf8) + [UInt8](repeating: 0x20, count: length - 11 - text.utf8.count) + [0x0A]
    return NPY.magic + [1, 0] + ByteOrder.littleEndian.bytes(of: [UInt16(header.count)]) + header + bytes
  }

  /// Replaces a file, as a whole or not at all.
  /// - Throws: `FileError` when it cannot be written.
  package func write(to url: URL) throws(FileError) { try OutputFile.replace(url, with: encoded) }
}
