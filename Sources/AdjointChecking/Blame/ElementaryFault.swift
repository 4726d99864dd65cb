import Adjoint

/// Finds the operation whose tangent, in dual numbers, contradicts differences of that operation alone, in 32 digits.
///
/// It is the place to look when rule and dual numbers share a wrong derivative: no derivative that they have is used.
struct ElementaryFault {
  private let recording: CheckedRecording
  init(_ recording: CheckedRecording) { self.recording = recording }

  /// The first such operation in forward order.
  func node(_ generator: inout Generator) -> Int? {
    let candidates = (0...recording.output.index).filter {
      recording.moving.contains($0) && recording.dual.holds($0) && recording.tape.operation(at: $0) != nil
    }
    for node in candidates where contradicts(node, &generator) { return node }
    return nil
  }

  /// Tells whether d/dt ⟨v, y(x + tẋ)⟩ by differences contradicts ⟨v, ẏ⟩ by dual numbers, for random v and ẋ.
  private func contradicts(_ node: Int, _ generator: inout Generator) -> Bool {
    // What is stopped does not move in dual numbers, on purpose.
    guard let operation = recording.tape.operation(at: node), operation.form != .stopGradient else { return false }
    let tape = Tape<Dual>()
    var moved: [[Double]?] = []
    let operands = recording.nodes[node].inputs.map { input -> Variable<Dual> in
      guard recording.tape[input].role != .index else {
        moved.append(nil)
        return tape.index(recording.double.indices(at: input))
      }
      let value = recording.double.value(at: input)
      // A share of each element: operands of any size move alike.
      let tangents: [Double]? =
        recording.moving.contains(input) ? value.elements.map { $0 * generator.uniform(0.5, 1.5) } : nil
      moved.append(tangents)
      let elements = value.elements.indices.map { Dual(value.elements[$0], tangent: tangents?[$0] ?? 0) }
      return tape.constant(Tensor(shape: value.shape, elements: elements))
    }
    let tangent = tape.record(operation, inputs: operands).value.map(\.tangent)
    let weights = tangent.map { _ in generator.normal() }
    // Differences that have not settled convict nobody; nor does 0, which is what they are where 32 digits give out.
    guard let truth = Arbiter(recording, node).derivative(of: operation, weights, moved), truth.value != 0,
      truth.error <= 1e-4 * abs(truth.value)
    else { return false }
    return abs(weights.dot(tangent) - truth.value) > 20 * truth.error + 1e-8 * weights.magnitude(tangent)
  }
}
