import AdjointFiles
import Foundation

extension ONNXModel {
  /// The most bytes that a message of the format can have.
  package static let largestSize = 1 << 31

  /// Reads a model; tensors that stand in other files are named and not read.
  /// - Throws: `FileError` when the file cannot be read, or is no model.
  package init(contentsOf url: URL) throws(FileError) {
    let file = try InputFile(url)
    let bytes = try file.contents(memoryLimit: ONNXModel.largestSize)
    guard !bytes.isEmpty else {
      throw FileError(
        .wrongFormat, file: url.path, at: .wholeFile, expected: "an ONNX model", found: "an empty file",
        remedy: "Give a file that an exporter wrote.")
    }
    var reader = WireReader(bytes, file: url.path)
    try self.init(from: &reader)
  }

  /// Writes the model, or leaves the file as it was.
  /// - Throws: `FileError` when the file cannot be written, or the model is larger than the format allows.
  package func write(to url: URL) throws(FileError) {
    let bytes = encoded
    guard bytes.count < ONNXModel.largestSize else {
      throw FileError(
        .oversized, file: url.path, at: .wholeFile, expected: "fewer than \(ONNXModel.largestSize) bytes",
        found: "\(bytes.count)", remedy: "The format holds no larger model in one file.")
    }
    try OutputFile.replace(url, with: bytes)
  }
}
