import Adjoint

/// Finds the operation whose tangent, in dual numbers, contradicts differences of that operation alone.
///
/// It is the place to look when rule and dual numbers share a wrong derivative, or when dual numbers themselves are wrong.
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

  /// Tells whether d/dt ⟨v, y(x + tẋ)⟩ by differences of one operation contradicts its dual tangent ⟨v, ẏ⟩.
  func contradicts(_ node: Int, _ generator: inout Generator) -> Bool {
    // What is stopped does not move in dual numbers, on purpose.
    guard let operation = recording.tape.operation(at: node), operation.form != .stopGradient else { return false }
    let direction = recording.direction(&generator)
    _ = recording.dualProduct(along: direction)
    let inputs = recording.nodes[node].inputs
    let tangent = recording.dual.value(at: node).map(\.tangent)
    let weights = tangent.map { _ in generator.normal() }
    let expected = weights.dot(tangent)
    func value(_ t: Double) -> Double {
      let tape = Tape<Double>()
      let operands = inputs.map { input -> Variable<Double> in
        if recording.tape[input].role == .index { return tape.index(recording.tape[input].indexValue) }
        return tape.constant(recording.dual.value(at: input).map { $0.value + t * $0.tangent })
      }
      return tape.record(operation, inputs: operands).value.dot(weights)
    }
    let difference = AdaptiveDifference(initialStep: 0.05).derivative(of: value)
    guard difference.status == .measured else { return false }
    let size = max(abs(expected), weights.magnitude(tangent) * 1e-3)
    return abs(difference.value - expected) > 10 * difference.error + 1e-8 * size
  }
}
