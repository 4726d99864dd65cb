import Adjoint

/// The formulas of a page: each value in its symbol, a single fixed number as its value.
struct PageNames {
  private let tape: Tape<Double>
  private let symbols: Symbols
  private let names: [Int: Notation]

  init(_ tape: Tape<Double>, _ symbols: Symbols) {
    (self.tape, self.symbols) = (tape, symbols)
    var names: [Int: Notation] = [:]
    for node in 0..<tape.count {
      let x = tape[node]
      let isNumber = x.role == .constant && x.shape.elementCount == 1
      names[node] = isNumber ? .number(x.scalar) : .named(symbols[node])
    }
    self.names = names
  }

  private func name(of node: Int) -> Notation { names[node] ?? .named(symbols[node]) }

  /// y = f(x) for the operation that computed a node, as MathML.
  func equation(of y: Variable<Double>) -> String {
    guard let operation = y.operation else { return PageNames.math(name(of: y.index)) }
    let formula = operation.notation(y.inputs.map { name(of: $0.index) })
    return PageNames.math(.infix(.equal, .named(symbols[y.index]), formula))
  }

  /// A contribution in terms of its consumer's adjoint and of forward values, read off the nodes that the rule recorded.
  func formula(of contribution: Variable<Double>, adjointOf consumer: Int, _ backward: Backward<Double>) -> String {
    var known = names.filter { $0.key <= backward.output.index }
    if let adjoint = backward.adjoint(of: tape[consumer]) {
      known[adjoint.index] = .named(symbols.adjoint(of: consumer))
    }
    for node in backward.output.index + 1..<tape.count where tape[node].operation == nil && known[node] == nil {
      known[node] = name(of: node)
    }
    return PageNames.math(tape.expression(of: contribution, in: known))
  }

  private static func math(_ notation: Notation) -> String { "<math><mrow>" + notation.mathML + "</mrow></math>" }
}
