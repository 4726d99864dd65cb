/// A symbol such as `W⁽¹⁾`, `z̄_gate`, `ŷ` or `u₁₂` taken apart, so that it can be written in LaTeX and MathML.
///
/// Its grammar: letters, each perhaps with a hat or a bar; then an index below, in subscript digits or after `_`; then
/// an index above, in superscript digits and brackets. A symbol that does not fit, such as `%3` or `fc1/weight`, is a
/// name in letters.
struct SymbolName {
  private(set) var base = ""
  private(set) var lower = ""
  private(set) var upper = ""
  private(set) var hasBar = false
  private(set) var hasHat = false
  /// True for the ∂z of a derivative.
  private(set) var isDifferential = false

  init(_ text: String) {
    var isLower = false
    isDifferential = text.hasPrefix("∂") && text.unicodeScalars.count > 1
    for scalar in text.unicodeScalars.dropFirst(isDifferential ? 1 : 0) {
      switch scalar {
      case "\u{304}", "\u{305}": hasBar = true
      case "\u{302}": hasHat = true
      case "ŷ": (base, hasHat) = (base + "y", true)
      case "_" where !base.isEmpty && upper.isEmpty: isLower = true
      case "," where !lower.isEmpty && !isLower: lower += ","
      default:
        if let digit = SymbolName.raised[scalar] {
          upper += digit
        } else if (0x2080...0x2089).contains(scalar.value) {
          lower += String(scalar.value - 0x2080)
        } else if isLower {
          lower.unicodeScalars.append(scalar)
        } else {
          base.unicodeScalars.append(scalar)
        }
      }
    }
  }

  private static let raised: [UnicodeScalar: String] = [
    "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9", "⁽": "(",
    "⁾": ")",
  ]

  /// The symbol of an adjoint: this name with a bar over its letters.
  static func barred(_ text: String) -> String {
    let name = SymbolName(text)
    let letters = name.base.unicodeScalars.count
    var (result, seen) = ("", 0)
    for scalar in text.unicodeScalars {
      result.unicodeScalars.append(scalar)
      let isMark = scalar == "\u{302}"
      seen += isMark ? 0 : 1
      if seen <= letters, !isMark { result.unicodeScalars.append(letters == 1 ? "\u{304}" : "\u{305}") }
    }
    return result
  }

  /// What a keyboard has for it, such as `z1` for z⁽¹⁾, `W1_12` for W⁽¹⁾₁₂, `yhat` for ŷ; `nil` where it has no key.
  var typed: String? {
    let isNumbered = upper.isEmpty && lower.allSatisfy(\.isNumber)
    let text =
      base + (hasHat ? "hat" : "") + upper.filter(\.isNumber) + (lower.isEmpty || isNumbered ? "" : "_") + lower
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    return isPlain && !hasBar && !isDifferential && text.first?.isLetter == true ? text : nil
  }

  /// LaTeX for mathematics mode, in ASCII and macros of amsmath and amssymb alone.
  var latex: String {
    let letters = base.unicodeScalars.count
    var text =
      letters == 1
      ? SymbolName.escaped(base, inText: false) : #"\mathit{"# + SymbolName.escaped(base, inText: true) + "}"
    if hasHat { text = (letters == 1 ? #"\hat{"# : #"\widehat{"#) + text + "}" }
    if hasBar { text = (letters == 1 ? #"\bar{"# : #"\overline{"#) + text + "}" }
    if !lower.isEmpty {
      let isNumber = lower.allSatisfy { $0.isNumber || $0 == "," }
      text += isNumber ? "_{\(lower)}" : #"_{\mathrm{"# + SymbolName.escaped(lower, inText: true) + "}}"
    }
    if isDifferential { text = #"\partial "# + text }
    return upper.isEmpty ? text : text + "^{\(upper)}"
  }

  /// Presentation MathML.
  var mathML: String {
    // Without accent="true": browsers set an accent so low that it strikes through the letter.
    func accented(_ inner: String, _ mark: String) -> String {
      "<mover>\(inner)<mo>\(mark)</mo></mover>"
    }
    var text = "<mi>" + Notation.xmlEscaped(base) + "</mi>"
    if hasHat { text = accented(text, "^") }
    if hasBar { text = accented(text, "‾") }
    let above = upper.isEmpty ? "" : "<mtext>\(upper)</mtext>"
    let below = lower.isEmpty ? "" : "<mtext>\(Notation.xmlEscaped(lower))</mtext>"
    let whole =
      switch (lower.isEmpty, upper.isEmpty) {
      case (true, true): text
      case (false, true): "<msub>\(text)\(below)</msub>"
      case (true, false): "<msup>\(text)\(above)</msup>"
      case (false, false): "<msubsup>\(text)\(below)\(above)</msubsup>"
      }
    return isDifferential ? "<mrow><mo>∂</mo>\(whole)</mrow>" : whole
  }

  /// A name in which LaTeX finds no command of its own and no character outside ASCII.
  static func escaped(_ name: String, inText: Bool) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      if let macro = SymbolName.greek[scalar] {
        result += inText ? #"\ensuremath{"# + macro + "}" : macro
      } else if "%#&$_{}".unicodeScalars.contains(scalar) {
        result += "\\\(scalar)"
      } else if scalar == " " {
        result += "~"
      } else if scalar.isASCII, scalar.value >= 32, !"\\^~".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += #"\mathrm{u"# + String(scalar.value, radix: 16) + "}"
      }
    }
    return result
  }

  private static let greek: [UnicodeScalar: String] = [
    "α": #"\alpha"#, "β": #"\beta"#, "γ": #"\gamma"#, "δ": #"\delta"#, "ε": #"\varepsilon"#, "η": #"\eta"#,
    "θ": #"\theta"#,
    "λ": #"\lambda"#, "μ": #"\mu"#, "ν": #"\nu"#, "ξ": #"\xi"#, "π": #"\pi"#, "ρ": #"\rho"#, "σ": #"\sigma"#,
    "τ": #"\tau"#,
    "φ": #"\varphi"#, "χ": #"\chi"#, "ψ": #"\psi"#, "ω": #"\omega"#, "Σ": #"\Sigma"#, "Π": #"\Pi"#, "Δ": #"\Delta"#,
    "Γ": #"\Gamma"#, "Θ": #"\Theta"#, "Λ": #"\Lambda"#, "Φ": #"\Phi"#, "Ψ": #"\Psi"#, "Ω": #"\Omega"#,
    "∂": #"\partial"#,
    "∇": #"\nabla"#, "ℓ": #"\ell"#,
  ]
}

extension String {
  /// The symbol of the adjoint of this symbol's value: `z⁽¹⁾` gives `z̄⁽¹⁾`.
  package var barred: String { SymbolName.barred(self) }

  /// What a keyboard has for this symbol: `z⁽¹⁾` gives `z1`; `nil` where it has no keys for it.
  package var typed: String? { SymbolName(self).typed }
}
