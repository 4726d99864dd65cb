import Adjoint

/// Finds the operation to blame, and what is wrong with it.
///
/// At each node the contributions must satisfy Σ⟨contribution, ẋ⟩ = ⟨ȳ, ẏ⟩, or its rule is wrong; and each adjoint must be the
/// sum of its contributions, or the sweep is. What stands nearer to the output than the first fault was certified in the same way.
struct Blame {
  private let recording: CheckedRecording
  /// The recording that was differentiated first, at order 2.
  private let first: CheckedRecording?
  private let seed: UInt64

  init(_ recording: CheckedRecording, of first: CheckedRecording? = nil, seed: UInt64) {
    (self.recording, self.first, self.seed) = (recording, first, seed)
  }

  /// - Parameter faults: the operations that were seen to contradict their rules.
  func convict(_ report: inout GradientReport, _ faults: [LocalJudge.Fault]) {
    var generator = Generator(seed: seed).stream(2)
    var findings = faultySums()
    let origin = recording.point
    if findings.isEmpty { findings = faultyRules(faults, &generator) }
    if findings.isEmpty {
      // Nothing at the recorded point: look where the rules are replayed at other values.
      recording.move(to: origin.map { $0.map { $0 * (1 + 0.01 * generator.uniform(-1, 1)) } })
      let faults = LocalJudge(recording).outcome(&generator).faults
      findings = faultyRules(faults, &generator).map { $0.with(.staleValue) }
      recording.move(to: origin)
    }
    if findings.isEmpty, let first { findings = SecondOrderRules(first).findings(&generator) }
    if findings.isEmpty,
      let judgment = report.judgments.first(where: { $0.verdict == .disagree && $0.oracle == .differences })
    {
      findings = sharedDerivative(judgment, &generator)
    }
    report.findings += findings
    report.verifiedOperations = (first ?? recording).operationCount - Set(findings.map(\.node)).count
  }

  // MARK: The accumulation

  /// Nodes whose adjoint is not the sum of its contributions.
  private func faultySums() -> [Finding] {
    SumJudge(recording).faults().map { fault in
      let parts = recording.edges.filter { $0.producer == fault.producer }
        .map { recording.double.value(at: $0.contribution).elements[fault.element] }
      func isFound(_ other: Double) -> Bool { abs(fault.found - other) <= fault.bound }
      let hypothesis: Hypothesis =
        parts.count > 1 && parts.last.map(isFound) == true
        ? .assignedInsteadOfAccumulated
        : parts.contains { isFound(fault.expected + $0) } ? .countedTwice : .droppedEdge
      return recording.finding(
        .accumulation, at: fault.producer, element: fault.element, found: fault.found, expected: fault.expected,
        hypothesis, isConfirmed: true)
    }
  }

  // MARK: The rules

  /// What contradicts its operation, nearest to the output first. Everything behind the first is right: it was certified.
  private func faultyRules(_ faults: [LocalJudge.Fault], _ generator: inout Generator) -> [Finding] {
    var seen: Set<Int> = []
    let faults = faults.filter { seen.insert($0.node).inserted }.sorted { $0.node > $1.node }
    return faults.compactMap { fault in
      guard let operation = recording.tape.operation(at: fault.node), let adjoint = recording.adjoints[fault.node]
      else {
        return nil
      }
      if fault.mechanism == .elementary {
        return recording.finding(
          .elementary, at: fault.node, found: fault.found, expected: fault.expected, .wrongTangent, isConfirmed: true)
      }
      let local = LocalRule(recording, fault.node, operation, recording.double.value(at: adjoint))
      let pattern = local.fault(recording.edgesOfConsumer[fault.node] ?? [], at: fault, &generator)
      return recording.finding(
        .rule, at: fault.node, input: pattern?.input, element: pattern?.element, found: pattern?.found ?? fault.found,
        expected: pattern?.expected ?? fault.expected, pattern?.hypothesis ?? .unknown,
        isConfirmed: fault.node == faults[0].node)
    }
  }

  /// The operation whose own differences contradict rule and dual numbers alike; nothing where no operation's do.
  private func sharedDerivative(_ judgment: Judgment, _ generator: inout Generator) -> [Finding] {
    guard let fault = ElementaryFault(recording).first(&generator) else { return [] }
    return [
      recording.finding(
        .elementary, at: fault.node, found: judgment.found, expected: judgment.expected, .sharedDerivative,
        isConfirmed: true)
    ]
  }
}

extension Finding {
  /// The same finding under another hypothesis.
  fileprivate func with(_ hypothesis: Hypothesis, mechanism: Mechanism? = nil) -> Finding {
    var copy = self
    (copy.hypothesis, copy.mechanism) = (hypothesis, mechanism ?? self.mechanism)
    return copy
  }
}

extension Tensor where Element == Double {
  /// The element that differs by most from another tensor's, and by how much; NaN differs by infinity.
  package func worstDifference(from other: Tensor) -> (element: Int, difference: Double)? {
    var worst: (Int, Double)?
    for i in elements.indices {
      let difference = Swift.abs(elements[i] - other.elements[i])
      let measured = difference.isNaN ? Double.infinity : difference
      if measured > worst?.1 ?? -1 { worst = (i, measured) }
    }
    return worst
  }
}
