/// The order of the bytes of a number in a file.
///
/// A file's order does not depend on the machine's: safetensors files are little-endian everywhere, IDX files big-endian.
package enum ByteOrder: Sendable {
  /// The least significant byte comes first.
  case littleEndian
  /// The most significant byte comes first.
  case bigEndian

  /// The bytes of words, one word after the other.
  @inlinable
  package func bytes<W: FixedWidthInteger>(of words: some Collection<W>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * (W.bitWidth / 8))
    for word in words {
      withUnsafeBytes(of: self == .littleEndian ? word.littleEndian : word.bigEndian) { bytes += $0 }
    }
    return bytes
  }

  /// The words that these bytes make; bytes beyond the last whole word are left out.
  @inlinable
  package func words<W: FixedWidthInteger & BitwiseCopyable>(of bytes: [UInt8], as type: W.Type = W.self) -> [W] {
    let size = W.bitWidth / 8
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / size).map { position in
        let word = bytes.loadUnaligned(fromByteOffset: position * size, as: W.self)
        return self == .littleEndian ? W(littleEndian: word) : W(bigEndian: word)
      }
    }
  }
}
