/// A formula as it is written: a small tree, printed as Unicode text, LaTeX or MathML.
public indirect enum Notation: Sendable, Hashable {
  /// A name such as `x`, `%3` or `W`.
  case symbol(String)
  /// A number.
  case number(Double)
  /// f(a, b)
  case call(String, [Notation])
  /// a ⊙ b and its like. The operator's precedence decides on brackets.
  case infix(Infix, Notation, Notation)
  /// a/b, a quotient by a number
  case fraction(Notation, Notation)
  /// −a
  case negated(Notation)
  /// aᵇ
  case superscript(Notation, Notation)
  /// aᵀ
  case transposed(Notation)
  /// fₛ(a): a function with what it runs over written below, such as axes
  case subscripted(String, String, [Notation])
  /// |a|
  case magnitude(Notation)
  /// [a], 1 where a holds, else 0: an Iverson bracket
  case indicator(Notation)
  /// √a
  case root(Notation)

  /// An operator that stands between its operands.
  public enum Infix: String, Sendable, Hashable {
    /// a + b
    case add = "+"
    /// a − b
    case subtract = "−"
    /// a ⊙ b, element by element
    case multiply = "⊙"
    /// a ⊘ b, element by element
    case divide = "⊘"
    /// a·b, a matrix product
    case product = "·"
    /// a < b
    case less = "<"
    /// a ≤ b
    case lessOrEqual = "≤"
    /// a > b
    case greater = ">"
    /// a ≥ b
    case greaterOrEqual = "≥"
    /// a = b
    case equal = "="
    /// a ≠ b
    case notEqual = "≠"

    var precedence: Int {
      switch self {
      case .multiply, .divide, .product: 3
      case .add, .subtract: 2
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual: 1
      }
    }
    var latex: String {
      switch self {
      case .add: "+"
      case .subtract: "-"
      case .multiply: #"\odot"#
      case .divide: #"\oslash"#
      case .product: #"\cdot"#
      case .less: "<"
      case .lessOrEqual: #"\le"#
      case .greater: ">"
      case .greaterOrEqual: #"\ge"#
      case .equal: "="
      case .notEqual: #"\ne"#
      }
    }
  }

  private var precedence: Int {
    switch self {
    case .infix(let infix, _, _): infix.precedence
    case .negated: 2
    case .fraction: 3
    case .number(let value): value < 0 ? 2 : 5
    case .superscript, .transposed: 4
    case .symbol, .call, .subscripted, .magnitude, .indicator, .root: 5
    }
  }

  /// [a] of a comparison, [a ≠ 0] of anything else.
  package static func indicator(of a: Notation) -> Notation {
    if case .infix(let infix, _, _) = a, infix.precedence == 1 { return .indicator(a) }
    return .indicator(.infix(.notEqual, a, .number(0)))
  }

  /// A symbol such as a⁽¹⁾, whose powers need brackets.
  private var hasIndexAbove: Bool {
    if case .symbol(let name) = self { return !SymbolName(name).upper.isEmpty }
    return false
  }

  /// The two sides of an infix with brackets where they are needed, and around a matrix product beside ⊙.
  private func sides(_ infix: Infix, _ a: Notation, _ b: Notation) -> (left: Bool, right: Bool) {
    (
      a.precedence < infix.precedence || ((infix == .multiply || infix == .divide) && a.isProduct),
      b.precedence < infix.precedence || (b.precedence == infix.precedence && infix != .add)
    )
  }

  private var isProduct: Bool { if case .infix(.product, let a, _) = self { !a.isNumber } else { false } }
  var isNumber: Bool { if case .number = self { true } else { false } }

  /// An index below the line: `₃₀`.
  package static func lowered(_ number: Int) -> String {
    String(String(number).unicodeScalars.compactMap { UnicodeScalar($0.value - 48 + 0x2080).map(Character.init) })
  }

  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }
}

extension Operation {
  /// This operation on operands of these shapes: a product with a number is a multiple, a quotient by one a fraction, and
  /// axes are not named where all of them go.
  package func notation(_ x: [Notation], of shapes: [Shape], into y: Shape) -> Notation {
    if y.rank == 0, form.isSum || form.isMean, shapes[0].rank > 0 { return .call(form.isSum ? "Σ" : "mean", x) }
    func isNumber(_ i: Int) -> Bool { x[i].isNumber || shapes[i].rank == 0 }
    if form == .binary(.multiply), isNumber(0) || isNumber(1) { return .infix(.product, x[0], x[1]) }
    if form == .binary(.divide), isNumber(1) { return .fraction(x[0], x[1]) }
    return notation(x)
  }
}

extension Notation {
  /// Unicode text, such as `x·Wᵀ + b`.
  public var text: String {
    func bracket(_ inner: Notation, _ needed: Bool) -> String { needed ? "(" + inner.text + ")" : inner.text }
    switch self {
    case .symbol(let name): return name
    case .number(let value): return Notation.plain(value).replacing("-", with: "−")
    case .call(let name, let arguments): return name + "(" + arguments.map(\.text).joined(separator: ", ") + ")"
    case .infix(let infix, let a, let b):
      let needed = sides(infix, a, b)
      let tight = infix == .product
      return bracket(a, needed.left) + (tight ? "·" : " \(infix.rawValue) ") + bracket(b, needed.right)
    case .fraction(let a, let b): return bracket(a, a.precedence < 3) + "/" + bracket(b, b.precedence < 5)
    case .negated(let a): return "−" + bracket(a, a.precedence < 3)
    case .superscript(let base, let exponent):
      let digits: [Character: Character] = [
        "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹", "−": "⁻",
      ]
      let raised = exponent.text.compactMap { digits[$0] }
      let below = bracket(base, base.precedence < 5 || base.hasIndexAbove)
      return raised.count == exponent.text.count
        ? below + String(raised) : below + "^" + bracket(exponent, exponent.precedence < 5)
    case .transposed(let a): return bracket(a, a.precedence < 5) + "ᵀ"
    case .subscripted(let name, let below, let arguments):
      return name + "[" + below + "](" + arguments.map(\.text).joined(separator: ", ") + ")"
    case .magnitude(let a): return "|" + a.text + "|"
    case .indicator(let a): return "[" + a.text + "]"
    case .root(let a): return "√" + bracket(a, a.precedence < 5)
    }
  }

