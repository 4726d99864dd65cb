import Adjoint

// Labels in whatever integers they come. A literal such as `[0, 2, 1]` is one of these.

extension TrainingStep {
  /// One update from inputs and class indices of any type of integers. Returns the loss before the update.
  /// - Throws: `FeedError` when a label does not fit into `Int32`, and what a step on `Int32` throws.
  @discardableResult
  public func callAsFunction<Label: BinaryInteger & BitwiseCopyable & Sendable>(
    _ x: Tensor<S>, _ labels: Tensor<Label>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try self(x, try labels.asIndices(), file: file, line: line)
  }

  /// One update from inputs and a list of class indices, one a row. Returns the loss before the update.
  /// - Throws: `FeedError` when a label does not fit into `Int32`, and what a step on `Int32` throws.
  @discardableResult
  public func callAsFunction<Label: BinaryInteger & BitwiseCopyable & Sendable>(
    _ x: Tensor<S>, _ labels: [Label], file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try self(x, try Tensor(labels).asIndices(), file: file, line: line)
  }
}
