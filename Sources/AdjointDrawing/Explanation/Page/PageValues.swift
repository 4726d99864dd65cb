import Adjoint
import AdjointFiles
import Foundation

/// The values of a leaf as a page carries them: exactly, in as few characters as that takes.
///
/// A few numbers are written out. Many are base 64 of little-endian words. A word is a byte where every value is k/255
/// rounded to `Float`, as the pixels of an image are. It is four bytes where `Float` holds every value exactly, else
/// eight.
enum PageValues {
  /// The largest count of numbers that are written out, so that a page of a small model can be read.
  private static let written = 16

  static func encoded(_ values: [Double]) -> JSON {
    if values.count <= written, values.allSatisfy(\.isFinite) { return .array(values.map { .number($0) }) }
    if let bytes = pixels(values) { return packed("u8", bytes) }
    if values.allSatisfy({ Double(Float($0)) == $0 }) {
      return packed("f32", ByteOrder.littleEndian.bytes(of: values.lazy.map { Float($0).bitPattern }))
    }
    return packed("f64", ByteOrder.littleEndian.bytes(of: values.lazy.map(\.bitPattern)))
  }

  static func encoded(_ indices: [Int32]) -> JSON { .integers(indices.map(Int.init)) }

  private static func pixels(_ values: [Double]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count)
    for value in values {
      let level = (value * 255).rounded()
      guard (0...255).contains(level), Double(Float(level / 255)) == value else { return nil }
      bytes.append(UInt8(level))
    }
    return bytes
  }

  private static func packed(_ type: String, _ bytes: [UInt8]) -> JSON {
    .object([("type", .string(type)), ("base64", .string(Data(bytes).base64EncodedString()))])
  }
}
