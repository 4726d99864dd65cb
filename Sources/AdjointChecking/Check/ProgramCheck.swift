import Adjoint

/// Compares the compiled program, fused and with shared buffers, with one that keeps every value.
///
/// They must agree bit for bit in the output and in every gradient, at the recorded point and at another one.
struct ProgramCheck<S: Scalar> {
  let output: Variable<S>
  let leaves: [Variable<S>]
  let cotangent: Tensor<Double>
  /// The plan that a faulty compiler would have made; `nil` in earnest.
  let alteration: PlanAlteration?

  func judgment(_ report: inout GradientReport, _ recording: CheckedRecording) -> Judgment {
    let tape = output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let seed = tape.constant(cotangent.converted(to: S.self))
    let backward = tape.backward(from: output, cotangent: seed, to: leaves)
    let gradients = leaves.compactMap { leaf in backward.adjoint(of: leaf).map { (leaf: leaf, gradient: $0) } }
    let results = [output] + gradients.map(\.gradient)
    let compiled = Program<S>(results, keeping: .outputs, parameters: .copied, altering: alteration)
    let whole = Program<S>(results, keeping: .all, parameters: .copied)
    // Twice at the recorded values, because a buffer used again too early may spoil a leaf only for the next run.
    for factor in [1, 1, 1.01] {
      for (leaf, _) in gradients where leaf.role != nil {
        let moved = whole.value(of: leaf).map { $0 * S(factor) }
        whole.write(moved, into: leaf)
        if factor != 1 { compiled.write(moved, into: leaf) }
      }
      whole.replay()
      compiled.replay()
      for (position, result) in results.enumerated() {
        let (own, kept) = (compiled.value(of: result), whole.value(of: result))
        guard let element = own.firstDifference(from: kept) else { continue }
        let node = position == 0 ? output.index : gradients[position - 1].leaf.index
        let (found, expected) = (own.elements[element].primal, kept.elements[element].primal)
        report.findings.append(
          recording.finding(
            .program, at: node, element: element, found: found, expected: expected, .wrongValue, isConfirmed: true))
        return Judgment(
          .program, order: 1, found: found, expected: expected, bound: 0, verdict: .disagree,
          remark: "the compiled program differs from the recording")
      }
    }
    return Judgment(
      .program, order: 1, found: 0, expected: 0, bound: 0, remark: "the compiled program gives the same bits")
  }
}

extension Tensor {
  /// The first element whose bits differ from another tensor's: −0 is not 0, and NaN is itself.
  func firstDifference(from other: Tensor) -> Int? {
    elements.withUnsafeBytes { a in
      other.elements.withUnsafeBytes { b in
        a.indices.first { a[$0] != b[$0] }.map { $0 / MemoryLayout<Element>.stride }
      }
    }
  }
}
