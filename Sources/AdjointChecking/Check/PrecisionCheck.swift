import Adjoint

/// Judges values and gradient in the tape's own precision, the one that training uses.
///
/// Each operation is certified by itself: on the very numbers that the tape handed it, its value and its rule are computed once
/// more in Double. The tolerance is measured, not picked: the same is done with a running bound on the rounding of that
/// operation alone. Nothing accumulates, and both precisions stand on the same side of every kink.
struct PrecisionCheck {
  private let judge: (inout GradientReport) -> [Judgment]

  init<S: Scalar>(_ recording: CheckedRecording, output: Variable<S>, leaves: [Variable<S>]) {
    judge = OwnPrecision(recording, output, leaves).judgments
  }

  func judgments(_ report: inout GradientReport) -> [Judgment] { judge(&report) }
}

/// Every operation of a recording in S, forward in order, then the rules as the sweep takes them.
private struct OwnPrecision<S: Scalar> {
  private let recording: CheckedRecording
  private let output: Variable<S>
  private let leaves: [Variable<S>]
  private var tape: Tape<S> { output.tape }

  init(_ recording: CheckedRecording, _ output: Variable<S>, _ leaves: [Variable<S>]) {
    (self.recording, self.output, self.leaves) = (recording, output, leaves)
  }

  func judgments(_ report: inout GradientReport) -> [Judgment] {
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let seed = tape.constant(recording.cotangent.converted(to: S.self))
    let backward = tape.backward(from: output, cotangent: seed, to: leaves)
    let edges = Dictionary(grouping: backward.edges, by: \.consumer)
    let sums = Dictionary(grouping: backward.edges, by: \.producer)

    var worst = Judgment(
      .precision, order: 1, found: 0, expected: 0, bound: 1, remark: "every operation within its own rounding error")
    var doubt: Judgment?
    /// The faults of the rules, in forward order.
    var faults: [(Judgment, Finding)] = []
    func isFaulty(_ outcome: PrecisionOutcome?) -> Bool {
      switch outcome {
      case .within(let judgment)?:
        if judgment.severity > worst.severity { worst = judgment }
        return false
      case .cannotTell(let judgment)?:
        doubt = doubt ?? judgment
        return false
      case .faulty?: return true
      case nil: return false
      }
    }
    for node in 0...output.index where recording.double.holds(node) {
      guard
        let alone = OperationAlone(tape[node], named: "\(recording.nodes[node].name) \(recording.nodes[node].place)")
      else { continue }
      let value = alone.value()
      if isFaulty(value), case .faulty(let judgment, let element)? = value {
        let hypothesis = judgment.found.isFinite ? Hypothesis.wrongValue : .notFinite
        report.findings.append(finding(node, nil, element, judgment, .kernel, hypothesis))
        return [judgment]
      }
      guard let adjoint = backward.adjoint(of: tape[node]) else { continue }
      let sum = alone.sum(adjoint.value, of: (sums[node] ?? []).map(\.contribution.value))
      if isFaulty(sum), case .faulty(let judgment, let element)? = sum {
        faults.append((judgment, finding(node, nil, element, judgment, .accumulation, .wrongValue)))
      }
      let inputs = tape[node].inputs
      for position in inputs.indices where recording.moving.contains(inputs[position].index) {
        let own = edges[node]?.first { $0.position == position }?.contribution.value
        let rule = alone.rule(position, own, cotangent: adjoint.value)
        guard isFaulty(rule), case .faulty(let judgment, let element)? = rule else { continue }
        let isKernel = alone.hasFaultyKernel(in: position, cotangent: adjoint.value)
        let hypothesis: Hypothesis =
          !judgment.found.isFinite ? .notFinite : isKernel ? .wrongValue : .wrongInPrecision
        faults.append(
          (judgment, finding(node, position, element, judgment, isKernel ? .kernel : .rule, hypothesis)))
      }
    }
    guard let nearest = faults.last else { return [worst] + (doubt.map { [$0] } ?? []) }
    // Nearest to the output: everything behind it was found right.
    report.findings.append(nearest.1)
    return [nearest.0]
  }

  private func finding(
    _ node: Int, _ input: Int?, _ element: Int, _ judgment: Judgment, _ mechanism: Mechanism, _ hypothesis: Hypothesis
  ) -> Finding {
    recording.finding(
      mechanism, at: node, input: input, element: element, found: judgment.found, expected: judgment.expected,
      hypothesis, isConfirmed: true)
  }
}

/// The outcome of one operation's comparison with Double.
enum PrecisionOutcome {
  case within(Judgment)
  /// Overflow, or a branch that rounding decides.
  case cannotTell(Judgment)
  case faulty(Judgment, element: Int)
}
