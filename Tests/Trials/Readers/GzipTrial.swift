import AdjointFiles
import Foundation
import TestFiles

/// Decompression: all members, their lengths and their checksums.
struct GzipTrial: ReaderTrial {
  let name = "gzip"
  let seeds: [[UInt8]] = [
    gzipped([]), gzipped(Array("stored".utf8)), Packed.dynamic, Packed.fixed, Packed.fixed + gzipped([1, 2, 3]),
    // A header with every optional part: extra, name, comment, and its checksum.
    Packed.withHeader, gzipped((0..<3000).map { UInt8($0 % 251) }), Packed.zeros,
  ]
  let words = ["\u{0}", "\u{1F}", "\u{3}"]

  /// The most that a file may decompress to in these trials.
  private static let most = 1 << 22

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let strict = Gzip.isCompressed(bytes) ? StrictGzip.content(of: bytes) : bytes
    do {
      let content = try InputFile(file, gzip: .system).contents(atMost: Self.most)
      return reading(
        content == strict, "\(content.count) bytes, the oracle \(strict?.count ?? -1)", stating: content.count)
    } catch {
      if let strict, strict.count <= Self.most { throw WronglyRefused(error: error) }
      throw error
    }
  }
}

/// Members that a compressor has made.
enum Packed {
  /// 320 bytes under codes of their own.
  static let dynamic = bytes(
    "1f8b08000000000002030dd0810dc040080240106cf263a9fbef5406100e8101b9ac3a4bf3ecedc6e9e308b54ddd2b8f85a579e81a7e5ac3f788e9"
      + "e24a75b2a6dbfb3e9cc1216b513a2ab7c6bee6f557c9d48abe2ecc13d7ae636bf07989dc92f32abd52323d6a6c7fbc871a5371fa204c2cebae7b5f"
      + "7ae164c65c9c56edb3ceed38b1002f9671699fd26b2433e6afae91bdf4ba102707ae8de5fc791ed24b26336669dbd9db187ff915ea404d2ceb1fbb"
      + "1c114740010000")
  /// "adjoint adjoint adjoint tape tape" under the fixed codes.
  static let fixed = bytes(
    "1f8b08000000000002034b4cc9cacfcc2b514844a34b120b52c10400946a2bd121000000")
  /// 60,000 zeros in 93 bytes.
  static let zeros = bytes(
    "1f8b0800000000000203edc13101000000c2a0f54f6d0d0fa0000000000000000000000000000000000000000000000000000000000000"
      + "00000000000000000000000000000000000000000000000000000000be0c05aa275160ea0000")

  static let withHeader: [UInt8] = {
    var header: [UInt8] = [0x1F, 0x8B, 8, 0x1E, 0, 0, 0, 0, 2, 3, 2, 0, 7, 7] + Array("name\u{0}note\u{0}".utf8)
    let crc = StrictGzip.crc(header)
    header += [UInt8(crc & 0xFF), UInt8(crc >> 8 & 0xFF)]
    return header + fixed[10...]
  }()

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
