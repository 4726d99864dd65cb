import Adjoint

/// Finds the operation to blame: one dual replay gives every node's tangent, one linear pass names every faulty node.
///
/// At each node the contributions must satisfy Σ⟨contribution, ẋ⟩ = ⟨ȳ, ẏ⟩, or its rule is wrong; and each adjoint must be the
/// sum of its contributions, or the sweep is. Injecting a tangent at a convicted node and replaying what stands behind it
/// confirms that everything nearer to the output is right.
struct Blame {
  private let recording: CheckedRecording
  /// The recording that was differentiated first, at order 2.
  private let first: CheckedRecording?
  private let seed: UInt64

  init(_ recording: CheckedRecording, of first: CheckedRecording? = nil, seed: UInt64) {
    (self.recording, self.first, self.seed) = (recording, first, seed)
  }

  func convict(_ report: inout GradientReport) {
    var generator = Generator(seed: seed).stream(2)
    let origin = recording.point
    // What is not finite spreads to everything before it, and would be blamed there.
    var findings = nonFiniteRules(&generator)
    if findings.isEmpty { findings = faultySums() }
    if findings.isEmpty {
      // A rule that contradicts the tangents, unless differences of that operation contradict them as well.
      findings = faultyRules(&generator).map { finding in
        ElementaryFault(recording).contradicts(finding.node, &generator)
          ? finding.with(.wrongTangent, mechanism: .elementary) : finding
      }
    }
    if findings.isEmpty {
      // Nothing at the recorded point: look where the rules are replayed at other values.
      recording.move(to: origin.map { $0.map { $0 * (1 + 0.01 * generator.uniform(-1, 1)) } })
      findings = faultyRules(&generator).map { $0.with(.staleValue) }
      recording.move(to: origin)
    }
    if findings.isEmpty, let first { findings = SecondOrderRules(first).findings(&generator) }
    if findings.isEmpty,
      let judgment = report.judgments.first(where: { $0.verdict == .disagree && $0.oracle == .differences })
    {
      findings = [sharedDerivative(judgment, &generator)]
    }
    report.findings += findings
    report.verifiedOperations = (first ?? recording).operationCount - Set(findings.map(\.node)).count
  }

  // MARK: The accumulation

  /// Nodes whose adjoint is not the sum of its contributions, element by element.
  private func faultySums() -> [Finding] {
    var findings: [Finding] = []
    let contributions = Dictionary(grouping: recording.edges, by: \.producer)
    for producer in contributions.keys.sorted() {
      let parts = (contributions[producer] ?? []).map { recording.double.value(at: $0.contribution) }
      let expected = parts.dropFirst().reduce(parts[0]) { $0.moved(by: 1, along: $1) }
      let found = recording.adjoints[producer].map { recording.double.value(at: $0) } ?? .zeros(expected.shape)
      let sizes = expected.elements.indices.map { i in parts.reduce(0) { $0 + abs($1.elements[i]) } }
      func isOff(_ i: Int, from sum: Tensor<Double>) -> Bool {
        sum.elements[i].isFinite
          && !(abs(found.elements[i] - sum.elements[i]) <= 1e-15 * Double(parts.count) * sizes[i])
      }
      func distance(_ i: Int) -> Double {
        let difference = abs(found.elements[i] - expected.elements[i])
        return difference.isNaN ? .infinity : difference
      }
      let wrong = sizes.indices.filter { isOff($0, from: expected) }
      guard let element = wrong.max(by: { distance($0) < distance($1) }) else { continue }
      func isFound(_ other: Tensor<Double>) -> Bool { !sizes.indices.contains { isOff($0, from: other) } }
      let hypothesis: Hypothesis =
        parts.count > 1 && parts.last.map(isFound) == true
        ? .assignedInsteadOfAccumulated
        : parts.contains { isFound(expected.moved(by: 1, along: $0)) } ? .countedTwice : .droppedEdge
      findings.append(
        recording.finding(
          .accumulation, at: producer, element: element, found: found.elements[element],
          expected: expected.elements[element], hypothesis, isConfirmed: true))
    }
    return findings
  }

  // MARK: The rules

  private struct Suspect {
    let node: Int
    let found: Double
    let expected: Double
  }