  /// LaTeX for mathematics mode.
  public var latex: String {
    func bracket(_ inner: Notation, _ needed: Bool) -> String {
      needed ? #"\left("# + inner.latex + #"\right)"# : inner.latex
    }
    func named(_ name: String) -> String {
      if name.hasSuffix("′") { return named(String(name.dropLast())) + "'" }
      return name.unicodeScalars.count == 1
        ? (name == "Σ" ? #"\sum"# : SymbolName(name).latex)
        : #"\operatorname{"# + SymbolName.escaped(name, inText: true) + "}"
    }
    /// A group around what has a superscript already, since TeX allows one. The empty group keeps TeX from opening a
    /// group that holds an accent alone.
    func grouped(_ base: Notation) -> String {
      let inner = bracket(base, base.precedence < 5)
      return inner.contains("^") ? "{{}" + inner + "}" : inner
    }
    switch self {
    case .symbol(let name): return SymbolName(name).latex
    case .number(let value):
      let parts = Notation.plain(value).split(separator: "e")
      return parts.count == 2 ? "\(parts[0]) \\cdot 10^{\(Int(parts[1]) ?? 0)}" : Notation.plain(value)
    case .call(let name, let arguments):
      return named(name) + #"\left("# + arguments.map(\.latex).joined(separator: ", ") + #"\right)"#
    case .infix(let infix, let a, let b):
      let needed = sides(infix, a, b)
      return bracket(a, needed.left) + " \(infix.latex) " + bracket(b, needed.right)
    case .fraction(let a, let b): return #"\frac{"# + a.latex + "}{" + b.latex + "}"
    case .negated(let a): return "-" + bracket(a, a.precedence < 3)
    case .superscript(let base, let exponent):
      return bracket(base, base.precedence < 5 || base.hasIndexAbove) + "^{" + exponent.latex + "}"
    case .transposed(let a): return grouped(a) + #"^{\top}"#
    case .subscripted(let name, let below, let arguments):
      // Words such as stride stand upright; the sign < has no place among them.
      let hasWords = !below.contains("<") && below.contains(where: \.isLetter)
      let runs = hasWords ? #"\text{"# + below + "}" : below.replacing("..<", with: #"\,..{<}\,"#)
      return named(name) + "_{" + runs + #"}\left("# + arguments.map(\.latex).joined(separator: ", ") + #"\right)"#
    case .magnitude(let a): return #"\left|"# + a.latex + #"\right|"#
    case .indicator(let a): return #"\left["# + a.latex + #"\right]"#
    case .root(let a): return #"\sqrt{"# + a.latex + "}"
    }
  }

  /// Presentation MathML, without the enclosing `math` element.
  public var mathML: String {
    func row(_ parts: String...) -> String { "<mrow>" + parts.joined() + "</mrow>" }
    // Brackets that stretch are set with space inside, so they do around fractions alone.
    func fenced(_ opening: String, _ inner: String, _ closing: String) -> String {
      let sign = inner.contains("<mfrac>") ? "<mo>" : "<mo stretchy=\"false\">"
      return row(sign + opening + "</mo>", inner, sign + closing + "</mo>")
    }
    func bracket(_ inner: Notation, _ needed: Bool) -> String {
      needed ? fenced("(", inner.mathML, ")") : inner.mathML
    }
    func list(_ arguments: [Notation]) -> String {
      fenced("(", arguments.map(\.mathML).joined(separator: "<mo>,</mo>"), ")")
    }
    func identifier(_ name: String) -> String { "<mi>" + Notation.xmlEscaped(name) + "</mi>" }
    switch self {
    case .symbol(let name): return SymbolName(name).mathML
    case .number(let value): return "<mn>" + Notation.plain(value).replacing("-", with: "−") + "</mn>"
    case .call(let name, let arguments): return row(identifier(name), list(arguments))
    case .infix(let infix, let a, let b):
      let needed = sides(infix, a, b)
      return row(
        bracket(a, needed.left), "<mo>" + Notation.xmlEscaped(infix.rawValue) + "</mo>", bracket(b, needed.right))
    case .fraction(let a, let b): return "<mfrac>" + a.mathML + b.mathML + "</mfrac>"
    case .negated(let a): return row("<mo>−</mo>", bracket(a, a.precedence < 3))
    case .superscript(let base, let exponent):
      return "<msup>" + bracket(base, base.precedence < 5 || base.hasIndexAbove) + exponent.mathML + "</msup>"
    case .transposed(let a): return "<msup>" + bracket(a, a.precedence < 5) + "<mi>T</mi></msup>"
    case .subscripted(let name, let below, let arguments):
      return row(
        "<msub>" + identifier(name) + "<mtext>" + Notation.xmlEscaped(below) + "</mtext></msub>", list(arguments))
    case .magnitude(let a): return fenced("|", a.mathML, "|")
    case .indicator(let a): return fenced("[", a.mathML, "]")
    case .root(let a): return "<msqrt>" + a.mathML + "</msqrt>"
    }
  }

  static func xmlEscaped(_ name: String) -> String {
    name.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
