import Adjoint

/// Checks that each adjoint is the sum of its contributions, element by element.
struct SumJudge {
  /// An adjoint that is not.
  struct Fault {
    let producer: Int
    let element: Int
    let found: Double
    let expected: Double
    let bound: Double
  }

  private let recording: CheckedRecording
  init(_ recording: CheckedRecording) { self.recording = recording }

  /// The faulty adjoints in the order of their nodes, each with its worst element.
  func faults() -> [Fault] {
    let contributions = Dictionary(grouping: recording.edges, by: \.producer)
    return contributions.keys.sorted().compactMap { producer in
      let parts = contributions[producer] ?? []
      // One contribution is the adjoint itself, as long as it is the same node.
      if parts.count == 1, recording.adjoints[producer] == parts[0].contribution { return nil }
      return fault(producer, parts.map { recording.double.value(at: $0.contribution) })
    }
  }

  private func fault(_ producer: Int, _ parts: [Tensor<Double>]) -> Fault? {
    let sum = recording.adjoints[producer].map { recording.double.value(at: $0) }
    var worst: Fault?
    var share = 1.0
    for element in parts[0].elements.indices {
      let (expected, size) = parts.reduce((0.0, 0.0)) {
        ($0.0 + $1.elements[element], $0.1 + abs($1.elements[element]))
      }
      let found = sum?.elements[element] ?? 0
      let bound = 4 * 0x1p-53 * Double(parts.count) * size
      // What is not finite is no matter of adding up.
      guard expected.isFinite, !(abs(found - expected) <= share * bound) else { continue }
      share = found.isFinite ? abs(found - expected) / bound : .infinity
      worst = Fault(producer: producer, element: element, found: found, expected: expected, bound: bound)
    }
    return worst
  }
}
