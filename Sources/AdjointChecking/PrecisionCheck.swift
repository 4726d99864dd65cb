import Adjoint

/// Judges the gradient in the tape's own precision: what training really uses, against Double at the same rounded inputs.
///
/// The tolerance is measured, not picked: the rules are replayed in Double a few times with every value perturbed by a random
/// relative error of the tape's unit round-off (times √n for a sum of n terms). How far the gradient moves then is how far
/// honest rounding may move it. Values are compared node by node first, so that a faulty kernel is named.
///
/// Source: the perturbation is that of discrete stochastic arithmetic (Vignes, "A stochastic arithmetic for reliable scientific
/// computation", 1993).
struct PrecisionCheck<S: Scalar> {
  private let recording: CheckedRecording<S>
  private static var probes: Int { 4 }
  private static var safety: Double { 24 }

  init(_ recording: CheckedRecording<S>) { self.recording = recording }

  /// The unit round-off of the tape's scalar.
  private var unitRoundOff: Double {
    var unit = 1.0
    while (S(1) + S(unit / 2)).primal > 1 { unit /= 2 }
    return unit
  }

  func judgments(_ generator: inout Generator, _ report: inout Report) -> [Judgment] {
    let nodes = Set(recording.adjoints.values).union(recording.edges.map(\.contribution)).union(
      0...recording.output.index)
    let exact = nodes.reduce(into: [Int: Tensor<Double>]()) { values, node in
      if recording.double.holds(node), !isIndex(node) { values[node] = recording.double.value(at: node) }
    }
    let moved = spread(over: exact, &generator)
    recording.double.replay()
    var worst = Judgment(
      .precision, order: 1, found: 0, expected: 0, bound: 1, remark: "every node within measured rounding")
    for (node, own) in ownValues().sorted(by: { $0.key < $1.key }) {
      guard let reference = exact[node], let tolerance = moved[node] else { continue }
      let size = reference.elements.map(abs).max() ?? 0
      let bound = PrecisionCheck.safety * tolerance + 4 * unitRoundOff * size
      for element in own.elements.indices {
        let judgment = Judgment(
          .precision, order: 1, found: own.elements[element], expected: reference.elements[element],
          bound: max(bound, Double.leastNormalMagnitude),
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

  private func isIndex(_ node: Int) -> Bool {
    node < recording.tape.count && recording.tape[node].role == .index
  }

  /// How far each node's values move under random relative errors everywhere: the largest absolute change.
  private func spread(over exact: [Int: Tensor<Double>], _ generator: inout Generator) -> [Int: Double] {
    var moved: [Int: Double] = [:]
    let unit = unitRoundOff * Double(recording.longestReduction).squareRoot()
    for _ in 0..<PrecisionCheck.probes {
      var noise = generator.stream(generator.next())
      recording.double.replay { _, elements in
        for i in elements.indices { elements[i] *= 1 + unit * noise.uniform(-1, 1) }
      }
      for (node, reference) in exact {
        recording.double.withElements(at: node) { elements in
          for i in elements.indices {
            moved[node] = max(moved[node] ?? 0, abs(elements[i] - reference.elements[i]))
          }
        }
      }
    }
    return moved
  }

  /// The forward values as the tape recorded them, and the gradients as it would.
  private func ownValues() -> [Int: Tensor<Double>] {
    var values: [Int: Tensor<Double>] = [:]
    for node in 0...recording.output.index where recording.double.holds(node) && !isIndex(node) {
      values[node] = recording.tape[node].value.converted(to: Double.self)
    }
    let tape = recording.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let seed = tape.constant(recording.cotangent.converted(to: S.self))
    let backward = tape.backward(from: recording.output, cotangent: seed, to: recording.leaves)
    for leaf in recording.leaves {
      guard let adjoint = backward.adjoint(of: leaf), let node = recording.adjoints[leaf.index] else { continue }
      values[node] = adjoint.value.converted(to: Double.self)
    }
    return values
  }

  private func finding(_ node: Int, _ element: Int, _ judgment: Judgment) -> Finding {
    let forward = node <= recording.output.index
    let culprit = forward ? node : recording.adjoints.first { $0.value == node }?.key ?? recording.output.index
    let (name, path, _, inputShapes, shape) = recording.describe(culprit)
    return Finding(
      mechanism: .kernel, operation: name, node: culprit, path: path, inputShapes: inputShapes, outputShape: shape,
      input: nil,
      element: element, found: judgment.found, expected: judgment.expected, hypothesis: .wrongValue,
      isConfirmed: forward)
  }
}
