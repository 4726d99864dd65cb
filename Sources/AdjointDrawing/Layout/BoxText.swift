/// The words in a box, broken into lines, and the room that they need.
package struct BoxText: Sendable, Hashable {
  /// The name of the box, in bold.
  package let title: String
  package let lines: [String]
  /// The whole text, without the limit on lines: for tooltips and screen readers.
  package let full: String
  package let style: BoxStyle

  package static let fontSize = 12.0
  package static let lineHeight = 16.0
  static let padding = 10.0

  init(title: String, formula: String, style: BoxStyle) {
    self.init(title: title, lines: BoxText.broken(formula), full: title + " " + formula, style: style)
  }

  init(title: String, lines: [String], full: String, style: BoxStyle) {
    (self.title, self.lines, self.full, self.style) = (BoxText.elided(title), lines, full, style)
  }

  var width: Double { ([title] + lines).map(BoxText.width).reduce(0, max) + 2 * BoxText.padding }
  var height: Double { Double(lines.count + 1) * BoxText.lineHeight + BoxText.padding }

  /// The width of a text in the monospaced font of the drawings: 0.61 em a character, and more for mathematical signs, which
  /// many fonts lack and systems take from another.
  static func width(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) {
      $0 + ($1.value < 0x250 || (0x370..<0x400).contains($1.value) ? 0.61 : 0.78) * fontSize
    }
  }

  private static let lineLength = 34
  private static let lineLimit = 4

  /// A formula in lines, broken before an operator where possible; what does not fit ends in an ellipsis.
  static func broken(_ formula: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in formula.split(separator: " ", omittingEmptySubsequences: false) {
      var word = String(word)
      if !line.isEmpty, line.count + 1 + word.count > lineLength {
        lines.append(line)
        line = ""
      }
      while word.count > lineLength {
        lines.append(String(word.prefix(lineLength)))
        word = String(word.dropFirst(lineLength))
      }
      line = line.isEmpty ? word : line + " " + word
    }
    lines.append(line)
    guard lines.count > lineLimit else { return lines }
    return lines.prefix(lineLimit - 1) + [String(lines[lineLimit - 1].prefix(lineLength - 2)) + " …"]
  }

  static func elided(_ title: String) -> String {
    title.count <= lineLength + 6 ? title : title.prefix(lineLength) + " …"
  }
}

/// The look of a box. Kinds differ without colour: by outline, by dash and by word.
package enum BoxStyle: String, Sendable, CaseIterable {
  /// A pill.
  case leaf
  /// A bold outline and cut corners.
  case parameter
  /// A plain outline.
  case forward
  /// A double outline.
  case backward
  /// A dotted outline and the words "not computed".
  case absent
  /// A folded layer: a second sheet behind the box.
  case layer
  case layerAdjoint
}
