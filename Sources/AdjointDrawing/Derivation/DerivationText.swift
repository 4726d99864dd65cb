import Adjoint
import AdjointCharts

extension Derivation: CustomStringConvertible {
  public var description: String { text }

  /// The derivation as Unicode text.
  public var text: String {
    var lines = ["Given"]
    let width = given.map(\.name.count).max() ?? 0
    for leaf in given {
      lines.append("  " + leaf.name.padded(to: width) + "  \(Derivation.text(of: leaf.shape))  \(leaf.description)")
    }
    lines += ["", legend.text.trimmingBlanks, "", "Forward"]
    for equation in equations where !equation.isBackward { lines += printed(equation) }
    lines += ["", "Backward: " + convention.text]
    for equation in equations where equation.isBackward { lines += printed(equation) }
    return lines.joined(separator: "\n")
  }

  private func printed(_ equation: Equation) -> [String] {
    let number = "(\(equation.number))"
    let margin = String(repeating: " ", count: 7)
    let indent = margin + String(repeating: " ", count: equation.name.count)
    var lines = equation.lines.enumerated().map { position, line in
      (position == 0 ? "  " + number.padded(to: 5) + equation.name : indent) + " = " + line.text
    }
    if equation.shape.rank > 0 { lines[lines.count - 1] += "   " + Derivation.text(of: shownShape(of: equation)) }
    lines += equation.remarks.map { margin + "  – " + $0.text }
    if showsValue(of: equation) { lines.append(Text.indented(Text.aligned(value(of: equation)), by: margin.count + 4)) }
    return lines
  }

  /// True on request, where the equation does not state a number already.
  func showsValue(of equation: Equation) -> Bool { numbers && equation.sides.last?.number == nil }

  /// The meaning of an adjoint's symbol.
  var convention: Remark {
    let loss = symbols[output.index]
    let derivative = Notation.named("∂\(loss)/∂v")
    let tail: [Remark.Part] = [.formula(derivative), .words(" has the shape of "), .formula(.symbol("v"))]
    switch symbols.notation {
    case .bar: return Remark([.formula(.symbol("v".barred)), .words(" = ")] + tail)
    case .delta:
      let ours: [Remark.Part] = [
        .formula(.symbol("δ")), .words(" = "), .formula(.named("∂\(loss)/∂z")), .words(" for the same layer; "),
      ]
      return Remark(ours + tail)
    }
  }

  /// The dimensions of the value that is written, which may be a transpose.
  func shownShape(of equation: Equation) -> Shape {
    equation.isTransposed ? Shape(equation.shape.reversed()) : equation.shape
  }

  /// The meaning of the signs.
  var legend: Remark {
    let u = Notation.symbol("uₖ")
    let words: [Remark.Part] = [
      .words(
        "⊙ and ⊘ go element by element; · is the product of matrices, or with a number; the numbers beside Σ, mean, "
          + "max and the like are the axes that they run over. "), .formula(u),
      .words(" is the value at position k of the tape."),
    ]
    let isNumbered = equations.contains { $0.name.hasPrefix("u") }
    let sides = examples == .columns ? [Remark.Part.words("Each example is a column. ")] : []
    return Remark(sides + (isNumbered ? words : Array(words.prefix(1))))
  }

  /// The recorded value that an equation defines, as cells with the middle left out.
  func value(of equation: Equation) -> [[String]] {
    let value = output.tape[equation.node].value.converted(to: Double.self)
    return Text.cells(equation.isTransposed ? value.transpose() : value)
  }

  /// `[4×10]`; nothing for a single number.
  static func text(of shape: Shape) -> String {
    shape.rank == 0 ? "" : "[" + shape.map(String.init).joined(separator: "×") + "]"
  }
}

extension Text {
  /// A tensor as a table with its middle left out: leading axes one after the other.
  static func cells(_ value: Tensor<Double>) -> [[String]] {
    let width = value.shape.last ?? 1
    let count = value.elements.count / Swift.max(width, 1)
    guard !value.elements.isEmpty else { return [["(empty)"]] }
    let (rows, columns) = (Elision(count, showing: 4), Elision(width, showing: 6))
    var table = rows.positions.map { row in
      columns.inserting("…", into: columns.positions.map { Text.number(value.elements[row * width + $0]) })
    }
    if rows.isElided { table.insert(table[0].map { _ in "⋮" }, at: rows.head) }
    return table
  }
}

extension String {
  /// This text without blanks at its end.
  var trimmingBlanks: String { String(reversed().drop { $0 == " " }.reversed()) }

  /// This text with blanks behind it until it is as long as `width`.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
