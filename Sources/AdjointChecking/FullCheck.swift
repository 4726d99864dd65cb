import Adjoint

/// Compares every coordinate of the gradient with a forward derivative of its own, eight coordinates to a replay.
///
/// Only what a coordinate changes is replayed: where a leaf feeds a single matrix product, the rows or columns of that product
/// that it touches are computed again in eight-lane dual numbers, and then what stands behind the product; any other leaf is
/// moved itself, and everything behind it replayed.
///
/// - Complexity: (coordinates / 8) times the cost of what stands behind the leaf.
struct FullCheck<S: Scalar> {
  let recording: CheckedRecording<S>
  let order: Int

  func run(_ report: inout Report) {
    let program = Program<DualLanes>([recording.output], keeping: .all)
    for (leaf, value) in zip(recording.leaves, recording.point) {
      program.write(value.map { DualLanes($0) }, into: leaf)
    }
    program.replay(holding: Set(recording.leaves.map(\.index)))
    var worst: Judgment?
    var wrong = 0
    for (leaf, gradient) in zip(recording.leaves, recording.gradient) {
      guard program.holds(leaf.index) else { continue }
      let product = onlyProduct(of: leaf)
      let base = program.value(at: leaf.index)
      let output = product.map { program.value(at: $0.node) }
      for start in stride(from: 0, to: gradient.elements.count, by: DualLanes.width) {
        let lanes = start..<min(start + DualLanes.width, gradient.elements.count)
        var moved = base
        for element in lanes { moved[linear: element].tangents[element - start] = 1 }
        if let product, let output {
          program.write(
            product.output(output, moving: lanes, of: moved, in: program), into: recording.tape[product.node])
          program.run(after: recording.tape[product.node])
        } else {
          program.write(moved, into: leaf)
          program.run(after: leaf)
        }
        let (expected, magnitude) = derivative(program)
        for element in lanes {
          let judgment = Judgment(
            .dual, order: order, found: gradient.elements[element], expected: expected[element - start],
            bound: recording.bound(magnitude[element - start], abs(gradient.elements[element])),
            remark: "element \(element) of \(recording.describe(leaf.index).path)")
          if judgment.verdict == .disagree { wrong += 1 }
          if judgment.severity > worst?.severity ?? -1 { worst = judgment }
        }
      }
      report.coordinates += gradient.elements.count
      if let product, let output { program.write(output, into: recording.tape[product.node]) }
      program.write(base, into: leaf)
      program.run(after: leaf)
    }
    if let worst { report.judgments.append(worst) }
    if wrong > 0, let worst { report.findings.append(finding(worst, wrong)) }
  }

  /// ⟨v, ẏ⟩ for each lane, and Σ |vᵢẏᵢ|.
  private func derivative(_ program: Program<DualLanes>) -> (SIMD8<Double>, SIMD8<Double>) {
    program.withElements(at: recording.output.index) { y in
      var (sum, magnitude) = (SIMD8<Double>(repeating: 0), SIMD8<Double>(repeating: 0))
      for i in y.indices {
        let term = y[i].tangents * recording.cotangent.elements[i]
        sum += term
        magnitude += term.replacing(with: -term, where: term .< 0)
      }
      return (sum, magnitude)
    }
  }

  /// A wrong coordinate that directions did not see: the leaf is named, and `Blame` looks for the operation.
  private func finding(_ worst: Judgment, _ wrong: Int) -> Finding {
    let leaf = recording.leaves.first { worst.remark.hasSuffix(" of \(recording.describe($0.index).path)") }
    let consumer = recording.edges.first { $0.producer == leaf?.index }?.consumer ?? recording.output.index
    let (name, path, inputs, inputShapes, shape) = recording.describe(consumer)
    let element = Int(worst.remark.split(separator: " ").dropFirst().first ?? "")
    return Finding(
      mechanism: .rule, operation: name, node: consumer, path: path, inputShapes: inputShapes, outputShape: shape,
      input: leaf.flatMap { leaf in inputs.firstIndex(of: leaf.index) }, element: element, found: worst.found,
      expected: worst.expected, hypothesis: .unknown, isConfirmed: false)
  }

  // MARK: Products

  /// The matrix product that is a leaf's only user, if it has such.
  private func onlyProduct(of leaf: Variable<S>) -> TouchedProduct<S>? {
    let users = (0...recording.output.index).filter { recording.describe($0).inputs.contains(leaf.index) }
    guard users.count == 1, let operation = recording.tape.operation(at: users[0]) as? MatMul else { return nil }
    let inputs = recording.describe(users[0]).inputs
    guard inputs[0] != inputs[1] else { return nil }
    return TouchedProduct(
      node: users[0], operation: operation, other: inputs[0] == leaf.index ? inputs[1] : inputs[0],
      isFirst: inputs[0] == leaf.index, leafShape: leaf.shape)
  }
}

/// A product one of whose operands is moved in a few elements.
private struct TouchedProduct<S: Scalar> {
  let node: Int
  let operation: MatMul
  let other: Int
  let isFirst: Bool
  let leafShape: Shape

  /// The product with the rows or columns that the moved elements touch computed again.
  func output(
    _ output: Tensor<DualLanes>, moving lanes: Range<Int>, of leaf: Tensor<DualLanes>, in program: Program<DualLanes>
  ) -> Tensor<DualLanes> {
    var result = output
    let isTransposed = isFirst ? operation.transposeA : operation.transposeB
    let otherTransposed = isFirst ? operation.transposeB : operation.transposeA
    let width = leafShape[1]
    // The row or column of the product that a moved element belongs to.
    let touched = Set(lanes.map { isTransposed == isFirst ? $0 % width : $0 / width })
    let (rows, columns) = (output.shape[0], output.shape[1])
    let depth = isTransposed == isFirst ? leafShape[0] : leafShape[1]
    program.withElements(at: other) { other in
      for line in touched {
        for across in 0..<(isFirst ? columns : rows) {
          var sum: DualLanes = 0
          for k in 0..<depth {
            let own = leaf.elements[isTransposed == isFirst ? k * width + line : line * width + k]
            let otherWidth = isFirst == otherTransposed ? depth : (isFirst ? columns : rows)
            let factor = other[isFirst == otherTransposed ? across * otherWidth + k : k * otherWidth + across]
            sum = sum + own * factor
          }
          result[linear: isFirst ? line * columns + across : across * columns + line] = sum
        }
      }
    }
    return result
  }
}