  /// Nodes whose contributions contradict the tangents, nearest to the output first.
  private func faultyRules(_ generator: inout Generator) -> [Finding] {
    let direction = recording.direction(&generator)
    _ = recording.dualProduct(along: direction)
    let byConsumer = Dictionary(grouping: recording.edges, by: \.consumer)
    // All suspects first: confirming one replays the dual program, and with it the tangents are gone.
    var suspects: [Suspect] = []
    for node in stride(from: recording.output.index, through: 0, by: -1) where recording.dual.holds(node) {
      guard recording.tape.operation(at: node) != nil, let adjoint = recording.adjoints[node] else { continue }
      let g = recording.double.value(at: adjoint)
      let tangent = recording.dual.value(at: node).map(\.tangent)
      let (expected, expectedMagnitude) = (g.dot(tangent), g.magnitude(tangent))
      var (found, magnitude) = (0.0, 0.0)
      for edge in byConsumer[node] ?? [] {
        let contribution = recording.double.value(at: edge.contribution)
        let moved = recording.dual.value(at: edge.producer).map(\.tangent)
        found += contribution.dot(moved)
        magnitude += contribution.magnitude(moved)
      }
      // Relative to the node's own size, without the floor of 1: a fault behind a small mean must not hide.
      let bound = 1e-12 * Double(recording.longestReduction).squareRoot() * max(expectedMagnitude, magnitude)
      if !(abs(found - expected) <= bound) {
        suspects.append(Suspect(node: node, found: found, expected: expected))
      }
    }
    return suspects.compactMap { conviction(of: $0.node, found: $0.found, expected: $0.expected, &generator) }
  }

  /// The finding at a node whose rule contradicts its tangents: the input, the worst element, what is wrong with it.
  /// - Parameters:
  ///   - found: Σ⟨contribution, ẋ⟩, named where no single element is found wrong.
  ///   - expected: ⟨ȳ, ẏ⟩.
  func conviction(of node: Int, found: Double, expected: Double, _ generator: inout Generator) -> Finding? {
    guard let operation = recording.tape.operation(at: node), let adjoint = recording.adjoints[node] else { return nil }
    let g = recording.double.value(at: adjoint)
    let edges = recording.edges.filter { $0.consumer == node }
    let fault = LocalRule(recording, node, operation, g).fault(edges, &generator)
    return recording.finding(
      .rule, at: node, input: fault?.input, element: fault?.element, found: fault?.found ?? found,
      expected: fault?.expected ?? expected, fault?.hypothesis ?? .unknown,
      isConfirmed: suffixIsRight(node, g, &generator))
  }

  /// Rules that make NaN or ∞ of finite numbers where the derivative is finite, nearest to the output first.
  private func nonFiniteRules(_ generator: inout Generator) -> [Finding] {
    func isFinite(_ node: Int) -> Bool { recording.double.value(at: node).elements.allSatisfy(\.isFinite) }
    let byConsumer = Dictionary(grouping: recording.edges, by: \.consumer)
    return byConsumer.keys.sorted(by: >).compactMap { node in
      guard let edges = byConsumer[node], let adjoint = recording.adjoints[node],
        edges.contains(where: { !isFinite($0.contribution) }), isFinite(adjoint),
        let finding = conviction(of: node, found: .nan, expected: .nan, &generator), finding.hypothesis == .notFinite
      else { return nil }
      return finding
    }
  }

  /// Injects a random tangent at a node and replays what stands behind it: ⟨v, ẏ⟩ must equal ⟨adjoint, injected⟩.
  private func suffixIsRight(_ node: Int, _ g: Tensor<Double>, _ generator: inout Generator) -> Bool {
    let value = recording.double.value(at: node)
    let injected = value.map { _ in generator.normal() }
    let still = recording.point.map { $0.map { Dual($0) } }
    for (leaf, value) in zip(recording.leaves, still) { recording.dual.write(value, into: leaf) }
    recording.replayDual()
    let moved = value.elements.indices.map { Dual(value.elements[$0], tangent: injected.elements[$0]) }
    recording.dual.write(Tensor(shape: value.shape, elements: moved), into: recording.tape[node])
    recording.dual.run(after: recording.tape[node])
    let tangent = recording.dual.value(at: recording.output.index).map(\.tangent)
    let (expected, found) = (recording.cotangent.dot(tangent), g.dot(injected))
    let size = max(recording.cotangent.magnitude(tangent), g.magnitude(injected))
    return abs(expected - found) <= 1e-12 * Double(recording.longestReduction).squareRoot() * size
  }

  private func sharedDerivative(_ judgment: Judgment, _ generator: inout Generator) -> Finding {
    // Which elementary function is wrong shows where local differences contradict the local tangent.
    let culprit = ElementaryFault(recording).node(&generator) ?? recording.output.index
    return recording.finding(
      .elementary, at: culprit, found: judgment.found, expected: judgment.expected, .sharedDerivative,
      isConfirmed: false)
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
