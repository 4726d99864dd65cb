import Adjoint

// Loss and penalty on one scale: c·Σ over the batch grows with the batch, c·mean over the weights shrinks with their number.

extension Linter {
  /// A loss that is a sum over the batch, or a penalty that is a mean over its weights.
  func penaltyScale(_ graph: LintGraph<S>) -> [Finding] {
    let terms = LossTerms(loss, graph).terms
    let penalties = terms.filter { !graph.dependsOnData($0.node) && graph.dependsOnParameters($0.node) }
    guard !penalties.isEmpty else { return [] }
    let summed = terms.compactMap { term -> Finding? in
      guard graph.dependsOnData(term.node), case .sum(let count) = term.reduction else { return nil }
      return finding(
        .penaltyScale, at: term.node,
        "the loss is a sum over the batch (\(count) terms) beside a penalty: λ means less the larger the batch",
        "take the mean, or multiply λ by the batch size")
    }
    let averaged = penalties.compactMap { term -> Finding? in
      guard case .mean(let count) = term.reduction else { return nil }
      return finding(
        .penaltyScale, at: term.node, "the penalty is a mean over \(count) weights: λ acts as λ/\(count)",
        "take the sum: λ/2 Σw², as l2Penalty does")
    }
    return summed + averaged
  }
}

/// A loss as a sum of terms, each a constant times a reduction.
private struct LossTerms<S: Scalar> {
  enum Reduction {
    /// Over so many elements.
    case sum(Int)
    case mean(Int)
    case other
  }

  private(set) var terms: [(node: Variable<S>, reduction: Reduction)] = []
  private let graph: LintGraph<S>

  init(_ loss: Variable<S>, _ graph: LintGraph<S>) {
    self.graph = graph
    collect(loss, coefficient: 1)
  }

  private mutating func collect(_ node: Variable<S>, coefficient: Double) {
    let x = graph.origin(of: node)
    guard let operation = x.operation else { return }
    let inputs = x.inputs
    if operation.form == .unary(.negate) {
      collect(inputs[0], coefficient: coefficient)
    } else if let binary = operation.form.binary {
      let numbers = inputs.map { graph.number($0) }
      switch binary {
      case .add, .subtract:
        for input in inputs { collect(input, coefficient: coefficient) }
      case .multiply:
        if let factor = numbers[0] { collect(inputs[1], coefficient: coefficient * factor) }
        if let factor = numbers[1] { collect(inputs[0], coefficient: coefficient * factor) }
      case .divide:
        if let divisor = numbers[1] { collect(inputs[0], coefficient: coefficient / divisor) }
      case .maximum, .minimum, .masked, .pow, .atan2, .hypot, .remainder, .logAddExp: break
      }
    } else {
      terms.append((x, reduction(x, operation, abs(coefficient))))
    }
  }

  private func reduction(_ x: Variable<S>, _ operation: any Adjoint.Operation, _ coefficient: Double) -> Reduction {
    guard let source = x.inputs.first, x.shape.elementCount == 1 else { return .other }
    let count = source.shape.elementCount
    guard count > 1, source.shape[0] > 1 else { return .other }
    if operation.form.isMean { return abs(coefficient - Double(count)) < 1e-6 ? .sum(count) : .mean(count) }
    guard operation.form.isSum else { return .other }
    // A sum times 1/N or 1/2N is a mean, over all elements or over the examples; the factor of a penalty is its λ.
    guard graph.dependsOnData(x), coefficient < 1 else { return .sum(count) }
    func isMean(_ n: Int) -> Bool {
      let product = coefficient * Double(n)
      return abs(product - 1) < 1e-6 || abs(product - 0.5) < 1e-6
    }
    return isMean(count) || isMean(source.shape[0]) ? .mean(count) : .sum(count)
  }
}
