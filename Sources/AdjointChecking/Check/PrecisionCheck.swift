import Adjoint

/// Judges the gradient in the tape's own precision, the one that training uses, against Double at the same rounded inputs.
///
/// The tolerance is measured, not picked: forward and backward are replayed with a running error bound, in which every
/// operation adds the rounding of its own result to the errors that it inherits, amplified by its own conditioning. Values are
/// compared node by node in forward order first, so that a faulty kernel is named.
struct PrecisionCheck {
  private let recording: CheckedRecording
  /// The unit round-off of the tape's scalar.
  private let unitRoundOff: Double
  /// The forward values as the tape recorded them and the gradients as it would, by the recording's nodes.
  private let own: [Int: Tensor<Double>]
  /// The factor by which a plain error bound may be exceeded: loops may sum in another order, and function kernels err by a few
  /// ulps.
  private static let safety = 4.0

  /// - Precondition: the recording was made with `boundsErrors`.
  init<S: Scalar>(_ recording: CheckedRecording, output: Variable<S>, leaves: [Variable<S>]) {
    self.recording = recording
    var unit = 1.0
    while (S(1) + S(unit / 2)).primal > 1 { unit /= 2 }
    unitRoundOff = unit

    let tape = output.tape
    var own: [Int: Tensor<Double>] = [:]
    for node in 0...output.index where recording.double.holds(node) && tape[node].role != .index {
      own[node] = tape[node].value.converted()
    }
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let seed = tape.constant(recording.cotangent.converted(to: S.self))
    let backward = tape.backward(from: output, cotangent: seed, to: leaves)
    for leaf in leaves {
      if let adjoint = backward.adjoint(of: leaf), let node = recording.adjoints[leaf.index] {
        own[node] = adjoint.value.converted()
      }
    }
    self.own = own
  }

  func judgments(_ report: inout GradientReport) -> [Judgment] {
    guard let errors = recording.errors else { return [] }
    errors.replay()
    var worst = Judgment(
      .precision, order: 1, found: 0, expected: 0, bound: 1, remark: "every node within its rounding error")
    for node in own.keys.sorted() where errors.holds(node) {
      guard let own = own[node] else { continue }
      let reference = errors.value(at: node)
      for element in own.elements.indices {
        let exact = reference.elements[element]
        var judgment = Judgment(
          .precision, order: 1, found: own.elements[element], expected: exact.value,
          bound: PrecisionCheck.safety * unitRoundOff * exact.error + Double(Float.leastNormalMagnitude))
        let isWrong = judgment.verdict == .disagree
        guard isWrong || judgment.severity > worst.severity || !judgment.found.isFinite else { continue }
        judgment.remark = "\(recording.nodes[node].name) %\(node), element \(element)"
        worst = judgment
        if isWrong {
          report.findings.append(finding(node, element, judgment))
          return [judgment]
        }
      }
    }
    return [worst]
  }

  private func finding(_ node: Int, _ element: Int, _ judgment: Judgment) -> Finding {
    let forward = node <= recording.output.index
    let culprit = forward ? node : recording.adjoints.first { $0.value == node }?.key ?? recording.output.index
    return recording.finding(
      .kernel, at: culprit, element: element, found: judgment.found, expected: judgment.expected, .wrongValue,
      isConfirmed: forward)
  }
}
