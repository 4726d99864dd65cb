import Adjoint

/// Compares every coordinate of the gradient with a forward derivative of its own, eight coordinates to a replay.
///
/// Only what a coordinate changes is replayed. Of a single matrix product that a leaf feeds, the rows or columns that the
/// coordinate touches are computed again in eight-lane dual numbers, and then what stands behind the product; any other leaf is
/// moved itself, and everything behind it replayed.
///
/// - Complexity: (coordinates / 8) times the cost of what stands behind the leaf.
struct FullCheck {
  let recording: CheckedRecording
  let order: Int

  /// - Parameters:
  ///   - kinks: the kinks at which the point stands.
  ///   - faults: the faults of single operations, which grow by those that a coordinate shows.
  func run(_ report: inout GradientReport, beside kinks: [Singularity], _ faults: inout [LocalJudge.Fault]) {
    let program = Program<DualLanes>(
      [recording.output] + recording.leaves, keeping: .all, altering: nil, holdingIndices: true)
    for (leaf, value) in zip(recording.leaves, recording.point) {
      program.write(value.map { DualLanes($0) }, into: leaf)
    }
    program.replay(holding: Set(recording.leaves.map(\.index)))
    recording.errors?.recompute()
    var worst: (judgment: Judgment, leaf: Int, element: Int)?
    // Coordinates that are beyond their bound, and are looked at by themselves.
    var suspects: [(leaf: Int, element: Int)] = []
    for (number, (leaf, gradient)) in zip(recording.leaves, recording.gradient).enumerated() {
      guard program.holds(leaf.index) else { continue }
      let errors = bounds(of: leaf, gradient)
      let product = onlyProduct(of: leaf).flatMap { program.holds($0.node) ? $0 : nil }
      let base = product.map { program.value(at: $0.node) }
      for start in stride(from: 0, to: gradient.elements.count, by: DualLanes.width) {
        let lanes = start..<min(start + DualLanes.width, gradient.elements.count)
        setTangents(of: leaf, lanes, to: 1, in: program)
        if let product {
          product.recompute(moving: lanes, of: leaf.index, in: program)
          program.run(after: recording.tape[product.node])
        } else {
          program.run(after: leaf)
        }
        let expected = derivative(program)
        for element in lanes {
          let judgment = Judgment(
            .dual, order: order, found: gradient.elements[element], expected: expected[element - start],
            bound: errors[element])
          if judgment.verdict == .disagree { suspects.append((number, element)) }
          if !(judgment.severity <= worst?.judgment.severity ?? -1) { worst = (judgment, number, element) }
        }
        setTangents(of: leaf, lanes, to: 0, in: program)
        if let product, let base { product.restore(base, moving: lanes, in: program) }
      }
      report.coordinates += gradient.elements.count
      program.run(after: leaf)
    }
    guard var (judgment, leaf, element) = worst else { return }
    if faults.isEmpty, judgment.verdict == .disagree {
      for suspect in [(leaf, element)] + suspects.prefix(3) {
        let seen = look(at: suspect.0, suspect.1, beside: kinks)
        if suspect == (leaf, element) || seen.judgment.verdict == .disagree {
          (judgment, leaf, element) = (seen.judgment, suspect.0, suspect.1)
        }
        faults += seen.faults
        if !faults.isEmpty { break }
      }
    }
    let place = "worst coordinate: element \(element) of \(recording.nodes[recording.leaves[leaf].index].path)"
    judgment.remark = judgment.remark.isEmpty ? place : place + "; " + judgment.remark
    report.judgments.append(judgment)
  }

  /// The bound of each coordinate: the running error of the rules, and as much for the dual numbers.
  ///
  /// Without a recording of errors, the rounding of one operation at least.
  private func bounds(of leaf: Variable<Double>, _ gradient: Tensor<Double>) -> [Double] {
    guard let errors = recording.errors, let adjoint = recording.adjoints[leaf.index], errors.holds(adjoint) else {
      return gradient.elements.map { abs($0) * 0x1p-49 + 4 * .leastNonzeroMagnitude }
    }
    return errors.withElements(at: adjoint) { $0.map { 16 * 0x1p-53 * $0.error + 4 * .leastNonzeroMagnitude } }
  }

