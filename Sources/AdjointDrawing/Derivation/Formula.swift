import Adjoint

/// The right side of an equation: a tree of recorded operations over named values and numbers.
///
/// One tree is both printed and evaluated, so what a reader sees is what is checked. Printing asks each operation how it is
/// written; evaluating records the same operations on a tape of its own.
package indirect enum Formula: Sendable {
  /// A tensor with one value everywhere; of any shape.
  case number(Double, Shape)
  /// A named value: a node of the tape, or the adjoint that a node holds.
  case symbol(String, node: Int, Shape)
  case apply(any Adjoint.Operation, [Formula], Shape)
  /// f′(x) for an elementwise function f, evaluated in dual numbers.
  case slope(any Adjoint.Operation, Formula)
  /// A tree that is written shorter than it is.
  case abbreviated(Notation, Formula)

  package var shape: Shape {
    switch self {
    case .number(_, let shape), .symbol(_, _, let shape), .apply(_, _, let shape): shape
    case .slope(_, let x), .abbreviated(_, let x): x.shape
    }
  }

  /// f(x₀, x₁, …), or `nil` where the shapes do not fit.
  static func applying(_ operation: any Adjoint.Operation, _ inputs: Formula...) -> Formula? {
    (try? operation.shape(of: inputs.map(\.shape))).map { .apply(operation, inputs, $0) }
  }

  /// This tree as it is written.
  package var notation: Notation {
    switch self {
    case .number(let value, _): return .number(value)
    case .symbol(let name, _, _): return .named(name)
    case .slope(let operation, let x): return Formula.slopeNotation(operation, x.notation) ?? .symbol("f′")
    case .abbreviated(let notation, _): return notation
    case .apply(_, let inputs, _): return notation(inputs.map(\.notation))
    }
  }

  /// The operation at the root, on operands as they are written.
  func notation(_ written: [Notation]) -> Notation {
    guard case .apply(let operation, let inputs, let shape) = self else { return notation }
    return operation.notation(written, of: inputs.map(\.shape), into: shape)
  }

  /// f′(x), where f is written as a name before brackets.
  static func slopeNotation(_ operation: any Adjoint.Operation, _ x: Notation) -> Notation? {
    guard operation.form.unary != nil, case .call(let name, let arguments) = operation.notation([x]), arguments == [x]
    else { return nil }
    return .call(name + "′", [x])
  }

  /// The whole right side of an equation: a comparison stands in brackets there.
  func written(_ notation: Notation) -> Notation {
    guard case .apply(let operation, _, _) = self, operation.form.isComparison else { return notation }
    return .call("", [notation])
  }

  /// The value of this tree, computed by the library's operations on what `operands` gives for the nodes that are named.
  package func value<S: Scalar>(_ operands: (Int) -> Variable<S>) -> Tensor<S> {
    let scratch = Tape<S>()
    var leaves: [Int: Variable<S>] = [:]
    func evaluate(_ formula: Formula) -> Variable<S> {
      switch formula {
      case .number(let value, let shape): return scratch.constant(Tensor(repeating: S(value), shape: shape))
      case .symbol(_, let node, _):
        if let known = leaves[node] { return known }
        let operand = operands(node)
        let leaf = operand.holdsIndices ? scratch.index(operand.indexValue) : scratch.constant(operand.value)
        leaves[node] = leaf
        return leaf
      case .apply(let operation, let inputs, _): return scratch.record(operation, inputs: inputs.map(evaluate))
      case .abbreviated(_, let formula): return evaluate(formula)
      case .slope(let operation, let argument):
        let x = Tape<Double>().input(evaluate(argument).value.converted())
        let y = x.tape.record(operation, x)
        let slope = jvp(of: y, withRespectTo: [x], along: [Tensor(repeating: 1, shape: x.shape)])
        return scratch.constant(slope.converted())
      }
    }
    return evaluate(self).value
  }

  /// The nodes that this tree names.
  var nodes: Set<Int> {
    switch self {
    case .number: []
    case .symbol(_, let node, _): [node]
    case .apply(_, let inputs, _): inputs.reduce(into: []) { $0.formUnion($1.nodes) }
    case .slope(_, let x), .abbreviated(_, let x): x.nodes
    }
  }

  /// This tree with `rule` applied from the leaves to the root, again wherever it changed something. A rule returns
  /// `nil` where it does not apply. A result of another shape is not taken.
  func rewritten(_ rule: (Formula) -> Formula?) -> Formula {
    var current = self
    if case .apply(let operation, let inputs, let shape) = self {
      current = .apply(operation, inputs.map { $0.rewritten(rule) }, shape)
    }
    guard let next = rule(current), next.shape == current.shape else { return current }
    return next.rewritten(rule)
  }

  // MARK: Questions of the rules

  var number: Double? {
    if case .number(let value, _) = self { return value }
    return nil
  }

  /// The operands of an elementwise operation of two arguments.
  func operands(of function: Binary) -> (Formula, Formula)? {
    guard case .apply(let operation, let inputs, _) = self, operation.form == .binary(function) else { return nil }
    return (inputs[0], inputs[1])
  }

  /// The argument of an elementwise function.
  func argument(of function: Unary) -> Formula? {
    guard case .apply(let operation, let inputs, _) = self, operation.form == .unary(function) else { return nil }
    return inputs[0]
  }

  /// The operation at the root with its only argument.
  var single: (operation: any Adjoint.Operation, argument: Formula)? {
    guard case .apply(let operation, let inputs, _) = self, inputs.count == 1 else { return nil }
    return (operation, inputs[0])
  }
}
