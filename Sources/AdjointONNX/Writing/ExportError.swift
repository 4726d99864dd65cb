/// A recording that cannot be written as ONNX: where, what was expected and found, and what to do.
public struct ExportError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  init(_ node: String, _ reason: String, remedy: String) {
    description = "\(node): \(reason). \(remedy)"
  }
}

/// A part of a recording that holds the number of rows of the batch, so that another number does not fit.
struct FixedBatch: Error {
  let reason: String
}
