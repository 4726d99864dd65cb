import Adjoint
import AdjointCharts

extension Derivation {
  /// The derivation as an HTML page with its formulas in MathML, which browsers draw without help. Nothing is loaded from elsewhere.
  public var mathML: String {
    var body = "<h1>The gradient of \(Derivation.math(.symbol(symbols[output.index])))</h1>\n<h2>Given</h2>\n<table>\n"
    for leaf in given {
      body += "<tr><td>\(Derivation.math(.symbol(leaf.name)))</td><td>\(Derivation.text(of: leaf.shape))</td>"
      body += "<td>\(Markup.escaped(leaf.description))</td></tr>\n"
    }
    body += "</table>\n<p>\(Derivation.html(legend))</p>\n<h2>Forward</h2>\n"
    body += equations.filter { !$0.isBackward }.map(html).joined()
    body += "<h2>Backward</h2>\n<p>\(Derivation.html(convention)).</p>\n"
    body += equations.filter(\.isBackward).map(html).joined()
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>Derivation</title>
      <style>
      :root { color-scheme: light dark }
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
      td { padding: 0 1.5rem 0 0 }
      .equation { display: grid; grid-template-columns: 3rem 1fr auto; gap: 0 1rem; margin: 1rem 0; align-items: center }
      .equation > div { overflow: auto hidden; padding: .2rem 0 }
      .number, .shape { font-variant-numeric: tabular-nums; opacity: .75 }
      .remark, .value { grid-column: 2 / 4; font-size: .9rem; opacity: .85; margin: .2rem 0 0 1rem }
      mtd { padding: .15em .3em }
      </style></head><body>
      \(body)</body></html>

      """
  }

  private func html(_ equation: Equation) -> String {
    let name = Notation.named(equation.name).mathML
    let rows = equation.lines.enumerated().map { position, line in
      "<mtr><mtd style=\"text-align: right\">\(position == 0 ? name : "")</mtd><mtd><mo>=</mo></mtd>"
        + "<mtd style=\"text-align: left\">\(line.mathML)</mtd></mtr>"
    }
    var html = "<div class=\"equation\"><span class=\"number\">(\(equation.number))</span>"
    html += "<div><math display=\"inline\"><mtable displaystyle=\"true\">\(rows.joined())</mtable></math></div>"
    html += "<span class=\"shape\">\(Derivation.text(of: shownShape(of: equation)))</span>"
    for remark in equation.remarks { html += "<p class=\"remark\">\(Derivation.html(remark))</p>" }
    if showsValue(of: equation) { html += "<div class=\"value\"><math>\(matrix(value(of: equation)))</math></div>" }
    return html + "</div>\n"
  }

  private func matrix(_ cells: [[String]]) -> String {
    let rows = cells.map { row in
      "<mtr>" + row.map { "<mtd><mn>\(Markup.escaped($0))</mn></mtd>" }.joined() + "</mtr>"
    }
    if cells.count == 1, cells[0].count == 1 { return "<mn>\(cells[0][0])</mn>" }
    return "<mrow><mo>[</mo><mtable>\(rows.joined())</mtable><mo>]</mo></mrow>"
  }

  private static func math(_ formula: Notation) -> String { "<math>\(formula.mathML)</math>" }

  private static func html(_ remark: Remark) -> String {
    remark.parts.map { part in
      switch part {
      case .words(let words): Markup.escaped(words)
      case .formula(let formula): math(formula)
      }
    }.joined()
  }
}
