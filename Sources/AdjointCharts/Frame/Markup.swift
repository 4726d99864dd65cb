/// An element of SVG, HTML or MathML: a name, attributes and children, written out with everything escaped.
///
/// ```swift
/// let dot = Markup("circle", ["cx": 3, "cy": 4.5, "r": 2]).titled("loss at epoch 3")
/// ```
public struct Markup: Sendable {
  /// The content of an element.
  package enum Child: Sendable {
    case element(Markup)
    /// Text, escaped when it is written.
    case text(String)
    /// Markup that is finished already, such as a formula in MathML or the body of a script.
    case finished(String)
  }

  package let name: String
  package var attributes: [(name: String, value: String)]
  package var children: [Child]

  package init(_ name: String, _ attributes: KeyValuePairs<String, Value> = [:], _ children: [Markup] = []) {
    self.name = name
    self.attributes = attributes.map { ($0.key, $0.value.text) }
    self.children = children.map(Child.element)
  }

  package init(_ name: String, _ attributes: KeyValuePairs<String, Value> = [:], text: String) {
    self.init(name, attributes)
    children = [.text(text)]
  }

  /// The value of an attribute: a text, or a number rounded to two decimals, which is finer than a screen shows.
  package struct Value: Sendable, ExpressibleByStringInterpolation, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral
  {
    package let text: String
    package init(_ text: String) { self.text = text }
    package init(_ number: Double) { text = Markup.rounded(number) }
    package init(stringLiteral value: String) { text = value }
    package init(floatLiteral value: Double) { self.init(value) }
    package init(integerLiteral value: Int) { text = "\(value)" }
  }

  package mutating func append(_ child: Markup) { children.append(.element(child)) }

  /// This element with a `title` child: what a pointer resting on it, or a screen reader, says.
  package func titled(_ title: String) -> Markup {
    var copy = self
    copy.children.insert(.element(Markup("title", text: title)), at: 0)
    return copy
  }

  /// The element as text. An element without children closes itself only where XML rules, as in SVG.
  public func rendered(selfClosing: Bool = true) -> String {
    var text = ""
    write(into: &text, selfClosing)
    return text
  }

  private func write(into text: inout String, _ selfClosing: Bool) {
    text += "<\(name)"
    for attribute in attributes { text += " \(attribute.name)=\"\(Markup.escaped(attribute.value))\"" }
    if children.isEmpty, selfClosing || Markup.voidElements.contains(name) {
      text += selfClosing ? "/>" : ">"
      return
    }
    text += ">"
    for child in children {
      switch child {
      case .element(let element): element.write(into: &text, selfClosing)
      case .text(let words): text += Markup.escaped(words)
      case .finished(let markup): text += markup
      }
    }
    text += "</\(name)>"
  }

  /// Elements that HTML never closes.
  private static let voidElements: Set<String> = ["br", "col", "hr", "img", "input", "link", "meta", "wbr"]

  /// Text with the five characters that markup reserves replaced, and control characters, which XML forbids, dropped.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: if scalar.value >= 32 || "\n\t".unicodeScalars.contains(scalar) { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }

  /// A number with at most two decimals and no trailing zeros; not-a-number and infinities, which a drawing cannot place, are 0.
  package static func rounded(_ number: Double) -> String {
    guard number.isFinite, number.magnitude < 1e15 else { return "0" }
    let hundredths = Int((number * 100).rounded())
    let (whole, rest) = (hundredths.magnitude / 100, hundredths.magnitude % 100)
    let digits = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
    return (hundredths < 0 ? "-" : "") + "\(whole)\(digits)"
  }
}

/// Shapes of a drawing; `style` names classes of its style sheet.
extension Markup {
  /// Words at a point.
  package static func words(_ text: String, _ style: String, x: Double, y: Double) -> Markup {
    Markup("text", ["class": .init(style), "x": .init(x), "y": .init(y)], text: text)
  }

  /// Words at a point, reading upward.
  package static func upwardWords(_ text: String, _ style: String, x: Double, y: Double) -> Markup {
    let place = "translate(\(rounded(x)) \(rounded(y))) rotate(-90)"
    return Markup("text", ["class": .init(style), "transform": .init(place)], text: text)
  }

  /// A rectangle.
  package static func box(_ style: String, x: Double, y: Double, width: Double, height: Double) -> Markup {
    Markup(
      "rect",
      ["class": .init(style), "x": .init(x), "y": .init(y), "width": .init(width), "height": .init(height)])
  }
}
