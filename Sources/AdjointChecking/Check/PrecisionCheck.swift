import Adjoint

/// Judges the gradient in the tape's own precision: what training really uses, against Double at the same rounded inputs.
///
/// The tolerance is measured, not picked: forward and backward are replayed with a running error bound, in which every
/// operation adds the rounding of its own result to the errors that it inherits, amplified by its own conditioning. Values are
/// compared node by node in forward order first, so that a faulty kernel is named.
struct PrecisionCheck<S: Scalar> {
  private let recording: CheckedRecording<Double>
  private let output: Variable<S>
  private let leaves: [Variable<S>]
  /// How often the plain error bound may be exceeded by loops that sum in another order or function kernels of a few ulps.
  private static var safety: Double { 4 }

  /// - Precondition: the recording was made with `boundsErrors`.
  init(_ recording: CheckedRecording<Double>, output: Variable<S>, leaves: [Variable<S>]) {
    (self.recording, self.output, self.leaves) = (recording, output, leaves)
  }

  /// The unit round-off of the tape's scalar.
  private var unitRoundOff: Double {
    var unit = 1.0
    while (S(1) + S(unit / 2)).primal > 1 { unit /= 2 }
    return unit
  }

  func judgments(_ report: inout Report) -> [Judgment] {
    guard let errors = recording.errors else { return [] }
    errors.replay()
    let unit = unitRoundOff
    var worst = Judgment(
      .precision, order: 1, found: 0, expected: 0, bound: 1, remark: "every node within its rounding error")
    for (node, own) in ownValues().sorted(by: { $0.key < $1.key }) where errors.holds(node) {
      let reference = errors.value(at: node)
      for element in own.elements.indices {
        let exact = reference.elements[element]
        let judgment = Judgment(
          .precision, order: 1, found: own.elements[element].primal, expected: exact.value,
          bound: PrecisionCheck.safety * unit * exact.error + Double(Float.leastNormalMagnitude),
          remark: "\(recording.describe(node).name) %\(node), element \(element)")
        if judgment.severity > worst.severity || !judgment.found.isFinite { worst = judgment }
        if judgment.verdict == .disagree {
          report.findings.append(finding(node, element, judgment))
          return [judgment]
        }
      }
    }
    return [worst]
  }

  /// The forward values as the tape recorded them, and the gradients as it would.
  private func ownValues() -> [Int: Tensor<S>] {
    let tape = output.tape
    var values: [Int: Tensor<S>] = [:]
    for node in 0...output.index where recording.double.holds(node) && tape[node].role != .index {
      values[node] = tape[node].value
    }
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let seed = tape.constant(recording.cotangent.converted(to: S.self))
    let backward = tape.backward(from: output, cotangent: seed, to: leaves)
    for leaf in leaves {
      if let adjoint = backward.adjoint(of: leaf), let node = recording.adjoints[leaf.index] {
        values[node] = adjoint.value
      }
    }
    return values
  }

  private func finding(_ node: Int, _ element: Int, _ judgment: Judgment) -> Finding {
    let forward = node <= recording.output.index
    let culprit = forward ? node : recording.adjoints.first { $0.value == node }?.key ?? recording.output.index
    let (name, path, _, inputShapes, shape) = recording.describe(culprit)
    return Finding(
      mechanism: .kernel, operation: name, node: culprit, path: path, inputShapes: inputShapes, outputShape: shape,
      input: nil, element: element, found: judgment.found, expected: judgment.expected, hypothesis: .wrongValue,
      isConfirmed: forward)
  }
}
