// Products of vectors and of several axes: each is recorded as a matrix product or an elementwise one.

extension Variable {
  /// The inner product Σ a ⊙ b of two of one shape, as a single number.
  public func dot(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let (own, theirs) = (checkedShape("dot", file, line), other.checkedShape("dot", file, line))
    guard own == theirs else {
      fatalError(
        "dot: takes two of one shape, was given \(own) and \(theirs); matmul and tensordot sum over some axes alone",
        file: file, line: line)
    }
    let vector = Shape([own.elementCount])
    return reshape(to: vector).matmul(other.reshape(to: vector), file: file, line: line)
  }

  /// The products of each element of a vector with each of another one, a·bᵀ: [m] and [n] give [m, n].
  public func outer(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let (own, theirs) = (checkedShape("outer", file, line), other.checkedShape("outer", file, line))
    guard own.rank == 1, theirs.rank == 1 else {
      fatalError("outer: takes two vectors, was given \(own) and \(theirs); flatten them first", file: file, line: line)
    }
    return tape.record(Binary.multiply, reshape(to: [own[0], 1]), other, file: file, line: line)
  }

  /// The product summed over the last `count` axes of this and the first of another one: 1 is the matrix product, 0 the
  /// product of each element with each.
  public func tensordot(
    _ other: Variable, axes count: Int = 2, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let (own, theirs) = (checkedShape("tensordot", file, line), other.checkedShape("tensordot", file, line))
    guard count >= 0, count <= Swift.min(own.rank, theirs.rank) else {
      fatalError("tensordot: \(own) and \(theirs) do not both have \(count) axes", file: file, line: line)
    }
    return tensordot(
      other, axes: Array(own.rank - count..<own.rank), Array(0..<count), file: file, line: line)
  }

  /// The product summed over some axes of this and of another one, the first with the first and so on. The result has the
  /// other axes of this, and then those of the other. An axis below 0 counts from the end.
  public func tensordot(
    _ other: Variable, axes: [Int], _ otherAxes: [Int], file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let (own, theirs) = (checkedShape("tensordot", file, line), other.checkedShape("tensordot", file, line))
    let mine = axes.map { axis($0, for: "tensordot", file, line) }
    let others = otherAxes.map { other.axis($0, for: "tensordot", file, line) }
    guard mine.count == others.count, Set(mine).count == mine.count, Set(others).count == others.count,
      zip(mine, others).allSatisfy({ own[$0] == theirs[$1] })
    else {
      fatalError(
        "tensordot: the axes \(axes) of \(own) and \(otherAxes) of \(theirs) do not go together; each is named once, and "
          + "two that go together have one extent", file: file, line: line)
    }
    guard own.rank + theirs.rank - 2 * mine.count <= Shape.maximumRank else {
      fatalError(
        "tensordot: the result of \(own) and \(theirs) has more than \(Shape.maximumRank) axes", file: file, line: line)
    }
    _ = tape.index(of: other, for: "tensordot", beside: [self, other], file: file, line: line)
    let labels = Array(own.indices)
    let theirLabels = theirs.indices.map { axis in
      others.firstIndex(of: axis).map { mine[$0] } ?? Shape.maximumRank + axis
    }
    let output = labels.filter { !mine.contains($0) } + theirLabels.filter { $0 >= Shape.maximumRank }
    return LabeledAxes(x: self, labels: labels)
      .product(LabeledAxes(x: other, labels: theirLabels), keeping: LabelSet(labels: output), into: output)
      .ordered(output).x
  }
}

// On a tape of its own, each tensor a constant: the bits are the tape's.
extension Tensor where Element: Scalar {
  /// The inner product Σ a ⊙ b of two of one shape, as a single number.
  public func dot(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let tape = Tape<Element>()
    return tape.constant(self).dot(tape.constant(other), file: file, line: line).value
  }

  /// The products of each element of a vector with each of another one: [m] and [n] give [m, n].
  public func outer(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let tape = Tape<Element>()
    return tape.constant(self).outer(tape.constant(other), file: file, line: line).value
  }

  /// The product summed over the last `count` axes of this and the first of another one.
  public func tensordot(
    _ other: Tensor, axes count: Int = 2, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let tape = Tape<Element>()
    return tape.constant(self).tensordot(tape.constant(other), axes: count, file: file, line: line).value
  }

  /// The product summed over some axes of this and of another one, the first with the first and so on.
  public func tensordot(
    _ other: Tensor, axes: [Int], _ otherAxes: [Int], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let tape = Tape<Element>()
    return tape.constant(self).tensordot(tape.constant(other), axes: axes, otherAxes, file: file, line: line).value
  }
}
