import AdjointDatasets
import Foundation
import Testing

/// A directory that is removed with everything in it when the test ends.
final class Scratch {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// Writes a file and returns where it is.
  func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
    let url = directory.appendingPathComponent(name)
    try Data(bytes).write(to: url)
    return url
  }

  func file(_ name: String, _ text: String) throws -> URL { try file(name, Array(text.utf8)) }
}

/// The error that `body` throws; the test fails when it throws none, or another one.
func datasetError(
  from body: () throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) throws -> DatasetError {
  let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) { _ = try body() }
  return try #require(error, sourceLocation: sourceLocation)
}

/// A gzip member that stores its data uncompressed.
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
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

/// FNV-1a: a number that changes when a byte does.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

/// Where the real MNIST is, if anywhere: `ADJOINT_MNIST`, or `../shared/data/mnist` beside the package.
let mnistDirectory: URL? = {
  let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let candidates =
    ProcessInfo.processInfo.environment["ADJOINT_MNIST"].map { [URL(fileURLWithPath: $0)] }
    ?? [package.deletingLastPathComponent().appendingPathComponent("shared/data/mnist")]
  return candidates.first { MNIST.isPresent(in: $0) }
}()

let mnistComment: Comment = "needs MNIST: set ADJOINT_MNIST to its directory, or put it into ../shared/data/mnist"
