// Operations of other modules whose `forward` is one formula for all elements, which the library's loops compute.

extension Tape {
  /// Writes the value of an operation's node, by its formula when it has one.
  @inline(never)
  func evaluate(_ operation: some Operation, _ x: Operands<S>, into node: Int) {
    let y = output(node)
    guard readsFormulas else { return operation.forward(x, into: y) }
    guard let formula = Tape.formula(of: operation, x, y) else {
      let givesIndices = operation.resultIndexBound(for: (0..<x.count).map { x[$0].shape }) != nil
      guard y.count > 0, !givesIndices else { return operation.forward(x, into: y) }
      return Tape.fill(y, of: operation.name) { operation.forward(x, into: y) }
    }
    formulas[node] = formula
    formula.compute(x, into: y)
  }

  /// Calls `forward`, and traps where it leaves an element of y as it was: in a program another node's value stands there.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private static func fill(_ y: Output<S>, of name: String, by forward: () -> Void) {
    // All bits are set: a NaN that no arithmetic makes, and that y[i] += … keeps.
    func isMark(_ i: Int) -> Bool { withUnsafeBytes(of: y.base[i]) { $0.allSatisfy { $0 == 0xFF } } }
    func run(over byte: UInt8) {
      UnsafeMutableRawPointer(y.base).initializeMemory(
        as: UInt8.self, repeating: byte, count: y.count * MemoryLayout<S>.stride)
      forward()
    }
    run(over: 0xFF)
    guard let left = y.indices.first(where: { y.base[$0] != y.base[$0] && isMark($0) }) else { return }
    // An operand may hold that NaN, too.
    run(over: 0)
    if !isMark(left) {
      fatalError(
        "\(name): forward leaves element \(left) of \(y.shape) as it was; it must write all \(y.count), with = and not with +=, "
          + "whatever stood there")
    }
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
