// Variables as tensors are used: parts by subscript, and arithmetic with tensors, which are recorded as constants.

extension Variable {
  /// The part that a position or more of each axis name, recorded: `x[0]` is the first row of a matrix, `x[1, -1]` an element,
  /// `x[0..<2, 1]` two elements of a column, `x[.newAxis]` one with a new axis in front. Axes that are not named stay whole.
  /// - Precondition: there are such positions.
  public subscript(
    _ positions: any AxisPosition..., file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    part(positions, nil, file, line)
  }

  /// The part that positions of the last axes name: `x[..., 0]` is the first column of a matrix.
  public subscript(
    _ rest: UnboundedRange, _ last: any AxisPosition..., file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    part(last, 0, file, line)
  }

  /// The part that positions of the first axis and of the last axes name: `x[0, ..., 1]`.
  public subscript(
    _ first: any AxisPosition, _ rest: UnboundedRange, _ last: any AxisPosition...,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    part([first] + last, 1, file, line)
  }

  /// The part that positions of the first two axes and of the last axes name: `x[0, 1..<3, ...]`.
  public subscript(
    _ first: any AxisPosition, _ second: any AxisPosition, _ rest: UnboundedRange, _ last: any AxisPosition...,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    part([first, second] + last, 2, file, line)
  }

  /// The part at one or more positions of an axis: `x[0, axis: 1]` is the first column of a matrix, `x[..<2, axis: 1]` are its
  /// first two. An axis below 0 counts from the end.
  /// - Precondition: the axis has these positions.
  public subscript(
    _ position: any AxisPosition, axis axis: Int, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Variable {
    let shape = checkedShape("subscript", file, line)
    return part(NamedPart(of: shape, position, axis: axis, file, line), of: shape, file, line)
  }

  private func part(
    _ positions: [any AxisPosition], _ rest: Int?, _ file: StaticString, _ line: UInt
  ) -> Variable {
    let shape = checkedShape("subscript", file, line)
    return part(NamedPart(of: shape, positions, rest: rest, file, line), of: shape, file, line)
  }

  private func part(_ part: NamedPart, of own: Shape, _ file: StaticString, _ line: UInt) -> Variable {
    let isWhole = part.size == own && part.step.isEmpty
    let taken = isWhole ? self : slice(start: part.start, size: part.size, step: part.step, file: file, line: line)
    return taken.reshape(to: part.shape, file: file, line: line)
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

  /// Adds a constant b to a: a becomes another node, and the tape keeps the old one.
  public static func += (a: inout Variable, b: Tensor<S>) { a = a + b }
  /// Subtracts a constant b from a: a becomes another node, and the tape keeps the old one.
  public static func -= (a: inout Variable, b: Tensor<S>) { a = a - b }
  /// Multiplies a by a constant b: a becomes another node, and the tape keeps the old one.
  public static func *= (a: inout Variable, b: Tensor<S>) { a = a * b }
  /// Divides a by a constant b: a becomes another node, and the tape keeps the old one.
  public static func /= (a: inout Variable, b: Tensor<S>) { a = a / b }

  /// The elements where a constant condition is not 0, and 0 elsewhere, selected and not multiplied.
  public func masked(by condition: Tensor<S>, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    masked(by: tape.constant(condition), file: file, line: line)
  }

  /// The matrix product op(self)·op(other) with a constant.
  public func matmul(
    _ other: Tensor<S>, transposeA: Bool = false, transposeB: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    matmul(tape.constant(other), transposeA: transposeA, transposeB: transposeB, file: file, line: line)
  }
}

extension Tensor where Element: Scalar {
  /// The matrix product op(self)·op(other) of a constant with a variable, recorded on its tape.
  public func matmul(
    _ other: Variable<Element>, transposeA: Bool = false, transposeB: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable<Element> {
    other.tape.constant(self).matmul(
      other, transposeA: transposeA, transposeB: transposeB, file: file, line: line)
  }
}
