import Foundation

/// A folder that is removed with everything in it when the test ends.
package final class ScratchFolder: Sendable {
  package let url = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-\(UUID().uuidString)")

  package init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a file and returns its place.
  package func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
    let file = url.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file
  }

  package func file(_ name: String, _ text: String) throws -> URL { try file(name, Array(text.utf8)) }

  /// The names of all files, hidden ones too.
  package func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
}

/// A gzip member that stores its data uncompressed.
package func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
  var start = 0
  repeat {
    let end = min(start + 65535, bytes.count)
    let length = UInt16(end - start)
    member += [end == bytes.count ? 1 : 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    member += [UInt8(~length & 0xFF), UInt8(~length >> 8)] + bytes[start..<end]
    start = end
  } while start < bytes.count
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  for word in [~crc, UInt32(bytes.count)] {
    for shift in [0, 8, 16, 24] { member.append(UInt8(word >> UInt32(shift) & 0xFF)) }
  }
  return member
}
