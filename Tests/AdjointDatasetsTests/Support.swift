import AdjointDatasets
import AdjointFiles
import Foundation
import Testing

/// The error that `body` throws; the test fails when it throws none, or another one.
func fileError(
  from body: () throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) throws -> FileError {
  let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { _ = try body() }
  return try #require(error, sourceLocation: sourceLocation)
}

/// A number that changes when a byte does.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
  var hash = FNV1a()
  for byte in bytes { hash.add(UInt64(byte)) }
  return hash.value
}

/// The place of the real MNIST, if there is one: `ADJOINT_MNIST`, or `../shared/data/mnist` beside the package.
let mnistDirectory: URL? = {
  let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let candidates =
    ProcessInfo.processInfo.environment["ADJOINT_MNIST"].map { [URL(fileURLWithPath: $0)] }
    ?? [package.deletingLastPathComponent().appendingPathComponent("shared/data/mnist")]
  return candidates.first { MNIST.isPresent(in: $0) }
}()

let mnistComment: Comment = "needs MNIST: set ADJOINT_MNIST to its directory, or put it into ../shared/data/mnist"
