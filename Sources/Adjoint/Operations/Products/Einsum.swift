/// Products and sums in Einstein's notation: `einsum("bhqd,bhkd->bhqk", q, k)`.
///
/// Each letter is an index, and so an axis of every operand that names it. The result has the letters behind `->`, in that
/// order; all others are summed over. Without `->` they are those that occur once, in alphabetical order. A letter that
/// an operand names twice takes its diagonal, so `"ii"` is a trace. `...` stands for any further axes, which broadcast.
/// Letters may stand apart by spaces.
///
/// Two operands at a time are combined, in the order of fewest multiplications: by one matrix product over leading axes,
/// or element by element where nothing is summed.
/// - Precondition: the equation names an axis for each of every operand, and a letter has one extent.
public func einsum<S: Scalar>(
  _ equation: String, _ operands: Variable<S>..., file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  einsum(equation, operands, file: file, line: line)
}

/// Products and sums in Einstein's notation of a list of operands.
/// - Precondition: the equation names an axis for each of every operand, and a letter has one extent.
public func einsum<S: Scalar>(
  _ equation: String, _ operands: [Variable<S>], file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  do throws(ShapeError) {
    let parsed = try EinsumEquation(equation, operands.map { $0.checkedShape("einsum", file, line) })
    for x in operands.dropFirst() {
      _ = operands[0].tape.index(of: x, for: "einsum", beside: operands, file: file, line: line)
    }
    let leaves = zip(operands, parsed.terms).map { LabeledAxes($0, $1) }
    let output = LabelSet(labels: parsed.output)
    return combined(.best(for: parsed), leaves, keeping: output, into: parsed.output).ordered(parsed.output).x
  } catch { fatalError(error.description, file: file, line: line) }
}

/// Products and sums of tensors in Einstein's notation: `einsum("ij,jk->ik", a, b)`.
/// - Precondition: the equation names an axis for each of every operand, and a letter has one extent.
public func einsum<S: Scalar>(
  _ equation: String, _ operands: Tensor<S>..., file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let tape = Tape<S>()
  return einsum(equation, operands.map { tape.constant($0) }, file: file, line: line).value
}

/// The operands of an order combined, with the labels of `kept` left.
private func combined<S: Scalar>(
  _ order: EinsumOrder, _ leaves: [LabeledAxes<S>], keeping kept: LabelSet, into output: [Int]
) -> LabeledAxes<S> {
  switch order {
  case .operand(let number): return leaves[number].summed(keeping: kept)
  case .pair(let a, let b):
    let x = combined(a, leaves, keeping: kept.union(order: b, leaves), into: output)
    let y = combined(b, leaves, keeping: kept.union(order: a, leaves), into: output)
    return x.product(y, keeping: kept, into: output)
  }
}

extension LabelSet {
  /// These labels, and those of the operands of an order.
  fileprivate func union<S: Scalar>(order: EinsumOrder, _ leaves: [LabeledAxes<S>]) -> LabelSet {
    switch order {
    case .operand(let number): union(LabelSet(labels: leaves[number].labels))
    case .pair(let a, let b): union(order: a, leaves).union(order: b, leaves)
    }
  }
}
