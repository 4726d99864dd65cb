import AdjointCharts
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Elements and texts of a chart's SVG, as a parser of XML finds them.
final class ParsedChart: NSObject, XMLParserDelegate {
  private(set) var elements: [(name: String, attributes: [String: String])] = []
  private(set) var texts: [String] = []
  private var text = ""

  /// - Throws: what the parser says when the text is not well-formed.
  init(_ chart: some Chart) throws {
    super.init()
    let parser = XMLParser(data: Data(chart.svg().utf8))
    parser.delegate = self
    guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.append((name, attributes))
    text = ""
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    if name == "text" { texts.append(text) }
  }

  /// The `d` of every path of a class.
  func paths(_ name: String) -> [String] {
    elements.filter {
      $0.name == "path" && ($0.attributes["class"] ?? "").split(separator: " ").contains { $0 == name }
    }
    .compactMap { $0.attributes["d"] }
  }
}
