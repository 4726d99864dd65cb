// Reductions over one axis, which is removed or kept as a dimension of 1. An axis below 0 counts from the end.

extension Variable {
  /// Σ x along an axis.
  public func sum(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    sum(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The mean along an axis.
  public func mean(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    mean(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The largest element along an axis.
  public func max(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    max(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The smallest element along an axis.
  public func min(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    min(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// Π x along an axis.
  public func prod(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    prod(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The variance along an axis, divided by N − correction.
  /// - Precondition: N > correction.
  public func variance(
    axis: Int, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    variance(axes: [axis], keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
  }

  /// √ of the variance along an axis, which is divided by N − correction.
  /// - Precondition: N > correction.
  public func standardDeviation(
    axis: Int, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    standardDeviation(
      axes: [axis], keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
  }

  /// The norm (Σ|x|ᵖ)^(1/p) along an axis, for order p = 2 unless given.
  public func norm(
    order: Double = 2, axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    norm(order: order, axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }
}

extension Tensor where Element: Scalar {
  /// Σ x along an axis.
  public func sum(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    sum(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The mean along an axis.
  public func mean(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    mean(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The largest element along an axis.
  public func max(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    max(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The smallest element along an axis.
  public func min(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    min(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// Π x along an axis.
  public func prod(
    axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    prod(axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The variance along an axis, divided by N − correction.
  /// - Precondition: N > correction.
  public func variance(
    axis: Int, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    variance(axes: [axis], keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
  }

  /// √ of the variance along an axis, which is divided by N − correction.
  /// - Precondition: N > correction.
  public func standardDeviation(
    axis: Int, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    standardDeviation(
      axes: [axis], keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
  }

  /// The norm (Σ|x|ᵖ)^(1/p) along an axis, for order p = 2 unless given.
  public func norm(
    order: Double = 2, axis: Int, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    norm(order: order, axes: [axis], keepingDimensions: keepingDimensions, file: file, line: line)
  }
}
