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
    let size = W.bitWidth / 8
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * size)
    for word in words {
      let ordered = self == .littleEndian ? word : word.byteSwapped
      for place in 0..<size { bytes.append(UInt8(truncatingIfNeeded: ordered &>> W(8 * place))) }
    }
    return bytes
  }

  /// The words that these bytes make; bytes beyond the last whole word are left out.
  @inlinable
  package func words<W: FixedWidthInteger>(of bytes: [UInt8], as type: W.Type = W.self) -> [W] {
    let size = W.bitWidth / 8
    var words: [W] = []
    words.reserveCapacity(bytes.count / size)
    for position in 0..<bytes.count / size {
      var word: W = 0
      for place in 0..<size { word |= W(truncatingIfNeeded: bytes[position * size + place]) &<< W(8 * place) }
      words.append(self == .littleEndian ? word : word.byteSwapped)
    }
    return words
  }
}
