import Adjoint

extension Derivation: CustomStringConvertible {
  public var description: String { text }

  /// The derivation as Unicode text.
  public var text: String {
    var lines = ["Given"]
    let width = given.map(\.name.count).max() ?? 0
    for leaf in given {
      lines.append("  " + leaf.name.padded(to: width) + "  \(Derivation.text(of: leaf.shape))  \(leaf.description)")
    }
    lines += ["", "Forward"]
    for equation in equations where !equation.isBackward { lines += printed(equation) }
    lines += ["", "Backward: \("v".barred) = ∂\(symbols[output.index])/∂v has the shape of v"]
    for equation in equations where equation.isBackward { lines += printed(equation) }
    return lines.joined(separator: "\n")
  }

  private func printed(_ equation: Equation) -> [String] {
    let number = "(\(equation.number))"
    let margin = String(repeating: " ", count: 7)
    let indent = margin + String(repeating: " ", count: equation.name.count)
    var lines = equation.sides.enumerated().map { position, side in
      (position == 0 ? "  " + number.padded(to: 5) + equation.name : indent) + " = " + side.notation.text
    }
    lines[lines.count - 1] += "   " + Derivation.text(of: equation.shape)
    lines += equation.remarks.map { margin + "  – " + $0.text }
    if numbers { lines.append(Text.indented(Text.aligned(value(of: equation)), by: margin.count + 4)) }
    return lines
  }

  /// The recorded value of what an equation defines, elided.
  func value(of equation: Equation) -> [[String]] {
    Text.cells(output.tape[equation.node].value.converted(to: Double.self))
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
  /// This text with blanks behind it until it is as long as `width`.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
