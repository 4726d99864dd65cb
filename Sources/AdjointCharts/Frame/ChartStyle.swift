/// The one style sheet of all charts: series by number, in light and dark.
///
/// Colours are written out and not held in custom properties, since converters such as librsvg know classes but not variables.
enum ChartStyle {
  /// The categories of `Palette` again, bright enough for dark paper.
  static let darkCategories = [
    "#4AA8E0", "#F58A42", "#2CC79B", "#E29CC3", "#F0B840", "#9BD6F7", "#F2F2F2", "#C9A95A",
  ]
  static let lightPaper = "#ffffff"
  static let darkPaper = "#16181d"

  static let css: String = {
    var text = rules(
      ink: "#1d1f23", faint: "#5a5f69", grid: "#e3e5e9", axis: "#8a8f99", paper: lightPaper,
      categories: Palette.categories)
    text += ".adjoint-chart{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
    text += scoped(".line{fill:none;stroke-width:2;stroke-linejoin:round}")
    text += scoped(".thin{fill:none;stroke-width:1.3}") + scoped(".band{stroke:none;fill-opacity:.18}")
    text += scoped(".region{opacity:.28}") + scoped(".image{image-rendering:pixelated}")
    text += scoped(".title{font-size:15px;font-weight:600}") + scoped(".small{font-size:11px}")
    text += scoped(".bold{font-weight:600}") + scoped(".middle{text-anchor:middle}") + scoped(".end{text-anchor:end}")
    text += scoped(".halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}")
    text += scoped(".edge{stroke:#d5dae2;stroke-width:.5}")
    text += scoped(".onlight{fill:#1d1f23}") + scoped(".ondark{fill:#ffffff}")
    text += "@media (prefers-color-scheme:dark){"
    text += rules(
      ink: "#e8eaed", faint: "#a5abb6", grid: "#2c3038", axis: "#767c88", paper: darkPaper, categories: darkCategories)
    return text + "}"
  }()

  private static func scoped(_ rule: String) -> String { ".adjoint-chart " + rule }

  private static func rules(
    ink: String, faint: String, grid: String, axis: String, paper: String, categories: [String]
  ) -> String {
    var text = scoped(".ink{fill:\(ink)}") + scoped(".faint{fill:\(faint)}") + scoped(".paper{fill:\(paper)}")
    text += scoped(".grid{stroke:\(grid);fill:none}") + scoped(".axis{stroke:\(axis);fill:none}")
    text += scoped(".rule{stroke:\(faint);fill:none}") + scoped(".halo,.adjoint-chart .dot{stroke:\(paper)}")
    for (number, color) in categories.enumerated() {
      text += scoped(".s\(number){stroke:\(color)}") + scoped(".f\(number){fill:\(color)}")
    }
    return text
  }
}

/// The room that words take, and the texts that every chart has.
package enum ChartText {
  /// An upper estimate of the width of a text in pixels: there is no font to ask, so a wide one (DejaVu Sans) is assumed.
  package static func width(_ text: String, size: Double = 12) -> Double {
    var ems = 0.0
    for scalar in text.unicodeScalars {
      switch scalar {
      case "i", "j", "l", "I", "t", "f", ".", ",", ":", ";", "'", "|", "!", " ", "(", ")", "[", "]": ems += 0.38
      case "m", "w", "M", "W", "@", "%", "→", "—": ems += 0.95
      case "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹", "⁻": ems += 0.42
      case "A"..."Z": ems += 0.72
      case "\u{1100}"...: ems += 1
      default: ems += 0.62
      }
    }
    return ems * size
  }

  /// A text broken between words into lines of at most `width` pixels; a word that is longer stands alone, cut with `…`.
  package static func wrapped(_ text: String, to width: Double, size: Double = 12) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, ChartText.width(last + " " + word, size: size) <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(shortened(String(word), to: width, size: size))
      }
    }
    return lines
  }

  /// A text that fits, its end replaced by `…` where it would not.
  package static func shortened(_ text: String, to width: Double, size: Double = 12) -> String {
    guard ChartText.width(text, size: size) > width else { return text }
    var kept = text
    while !kept.isEmpty, ChartText.width(kept + "…", size: size) > width { kept.removeLast() }
    return kept + "…"
  }

  /// The title, and the height that it takes.
  package static func heading(_ title: String, width: Double) -> (shapes: [Markup], height: Double) {
    // Bold letters are wider by an eighth.
    let lines = wrapped(title, to: width - 24, size: 17)
    let shapes = lines.enumerated().map { number, line in
      Markup.words(line, "ink title", x: 12, y: 24 + 19 * Double(number))
    }
    return (shapes, lines.isEmpty ? 8 : 15 + 19 * Double(lines.count))
  }

  static func noData(x: Double, y: Double) -> Markup {
    Markup.words("no data", "faint middle", x: x, y: y)
  }
}
