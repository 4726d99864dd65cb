import Adjoint

/// One operation by itself: its contribution to each input, element by element, from dual replays of the operation alone.
///
/// It is compared with what the rule recorded, and the difference with known patterns.
struct LocalRule {
  private let recording: CheckedRecording
  private let node: Int
  private let operation: any Operation
  private let g: Tensor<Double>
  private let inputs: [Int]
  /// Elements of one input that are looked at: all of a small one, a sample of a large one.
  private static let sampleSize = 400

  struct Fault {
    let input: Int
    let element: Int
    let found: Double
    let expected: Double
    let hypothesis: Hypothesis
  }

  init(_ recording: CheckedRecording, _ node: Int, _ operation: any Operation, _ g: Tensor<Double>) {
    (self.recording, self.node, self.operation, self.g) = (recording, node, operation, g)
    inputs = recording.nodes[node].inputs
  }

  private func isIndex(_ position: Int) -> Bool { recording.tape[inputs[position]].role == .index }

  /// The first input whose contribution is wrong.
  /// - Parameter seen: the contradiction that was seen, whose element is among those looked at.
  func fault(
    _ edges: [CheckedRecording.Edge], at seen: LocalJudge.Fault, _ generator: inout Generator
  ) -> Fault? {
    for position in inputs.indices where !isIndex(position) {
      let edge = edges.first { $0.position == position }
      guard recording.moving.contains(inputs[position]) else { continue }
      let x = recording.double.value(at: inputs[position])
      let found = edge.map { recording.double.value(at: $0.contribution) } ?? .zeros(x.shape)
      var sample = self.sample(of: x.elements.count, &generator)
      if seen.input == inputs[position], let element = seen.element, !sample.contains(element) {
        sample = (sample + [element]).sorted()
      }
      let expected = sample.map { element in product(position, element, g) }
      let size = max(expected.map(abs).max() ?? 0, sample.map { abs(found.elements[$0]) }.max() ?? 0)
      let wrong = sample.indices.filter {
        abs(found.elements[sample[$0]] - expected[$0]) > 1e-11 * size || !found.elements[sample[$0]].isFinite
      }
      guard
        let worst = wrong.max(by: {
          abs(found.elements[sample[$0]] - expected[$0]) < abs(found.elements[sample[$1]] - expected[$1])
        })
      else { continue }
      let pattern = FaultPattern(
        shape: x.shape, outputShape: g.shape, sample: sample, found: found, expected: expected, wrong: wrong,
        isMissing: edge == nil || found.elements.allSatisfy { $0 == 0 })
      let hypothesis = pattern.hypothesis ?? branchOrBroadcast(position, pattern) ?? lastResort(pattern)
      return Fault(
        input: position, element: sample[worst], found: found.elements[sample[worst]], expected: expected[worst],
        hypothesis: hypothesis)
    }
    return nil
  }

  /// Σ g ⊙ ∂y/∂x[element], by a replay of this operation alone with a unit tangent.
  private func product(_ position: Int, _ element: Int, _ g: Tensor<Double>) -> Double {
    let tape = Tape<Dual>()
    let operands = inputs.indices.map { other -> Variable<Dual> in
      if isIndex(other) {
        return tape.index(recording.tape[inputs[other]].indexValue)
      }
      var value: Tensor<Dual> = recording.double.value(at: inputs[other]).map { Dual($0) }
      if other == position { value[linear: element].tangent = 1 }
      return tape.constant(value)
    }
    return tape.record(operation, inputs: operands).value.map(\.tangent).dot(g)
  }

  private func sample(of count: Int, _ generator: inout Generator) -> [Int] {
    count <= LocalRule.sampleSize
      ? Array(0..<count) : Array(generator.permutation(of: count).prefix(LocalRule.sampleSize)).sorted()
  }

  /// A piecewise operation that is wrong everywhere, in no other way, took the wrong piece everywhere.
  private func lastResort(_ pattern: FaultPattern) -> Hypothesis {
    let fallback = pattern.fallback
    return fallback == .unknown && recording.dual.branches(of: node) != nil ? .wrongBranch : fallback
  }

  /// Wrong on one side of a kink only, or right for one slice of a broadcast axis only.
  private func branchOrBroadcast(_ position: Int, _ pattern: FaultPattern) -> Hypothesis? {
    if let branches = recording.dual.branches(of: node),
      branches.sides.count == pattern.shape.elementCount
    {
      let wrongSides = Set(pattern.wrong.map { branches.sides[pattern.sample[$0]] })
      let right = Set(pattern.sample.indices).subtracting(pattern.wrong)
      if wrongSides.count == 1, !right.isEmpty,
        right.allSatisfy({ !wrongSides.contains(branches.sides[pattern.sample[$0]]) })
      {
        return .wrongBranch
      }
    }
    guard pattern.shape.elementCount < g.shape.elementCount, pattern.shape.broadcasts(to: g.shape) else { return nil }
    for slice in [SliceChoice.first, .last] {
      let masked = g.masked(toSlicesOf: pattern.shape, slice)
      let matches = pattern.sample.allSatisfy { element in
        abs(product(position, element, masked) - pattern.found.elements[element]) <= 1e-9
          * max(1, abs(pattern.found.elements[element]))
      }
      if matches { return .missingBroadcastSum }
    }
    return nil
  }
}

/// A slice along the broadcast axes.
package enum SliceChoice { case first, last }

extension Tensor where Element == Double {
  /// This tensor with zeros everywhere but in one slice along the axes that `shape` broadcasts over.
  package func masked(toSlicesOf shape: Shape, _ choice: SliceChoice) -> Tensor {
    let padded = Shape([Int](repeating: 1, count: self.shape.rank - shape.rank) + shape)
    let strides = self.shape.strides
    var copy = self
    for position in elements.indices {
      let kept = self.shape.indices.allSatisfy { axis in
        let coordinate = position / strides[axis] % self.shape[axis]
        let isBroadcast = padded[axis] == 1 && self.shape[axis] > 1
        return !isBroadcast || coordinate == (choice == .first ? 0 : self.shape[axis] - 1)
      }
      if !kept { copy[linear: position] = 0 }
    }
    return copy
  }
}
