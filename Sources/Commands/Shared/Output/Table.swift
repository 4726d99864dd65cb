/// Rows of text in aligned columns.
package struct Table {
  package enum Alignment { case left, right }

  package let header: [String]
  package let alignments: [Alignment]
  package private(set) var rows: [[String]] = []

  package init(_ columns: (String, Alignment)...) { self.init(columns: columns) }

  package init(columns: [(String, Alignment)]) {
    header = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  package mutating func add(_ cells: String...) { add(cells) }
  package mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The lines, header first, two spaces between columns.
  package var lines: [String] {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([header] + rows).map { row in
      let cells = row.indices.map { column in
        alignments[column] == .left ? row[column].padded(to: widths[column]) : row[column].padded(left: widths[column])
      }
      var line = "  " + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
