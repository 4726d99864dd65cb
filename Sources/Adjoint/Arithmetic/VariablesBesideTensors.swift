// Variables as tensors are used: parts by subscript, and arithmetic with tensors, which are recorded as constants.

extension Variable {
  /// The element at these positions, one for each axis, as a single number.
  /// - Precondition: there is such an element. A part is `x[0, axis: 0]` or `x[0..<2]`.
  public subscript(_ positions: Int..., file file: StaticString = #fileID, line line: UInt = #line) -> Variable {
    _ = shape.offset(of: positions, file, line)
    let size = Shape(Array(repeating: 1, count: positions.count))
    return slice(start: positions, size: size).reshape(to: .scalar)
  }

  /// The part at one position of an axis, which is removed: `x[0, axis: 0]` is the first row of a matrix. An axis below 0
  /// counts from the end.
  /// - Precondition: the axis has that position.
  public subscript(
    _ position: Int, axis axis: Int, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    let part = AxisPart(of: shape, position, axis: axis, file, line)
    return slice(part.range, axis: part.axis).reshape(to: part.shape)
  }

  /// The part at a range of positions of an axis: `x[1..<3]` are two rows of a matrix, `x[..<2, axis: 1]` its first two
  /// columns. An axis below 0 counts from the end.
  /// - Precondition: the axis has these positions.
  public subscript(
    _ range: some RangeExpression<Int>, axis axis: Int = 0, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    let part = AxisPart(of: shape, range, axis: axis, file, line)
    return slice(part.range, axis: part.axis)
  }
}

// A tensor beside a variable is a constant of its tape: data that a function captures.
extension Variable {
  /// a + b, with a constant b.
  public static func + (a: Variable, b: Tensor<S>) -> Variable { a + a.tape.constant(b) }
  /// a + b, with a constant a.
  public static func + (a: Tensor<S>, b: Variable) -> Variable { b.tape.constant(a) + b }
  /// a − b, with a constant b.
  public static func - (a: Variable, b: Tensor<S>) -> Variable { a - a.tape.constant(b) }
  /// a − b, with a constant a.
  public static func - (a: Tensor<S>, b: Variable) -> Variable { b.tape.constant(a) - b }
  /// a ⊙ b, with a constant b.
  public static func * (a: Variable, b: Tensor<S>) -> Variable { a * a.tape.constant(b) }
  /// a ⊙ b, with a constant a.
  public static func * (a: Tensor<S>, b: Variable) -> Variable { b.tape.constant(a) * b }
  /// a / b, with a constant b.
  public static func / (a: Variable, b: Tensor<S>) -> Variable { a / a.tape.constant(b) }
  /// a / b, with a constant a.
  public static func / (a: Tensor<S>, b: Variable) -> Variable { b.tape.constant(a) / b }

  /// The matrix product op(self)·op(other) with a constant.
  public func matmul(_ other: Tensor<S>, transposeA: Bool = false, transposeB: Bool = false) -> Variable {
    matmul(tape.constant(other), transposeA: transposeA, transposeB: transposeB)
  }
}

extension Tensor where Element: Scalar {
  /// The matrix product op(self)·op(other) of a constant with a variable, recorded on its tape.
  public func matmul(
    _ other: Variable<Element>, transposeA: Bool = false, transposeB: Bool = false
  ) -> Variable<Element> {
    other.tape.constant(self).matmul(other, transposeA: transposeA, transposeB: transposeB)
  }
}
