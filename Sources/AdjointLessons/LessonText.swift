import AdjointCharts

/// The markup of a lesson's text: blocks with an empty line between them.
///
/// A block of lines that open with `- ` is a list; one line that opens with `# ` is a heading; a block indented by four spaces is a table of equations,
/// whose cells have two spaces or more between them; anything else is a paragraph. `*word*` is emphasised, `` `code` `` stands as it is, and
/// `[text](file)` is a link.
package enum LessonText {
  /// The text as HTML, in which everything else is escaped.
  package static func html(_ text: String) -> String {
    var blocks: [[Substring]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.allSatisfy(\.isWhitespace) { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
    }
    return blocks.filter { !$0.isEmpty }.map { block($0) + "\n" }.joined()
  }

  package static func escaped(_ text: some StringProtocol) -> String { Markup.escaped(String(text)) }

  private static func block(_ lines: [Substring]) -> String {
    if lines.count == 1, lines[0].hasPrefix("# ") { return "<h2>\(inline(lines[0].dropFirst(2)))</h2>" }
    if lines.allSatisfy({ $0.hasPrefix("    ") }) {
      let rows = lines.map { line in "<tr>\(cells(line).map { "<td>\(escaped($0))</td>" }.joined())</tr>" }
      return "<table class=\"equations\" role=\"presentation\">\(rows.joined())</table>"
    }
    guard lines[0].hasPrefix("- ") else { return "<p>\(inline(lines.joined(separator: " ")[...]))</p>" }
    var items: [String] = []
    for line in lines {
      if line.hasPrefix("- ") { items.append(String(line.dropFirst(2))) } else { items[items.count - 1] += " " + line }
    }
    return "<ul>\(items.map { "<li>\(inline($0[...]))</li>" }.joined())</ul>"
  }

  /// The parts of a line of equations, which have two spaces or more between them.
  private static func cells(_ line: Substring) -> [String] {
    line.dropFirst(4).split(separator: "  ").map(trimmed).filter { !$0.isEmpty }
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  private static func inline(_ text: Substring) -> String {
    var html = ""
    var rest = text
    while let mark = rest.firstIndex(where: { "`*[".contains($0) }) {
      html += escaped(rest[..<mark])
      let after = rest[rest.index(after: mark)...]
      guard let (element, end) = marked(rest[mark], after) else {
        html += escaped(String(rest[mark]))
        rest = after
        continue
      }
      html += element
      rest = rest[end...]
    }
    return html + escaped(rest)
  }

  /// The element that a mark opens, and the place behind it; `nil` where it stands for itself.
  private static func marked(_ mark: Character, _ text: Substring) -> (String, Substring.Index)? {
    guard let end = text.firstIndex(of: mark == "[" ? "]" : mark), end > text.startIndex else { return nil }
    let (inside, after) = (text[..<end], text.index(after: end))
    switch mark {
    case "`": return ("<code>\(escaped(inside))</code>", after)
    case "*": return inside.first == " " ? nil : ("<em>\(inline(inside))</em>", after)
    default:
      guard text[after...].first == "(", let close = text[after...].firstIndex(of: ")") else { return nil }
      let target = text[text.index(after: after)..<close]
      return ("<a href=\"\(escaped(target))\">\(inline(inside))</a>", text.index(after: close))
    }
  }
}
