import AdjointCommandLine

/// The tables of a report as the page about performance has them: one for each group of rows, one line a name. What was measured on
/// more threads stands behind what was measured on the fewest.
struct BenchMarkdown {
  let results: [BenchResult]

  private static let libraries: [(prefix: String, name: String)] = [
    ("c", "C"), ("torch", "PyTorch"), ("jax", "JAX"), ("numpy", "NumPy"), ("pandas", "pandas"),
    ("micrograd", "micrograd"), ("differences", "differences"),
  ]

  /// A column: its heading and the cell of a line. One whose cells are all empty is left out.
  private typealias Column = (heading: String, cell: (Line) -> String)

  /// A name with its result on the fewest threads and that on more.
  private struct Line {
    let result: BenchResult
    let more: BenchResult?
  }

  var text: String {
    var groups: [String] = []
    for result in results where !groups.contains(result.group) { groups.append(result.group) }
    return groups.map { group in table(results.filter { $0.group == group }) }.joined(separator: "\n\n")
  }

  private func table(_ results: [BenchResult]) -> String {
    let lines = BenchTable.names(of: results.map(\.row)).compactMap { name -> Line? in
      let same = results.filter { $0.row.name == name }.sorted { $0.row.threads < $1.row.threads }
      return same.first.map { Line(result: $0, more: same.count > 1 ? same[1] : nil) }
    }
    let columns = columns.filter { column in lines.contains { !column.cell($0).isEmpty } }
    func text(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let head = [text(columns.map(\.heading)), text(columns.map { _ in "---" })]
    return (head + lines.map { line in text(columns.map { $0.cell(line) }) }).joined(separator: "\n")
  }

  private var columns: [Column] {
    let ours: [Column] = [
      ("row", { $0.result.row.name }), ("unit", { $0.result.row.unit.rawValue }),
      ("ours", { $0.result.ours.median.figure }),
      ("from – to", { "\($0.result.ours.low.figure) – \($0.result.ours.high.figure)" }),
      ("of the peak", { $0.result.share.map { ($0 * 100).fixed(0) + "%" } ?? "" }),
    ]
    let theirs = BenchMarkdown.libraries.map { library -> Column in
      (library.name, { peer($0.result, library.prefix) })
    }
    return ours + theirs + [
      ("fastest / ours", { ratio($0.result) }), ("wanted", { $0.result.row.wanted }),
      ("", { $0.result.verdict.rawValue }),
      ("on 2 threads", { $0.more?.ours.median.figure ?? "" }), ("fastest / ours there", { $0.more.map(ratio) ?? "" }),
      ("first run, ms", { $0.result.first.map { ($0 * 1e3).figure } ?? "" }),
      ("least of theirs", { $0.result.peerFirst.values.min()?.figure ?? "" }),
      ("memory, MiB", { $0.result.memory?.figure ?? "" }),
      ("least of theirs", { $0.result.peerMemory.values.min()?.figure ?? "" }),
    ]
  }

  /// The fastest of a library's variants.
  private func peer(_ result: BenchResult, _ prefix: String) -> String {
    guard let (variant, figure) = result.fastest(prefix) else { return "" }
    let manner = variant.dropFirst(prefix.count).drop { $0 == "-" }
    return figure.median.figure + (manner.isEmpty || manner == "jit" ? "" : " (\(manner))")
  }

  private func ratio(_ result: BenchResult) -> String {
    result.fastest("any").map { result.ratio(to: $0.figure).fixed(2) } ?? ""
  }
}

extension BenchResult {
  /// The first part of the row's name.
  fileprivate var group: String { String(row.name.prefix { $0 != "/" }) }
}
