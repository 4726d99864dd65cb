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
    if pattern.isExplained(by: passedOn) { return .missingLocalDerivative }
    if pattern.isExplained(by: columns.sums) { return .missingCotangent }
    // One number has too many explanations.
    guard columns.sample.count > 1 else { return nil }
    let sameShape = rule.g.shape == pattern.shape ? whereShapesAgree : nil
    return sameShape ?? formula ?? exchanged ?? stray ?? alongAnotherAxis
  }

  private func explains(_ candidate: Tensor<Double>?) -> Bool {
    guard let candidate, candidate.shape == pattern.shape else { return false }
    return pattern.isExplained(by: columns.sample.map { candidate.elements[$0] })
  }

  /// The cotangent as it came, for each element of the sample: that of the element of y that it moves, or their sum where x is
  /// repeated to y's shape; empty where neither is so.
  private var passedOn: [Double] {
    let (g, shape) = (rule.g, pattern.shape)
    if g.shape == shape { return columns.sample.map { g.elements[$0] } }
    guard columns.cotangents.isEmpty, shape.broadcasts(to: g.shape) else { return columns.cotangents }
    let lead = g.shape.rank - shape.rank
    let axes = g.shape.indices.filter { $0 < lead || (shape[$0 - lead] == 1 && g.shape[$0] > 1) }
    let sum = g.sum(axes: Array(axes))
    return columns.sample.map { sum.elements[$0] }
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

  /// The operands and y by their names, those that fit x's shape.
  private var numbers: [(name: String, value: Tensor<Double>)] {
    let operands = (0..<rule.operandCount).filter { !rule.isIndex($0) }
    let named = operands.map { (rule.operandCount == 1 ? "x" : "x" + subscripted($0), rule.value($0)) }
    return (named + [("y", rule.output)]).compactMap { name, value in
      value.shape.broadcasts(to: pattern.shape) ? (name, value.broadcast(to: pattern.shape)) : nil
    }
  }

  private func subscripted(_ number: Int) -> String {
    String(number).map { digit in
      String(digit.wholeNumberValue.flatMap { Unicode.Scalar(0x2080 + $0) }.map(Character.init) ?? digit)
    }.joined()
  }

  /// The formula that the rule follows, and the one that it should: the same of another number, if there is such.
  private var formula: Hypothesis? {
    let g = passedOn
    guard !g.isEmpty else { return nil }
    // A constant fits too many formulas.
    let numbers = numbers.filter { _, t in t.elements.contains { $0 != t.elements[0] } }
    func candidate(_ formula: DerivativeFormula, _ t: Tensor<Double>) -> [Double] {
      columns.sample.indices.map { g[$0] * formula.value(t.elements[columns.sample[$0]]) }
    }
    func right(_ first: [DerivativeFormula]) -> String? {
      (first + DerivativeFormula.all).lazy.compactMap { other in
        numbers.first { pattern.isRight(candidate(other, $0.value)) }.map { other.text($0.name) }
      }.first
    }
    for formula in DerivativeFormula.all {
      for (name, t) in numbers where pattern.isExplained(by: candidate(formula, t)) {
        let right = right([formula])
        return right == nil && formula.text("t") == "t" && name == "y"
          ? .valueForDerivative : .otherFormula(found: formula.text(name), expected: right)
      }
    }
    guard let place = g.firstIndex(where: { $0 != 0 }) else { return nil }
    let factor = pattern.value(place) / g[place]
    return pattern.isExplained(by: g.map { $0 * factor })
      ? .otherFormula(found: short(factor), expected: right([])) : nil
  }

  /// The right contribution times a power of an operand, of the result or of the cotangent.
  private var stray: Hypothesis? {
    for (name, t) in numbers + (rule.g.shape == pattern.shape ? [("ȳ", rule.g)] : []) {
      let powers: [(String, (Double) -> Double)] = [
        (name, { $0 }), ("1/\(name)", { 1 / $0 }), ("\(name)²", { $0 * $0 }), ("1/\(name)²", { 1 / ($0 * $0) }),
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
        if explains(right.permute(order)) || explains(contribution(alongAxes: order)) { return .wrongAxis }
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

  /// The contribution of the operation on an operand whose axes are exchanged.
  private func contribution(alongAxes order: [Int]) -> Tensor<Double> {
    let x = rule.value(position).permute(order)
    let g = rule.g.shape == pattern.shape ? rule.g.permute(order) : rule.g
    let elements = x.elements.indices.map { element in
      rule.tangent(position, at: x) { $0[linear: element].tangent = 1 }.dot(g)
    }
    return Tensor(shape: x.shape, elements: elements).permute(order)
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
