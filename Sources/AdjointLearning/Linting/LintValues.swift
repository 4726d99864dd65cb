import Adjoint

// Rules that look at the values of the recorded batch. NaN is neither dead nor saturated, and has no scale: it is an error
// of the training, not a finding.

/// The values of the nodes that rules look at.
///
/// Where the recording leaves values for later, one program computes these alone, so that what stands between them, such as the
/// windows of images, is never in memory.
struct LintValues<S: Scalar> {
  private var program: Program<S>?

  init(of nodes: [Variable<S>]) {
    guard let tape = nodes.first?.tape, tape.computesLater else { return }
    let program = Program<S>(nodes)
    program.recompute()
    self.program = program
  }

  /// - Parameter x: a leaf, or one of the nodes.
  func look<Result>(at x: Variable<S>, _ body: (UnsafeBufferPointer<S>) -> Result) -> Result {
    guard let program, x.operation != nil else { return x.value.elements.withUnsafeBufferPointer(body) }
    return program.withValue(of: x, body)
  }
}

extension Linter {
  /// Fewer examples say little about a unit.
  static var leastBatch: Int { 100 }

  /// The ReLUs, and the hidden sigmoids and tanhs, of a batch that is large enough.
  func units(of graph: LintGraph<S>) -> [Variable<S>] {
    graph.nodes.filter { y in
      guard let function = y.operation?.form.unary, y.shape.rank >= 2, y.shape[0] >= Linter.leastBatch
      else { return false }
      return function == .relu || (function == .sigmoid || function == .tanh) && graph.isHidden(y)
    }
  }

  /// Dead ReLU units, and hidden sigmoids and tanhs that stand at their ends.
  func idle(_ y: Variable<S>, _ values: LintValues<S>) -> Finding? {
    let function = y.operation?.form.unary
    if function == .relu { return deadUnits(y, values) }
    return function == .sigmoid
      ? saturated(y, values) { 4 * $0 * (1 - $0) } : saturated(y, values) { 1 - $0 * $0 }
  }

  /// A unit is a position of the last axis: a column of a dense layer, a channel of a convolution.
  @specialized(where S == Float)
  private func deadUnits(_ y: Variable<S>, _ values: LintValues<S>) -> Finding? {
    let units = y.shape[y.shape.rank - 1]
    guard units > 0 else { return nil }
    var isAlive = [Bool](repeating: false, count: units)
    values.look(at: y) { values in
      for position in values.indices where !(values[position].primal <= 0) { isAlive[position % units] = true }
    }
    let dead = isAlive.count { !$0 }
    guard 4 * dead > units else { return nil }
    return finding(
      .deadUnits, at: y, "\(dead) of \(units) units give 0 for all \(y.shape[0]) examples",
      "lower the learning rate, start biases at 0, draw weights with heNormal, or use leakyRelu")
  }

  /// - Parameter slope: the derivative relative to its largest, from the function's value.
  @specialized(where S == Float)
  private func saturated(_ y: Variable<S>, _ values: LintValues<S>, slope: (Double) -> Double) -> Finding? {
    let (flat, count) = values.look(at: y) { values in (values.count { slope($0.primal) < 0.01 }, values.count) }
    guard 2 * flat > count else { return nil }
    return finding(
      .saturatedUnits, at: y,
      "\(flat * 100 / count)% of its values stand where the derivative is under 1% of the largest",
      "bring inputs to unit scale, draw weights with glorotNormal, or use relu")
  }

  /// What enters a first product, after whatever scales it.
  func productInputs(of graph: LintGraph<S>) -> [Variable<S>] {
    var seen: Set<Int> = []
    return graph.nodes.filter { $0.operation?.form.isProduct == true }.flatMap(\.inputs)
      .filter { !graph.dependsOnParameters($0) && graph.dependsOnData($0) }.map { graph.origin(of: $0) }
      .filter { seen.insert($0.index).inserted && $0.role != .constant }
  }

  /// Inputs that enter their first product far from unit scale.
  @specialized(where S == Float)
  func inputScale(_ x: Variable<S>, _ values: LintValues<S>) -> Finding? {
    var (squares, low, high) = (0.0, Double.infinity, -Double.infinity)
    values.look(at: x) { values in
      for value in values {
        squares += value.primal * value.primal
        (low, high) = (min(low, value.primal), max(high, value.primal))
      }
    }
    let size = (squares / Double(max(x.shape.elementCount, 1))).squareRoot()
    guard size > 0, size > 10 || size < 1e-3 else { return nil }
    return finding(
      .inputScale, at: x,
      "inputs from \(short(low)) to \(short(high)) (root mean square \(short(size))) are far from unit scale",
      low >= 0 && high <= 255 && high > 1 ? "divide by 255, or standardise" : "standardise them")
  }
}
