import Adjoint
import AdjointDrawing
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct DrawingTests {
  static let hasGraphviz = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: $0 + "/dot") }

  /// Names with everything that SVG, DOT and their readers reserve.
  static func awkward() -> Graph {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: #"a<b>&"c"\n'd'\"#)
    let y = tape.scoped(#"layer "1" <&> \"#) { (x * 3).tanh() }.sum().labeled("loss\u{1}\n")
    return Graph(of: y, backward: tape.backward(from: y))
  }

  @Test(arguments: Scenes.all)
  func everySVGIsWellFormedAndSaysWhatItShows(scene: Scenes.Scene) {
    for folding in [Folding.none, .layers] {
      let reader = Reader(Drawing(of: scene.graph, folding: folding, title: "A & B").svg)
      #expect(reader.error == nil)
      #expect(reader.roles == ["img"])
      #expect(reader.names.prefix(3) == ["svg", "title", "desc"])
      #expect(reader.texts.contains("A & B"))
    }
  }

  @Test func namesWithReservedCharactersAreEscaped() {
    for folding in [Folding.none, .layers] {
      let reader = Reader(Drawing(of: DrawingTests.awkward(), folding: folding).svg)
      #expect(reader.error == nil)
      #expect(reader.texts.contains { $0.contains(#"a<b>&"c"\n'd'\"#) })
      #expect(reader.texts.contains { $0.contains(#"layer "1" <&> \"#) })
    }
  }

  @Test func kindsDifferWithoutColour() {
    let svg = Drawing(of: Scenes.digits(batch: 2)).svg
    for style in ["leaf", "parameter", "forward", "backward", "absent"] {
      #expect(svg.contains("adj-box adj-\(style)\""))
    }
    #expect(svg.contains("stroke-dasharray") && svg.contains("not computed") && svg.contains(">parameter<"))
    #expect(svg.contains("prefers-color-scheme:dark"))
    #expect(svg.contains(">[30, 784]<"), "edges carry shapes")
  }

  @Test func theTextNamesEveryNodeAndEveryAbsence() {
    let lines = Drawing(of: Scenes.digits(batch: 2)).text.split(separator: "\n")
    #expect(lines.contains { $0.contains("x images: input, shape [2, 784]") })
    #expect(lines.count { $0.contains("not computed") } == 2)
    #expect(lines.contains { $0.hasPrefix("layer fc1") })
  }

  @Test(
    .enabled(if: hasGraphviz, "Graphviz is not installed: what it makes of the DOT text is not tested"),
    arguments: Scenes.all)
  func graphvizAcceptsTheDOTText(scene: Scenes.Scene) throws {
    for folding in [Folding.none, .layers] {
      let svg = try Drawing(of: scene.graph, folding: folding).svgByGraphviz()
      #expect(svg.contains("</svg>"))
    }
  }

  @Test(.enabled(if: hasGraphviz, "Graphviz is not installed: what it makes of reserved characters is not tested"))
  func graphvizAcceptsReservedCharacters() throws {
    let svg = try Drawing(of: DrawingTests.awkward()).svgByGraphviz()
    #expect(svg.contains("a&lt;b&gt;&amp;"))
    #expect(svg.contains("</svg>"))
  }

  @Test func aMissingGraphvizIsSaidKindly() {
    let drawing = Drawing(of: Scenes.tenLines())
    let error = #expect(throws: GraphvizError.self) { try drawing.svgByGraphviz(searchPath: ["/nowhere"]) }
    #expect(error == .notInstalled(program: "dot", searched: ["/nowhere"]))
    #expect(error?.description.contains("Install the package graphviz") == true)
  }

  @Test func aProgramThatRefusesIsQuoted() throws {
    let drawing = Drawing(of: Scenes.tenLines())
    let error = #expect(throws: GraphvizError.self) { try drawing.svgByGraphviz(program: "/bin/false") }
    #expect(error == .failed(program: "/bin/false", status: 1, message: ""))
  }
}

/// What an XML parser finds.
private final class Reader: NSObject, XMLParserDelegate {
  var names: [String] = []
  var roles: [String] = []
  var texts: [String] = []
  var error: String?

  init(_ xml: String) {
    super.init()
    let parser = XMLParser(data: Data(xml.utf8))
    parser.delegate = self
    if !parser.parse() { error = parser.parserError.map { "\($0)" } ?? "unknown" }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    names.append(name)
    if let role = attributes["role"] { roles.append(role) }
    texts.append("")
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { texts[texts.count - 1] += text }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    if texts.last != "" { texts.append("") }
  }
}
