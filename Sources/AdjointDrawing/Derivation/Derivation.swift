import Adjoint

/// The backward pass of a recorded model as numbered equations, **read off the recorded backward nodes**. Forward
/// equations of the named values come first. v̄ = ∂L/∂v follows for each of them, down to the parameters.
///
/// ```swift
/// let derivation = Derivation(of: loss)
/// print(derivation.text)
/// try derivation.latex.write(toFile: "derivation.tex", atomically: true, encoding: .utf8)
/// ```
///
/// Nothing is written from a template: each right side is the tree of operations that the tape holds, down to values
/// that have a name. A simplified form stands in another line, with the name of the step. Every line can be evaluated
/// (`deviations()`), from the tree that is printed.
public struct Derivation<S: Scalar> {
  /// A numbered equation: name = first side = second side = …
  package struct Equation: Sendable {
    package let number: Int
    /// The symbol on the left.
    package let name: String
    /// The node that holds its value.
    package let node: Int
    package let shape: Shape
    /// The right sides: as recorded, then simplified.
    package let sides: [Formula]
    /// Sentences about the step.
    package let remarks: [Remark]
    package let isBackward: Bool
  }

  /// A leaf of the model, which the derivation takes as given.
  package struct Given: Sendable {
    package let name: String
    package let shape: Shape
    /// Its role and its label on the tape, such as `parameter fc1/weight`.
    package let description: String
  }

  /// The number that is differentiated, L.
  package let output: Variable<S>
  /// The sweep whose nodes are read.
  package let backward: Backward<S>
  package private(set) var equations: [Equation] = []
  package private(set) var given: [Given] = []
  /// True when values are printed below the equations.
  public var numbers: Bool
  let symbols: Symbols<S>
  private var names: [Int: String] = [:]

  /// Records the backward pass of `output` on its tape and reads it.
  ///
  /// - Parameters:
  ///   - output: L, a single number.
  ///   - targets: the values whose gradients are derived; every trainable parameter when left out, or every input where
  ///     there is none.
  ///   - numbers: true for the values below the equations.
  public init(of output: Variable<S>, withRespectTo targets: [Variable<S>]? = nil, numbers: Bool = false) {
    let needed = Set(output.dependencies)
    let parameters = output.tape.trainableParameters.map(\.leaf).filter { needed.contains($0.index) }
    self.output = output
    self.numbers = numbers
    backward = output.tape.backward(from: output, to: targets ?? (parameters.isEmpty ? nil : parameters))
    symbols = Symbols(of: output)
    let plan = NamingPlan(of: output, backward, symbols)
    readForward(plan)
    readBackward(plan)
  }

  private mutating func readForward(_ plan: NamingPlan<S>) {
    for node in plan.forward where plan.isNamed(node) {
      let x = output.tape[node]
      names[node] = symbols[node]
      if let role = x.role {
        let label = x.label.map { " \($0)" } ?? ""
        given.append(Given(name: symbols[node], shape: x.shape, description: role.name + label))
      } else {
        append(node, symbols[node], [expanded(node, isRoot: true).tidied], [], isBackward: false)
      }
    }
  }

  private mutating func readBackward(_ plan: NamingPlan<S>) {
    let tape = output.tape
    for node in plan.forward.reversed() where plan.isNamed(node) {
      guard let adjoint = backward.adjoint(of: tape[node]) else { continue }
      let name = symbols[node].barred
      let isKnown = names[adjoint.index] != nil
      var sides = [expanded(adjoint.index, isRoot: !isKnown).tidied]
      var remarks = node == output.index ? [] : remarks(on: node, plan)
      let rule = sides[0].softmaxWithCrossEntropy(
        definition: { known in equations.last { $0.node == known }?.sides.last },
        addsToOne: { rowsAddToOne($0) })
      if let rule {
        sides.append(rule.result)
        remarks = [rule.remark]
      }
      append(adjoint.index, name, sides, remarks, isBackward: true)
      // A number stands for itself in what follows; a value that has a name already keeps it, unless the new one says more.
      let saysMore = names[adjoint.index].map { $0.hasPrefix("u".barred) && !name.hasPrefix("u".barred) } ?? true
      if sides[0].number == nil, saysMore { names[adjoint.index] = name }
    }
  }

  private mutating func append(
    _ node: Int, _ name: String, _ sides: [Formula], _ remarks: [Remark], isBackward: Bool
  ) {
    equations.append(
      Equation(
        number: equations.count + 1, name: name, node: node, shape: output.tape[node].shape, sides: sides,
        remarks: remarks, isBackward: isBackward))
  }

  /// The tree of a node, down to what has a name.
  func expanded(_ node: Int, isRoot: Bool = false) -> Formula {
    let x = output.tape[node]
    if !isRoot, let name = names[node] { return .symbol(name, node: node, x.shape) }
    if let operation = x.operation { return .apply(operation, x.inputs.map { expanded($0.index) }, x.shape) }
    if x.role == .constant, let first = x.value.elements.first?.primal,
      x.value.elements.allSatisfy({ $0.primal == first })
    {
      // The shortest decimal that reads back as this value in this precision.
      return .number(Double("\(x.value.elements[0])") ?? first, x.shape)
    }
    return .symbol(symbols[node], node: node, x.shape)
  }

  /// True when the last axis of a tree holds rows that add up to 1. One-hot rows always do; given targets are judged by
  /// their recorded values.
  private func rowsAddToOne(_ target: Formula) -> Bool {
    if let (operation, _) = target.single, operation.form == .oneHot { return true }
    guard case .symbol(_, let node, let shape) = target, let width = shape.last, width > 0 else { return false }
    let elements = output.tape[node].value.elements.map(\.primal)
    return stride(from: 0, to: elements.count, by: width).allSatisfy { start in
      (elements[start..<start + width].reduce(0, +) - 1).magnitude < 1e-6
    }
  }

  /// The error of each line of each equation: the largest difference of an element from the recorded node, relative to
  /// the largest element where that is above 1. The value is that of the printed tree.
  public func deviations() -> [(equation: Int, line: Int, deviation: Double)] {
    equations.flatMap { equation in
      equation.sides.indices.map { line in
        (equation.number, line, deviation(of: equation.sides[line], from: equation.node))
      }
    }
  }

  /// The error of a tree's value against that of a node; infinite where shapes or signs of infinity differ.
  package func deviation(of formula: Formula, from node: Int) -> Double {
    let found: Tensor<S> = formula.value { output.tape[$0] }
    let expected = output.tape[node].value
    guard found.shape == expected.shape else { return .infinity }
    let scale = expected.elements.map(\.primal.magnitude).filter(\.isFinite).max() ?? 0
    let differences = zip(found.elements, expected.elements).map { a, b in
      a.primal == b.primal || (a.primal.isNaN && b.primal.isNaN) ? 0 : (a.primal - b.primal).magnitude
    }
    return differences.reduce(0) { $1.isNaN ? .infinity : Swift.max($0, $1) } / Swift.max(scale, 1)
  }
}
