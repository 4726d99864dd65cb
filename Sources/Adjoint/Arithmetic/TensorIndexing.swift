// Order and choice of elements of tensors without a tape, under the names that variables have.

extension Tensor where Element: Scalar {
  /// The position of the largest element along an axis, which is removed or kept as a dimension of 1: the first of those that tie,
  /// and that of the first NaN where there is one.
  public func argMax(
    axis: Int = -1, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<Int32> {
    recorded { $0.argMax(axis: axis, keepingDimensions: keepingDimensions, file: file, line: line) }.indexValue
  }

  /// The position of the smallest element along an axis, which is removed or kept, as for `argMax`.
  public func argMin(
    axis: Int = -1, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<Int32> {
    recorded { $0.argMin(axis: axis, keepingDimensions: keepingDimensions, file: file, line: line) }.indexValue
  }

  /// The positions that put an axis into rising or falling order. Elements that tie keep their order, and NaN counts as the
  /// largest.
  /// - Parameter count: the number of positions that are wanted, the first ones; all when left out.
  public func argSort(
    axis: Int = -1, descending: Bool = false, count: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<Int32> {
    recorded { $0.argSort(axis: axis, descending: descending, count: count, file: file, line: line) }.indexValue
  }

  /// The elements in rising or falling order along an axis.
  public func sort(
    axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    recorded { $0.sort(axis: axis, descending: descending, file: file, line: line) }.value
  }

  /// The `count` largest elements along an axis, the largest first, and their positions.
  public func topK(
    _ count: Int, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Tensor, indices: Tensor<Int32>) {
    let tape = Tape<Element>()
    let top = tape.constant(self).topK(count, axis: axis, file: file, line: line)
    return (top.values.value, top.indices.indexValue)
  }

  /// Rows of this by number: y[i…, :] = x[index[i…], :].
  public func gather(_ index: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    recorded { $0.gather($0.tape.index(index), file: file, line: line) }.value
  }

  /// Elements of this along an axis, by number: y[…, i, …] = x[…, index[…, i, …], …].
  public func gather(
    _ index: Tensor<Int32>, axis: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    recorded { $0.gather($0.tape.index(index), axis: axis, file: file, line: line) }.value
  }

  /// Adds each element to place `index[…, i, …]` of its line in a tensor of zeros with another extent of the axis.
  public func scatterAdd(
    _ index: Tensor<Int32>, axis: Int, extent: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    recorded { $0.scatterAdd($0.tape.index(index), axis: axis, extent: extent, file: file, line: line) }.value
  }

  private func recorded(_ f: (Variable<Element>) -> Variable<Element>) -> Variable<Element> {
    f(Tape<Element>().constant(self))
  }
}
