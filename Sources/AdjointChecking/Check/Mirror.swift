import Adjoint

/// The forward half of a recording once more on a tape in Double, node for node: where the rules under test are recorded.
///
/// Operations are precision-free, so the same ones are recorded again at the same (rounded) leaves. A rule's own constants, such
/// as 1/N or √(2/π), are then those of Double; on the tape of a `Float` model they would be rounded, and every exact comparison
/// would end at their rounding.
package struct Mirror {
  package let output: Variable<Double>
  package let leaves: [Variable<Double>]

  package init<S: Scalar>(_ output: Variable<S>, _ leaves: [Variable<S>]) {
    if let own = output as? Variable<Double>, let ownLeaves = leaves as? [Variable<Double>] {
      (self.output, self.leaves) = (own, ownLeaves)
      return
    }
    let tape = output.tape
    let mirror = Tape<Double>(mode: tape.mode, seed: tape.seed)
    for node in 0...output.index {
      let x = tape[node]
      let copy: Variable<Double>
      if let operation = x.operation {
        copy = mirror.record(operation, inputs: x.inputs.map { mirror[$0.index] })
      } else {
        switch x.role {
        case .index: copy = mirror.index(x.indexValue)
        case .constant: copy = mirror.constant(x.value.converted())
        case .parameter: copy = mirror.parameter(Parameter(x.value.converted(), name: x.path))
        // What is drawn or stored is held: it counts as given.
        case .input, .state, .random, nil: copy = mirror.input(x.value.converted())
        }
      }
      if !x.path.isEmpty { copy.labeled(x.path) }
    }
    self.output = mirror[output.index]
    self.leaves = leaves.map { mirror[$0.index] }
  }
}
