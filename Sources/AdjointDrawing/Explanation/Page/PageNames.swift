import Adjoint

/// The names of nodes in the formulas of a page: a leaf's path, a single fixed number's value, otherwise a position
/// such as `%7`. An adjoint has the name of its node, under a bar.
struct PageNames {
  private let tape: Tape<Double>
  private let names: [Int: Notation]

  init(_ tape: Tape<Double>) {
    self.tape = tape
    var names: [Int: Notation] = [:]
    for node in 0..<tape.count { names[node] = PageNames.name(of: tape[node]) }
    self.names = names
  }

  private static func name(of x: Variable<Double>) -> Notation {
    if x.operation == nil {
      if x.role == .constant, x.shape.elementCount == 1 { return .number(x.scalar) }
      if !x.path.isEmpty { return .symbol(x.path) }
    }
    return .symbol("%\(x.index)")
  }

  private func name(of node: Int) -> Notation { names[node] ?? .symbol("%\(node)") }

  /// y = f(x) for the operation that computed a node, as MathML.
  func equation(of y: Variable<Double>) -> String {
    guard let operation = y.operation else { return PageNames.math(name(of: y.index)) }
    let formula = operation.notation(y.inputs.map { name(of: $0.index) })
    return PageNames.math(.infix(.equal, .symbol("%\(y.index)"), formula))
  }

  /// A contribution in terms of its consumer's adjoint and of forward values, read off the nodes that the rule recorded.
  func formula(of contribution: Variable<Double>, adjointOf consumer: Int, _ backward: Backward<Double>) -> String {
    var known = names.filter { $0.key <= backward.output.index }
    if let adjoint = backward.adjoint(of: tape[consumer]) {
      known[adjoint.index] = .symbol(PageNames.bar + name(of: consumer).text)
    }
    for node in backward.output.index + 1..<tape.count where tape[node].operation == nil && known[node] == nil {
      known[node] = name(of: node)
    }
    return PageNames.math(tape.expression(of: contribution, in: known))
  }

  /// The mark before a name that is printed under a bar. No label begins with it.
  private static let bar = "\u{203E}"

  private static func math(_ notation: Notation) -> String {
    let parts = notation.mathML.components(separatedBy: "<mi>" + bar)
    let barred = parts.dropFirst().map { part -> String in
      let (name, rest) = part.halves(at: "</mi>")
      return "<mrow class=\"bar\"><mi>\(name)</mi></mrow>\(rest)"
    }
    return "<math><mrow>" + (parts.prefix(1) + barred).joined() + "</mrow></math>"
  }
}

extension String {
  fileprivate func components(separatedBy mark: String) -> [String] {
    split(separator: mark, omittingEmptySubsequences: false).map(String.init)
  }

  /// The text before and after the first `mark`.
  fileprivate func halves(at mark: String) -> (String, String) {
    guard let range = firstRange(of: mark) else { return (self, "") }
    return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
  }
}
