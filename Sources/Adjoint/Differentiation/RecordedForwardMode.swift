// Forward mode in recorded operations: tangents are more tape, as cotangents are, so they nest with gradients in any order.

/// The Jacobian-vector product J·ẋ, recorded on the tape of y, so that it can be printed, compiled and differentiated again.
///
/// It is one pass from x to y that records for each node its motion ẏ = Σᵢ ∂y/∂xᵢ · ẋᵢ. `jvp(of:withRespectTo:along:)` along
/// tensors replays dual numbers instead, and is the independent witness.
///
/// - Parameters:
///   - x: the values that move: leaves or intermediate results.
///   - tangents: the direction of each, of its shape. They may depend on x, and are not differentiated here.
/// - Returns: J·ẋ of y's shape; a constant zero where y does not depend on x.
/// - Complexity: a small constant times the cost of computing y from x.
@_disfavoredOverload
public func jvp<S: Scalar>(
  of y: Variable<S>, withRespectTo x: [Variable<S>], along tangents: [Variable<S>],
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  guard tangents.count == x.count else {
    fatalError("jvp: \(tangents.count) tangents for \(x.count) variables", file: file, line: line)
  }
  let tape = y.tape
  for v in [y] + x + tangents { _ = tape.index(of: v, for: "jvp", beside: [y], file: file, line: line) }
  for (position, (x, tangent)) in zip(x, tangents).enumerated() where tangent.shape != x.shape {
    fatalError("jvp: tangent \(position) has shape \(tangent.shape), its variable \(x.shape)", file: file, line: line)
  }
  return tape.pushforward(from: x.map(\.index), tangents, to: y.index) ?? tape.constant(.zeros(y.shape))
}

/// f(x) and J·ẋ of a function of a variable, recorded: `let (y, dy) = jvp(at: x, along: v) { $0.sin() }`.
///
/// f is given a variable of its own with the value of x, so what it does with an x that it captures does not move. So calls
/// nest, with one another and with `gradient(at:of:)`, without confusion.
public func jvp<S: Scalar>(
  at x: Variable<S>, along tangent: Variable<S>, file: StaticString = #fileID, line: UInt = #line,
  of f: (Variable<S>) throws -> Variable<S>
) rethrows -> (value: Variable<S>, tangent: Variable<S>) {
  let own = x.tape.record(Reshape(to: x.checkedShape("jvp", file, line)), x)
  let y = try f(own)
  return (y, jvp(of: y, withRespectTo: [own], along: [tangent], file: file, line: line))
}

/// The gradients of a single number, each element by a forward pass of its own: of a few numbers, which is when forward mode pays, steps
/// on single numbers take less than operations on a batch of them.
func forwardGradients<S: Scalar>(of y: Variable<S>, withRespectTo x: [Variable<S>]) -> [Variable<S>] {
  x.map { x in
    let count = x.shape.elementCount
    let slopes = (0..<count).map { element in
      var unit = Tensor<S>.zeros(x.shape)
      unit[linear: element] = 1
      return jvp(of: y, withRespectTo: [x], along: [y.tape.constant(unit)]).reshape(to: [1])
    }
    return count == 0 ? y.tape.constant(.zeros(x.shape)) : concatenate(slopes).reshape(to: x.shape)
  }
}

extension Tape {
  /// The motion of a node when others move, recorded; `nil` where it does not move.
  fileprivate func pushforward(from x: [Int], _ tangents: [Variable<S>], to y: Int) -> Variable<S>? {
    guard let first = x.min(), first <= y else { return nil }
    // Only what lies between is looked at: an inner derivative costs what its own function does.
    var isAsked = [Bool](repeating: false, count: y - first + 1)
    isAsked[y - first] = true
    for i in (first...y).reversed() where isAsked[i - first] && !nodes[i].isIndex {
      for input in nodes[i].inputs where input >= first { isAsked[input - first] = true }
    }
    var motion = [Variable<S>?](repeating: nil, count: y - first + 1)
    for (x, tangent) in zip(x, tangents) where x <= y {
      motion[x - first] = motion[x - first].map { $0 + tangent } ?? tangent
    }
    let held = Set(x)
    for i in first...y where isAsked[i - first] && !nodes[i].isIndex && !held.contains(i) {
      let inputs = nodes[i].inputs
      for position in 0..<inputs.count where inputs[position] >= first {
        guard let tangent = motion[inputs[position] - first],
          let part = self.tangent(of: i, moving: position, along: tangent)
        else { continue }
        motion[i - first] = motion[i - first].map { $0 + part } ?? part
      }
    }
    return motion[y - first]
  }

  /// ∂y/∂xᵢ · ẋᵢ of one node, by its own rule. An elementwise Jacobian is its own transpose, so the rule itself gives the
  /// product. Any other rule is linear in ȳ, and its derivative by ȳ is what it transposed.
  private func tangent(of node: Int, moving position: Int, along tangent: Variable<S>) -> Variable<S>? {
    guard case .operation(let f) = nodes[node].kind, !nodes[nodes[node].inputs[position]].isIndex else { return nil }
    let point = Point(tape: self, node: node) { $0 == position }
    if f.isElementwise, nodes[nodes[node].inputs[position]].shape == nodes[node].shape {
      return f.vjp(tangent, at: point)[position]
    }
    let cotangent = constant(.zeros(nodes[node].shape))
    guard let contribution = f.vjp(cotangent, at: point)[position] else { return nil }
    return gradients(of: contribution, withRespectTo: [cotangent], cotangent: tangent)[0]
  }
}
