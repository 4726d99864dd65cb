// Operations of other modules whose `forward` is one formula for all elements, which the library's loops compute.

extension Tape {
  /// Writes the value of an operation's node, by its formula when it has one.
  @inline(never)
  func evaluate(_ operation: some Operation, _ x: Operands<S>, into node: Int) {
    let y = output(node)
    guard readsFormulas, let formula = Tape.formula(of: operation, x, y) else { return operation.forward(x, into: y) }
    formulas[node] = formula
    formula.compute(x, into: y)
  }

  private static func formula(of operation: some Operation, _ x: Operands<S>, _ y: Output<S>) -> LoopFormula? {
    guard y.count > 0, y.count < Int32.max, operation.indexPosition == nil,
      operation.resultIndexBound(for: (0..<x.count).map { x[$0].shape }) == nil,
      S.self == Float.self || S.self == Double.self,
      (0..<x.count).allSatisfy({ x[$0].count == y.count || x[$0].count == 1 })
    else { return nil }
    let numbers = { (x: Operands<FormulaNumber>, y: Output<FormulaNumber>) in operation.forward(x, into: y) }
    let own = { (x: Operands<S>, y: Output<S>) in operation.forward(x, into: y) }
    return KnownFormulas.formula(of: operation, x, y) {
      LoopFormula.read(x, y, numbers, own)
    } isStill: {
      $0.isRead(from: x, y, y.indices, numbers) && $0.hasBits(x, y, y.indices, own)
    }
  }
}

extension Variable {
  /// True when this is the value of an operation of another module that the library computes with its own loops, because
  /// `forward` is one formula for all elements.
  public var isFormula: Bool { tape.formulas[tape.index(of: self)] != nil }
}
