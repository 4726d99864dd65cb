import Adjoint

extension Derivation {
  /// The derivation as a LaTeX document of its own. It needs amsmath, amssymb and graphicx, which every TeX distribution has, and
  /// compiles with pdflatex. An equation wider than the page is scaled to fit.
  public var latex: String {
    var lines = [
      #"\documentclass[11pt,a4paper]{article}"#, #"\usepackage{amsmath,amssymb,graphicx}"#,
      #"\setlength{\textwidth}{165mm}\setlength{\oddsidemargin}{-3mm}\setlength{\topmargin}{-15mm}\setlength{\textheight}{245mm}"#,
      #"\setlength{\parindent}{0pt}\allowdisplaybreaks"#, #"\newsavebox{\fitbox}"#,
      #"\newcommand{\fit}[1]{\sbox{\fitbox}{$\displaystyle #1$}\ifdim\wd\fitbox>0.88\linewidth"#
        + #"\resizebox{0.88\linewidth}{!}{\usebox{\fitbox}}\else\usebox{\fitbox}\fi}"#,
      #"\newcommand{\remark}[1]{{\small\hspace*{2em}\parbox{0.85\linewidth}{\raggedright #1}\par}}"#,
      #"\begin{document}"#, "", #"\section*{Given}"#,
    ]
    // A table would not break between pages. The widest symbol and the widest shape set the stops.
    let cells = given.map { leaf in
      [
        "$\(Notation.named(leaf.name).latex)$", "$\(Derivation.latex(of: leaf.shape))$",
        Derivation.latex(words: leaf.description),
      ]
    }
    let name = zip(cells, given).max { $0.1.name.count < $1.1.name.count }?.0[0] ?? ""
    let shape = cells.map { $0[1] }.max { $0.count < $1.count } ?? ""
    lines += [#"\begin{tabbing}"#, name + #"\quad\="# + shape + #"\quad\=\kill"#]
    lines += cells.map { $0.joined(separator: #" \> "#) + #" \\"# }
    lines += [#"\end{tabbing}"#, "", #"\medskip "# + Derivation.latex(of: legend), #"\section*{Forward}"#]
    for equation in equations where !equation.isBackward { lines += latex(of: equation) }
    lines += [
      "", #"\section*{Backward}"#, Derivation.latex(of: convention) + ".",
    ]
    for equation in equations where equation.isBackward { lines += latex(of: equation) }
    return (lines + ["", #"\end{document}"#, ""]).joined(separator: "\n")
  }

  private func latex(of equation: Equation) -> [String] {
    let name = Notation.named(equation.name).latex
    var sides = equation.lines.map(\.latex)
    let last = sides.count - 1
    if equation.shape.rank > 0 {
      sides[last] += #" \qquad {\scriptstyle "# + Derivation.latex(of: shownShape(of: equation)) + "}"
    }
    let body = sides.count == 1 ? "\(name) = \(sides[0])" : aligned(name, sides)
    var lines = [#"\begin{equation}"#, #"\fit{"# + body + "}", #"\end{equation}"#]
    lines += equation.remarks.map { #"\remark{"# + Derivation.latex(of: $0) + "}" }
    if showsValue(of: equation) { lines.append(#"\[ \fit{"# + name + " = " + matrix(value(of: equation)) + #"} \]"#) }
    return lines
  }

  private func aligned(_ name: String, _ sides: [String]) -> String {
    #"\begin{aligned} "# + name + " &= " + sides.joined(separator: #" \\ &= "#) + #" \end{aligned}"#
  }

  private func matrix(_ cells: [[String]]) -> String {
    if cells.count == 1, cells[0].count == 1 { return Derivation.latex(cell: cells[0][0]) }
    let rows = cells.map { $0.map { Derivation.latex(cell: $0) }.joined(separator: " & ") }
    return #"\begin{bmatrix} "# + rows.joined(separator: #" \\ "#) + #" \end{bmatrix}"#
  }

  private static func latex(cell: String) -> String {
    switch cell {
    case "…": return #"\cdots"#
    case "⋮": return #"\vdots"#
    default:
      let parts = cell.replacing("−", with: "-").split(separator: "e")
      return parts.count == 2 ? "\(parts[0]) \\cdot 10^{\(parts[1])}" : parts.joined()
    }
  }

  private static func latex(of shape: Shape) -> String {
    shape.rank == 0 ? "" : "[" + shape.map(String.init).joined(separator: #" \times "#) + "]"
  }

  private static func latex(of remark: Remark) -> String {
    remark.parts.map { part in
      switch part {
      case .words(let words): latex(words: words)
      case .formula(let formula): "$" + formula.latex + "$"
      }
    }.joined()
  }

  /// Words with the few signs that remarks use, and everything that LaTeX reserves, escaped.
  private static func latex(words: String) -> String {
    var result = ""
    for character in words {
      switch character {
      case "∂": result += #"$\partial$"#
      case "⊙": result += #"$\odot$"#
      case "⊘": result += #"$\oslash$"#
      case "Σ": result += #"$\sum$"#
      case "·": result += #"$\cdot$"#
      case "ŷ": result += #"$\hat{y}$"#
      case "−": result += "$-$"
      case "–": result += "--"
      case "%", "#", "&", "$", "_", "{", "}": result += "\\\(character)"
      case "\\", "^", "~": result += "-"
      default: result += character.isASCII ? String(character) : "?"
      }
    }
    return result
  }
}
