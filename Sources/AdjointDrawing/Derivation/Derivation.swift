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
/// that have a name. Reshapes are left out, and a loss and its adjoint take the form that the field gives them, with the
/// name of the step, where that form has the recorded value at random points too. `unfolded: true` shows the recorded steps
/// beside it. Every line can be evaluated (`deviations()`), from the tree that is printed.
public struct Derivation<S: Scalar> {
  /// A numbered equation: name = first side = second side = …
  package struct Equation: Sendable {
    package let number: Int
    /// The symbol on the left.
    package let name: String
    /// The node that holds its value.
    package let node: Int
    package let shape: Shape
    /// The right sides: as recorded, then simplified; the simplified one alone where the recorded steps are left out.
    package let sides: [Formula]
    /// The right sides as they are written, with examples in rows or columns.
    package let lines: [Notation]
    /// True where the value is written as its transpose.
    let isTransposed: Bool
    /// Sentences about the step.
    package let remarks: [Remark]
    package let isBackward: Bool
  }

  /// A leaf of the model, which the derivation takes as given.
  package struct Given: Sendable {
    package let name: String
    /// The dimensions as it is written, which may be a transpose.
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
  /// The symbols that it uses.
  let symbols: Symbols
  /// The side along which examples stand.
  let examples: ExampleLayout
  let isUnfolded: Bool
  private let columns: ColumnWriter?
  private let loss: LossReading<S>
  private var names: [Int: String] = [:]
  /// The adjoints of values that have a number for a name.
  private var numbered: Set<Int> = []

  /// Records the backward pass of `output` on its tape and reads it.
  ///
  /// - Parameters:
  ///   - output: L, a single number.
  ///   - targets: the values whose gradients are derived; every trainable parameter when left out, or every input where
  ///     there is none.
  ///   - numbers: true for the values below the equations.
  ///   - notation: v̄, or δ⁽ˡ⁾ and ∂L/∂v.
  ///   - examples: rows, as they are recorded, or columns.
  ///   - unfolded: true for the recorded steps of losses too, and for reshapes.
  public init(
    of output: Variable<S>, withRespectTo targets: [Variable<S>]? = nil, numbers: Bool = false,
    notation: AdjointNotation = .bar, examples: ExampleLayout = .rows, unfolded: Bool = false
  ) {
    let needed = Set(output.dependencies)
    let parameters = output.tape.trainableParameters.map(\.leaf).filter { needed.contains($0.index) }
    (self.output, self.numbers, self.examples, isUnfolded) = (output, numbers, examples, unfolded)
    symbols = Symbols(of: output, notation: notation)
    backward = output.tape.backward(from: output, to: targets ?? (parameters.isEmpty ? nil : parameters))
    loss = LossReading(output, backward, symbols)
    let leaves = needed.filter { output.tape[$0].role == .parameter }
    let adjoints = leaves.compactMap { [backward] in backward.adjoint(of: output.tape[$0])?.index }
    columns = examples == .columns ? ColumnWriter(parameters: leaves.union(adjoints)) : nil
    let plan = NamingPlan(of: output, backward, symbols, isUnfolded: unfolded)
    readForward(plan)
    readBackward(plan)
  }

  private func isHidden(_ node: Int) -> Bool { !isUnfolded && loss.hidden.contains(node) }

  private mutating func readForward(_ plan: NamingPlan<S>) {
    for node in plan.forward {
      for definition in loss.definitions where definition.before == node {
        names[definition.node] = definition.name
        append(definition.node, definition.name, [definition.formula], [], isBackward: false)
      }
      guard plan.isNamed(node), !isHidden(node) else { continue }
      let x = output.tape[node]
      names[node] = symbols[node]
      if let role = x.role {
        let label = x.label.map { " \($0)" } ?? ""
        let isTurned = x.shape.rank == 2 && columns.map { !$0.parameters.contains(node) } ?? false
        let shape = isTurned ? Shape(x.shape.reversed()) : x.shape
        given.append(Given(name: symbols[node], shape: shape, description: role.name + label))
      } else {
        let (sides, remarks) = sides(of: node, claim: loss.claims[node])
        append(node, symbols[node], sides, remarks, isBackward: false)
      }
    }
  }

  /// The recorded tree and what is claimed of it; the claim alone where recorded steps are left out.
  private func sides(of node: Int, claim: Claim?) -> (sides: [Formula], remarks: [Remark]) {
    guard let claim else {
      return ([expanded(node, isRoot: names[node] == nil || names[node] == symbols[node]).tidied], [])
    }
    return ((isUnfolded ? [expanded(node, isRoot: true).tidied] : []) + [claim.formula], [claim.remark])
  }

  private mutating func readBackward(_ plan: NamingPlan<S>) {
    let tape = output.tape
    var waiting: [Remark] = []
    for node in plan.forward.reversed() where plan.isNamed(node) && !isHidden(node) {
      guard let adjoint = backward.adjoint(of: tape[node]) else { continue }
      var remarks = waiting + (node == output.index ? [] : self.remarks(on: node, plan))
      if isWritten(insideNext: node, adjoint.index, plan) {
        waiting = remarks
        continue
      }
      waiting = []
      let name = symbols.adjoint(of: node)
      var sides = [expanded(adjoint.index, isRoot: names[adjoint.index] == nil).tidied]
      if let claim = loss.claims[adjoint.index] {
        (sides, remarks) = ((isUnfolded ? sides : []) + [claim.formula], [claim.remark])
      } else if let slope = slope(at: node, adjoint.index, sides[0]) {
        sides = isUnfolded ? sides + [slope.formula] : [slope.formula]
        remarks.append(slope.remark)
      }
      append(adjoint.index, name, sides, remarks, isBackward: true)
      // A number stands for itself in what follows; a value that has a name already keeps it, unless the new one says more.
      let isNumbered = symbols[node].hasPrefix("u")
      let saysMore = names[adjoint.index] == nil || (numbered.contains(adjoint.index) && !isNumbered)
      if sides[0].number == nil, saysMore {
        names[adjoint.index] = name
        if isNumbered { numbered.insert(adjoint.index) } else { numbered.remove(adjoint.index) }
      }
    }
  }

  /// True for ∂L/∂a where δ = (∂L/∂a) ⊙ f′(z) is all that uses it.
  private func isWritten(insideNext node: Int, _ adjoint: Int, _ plan: NamingPlan<S>) -> Bool {
    guard symbols.notation == .delta, !isUnfolded, symbols.isActivation(node), plan.uses[adjoint] ?? 0 <= 1,
      let z = output.tape[node].inputs.first, output.tape[node].inputs.count == 1, symbols.isWeightedSum(z.index)
    else { return false }
    return backward.contributions(to: z).count == 1 && backward.adjoint(of: z) != nil
  }

  /// ā ⊙ f′(z), where z goes into a = f(z) alone and the recorded rule has that value.
  private func slope(at node: Int, _ adjoint: Int, _ recorded: Formula) -> Claim? {
    let edges = backward.contributions(to: output.tape[node])
    guard edges.count == 1, let operation = output.tape[edges[0].consumer].operation,
      let arriving = backward.adjoint(of: output.tape[edges[0].consumer]),
      output.tape[edges[0].consumer].inputs.count == 1,
      symbols.isActivation(edges[0].consumer) || operation.form.unary == .sigmoid,
      Formula.slopeNotation(operation, .symbol("z")) != nil
    else { return nil }
    let slope = Formula.slope(operation, .symbol(symbols[node], node: node, output.tape[node].shape))
    guard let formula = Formula.applying(Binary.multiply, expanded(arriving.index).tidied, slope)?.tidied,
      loss.replays.prove(formula, equals: adjoint)
    else { return nil }
    var remark: [Remark.Part] = [.formula(slope.notation)]
    if let (_, factor) = recorded.operands(of: .multiply) {
      remark += [.words(" = "), .formula(factor.folded.notation)]
    } else if let (_, condition) = recorded.operands(of: .masked) {
      let notation = condition.folded.notation
      remark += [.words(" = "), .formula(.indicator(of: notation))]
    } else {
      remark += [.words(" is the derivative of "), .formula(operation.notation([.symbol(symbols[node])]))]
    }
    return Claim(formula: formula, remark: Remark(remark))
  }

  private mutating func append(
    _ node: Int, _ name: String, _ sides: [Formula], _ remarks: [Remark], isBackward: Bool
  ) {
    let shape = output.tape[node].shape
    let isParameter = columns.map { $0.parameters.contains(node) } ?? true
    let lines = sides.map { side in
      let shown = isUnfolded ? side : side.folded
      return shown.written(columns?.written(shown, isParameter: isParameter) ?? shown.notation)
    }
    equations.append(
      Equation(
        number: equations.count + 1, name: name, node: node, shape: shape, sides: sides, lines: lines,
        isTransposed: !isParameter && shape.rank == 2, remarks: remarks + windowRemarks(on: sides),
        isBackward: isBackward))
  }

  /// The tree of a node, down to what has a name.
  func expanded(_ node: Int, isRoot: Bool = false) -> Formula {
    let x = output.tape[node]
    if !isRoot, let name = names[node] { return .symbol(name, node: node, x.shape) }
    if !isRoot, let claim = isUnfolded ? nil : loss.claims[node] { return claim.formula }
    if let operation = x.operation { return .apply(operation, x.inputs.map { expanded($0.index) }, x.shape) }
    if x.role == .constant, let first = x.value.elements.first?.primal,
      x.value.elements.allSatisfy({ $0.primal == first })
    {
      // The shortest decimal that reads back as this value in this precision.
      return .number(Double("\(x.value.elements[0])") ?? first, x.shape)
    }
    return .symbol(symbols[node], node: node, x.shape)
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
