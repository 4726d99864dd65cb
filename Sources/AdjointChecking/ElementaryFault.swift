import Adjoint

/// Finds the operation whose tangent, in dual numbers, contradicts differences of that operation alone: the place to look
/// when rule and dual numbers share a wrong derivative.
struct ElementaryFault<S: Scalar> {
  private let recording: CheckedRecording<S>
  init(_ recording: CheckedRecording<S>) { self.recording = recording }

  func node() -> Int? {
    for node in 0...recording.output.index where recording.dual.holds(node) {
      guard let operation = recording.tape.operation(at: node) else { continue }
      let inputs = recording.describe(node).inputs
      let tangent = recording.dual.value(at: node).map(\.tangent)
      func value(_ t: Double) -> [Double] {
        let tape = Tape<Double>()
        let operands = inputs.map { input -> Variable<Double> in
          if recording.tape[input].role == .index { return tape.index(recording.tape[input].indexValue) }
          return tape.constant(recording.dual.value(at: input).map { $0.value + t * $0.tangent })
        }
        return tape.record(operation, inputs: operands).value.elements
      }
      let h = 1e-5
      let (plus, minus) = (value(h), value(-h))
      let size = tangent.elements.map(abs).max() ?? 0
      for i in plus.indices where abs((plus[i] - minus[i]) / (2 * h) - tangent.elements[i]) > 1e-5 * max(size, 1e-3) {
        return node
      }
    }
    return nil
  }
}
