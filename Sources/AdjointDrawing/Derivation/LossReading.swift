import Adjoint

/// A form that a textbook gives a value or an adjoint, proved equal to the recorded one.
struct Claim {
  let formula: Formula
  let remark: Remark
}

/// The losses of a recording as the field writes them: ŷ = softmax(z), L = −mean(log ŷₜ), z̄ = (ŷ − y)/N.
///
/// ŷ is recorded behind the backward pass, so that every formula names a node. A form is claimed only where it has the value
/// of the recorded node, at the recorded point and at random others.
struct LossReading<S: Scalar> {
  /// A name that formulas use and that no forward node has: ŷ, or the rows y of labels.
  struct Definition {
    let name: String
    let node: Int
    let formula: Formula
    /// The forward node before whose equation it stands.
    let before: Int
  }

  private(set) var definitions: [Definition] = []
  /// Claims by the node whose value they give.
  private(set) var claims: [Int: Claim] = [:]
  /// The steps between z and the loss, which the claims make needless.
  private(set) var hidden: Set<Int> = []
  private(set) var replays: Replays<S>
  private let output: Variable<S>
  private let backward: Backward<S>
  private let symbols: Symbols
  private var taken: Set<String>

  init(_ output: Variable<S>, _ backward: Backward<S>, _ symbols: Symbols) {
    (self.output, self.backward, self.symbols) = (output, backward, symbols)
    let needed = output.dependencies
    taken = Set(needed.map { symbols[$0] })
    replays = Replays(of: output.tape, holding: [])
    let heads = needed.compactMap { Head(output.tape[$0], needed) }
    // Everything that claims name is recorded before the tape is replayed.
    var predictions: [Int: Formula] = [:]
    for head in heads where predictions[head.z] == nil { predictions[head.z] = prediction(of: head) }
    let targets = heads.map { self.targets(of: $0, needed) }
    replays = Replays(of: output.tape, holding: Set(targets.joined().flatMap { $0.nodes }))
    for (head, targets) in zip(heads, targets) {
      guard let y = predictions[head.z] else { continue }
      claim(head, y, targets, needed)
    }
    let named = claims.values.reduce(into: Set<Int>()) { $0.formUnion($1.formula.nodes) }
    definitions.removeAll { !named.contains($0.node) }
  }

  // MARK: Predictions and targets

  /// The last value before a loss, z, and the function that makes probabilities of it.
  private struct Head {
    let z: Int
    let isSigmoid: Bool
    /// The node of the loss that tells it.
    let node: Int
    /// The recorded probabilities, where there are some.
    let probabilities: Int?
    /// The scope of the loss; empty where the loss was written by hand.
    let scope: String

    init?<T: Scalar>(_ x: Variable<T>, _ needed: [Int]) {
      guard let operation = x.operation, let first = x.inputs.first else { return nil }
      let scopes = x.scopes.filter { $0 == "crossEntropy" || $0 == "binaryCrossEntropy" }
      scope = scopes.isEmpty ? "" : x.scopes.joined(separator: "/")
      node = x.index
      let form = operation.form
      let isLoss = form == .unary(.softplus) && !scope.isEmpty && first.operation?.form != .unary(.negate)
      guard isLoss || [.softmax(.logSoftmax), .softmax(.softmax), .unary(.sigmoid)].contains(form) else { return nil }
      z = first.index
      isSigmoid = isLoss || form == .unary(.sigmoid)
      probabilities = form == .softmax(.softmax) || form == .unary(.sigmoid) ? x.index : nil
    }
  }

  private func symbol(_ node: Int) -> Formula { .symbol(symbols[node], node: node, output.tape[node].shape) }

  private mutating func free(_ name: String, _ node: Int) -> String {
    taken.insert(name).inserted ? name : name + Notation.lowered(node)
  }

  /// ŷ, recorded if the recording has none.
  private mutating func prediction(of head: Head) -> Formula {
    if let known = head.probabilities { return symbol(known) }
    let z = output.tape[head.z]
    let y = head.isSigmoid ? z.sigmoid() : z.softmax()
    guard let operation = y.operation else { return symbol(head.z) }
    let name = free("ŷ", y.index)
    let formula = Formula.apply(operation, [symbol(head.z)], y.shape)
    definitions.append(Definition(name: name, node: y.index, formula: formula, before: head.node))
    return .symbol(name, node: y.index, y.shape)
  }

  /// The rows with which a prediction may be compared: those of labels, and leaves of its shape.
  private mutating func targets(of head: Head, _ needed: [Int]) -> [Formula] {
    let tape = output.tape
    let shape = tape[head.z].shape
    var found: [Formula] = []
    if !head.isSigmoid {
      for node in output.index + 1..<tape.count where tape[node].operation?.form == .oneHot && tape[node].shape == shape
      {
        if let known = definitions.first(where: { $0.node == node }) {
          found.append(.symbol(known.name, node: node, shape))
          continue
        }
        guard let operation = tape[node].operation, let label = tape[node].inputs.first else { continue }
        let name = taken.contains("y") ? "e_" + symbols[label.index] : free("y", node)
        let formula = Formula.apply(operation, [symbol(label.index)], shape)
        definitions.append(Definition(name: name, node: node, formula: formula, before: head.node))
        found.append(.symbol(name, node: node, shape))
      }
    }
    for node in needed where tape[node].role != nil && tape[node].role != .parameter && !tape[node].holdsIndices {
      if tape[node].shape == shape, node != head.z { found.append(symbol(node)) }
    }
    return found
  }

