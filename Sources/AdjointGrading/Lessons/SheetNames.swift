import Adjoint

/// The names of values and adjoints on a sheet, in its formulas, and in answers that refer to earlier ones: the recording's
/// symbols, and what a keyboard has for them.
struct SheetNames {
  private let symbols: Symbols
  private let keys: [String]

  /// - Parameter count: how many values the recording has.
  init(symbols: Symbols, count: Int) {
    self.symbols = symbols
    let all = Set((0..<count).map { symbols[$0] })
    var taken = AnswerReader.functions
    keys = (0..<count).map { node in
      // Neither a name nor that of its adjoint may mean something else.
      func isFree(_ text: String) -> Bool {
        taken.isDisjoint(with: [text, "d" + text]) && !all.contains("d" + text)
          && (text == symbols[node] || !all.contains(text))
      }
      var text = symbols[node].typed ?? "u\(node)"
      if !isFree(text) { text = "u\(node)" }
      while !isFree(text) { text += "_" }
      taken.formUnion([text, "d" + text])
      return text
    }
  }

  /// `z⁽¹⁾`
  func value(_ node: Int) -> String { symbols[node] }
  /// `z̄⁽¹⁾`, or `δ⁽¹⁾`
  func adjoint(_ node: Int) -> String { symbols.adjoint(of: node) }
  /// What a keyboard has for a value: `z1` for z⁽¹⁾.
  func typed(_ node: Int) -> String { keys[node] }
  /// What may be written for a value in an answer: the symbol, or `z1`.
  func spellings(_ node: Int) -> [String] { [value(node), typed(node)] }
  /// What may be written for an adjoint: the symbol, or `dz1` on a keyboard.
  func adjointSpellings(_ node: Int) -> [String] { [adjoint(node), "d" + typed(node)] }

  /// The symbol, or the number itself for a constant that is one.
  func notation(of v: Variable<Double>) -> Notation {
    v.role == .constant && v.shape.elementCount == 1 ? .number(v.value.elements[0]) : .named(value(v.index))
  }

  func formula(of v: Variable<Double>) -> String {
    v.operation?.notation(v.inputs.map(notation), of: v.inputs.map(\.shape), into: v.shape).text ?? v.role?.name ?? ""
  }

  /// Scope and label, or the role of an unnamed leaf.
  static func label(of v: Variable<Double>) -> String { v.path.isEmpty ? v.role?.name ?? "" : v.path }

  /// Every node that the output depends on, in order; constants that stand as numbers in formulas are left out.
  static func nodes(behind output: Variable<Double>) -> [Variable<Double>] {
    let tape = output.tape
    var needed = [Bool](repeating: false, count: output.index + 1)
    needed[output.index] = true
    for node in stride(from: output.index, through: 0, by: -1) where needed[node] {
      for input in tape[node].inputs { needed[input.index] = true }
    }
    return needed.indices.filter { needed[$0] }.map { tape[$0] }.filter {
      !($0.role == .constant && $0.shape.elementCount == 1)
    }
  }
}
