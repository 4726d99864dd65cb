// Parts of a tensor: one position or a range of positions along an axis. Positions alone name an element.

extension Tensor {
  /// The part at one position of an axis, which is removed: `t[0, axis: 0]` is the first row of a matrix, `t[2, axis: 1]`
  /// its third column. An axis below 0 counts from the end.
  /// - Precondition: the axis has that position. A part that is set has the shape of what it replaces.
  public subscript(_ position: Int, axis axis: Int, file file: StaticString = #fileID, line line: UInt = #line)
    -> Tensor
  {
    get {
      let part = AxisPart(of: shape, position, axis: axis, file, line)
      return Tensor(shape: part.shape, elements: copy(of: part))
    }
    set { replace(AxisPart(of: shape, position, axis: axis, file, line), with: newValue, file, line) }
  }

  /// The part at a range of positions of an axis: `t[1..<3]` are two rows of a matrix, `t[..<2, axis: 1]` its first two
  /// columns. An axis below 0 counts from the end.
  /// - Precondition: the axis has these positions. A part that is set has the shape of what it replaces.
  public subscript(
    _ range: some RangeExpression<Int>, axis axis: Int = 0, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Tensor {
    get {
      let part = AxisPart(of: shape, range, axis: axis, file, line)
      return Tensor(shape: part.shape, elements: copy(of: part))
    }
    set { replace(AxisPart(of: shape, range, axis: axis, file, line), with: newValue, file, line) }
  }

  private func copy(of part: AxisPart) -> [Element] {
    var copy: [Element] = []
    copy.reserveCapacity(part.shape.elementCount)
    part.forEachRun { copy += elements[$0] }
    return copy
  }

  private mutating func replace(_ part: AxisPart, with new: Tensor, _ file: StaticString, _ line: UInt) {
    guard new.shape == part.shape else {
      fatalError(
        "Tensor: a part of shape \(part.shape) cannot be set to a tensor of shape \(new.shape)", file: file, line: line)
    }
    var position = 0
    part.forEachRun { run in
      replaceElements(in: run, with: new.elements[position..<position + run.count])
      position += run.count
    }
  }
}

/// A stretch of positions along one axis of a shape: what a subscript with a range or an axis names.
struct AxisPart {
  /// The shape of the part.
  let shape: Shape
  /// The axis, counted from the beginning.
  let axis: Int
  /// The positions along the axis.
  let range: Range<Int>
  private let runs: Int
  private let runLength: Int
  private let start: Int
  private let stride: Int

  init(of whole: Shape, _ position: Int, axis: Int, _ file: StaticString, _ line: UInt) {
    let axis = whole.checked(axis: axis, file, line)
    let position = whole.checked(position, axis: axis, file, line)
    let kept = whole.indices.filter { $0 != axis }.map { whole[$0] }
    self.init(of: whole, position..<position + 1, axis, shape: Shape(kept))
  }

  init(of whole: Shape, _ range: some RangeExpression<Int>, axis: Int, _ file: StaticString, _ line: UInt) {
    let axis = whole.checked(axis: axis, file, line)
    // An open end of the range becomes the least or the greatest number, and so the end of the axis.
    let wide = range.relative(to: Int.min..<Int.max)
    let lower = wide.lowerBound == .min ? 0 : wide.lowerBound
    let upper = wide.upperBound == .max ? whole[axis] : wide.upperBound
    guard lower >= 0, lower <= upper, upper <= whole[axis] else {
      fatalError(
        "Tensor: no positions \(lower) ..< \(upper) along axis \(axis) of \(whole), which has 0 ..< \(whole[axis])",
        file: file, line: line)
    }
    self.init(of: whole, lower..<upper, axis, shape: whole.replacing(axis: axis, with: upper - lower))
  }

  private init(of whole: Shape, _ range: Range<Int>, _ axis: Int, shape: Shape) {
    let inner = whole.strides[axis]
    (self.shape, self.axis, self.range) = (shape, axis, range)
    runs = whole.prefix(axis).reduce(1, *)
    runLength = range.count * inner
    start = range.lowerBound * inner
    stride = whole[axis] * inner
  }

  /// The row-major positions of the part, as contiguous runs in order.
  func forEachRun(_ body: (Range<Int>) -> Void) {
    guard runLength > 0 else { return }
    for run in 0..<runs { body(start + run * stride..<start + run * stride + runLength) }
  }
}

extension Shape {
  /// The row-major offset of the element at these positions, one for each axis.
  /// - Precondition: there is such an element; otherwise this traps at the caller's line.
  func offset(of positions: [Int], _ file: StaticString, _ line: UInt) -> Int {
    guard positions.count == rank else {
      let remedy = positions.count == 1 && rank > 1 ? "; a row is [\(positions[0]), axis: 0]" : ""
      let count = positions.count == 1 ? "1 position" : "\(positions.count) positions"
      fatalError(
        "Tensor: \(count), \(positions), for an element of \(self), which takes \(rank)\(remedy)", file: file,
        line: line)
    }
    var offset = 0
    for axis in indices { offset = offset * self[axis] + checked(positions[axis], axis: axis, file, line) }
    return offset
  }

  /// A position along an axis.
  /// - Precondition: the axis has it; otherwise this traps at the caller's line with shape, position and axis.
  func checked(_ position: Int, axis: Int, _ file: StaticString, _ line: UInt) -> Int {
    guard position >= 0, position < self[axis] else {
      fatalError(
        "Tensor: no position \(position) along axis \(axis) of \(self), which has 0 ..< \(self[axis])", file: file,
        line: line)
    }
    return position
  }

  /// The axis that a number names, which counts from the end when it is below 0.
  func checked(axis: Int, of operation: String = "Tensor", _ file: StaticString, _ line: UInt) -> Int {
    do throws(ShapeError) { return try normalized(axis: axis, of: operation) } catch {
      fatalError(error.description, file: file, line: line)
    }
  }
}
