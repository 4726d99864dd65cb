// Reductions and products of tensors without a tape, under the names that variables have.

extension Tensor where Element: Scalar {
  /// Σ x over `axes` (all when left out), which are removed or kept as dimensions of 1.
  public func sum(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let set = axisSet(axes, for: "sum", file, line)
    return .evaluating(Sum(axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// The mean over `axes` (all when left out), which are removed or kept as dimensions of 1.
  public func mean(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let set = axisSet(axes, for: "mean", file, line)
    return .evaluating(Mean(axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// The variance over `axes` (all when left out), divided by N − correction.
  /// - Precondition: N > correction.
  public func variance(
    axes: [Int]? = nil, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let set = axisSet(axes, for: "variance", file, line)
    return .evaluating(
      Variance(axes: set, keepsDimensions: keepingDimensions, correction: correction), self, file: file, line: line)
  }

  /// The largest element over `axes` (all when left out), which are removed or kept as dimensions of 1.
  public func max(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let set = axisSet(axes, for: "max", file, line)
    return .evaluating(
      Extremum(kind: .max, axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// The smallest element over `axes` (all when left out), which are removed or kept as dimensions of 1.
  public func min(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let set = axisSet(axes, for: "min", file, line)
    return .evaluating(
      Extremum(kind: .min, axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// eˣ / Σ eˣ along an axis.
  public func softmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    alongLastAxis(axis, Softmax(), file, line)
  }

  /// x − ln Σ eˣ along an axis.
  public func logSoftmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    alongLastAxis(axis, LogSoftmax(), file, line)
  }

  /// ln Σ eˣ along an axis, which is removed.
  public func logSumExp(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    alongLastAxis(axis, LogSumExp(), removesAxis: true, file, line)
  }

  /// ln Σ eˣ over several axes, which are removed or kept as dimensions of 1.
  public func logSumExp(
    axes: [Int], keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    composed { $0.logSumExp(axes: axes, keepingDimensions: keepingDimensions, file: file, line: line) }
  }

  /// The sums of all elements up to each along an axis, or from each on when reversed.
  public func cumsum(
    axis: Int = -1, reversed: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    alongLastAxis(axis, CumulativeSum(isReversed: reversed), file, line)
  }

  /// Π x over `axes` (all when left out), which are removed or kept as dimensions of 1.
  public func prod(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    composed { $0.prod(axes: axes, keepingDimensions: keepingDimensions, file: file, line: line) }
  }

  /// The products of all elements up to each along an axis.
  public func cumprod(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.cumprod(axis: axis, file: file, line: line) }
  }

  /// The norm (Σ|x|ᵖ)^(1/p) over `axes` (all when left out), for order p = 2 unless given.
  public func norm(
    order: Double = 2, axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    composed { $0.norm(order: order, axes: axes, keepingDimensions: keepingDimensions, file: file, line: line) }
  }

  /// √ of the variance over `axes` (all when left out), which is divided by N − correction.
  /// - Precondition: N > correction.
  public func standardDeviation(
    axes: [Int]? = nil, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    composed {
      $0.standardDeviation(
        axes: axes, keepingDimensions: keepingDimensions, correction: correction, file: file, line: line)
    }
  }

  /// x / max(‖x‖, ε) along an axis, with the norm of an order.
  public func normalize(
    axis: Int = -1, order: Double = 2, epsilon: Double = 1e-12, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    composed { $0.normalize(axis: axis, order: order, epsilon: epsilon, file: file, line: line) }
  }

  /// e⁻ˣ / Σ e⁻ˣ along an axis.
  public func softmin(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.softmin(axis: axis, file: file, line: line) }
  }

  private func axisSet(_ axes: [Int]?, for name: String, _ file: StaticString, _ line: UInt) -> AxisSet {
    guard let axes else { return AxisSet(0..<shape.rank) }
    let own = axes.map { shape.checked(axis: $0, of: name, file, line) }
    requireDistinct(own, for: name, shape, file, line)
    return AxisSet(own)
  }

  /// f with the axis moved to the end, and moved back unless f removes it.
  private func alongLastAxis(
    _ axis: Int, _ f: some Operation, removesAxis: Bool = false, _ file: StaticString, _ line: UInt
  ) -> Tensor {
    let position = shape.checked(axis: axis, of: f.name, file, line)
    let order = shape.indices.filter { $0 != position } + [position]
    if position == shape.rank - 1 { return .evaluating(f, self, file: file, line: line) }
    let y = Tensor.evaluating(f, permute(order), file: file, line: line)
    return removesAxis ? y : y.permute(order.indices.map { order.firstIndex(of: $0) ?? 0 })
  }
}

extension Tensor where Element: Scalar {
  /// The matrix product op(self)·op(other), where a flag transposes the last two axes.
  /// - Precondition: op(self) is […, m, k] or a vector [k], op(other) […, k, n] or [k], and the leading axes broadcast.
  public func matmul(
    _ other: Tensor, transposeA: Bool = false, transposeB: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    .evaluating(MatMul(transposeA: transposeA, transposeB: transposeB), self, other, file: file, line: line)
  }
}
