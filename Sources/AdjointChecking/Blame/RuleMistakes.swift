import Adjoint

/// The mistakes that people make in a rule, each as the contribution that it would give; the first that explains every element
/// has made it.
struct RuleMistakes {
  private let rule: LocalRule
  private let position: Int
  private let pattern: FaultPattern
  private let columns: JacobianColumns

  init(_ rule: LocalRule, _ position: Int, _ pattern: FaultPattern, _ columns: JacobianColumns) {
    (self.rule, self.position, self.pattern, self.columns) = (rule, position, pattern, columns)
  }

  var hypothesis: Hypothesis? {
    if explains(passedOn) { return .missingLocalDerivative }
    if pattern.isExplained(by: columns.sums) { return .missingCotangent }
    // One number has too many explanations.
    guard columns.sample.count > 1 else { return nil }
    if rule.g.shape == pattern.shape, let named = whereShapesAgree { return named }
    return exchanged ?? stray ?? alongAnotherAxis
  }

  private func explains(_ candidate: Tensor<Double>?) -> Bool {
    guard let candidate, candidate.shape == pattern.shape else { return false }
    return pattern.isExplained(by: columns.sample.map { candidate.elements[$0] })
  }

  /// The cotangent as it came: summed where x is repeated to y's shape, repeated where y is smaller.
  private var passedOn: Tensor<Double>? {
    let (g, shape) = (rule.g, pattern.shape)
    if g.shape.broadcasts(to: shape) { return g.broadcast(to: shape) }
    guard shape.broadcasts(to: g.shape) else { return nil }
    let lead = g.shape.rank - shape.rank
    let axes = g.shape.indices.filter { $0 < lead || (shape[$0 - lead] == 1 && g.shape[$0] > 1) }
    return g.sum(axes: Array(axes)).reshape(to: shape)
  }

  /// Mistakes that are possible where x and y have one shape.
  private var whereShapesAgree: Hypothesis? {
    if pattern.isExplained(by: columns.diagonal) { return .diagonalOnly }
    let (g, y) = (rule.g, rule.output)
    if let formula { return formula }
    if explains(g * y) { return .valueForDerivative }
    if explains(rule.tangent(position, at: y) { $0.setTangents { _ in 1 } } * g) { return .derivativeAtOutput }
    if explains(rule.tangent(position) { $0.setTangents { g.elements[$0] } }) { return .untransposedJacobian }
    return sumAlongAnotherAxis
  }

  // MARK: Formulas

  /// The operands of y's shape, and y, by their names.
  private var numbers: [(name: String, value: Tensor<Double>)] {
    let operands = (0..<rule.operandCount).filter { !rule.isIndex($0) }
    let named = operands.map { (rule.operandCount == 1 ? "x" : "x" + subscripted($0), rule.value($0)) }
    return (named + [("y", rule.output)]).filter { name, value in
      // A constant fits too many formulas.
      value.shape == pattern.shape && value.elements.contains { $0 != value.elements[0] }
    }
  }

  private func subscripted(_ number: Int) -> String {
    String(number).map { digit in
      String(digit.wholeNumberValue.flatMap { Unicode.Scalar(0x2080 + $0) }.map(Character.init) ?? digit)
    }.joined()
  }

  /// The formula that the rule follows, and the one that it should: the same of another number, if there is such.
  private var formula: Hypothesis? {
    let numbers = numbers
    func candidate(_ formula: DerivativeFormula, _ t: Tensor<Double>) -> [Double] {
      columns.sample.map { rule.g.elements[$0] * formula.value(t.elements[$0]) }
    }
    for formula in DerivativeFormula.all {
      for (name, t) in numbers where pattern.isExplained(by: candidate(formula, t)) {
        let right = ([formula] + DerivativeFormula.all).lazy.compactMap { other in
          numbers.first { pattern.isRight(candidate(other, $0.value)) }.map { other.text($0.name) }
        }.first
        return right == nil && formula.text("t") == "t" && name == "y"
          ? .valueForDerivative : .otherFormula(found: formula.text(name), expected: right)
      }
    }
    return nil
  }

  /// The right contribution times a power of an operand, of the result or of the cotangent.
  private var stray: Hypothesis? {
    guard rule.g.shape == pattern.shape else { return nil }
    for (name, t) in numbers + [("ȳ", rule.g)] {
      let powers: [(String, (Double) -> Double)] = [
        (name, { $0 }), ("1/\(name)", { 1 / $0 }), ("\(name)²", { $0 * $0 }), ("1/\(name)²", { 1 / ($0 * $0) }),
        ("|\(name)|", { abs($0) }),
      ]
      for (text, power) in powers {
        let candidate = columns.sample.indices.map { columns.expected[$0] * power(t.elements[columns.sample[$0]]) }
        if pattern.isExplained(by: candidate) { return .strayFactor(text) }
      }
    }
    return nil
  }

  // MARK: Operands and axes

  /// The contribution of another operand, or that of the operation with two operands exchanged.
  private var exchanged: Hypothesis? {
    let others = (0..<rule.operandCount).filter {
      $0 != position && !rule.isIndex($0) && rule.value($0).shape == pattern.shape
    }
    for other in others {
      var order = Array(0..<rule.operandCount)
      order.swapAt(position, other)
      for (moved, order) in [(other, nil), (position, order), (other, order)] {
        let candidate = columns.sample.map { element in
          rule.tangent(moved, order: order) { $0[linear: element].tangent = 1 }.dot(rule.g)
        }
        if pattern.isExplained(by: candidate) { return .exchangedOperands }
      }
    }
    return nil
  }

  /// The right numbers under a permutation of equal axes.
  private var alongAnotherAxis: Hypothesis? {
    let shape = pattern.shape
    guard columns.sample.count == shape.elementCount, 2...4 ~= shape.rank else { return nil }
    let right = Tensor(shape: shape, elements: columns.expected)
    var order = Array(shape.indices)
    for a in shape.indices {
      for b in shape.indices where b > a && shape[a] == shape[b] && shape[a] > 1 {
        order.swapAt(a, b)
        if explains(right.permute(order)) { return .wrongAxis }
        order.swapAt(a, b)
      }
    }
    // A reduction's cotangent, repeated along an axis that was not reduced.
    guard rule.g.elements.count < shape.elementCount else { return nil }
    return shape.indices.contains { axis in
      let kept = shape.replacing(axis: axis, with: 1)
      return kept.elementCount == rule.g.elements.count && explains(rule.g.reshape(to: kept).broadcast(to: shape))
    } ? .wrongAxis : nil
  }

  /// The rules of softmax and its logarithm with their sum along another axis, or along all.
  private var sumAlongAnotherAxis: Hypothesis? {
    let (g, y, shape) = (rule.g, rule.output, pattern.shape)
    guard shape.rank > 1 else { return nil }
    for axes in shape.indices.map({ [$0] }) + [Array(shape.indices)] {
      func sum(_ x: Tensor<Double>) -> Tensor<Double> { x.sum(axes: axes, keepingDimensions: true) }
      if explains(y * (g - sum(g * y))) || explains(g - y.map { Double.exponential($0) } * sum(g)) { return .wrongAxis }
    }
    return nil
  }
}

extension Tensor where Element == Dual {
  /// Moves every element along a tangent of its own.
  fileprivate mutating func setTangents(_ tangent: (Int) -> Double) {
    for i in elements.indices { self[linear: i].tangent = tangent(i) }
  }
}
