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
    let local = Lagrangian(recording, operation, inputs, weights: &generator)
    for (position, input) in inputs.enumerated() where recording.moving.contains(input) {
      guard let leaf = local.leaf(at: position) else { continue }
      let weights = local.values[leaf].map { _ in generator.normal() }
      let direction = local.values.map { $0.map { _ in generator.normal() } }
      let second = local.gradientOfGradient(in: Double.self, of: leaf, along: weights) { $0 }
      let (found, magnitude) = (second.dot(direction), second.magnitude(direction))
      let expected = local.mixedDerivative(of: leaf, along: weights, and: direction)
      guard abs(found - expected) > 1e-10 * max(abs(expected), magnitude) else { continue }
      // What rounding explains is no fault: the same once more with running errors.
      let bounded = local.gradientOfGradient(in: ReferenceDouble.self, of: leaf, along: weights) {
        ReferenceDouble($0, error: 0)
      }
      let error = zip(bounded, direction).reduce(0.0) { sum, pair in
        zip(pair.0.elements, pair.1.elements).reduce(sum) { $0 + $1.0.error * abs($1.1) }
      }
      guard abs(found - expected) > 64 * 0x1p-53 * error else { continue }
      return recording.finding(
        .rule, at: node, input: position, found: found, expected: expected, .wrongSecondDerivative, isConfirmed: true)
    }
    return nil
  }
}

/// L(x, g) = ⟨g, f(x)⟩ of one operation f.
private struct Lagrangian {
  private let operation: any Adjoint.Operation
  /// The indices that an input holds; `nil` for one that holds numbers.
  private let indices: [Tensor<Int32>?]
  /// The numbers among the inputs, and g last.
  let values: [Tensor<Double>]

  init(_ recording: CheckedRecording, _ operation: any Adjoint.Operation, _ inputs: [Int], weights: inout Generator) {
    self.operation = operation
    indices = inputs.map { recording.tape[$0].holdsIndices ? recording.tape[$0].indexValue : nil }
    var values = inputs.filter { !recording.tape[$0].holdsIndices }.map { recording.double.value(at: $0) }
    let tape = Tape<Double>()
    let operands = Lagrangian.operands(on: tape, values, indices)
    let shape = tape.record(operation, inputs: operands.all).shape
    values.append(Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in weights.normal() }))
    self.values = values
  }

  /// The position among `values` of an input.
  func leaf(at position: Int) -> Int? {
    indices[position] == nil ? indices[..<position].count { $0 == nil } : nil
  }

  private static func operands<S: Scalar>(
    on tape: Tape<S>, _ values: [Tensor<S>], _ indices: [Tensor<Int32>?]
  ) -> (all: [Variable<S>], leaves: [Variable<S>]) {
    var leaves: [Variable<S>] = []
    let all = indices.map { held -> Variable<S> in
      if let held { return tape.index(held) }
      leaves.append(tape.input(values[leaves.count]))
      return leaves[leaves.count - 1]
    }
    return (all, leaves)
  }

  private func record<S: Scalar>(
    on tape: Tape<S>, _ convert: (Double) -> S
  ) -> (scalar: Variable<S>, leaves: [Variable<S>]) {
    let (all, leaves) = Lagrangian.operands(on: tape, values.map { $0.map(convert) }, indices)
    let g = tape.input(values[values.count - 1].map(convert))
    return ((tape.record(operation, inputs: all) * g).sum(), leaves + [g])
  }

  /// ∇⟨w, ∂L/∂xᵢ⟩ by the rule, differentiated once more.
  func gradientOfGradient<S: Scalar>(
    in type: S.Type, of leaf: Int, along weights: Tensor<Double>, _ convert: (Double) -> S
  ) -> [Tensor<S>] {
    let tape = Tape<S>()
    let (scalar, leaves) = record(on: tape, convert)
    let first = gradients(of: scalar, withRespectTo: [leaves[leaf]])[0]
    return gradients(of: (first * tape.constant(weights.map(convert))).sum(), withRespectTo: leaves).map(\.value)
  }

  /// The mixed second derivative of L along w in one input and a direction in all, by second-order dual numbers.
  func mixedDerivative(of leaf: Int, along weights: Tensor<Double>, and direction: [Tensor<Double>]) -> Double {
    let tape = Tape<Double>()
    let (scalar, leaves) = record(on: tape) { $0 }
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
    return program.value(of: scalar).elements[0].mixed
  }
}
