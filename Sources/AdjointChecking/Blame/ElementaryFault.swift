import Adjoint

/// Finds the operation whose tangent, in dual numbers, contradicts differences of that operation alone.
///
/// It is the place to look when rule and dual numbers share a wrong derivative. The differences are taken in 32 digits, at the scale of
/// the operation's own inputs.
struct ElementaryFault {
  private let recording: CheckedRecording
  init(_ recording: CheckedRecording) { self.recording = recording }

  /// The first such operation in forward order, with the derivative that rule and dual numbers share and that by differences.
  /// - Parameter isDoubtful: the operations to look at; all when left out.
  func first(
    _ generator: inout Generator, where isDoubtful: (Int) -> Bool = { _ in true }
  ) -> (node: Int, found: Double, expected: Double)? {
    let candidates = (0...recording.output.index).filter {
      recording.moving.contains($0) && recording.dual.holds($0) && recording.tape.operation(at: $0) != nil
        && isDoubtful($0)
    }
    guard !candidates.isEmpty else { return nil }
    // A mask depends on what moves and does not move itself.
    recording.dualProduct(along: recording.direction(&generator))
    let movers = Set(
      candidates.flatMap { recording.nodes[$0].inputs }.filter { input in
        recording.moving.contains(input) && recording.dual.withElements(at: input) { $0.contains { $0.tangent != 0 } }
      })
    for node in candidates {
      if let (found, expected) = contradiction(node, movers, &generator) { return (node, found, expected) }
    }
    return nil
  }

  /// The dual tangent ⟨v, ẏ⟩ and d/dt ⟨v, y(x + tẋ)⟩ by differences of one operation, where they differ.
  private func contradiction(_ node: Int, _ movers: Set<Int>, _ generator: inout Generator) -> (
    found: Double, expected: Double
  )? {
    // What is stopped does not move in dual numbers, on purpose.
    guard let operation = recording.tape.operation(at: node), operation.form != .stopGradient else { return nil }
    // At the values of the sweep, with tangents of its own: those that arrive may cancel.
    let inputs = recording.nodes[node].inputs
    var numbers = TangentNumbers(seed: generator.next())
    for input in inputs where !recording.tape[input].holdsIndices {
      let moves = movers.contains(input)
      let least = moves ? recording.leastMagnitude(of: input) : 0
      recording.double.withElements(at: input) { values in
        recording.dual.withElements(at: input) { x in
          for i in x.indices {
            x[i] = Dual(
              values[i], tangent: moves ? (values[i] == 0 ? least : abs(values[i])) * numbers.next() : 0)
          }
        }
      }
    }
    recording.dual.replay(only: node)
    if let branches = recording.dual.branches(of: node), branches.distances.contains(where: { $0.value == 0 }) {
      return nil
    }
    let moved = inputs.map { input -> [Double]? in
      guard movers.contains(input) else { return nil }
      return recording.dual.withElements(at: input) { $0.map(\.tangent) }
    }
    let tangent = recording.dual.value(at: node).map(\.tangent)
    let weights = tangent.map { _ in generator.normal() }
    let (expected, magnitude) = (weights.dot(tangent), weights.magnitude(tangent))
    let arbiter = Arbiter(recording, node)
    // Exactly 0 is what differences are where a function of 32 digits gives out, such as tanh at 50.
    guard let truth = arbiter.derivative(of: operation, weights, moved), truth.value != 0 else { return nil }
    let apart = abs(truth.value - expected)
    guard apart > 1e-9 * magnitude + 100 * truth.error, apart > 2 * arbiter.rounding(of: operation, weights, moved)
    else {
      return nil
    }
    return (expected, truth.value)
  }
}