  /// One coordinate by itself, with every operation's residual along it.
  private func look(
    at leaf: Int, _ element: Int, beside kinks: [Singularity]
  ) -> (judgment: Judgment, faults: [LocalJudge.Fault]) {
    var direction = recording.leaves.map { Tensor<Double>.zeros($0.shape) }
    direction[leaf][linear: element] = 1
    return DirectionalOracles(recording: recording, direction: direction, order: order)
      .coordinateJudgment(found: recording.gradient[leaf].elements[element], beside: kinks)
  }

  private func setTangents(
    of leaf: Variable<Double>, _ lanes: Range<Int>, to tangent: Double, in program: Program<DualLanes>
  ) {
    program.withElements(at: leaf.index) { elements in
      for (lane, element) in lanes.enumerated() { elements[element].tangents[lane] = tangent }
    }
  }

  /// ⟨v, ẏ⟩ for each lane.
  private func derivative(_ program: Program<DualLanes>) -> SIMD8<Double> {
    program.withElements(at: recording.output.index) { y in
      var sum = SIMD8<Double>(repeating: 0)
      for i in y.indices { sum += y[i].tangents * recording.cotangent.elements[i] }
      return sum
    }
  }

  // MARK: Products

  /// The product of two matrices that is a leaf's only user, if it has such.
  private func onlyProduct(of leaf: Variable<Double>) -> TouchedProduct? {
    let users = (0...recording.output.index).filter { recording.nodes[$0].inputs.contains(leaf.index) }
    guard users.count == 1,
      case .product(let transposeA, let transposeB)? = recording.tape.operation(at: users[0])?.form
    else { return nil }
    let inputs = recording.nodes[users[0]].inputs
    guard inputs[0] != inputs[1], inputs.allSatisfy({ recording.tape[$0].shape.rank == 2 }) else { return nil }
    return TouchedProduct(
      node: users[0], transposeA: transposeA, transposeB: transposeB,
      other: inputs[0] == leaf.index ? inputs[1] : inputs[0], isFirst: inputs[0] == leaf.index, leafShape: leaf.shape,
      outputShape: recording.tape[users[0]].shape)
  }
}

/// A product one of whose operands is moved in a few elements.
private struct TouchedProduct {
  let node: Int
  let transposeA: Bool
  let transposeB: Bool
  let other: Int
  let isFirst: Bool
  let leafShape: Shape
  let outputShape: Shape

  /// Tells whether the leaf's columns, not its rows, belong to the rows or columns of the product.
  private var isCrosswise: Bool { (isFirst ? transposeA : transposeB) == isFirst }

  /// The rows (of a first operand) or columns (of a second) of the product that moved elements touch.
  private func touched(by lanes: Range<Int>) -> Set<Int> {
    Set(lanes.map { isCrosswise ? $0 % leafShape[1] : $0 / leafShape[1] })
  }

  private func place(_ line: Int, _ across: Int) -> Int {
    isFirst ? line * outputShape[1] + across : across * outputShape[1] + line
  }

  /// Computes what the moved elements touch again.
  func recompute(moving lanes: Range<Int>, of leaf: Int, in program: Program<DualLanes>) {
    let (width, depth) = (leafShape[1], isCrosswise ? leafShape[0] : leafShape[1])
    let lines = outputShape[isFirst ? 1 : 0]
    let otherIsContiguous = isFirst == (isFirst ? transposeB : transposeA)
    program.withElements(at: leaf) { own in
      program.withElements(at: other) { other in
        program.withElements(at: node) { result in
          for line in touched(by: lanes) {
            for across in 0..<lines {
              var sum: DualLanes = 0
              for k in 0..<depth {
                let factor = other[otherIsContiguous ? across * depth + k : k * lines + across]
                sum = sum + own[isCrosswise ? k * width + line : line * width + k] * factor
              }
              result[place(line, across)] = sum
            }
          }
        }
      }
    }
  }

  /// Puts back what `recompute` changed.
  func restore(_ base: Tensor<DualLanes>, moving lanes: Range<Int>, in program: Program<DualLanes>) {
    program.withElements(at: node) { result in
      for line in touched(by: lanes) {
        for across in 0..<outputShape[isFirst ? 1 : 0] {
          result[place(line, across)] = base.elements[place(line, across)]
        }
      }
    }
  }
}
