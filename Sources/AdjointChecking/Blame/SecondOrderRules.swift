import Adjoint

/// Finds rules that are right to first order and wrong to second: one operation at a time, its rule differentiated once more
/// against one replay of the operation in second-order dual numbers.
///
/// With L(x, g) = ⟨g, f(x)⟩, the rule's contribution to xᵢ is ∂L/∂xᵢ; its derivative along (ẋ, ġ) must be the mixed second
/// derivative of L.
struct SecondOrderRules {
  private let recording: CheckedRecording
  init(_ recording: CheckedRecording) { self.recording = recording }

  func findings(_ generator: inout Generator) -> [Finding] {
    var findings: [Finding] = []
    for node in stride(from: recording.output.index, through: 0, by: -1) {
      // What a rule recorded is not itself on trial; the rule is.
      guard let operation = recording.tape.operation(at: node), recording.moving.contains(node),
        recording.double.holds(node), recording.tape[node].serves == nil
      else { continue }
      if let finding = finding(node, operation, &generator) { findings.append(finding) }
    }
    return findings
  }

  private func finding(_ node: Int, _ operation: any Adjoint.Operation, _ generator: inout Generator) -> Finding? {
    let inputs = recording.nodes[node].inputs
    let tape = Tape<Double>()
    let operands = inputs.map { input -> Variable<Double> in
      if recording.tape[input].role == .index { return tape.index(recording.tape[input].indexValue) }
      return tape.input(recording.double.value(at: input))
    }
    let y = tape.record(operation, inputs: operands)
    let g = tape.input(y.value.map { _ in generator.normal() })
    let scalar = (y * g).sum()
    let leaves = operands.filter { $0.role != .index } + [g]
    let values = leaves.map(\.value)
    let first = gradients(of: scalar, withRespectTo: leaves)
    for (position, input) in inputs.enumerated() where recording.moving.contains(input) {
      guard let leaf = leaves.firstIndex(where: { $0.index == operands[position].index }) else { continue }
      let weights = values[leaf].map { _ in generator.normal() }
      let direction = values.map { $0.map { _ in generator.normal() } }
      let mark = tape.count
      let projected = (first[leaf] * tape.constant(weights)).sum()
      let second = gradients(of: projected, withRespectTo: leaves).map(\.value)
      tape.truncate(to: mark)
      let (found, magnitude) = (second.dot(direction), second.magnitude(direction))

      let program = Program<SecondOrderDual>([scalar] + leaves)
      for (other, variable) in leaves.enumerated() {
        let moved = values[other].elements.indices.map { element in
          SecondOrderDual(
            values[other].elements[element], first: direction[other].elements[element],
            second: other == leaf ? weights.elements[element] : 0)
        }
        program.write(Tensor(shape: values[other].shape, elements: moved), into: variable)
      }
      program.replay()
      let expected = program.value(of: scalar).elements[0].mixed
      guard expected.isFinite, !(abs(found - expected) <= 1e-10 * max(abs(expected), magnitude)) else { continue }
      return recording.finding(
        .rule, at: node, input: position, found: found, expected: expected, .wrongSecondDerivative, isConfirmed: true)
    }
    return nil
  }
}
