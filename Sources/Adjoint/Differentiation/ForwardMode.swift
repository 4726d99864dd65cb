/// The Jacobian-vector product J·ẋ = d/dt y(x + tẋ), exactly: a replay in dual numbers of the recording behind y.
///
/// It uses no rule of an operation's `vjp`, so it is an independent witness against reverse mode. `stopGradient` passes
/// no tangent. Random leaves and indices are held at their recorded values.
///
/// - Parameters:
///   - x: the values that move: leaves or intermediate results.
///   - tangents: the direction of each, of its shape.
/// - Returns: J·ẋ of y's shape, in `Double` whatever the tape's scalar.
/// - Complexity: about twice the cost of computing y.
public func jvp<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], along tangents: [Tensor<Double>],
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor<Double> {
  for x in [y] + x { _ = y.tape.index(of: x, for: "jvp", beside: [y], file: file, line: line) }
  let replay = DualReplay(of: y, withRespectTo: x)
  return replay.product(along: tangents, file, line)
}

/// f(x) and J·ẋ for a function written with variables.
public func jvp(
  at x: Tensor<Double>, along tangent: Tensor<Double>, of f: (Variable<Double>) -> Variable<Double>
) -> (value: Tensor<Double>, tangent: Tensor<Double>) {
  let tape = Tape<Double>()
  let input = tape.input(x)
  let y = f(input)
  return (y.value, jvp(of: y, withRespectTo: [input], along: [tangent]))
}

/// A recording compiled in dual numbers, for any number of Jacobian-vector products at the recorded point.
struct DualReplay<S: Scalar> {
  private let y: Variable<S>
  private let x: [Variable<S>]
  private let values: [Tensor<Dual>]
  private let program: Program<Dual>

  init(of y: Variable<S>, withRespectTo x: [Variable<S>]) {
    self.y = y
    self.x = x
    values = x.map { $0.recordedValue.converted() }
    // Moving an intermediate result means replaying what stands after it, so every value must be there.
    let onlyLeaves = x.allSatisfy { y.tape.nodes[y.tape.index(of: $0)].isLeaf }
    program = Program([y] + x, keeping: onlyLeaves ? .outputs : .all, altering: nil, holdingIndices: true)
    if !onlyLeaves { program.replay() }
  }

  func product(along tangents: [Tensor<Double>], _ file: StaticString, _ line: UInt) -> Tensor<Double> {
    guard tangents.count == x.count else {
      fatalError("jvp: \(tangents.count) tangents for \(x.count) variables", file: file, line: line)
    }
    for (position, tangent) in tangents.enumerated() where tangent.shape != x[position].shape {
      fatalError(
        "jvp: tangent \(position) has shape \(tangent.shape), its variable \(x[position].shape)", file: file, line: line
      )
    }
    move { position, element in tangents[position].elements[element] }
    return program.value(of: y).map(\.tangent)
  }

  /// Column `element` of the Jacobian with respect to x[0].
  func column(_ element: Int) -> Tensor<Double> {
    move { _, other in other == element ? 1 : 0 }
    return program.value(of: y).map(\.tangent)
  }

  private func move(_ tangent: (Int, Int) -> Double) {
    for (position, variable) in x.enumerated() {
      var value = values[position]
      for element in value.elements.indices {
        value[linear: element] = Dual(value.elements[element].value, tangent: tangent(position, element))
      }
      program.write(value, into: variable)
    }
    if program.keeping == .all {
      program.replay(holding: Set(x.map(\.index)))
    } else {
      program.replay()
    }
  }
}
