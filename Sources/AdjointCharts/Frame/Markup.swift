/// An element of SVG, HTML or MathML: a name, attributes and children, written out with everything escaped.
///
/// ```swift
/// let dot = Markup("circle", ["cx": 3, "cy": 4.5, "r": 2]).titled("loss at epoch 3")
/// ```
public struct Markup: Sendable {
  /// What stands inside an element.
  public enum Child: Sendable {
    case element(Markup)
    /// Text, escaped when it is written.
    case text(String)
    /// Markup that is finished already, such as a formula in MathML or the body of a script.
    case finished(String)
  }

  public let name: String
  public var attributes: [(name: String, value: String)]
  public var children: [Child]

  public init(_ name: String, _ attributes: KeyValuePairs<String, Value> = [:], _ children: [Markup] = []) {
    self.name = name
    self.attributes = attributes.map { ($0.key, $0.value.text) }
    self.children = children.map(Child.element)
  }

  public init(_ name: String, _ attributes: KeyValuePairs<String, Value> = [:], text: String) {
    self.init(name, attributes)
    children = [.text(text)]
  }

  /// What an attribute holds: a text, or a number rounded to two decimals, which is finer than a screen shows.
  public struct Value: Sendable, ExpressibleByStringInterpolation, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral
  {
    public let text: String
    public init(_ text: String) { self.text = text }
    public init(_ number: Double) { text = Markup.rounded(number) }
    public init(stringLiteral value: String) { text = value }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { text = "\(value)" }
  }

  public mutating func append(_ child: Markup) { children.append(.element(child)) }

  /// This element with a `title` child: what a pointer resting on it, or a screen reader, says.
  public func titled(_ title: String) -> Markup {
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
  public static func escaped(_ text: String) -> String {
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
  public static func rounded(_ number: Double) -> String {
    guard number.isFinite, number.magnitude < 1e15 else { return "0" }
    let hundredths = Int((number * 100).rounded())
    let (whole, rest) = (hundredths.magnitude / 100, hundredths.magnitude % 100)
    let digits = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
    return (hundredths < 0 ? "-" : "") + "\(whole)\(digits)"
  }
}
