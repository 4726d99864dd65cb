import Adjoint

/// The formulas of a page: each value in its symbol, a single fixed number as its value.
struct PageNames {
  private let tape: Tape<Double>
  private let symbols: Symbols
  private let folded: FoldedNodes
  /// The characters that a line of a step has room for.
  private static let widest = 48
  /// The symbols of what is not written as a number, and not inside another formula.
  private let names: [Int: String]

  init(_ tape: Tape<Double>, _ symbols: Symbols, _ folded: FoldedNodes) {
    (self.tape, self.symbols, self.folded) = (tape, symbols, folded)
    var names: [Int: String] = [:]
    for node in 0..<tape.count where !folded.contains(node) {
      let x = tape[node]
      if x.role != .constant || x.shape.elementCount != 1 { names[node] = symbols[node] }
    }
    self.names = names
  }

  /// y = f(x) for the operation that computed a node, as MathML.
  func equation(of y: Variable<Double>) -> String {
    guard y.operation != nil else { return PageNames.math(folded.formula(of: y, names, isNamed: true)) }
    return PageNames.math(.infix(.equal, .named(symbols[y.index]), folded.formula(of: y, names)))
  }

  /// The same for a node of the backward half, in terms of the adjoints that it is computed from and gives.
  func equation(of y: Variable<Double>, in backward: Backward<Double>) -> String {
    guard let served = y.serves else { return equation(of: y) }
    let adjoint = backward.adjoint(of: served)?.index
    var known = names
    // The rule of an operation turns its adjoint into those of its inputs; what is one node may be the adjoint of both.
    var near = served.inputs
    // At a fan-out an adjoint is a sum: what the consumers handed on is written out, in terms of their adjoints.
    if y.inputs.contains(where: { $0.index != adjoint && $0.serves != nil && $0.serves?.index != served.index }) {
      near = backward.edges.filter { $0.producer == served.index }.map { tape[folded.host(of: $0.consumer)] }
      for node in backward.output.index + 1..<y.index where tape[node].serves?.index != served.index {
        if tape[node].operation != nil { known[node] = nil }
      }
    }
    for x in near + [tape[folded.host(of: served.index)], served] where names[x.index] != nil {
      if let adjoint = backward.adjoint(of: x) { known[adjoint.index] = symbols.adjoint(of: x.index) }
    }
    let formula = folded.formula(of: y, known)
    return PageNames.math(
      .infix(
        .equal, .named(known[y.index] ?? symbols[y.index]),
        formula.text.count <= PageNames.widest ? formula : folded.formula(of: y, names)))
  }

  /// A contribution in terms of its consumer's adjoint and of forward values, read off the nodes that the rule recorded.
  func formula(of contribution: Variable<Double>, adjointOf consumer: Int, _ backward: Backward<Double>) -> String {
    var known = names.filter { $0.key <= backward.output.index }
    if let adjoint = backward.adjoint(of: tape[consumer]) {
      known[adjoint.index] = symbols.adjoint(of: consumer)
    }
    for node in backward.output.index + 1..<tape.count where tape[node].operation == nil && known[node] == nil {
      known[node] = names[node]
    }
    return PageNames.math(folded.formula(of: contribution, known, isNamed: true))
  }

  static func math(_ notation: Notation) -> String { "<math>" + notation.mathML + "</math>" }
}
