import Adjoint

// Rules that look at the values of the recorded batch. NaN is neither dead nor saturated, and has no scale: it is an error
// of the training, not a finding.

extension Linter {
  /// Fewer examples say little about a unit.
  static var leastBatch: Int { 100 }

  /// Dead ReLU units, and hidden sigmoids and tanhs that stand at their ends.
  func idleUnits(_ graph: LintGraph<S>) -> [Finding] {
    graph.nodes.compactMap { y in
      guard let function = y.operation?.form.unary, y.shape.rank >= 2, y.shape[0] >= Linter.leastBatch
      else { return nil }
      if function == .relu { return deadUnits(y) }
      guard graph.isHidden(y) else { return nil }
      if function == .sigmoid { return saturated(y) { 4 * $0 * (1 - $0) } }
      return function == .tanh ? saturated(y) { 1 - $0 * $0 } : nil
    }
  }

  /// A unit is a position of the last axis: a column of a dense layer, a channel of a convolution.
  private func deadUnits(_ y: Variable<S>) -> Finding? {
    let units = y.shape[y.shape.rank - 1]
    guard units > 0 else { return nil }
    var isAlive = [Bool](repeating: false, count: units)
    for (position, value) in y.value.elements.enumerated() where !(value.primal <= 0) {
      isAlive[position % units] = true
    }
    let dead = isAlive.count { !$0 }
    guard 4 * dead > units else { return nil }
    return finding(
      .deadUnits, at: y, "\(dead) of \(units) units give 0 for all \(y.shape[0]) examples",
      "lower the learning rate, start biases at 0, draw weights with heNormal, or use leakyRelu")
  }

  /// - Parameter slope: the derivative relative to its largest, from the function's value.
  private func saturated(_ y: Variable<S>, slope: (Double) -> Double) -> Finding? {
    let values = y.value.elements
    let flat = values.count { slope($0.primal) < 0.01 }
    guard 2 * flat > values.count else { return nil }
    return finding(
      .saturatedUnits, at: y,
      "\(flat * 100 / values.count)% of its values stand where the derivative is under 1% of the largest",
      "bring inputs to unit scale, draw weights with glorotNormal, or use relu")
  }

  /// Inputs that enter their first product, after whatever scales them, far from unit scale.
  func inputScale(_ graph: LintGraph<S>) -> [Finding] {
    var seen: Set<Int> = []
    var findings: [Finding] = []
    for product in graph.nodes where product.operation?.form.isProduct == true {
      for operand in product.inputs where !graph.dependsOnParameters(operand) && graph.dependsOnData(operand) {
        let x = graph.origin(of: operand)
        guard seen.insert(x.index).inserted, x.role != .constant else { continue }
        let values = x.value.elements
        let squares = values.reduce(0) { $0 + $1.primal * $1.primal }
        let size = (squares / Double(max(values.count, 1))).squareRoot()
        guard size > 0, size > 10 || size < 1e-3 else { continue }
        let (low, high) = values.reduce((Double.infinity, -Double.infinity)) {
          (min($0.0, $1.primal), max($0.1, $1.primal))
        }
        findings.append(
          finding(
            .inputScale, at: x,
            "inputs from \(short(low)) to \(short(high)) (root mean square \(short(size))) are far from unit scale",
            low >= 0 && high <= 255 && high > 1 ? "divide by 255, or standardise" : "standardise them"))
      }
    }
    return findings
  }
}