  // MARK: Claims

  private mutating func claim(_ head: Head, _ y: Formula, _ targets: [Formula], _ needed: [Int]) {
    let z = output.tape[head.z]
    guard let adjoint = backward.adjoint(of: z), claims[adjoint.index] == nil else { return }
    let name = (head.isSigmoid ? "sigmoid" : "softmax") + " with cross-entropy"
    for target in targets {
      guard let difference = Formula.applying(Binary.subtract, y, target),
        let result = scaled(difference, like: adjoint), replays.prove(result, equals: adjoint.index)
      else { continue }
      var words: [Remark.Part] = [.words("\(name): the recorded rule comes to this, compared at random points")]
      if !head.isSigmoid {
        words += [.words("; the entries of "), .formula(target.notation), .words(" add up to 1 for each example")]
      }
      claims[adjoint.index] = Claim(formula: result, remark: Remark(words))
      claimLoss(head, y, target, needed)
      return
    }
  }

  /// A tree times the number that makes it a node's value at the recorded point.
  private func scaled(_ formula: Formula, like node: Variable<S>) -> Formula? {
    let value: Tensor<S> = formula.value { output.tape[$0] }
    guard
      let place = value.elements.indices.max(by: {
        value.elements[$0].primal.magnitude < value.elements[$1].primal.magnitude
      }),
      value.elements[place].primal != 0
    else { return nil }
    let ratio = node.value.elements[place].primal / value.elements[place].primal
    let (whole, inverse) = (ratio.rounded(), (1 / ratio).rounded())
    if (ratio - whole).magnitude < 1e-6, whole != 0 {
      return Formula.applying(Binary.multiply, .number(whole, []), formula)?.tidied
    }
    if (1 / ratio - inverse).magnitude < 1e-5 * inverse.magnitude {
      return Formula.applying(Binary.divide, formula, .number(inverse, []))
    }
    return ratio.isFinite ? Formula.applying(Binary.multiply, .number(ratio, []), formula) : nil
  }

  /// The loss in terms of ŷ, where it is one of the library's.
  private mutating func claimLoss(_ head: Head, _ y: Formula, _ target: Formula, _ needed: [Int]) {
    guard !head.scope.isEmpty else { return }
    let tape = output.tape
    let region = needed.filter { tape[$0].operation != nil && tape[$0].scopes.joined(separator: "/") == head.scope }
    guard let root = region.last else { return }
    let inside = Set(region.dropLast())
    let isClosed = needed.allSatisfy { node in
      inside.contains(node) || node == root || tape[node].inputs.allSatisfy { !inside.contains($0.index) }
    }
    guard isClosed, let each = perExample(head, y, target, region) else { return }
    let (shape, axes) = (each.shape, AxisSet(each.shape.indices))
    for form in [Formula.applying(Mean(axes: axes), each), Formula.applying(Sum(axes: axes), each), each] {
      guard let form = form.flatMap({ Formula.applying(Unary.negate, $0) }), replays.prove(form, equals: root),
        shape.elementCount > 0
      else { continue }
      let words = Remark.Part.words("the recorded steps come to this, compared at random points")
      claims[root] = Claim(formula: form, remark: Remark([words]))
      hidden.formUnion(inside)
      return
    }
  }

  /// log ŷₜ of each row, Σ y ⊙ log ŷ, or y ⊙ log ŷ + (1 − y) ⊙ log(1 − ŷ).
  private func perExample(_ head: Head, _ y: Formula, _ target: Formula, _ region: [Int]) -> Formula? {
    let tape = output.tape
    guard let log = Formula.applying(Unary.log, y) else { return nil }
    if head.isSigmoid {
      guard let rest = Formula.applying(Binary.subtract, .number(1, []), y),
        let logRest = Formula.applying(Unary.log, rest),
        let other = Formula.applying(Binary.subtract, .number(1, []), target),
        let first = Formula.applying(Binary.multiply, target, log),
        let second = Formula.applying(Binary.multiply, other, logRest)
      else { return nil }
      return .applying(Binary.add, first, second)
    }
    if let pick = region.first(where: { tape[$0].operation?.form == .pick }), let operation = tape[pick].operation,
      let label = tape[pick].inputs.last, let probability = Formula.applying(operation, y, symbol(label.index))
    {
      return .applying(Unary.log, probability)
    }
    let terms = Formula.applying(Binary.multiply, target, log)
    return terms.flatMap { .applying(Sum(axes: AxisSet([$0.shape.rank - 1])), $0) }
  }
}
