import AdjointCommandLine

/// The tables of a report as a page of Markdown has them: one for each group of rows, and one of first runs and memory.
struct BenchMarkdown {
  let results: [BenchResult]

  private static let libraries: [(prefix: String, name: String)] = [
    ("c", "C"), ("torch", "PyTorch"), ("jax", "JAX"), ("numpy", "NumPy"), ("pandas", "pandas"),
    ("micrograd", "micrograd"), ("differences", "differences"),
  ]

  var text: String {
    var groups: [String] = []
    for result in results where !groups.contains(result.group) { groups.append(result.group) }
    return groups.map { group in
      let rows = results.filter { $0.group == group }
      return [figures(rows), firsts(rows)].compactMap { $0 }.joined(separator: "\n\n")
    }.joined(separator: "\n\n")
  }

  /// The fastest of a library's variants.
  private func peer(_ result: BenchResult, _ prefix: String) -> String {
    guard let (variant, figure) = result.fastest(prefix) else { return "" }
    let manner = variant.dropFirst(prefix.count).drop { $0 == "-" }
    return figure.median.figure + (manner.isEmpty || manner == "jit" ? "" : " (\(manner))")
  }

  private func figures(_ rows: [BenchResult]) -> String {
    let libraries = BenchMarkdown.libraries.filter { library in rows.contains { $0.fastest(library.prefix) != nil } }
    let hasShare = rows.contains { $0.share != nil }
    var lines = [
      line(
        ["row", "threads", "unit", "ours", "from – to"] + (hasShare ? ["of the peak"] : []) + libraries.map(\.name)
          + (libraries.isEmpty ? [] : ["fastest / ours", "wanted", ""])), "",
    ]
    lines[1] = "| --- |" + String(repeating: " --- |", count: lines[0].filter { $0 == "|" }.count - 2)
    for result in rows {
      let wanted = result.row.peerRatios.sorted { $0.key < $1.key }.map { prefix, ratio in
        ratio.short + (prefix == "any" ? "" : " (\(prefix))")
      }
      lines.append(
        line(
          [
            result.row.name, "\(result.row.threads)", result.row.unit.rawValue, result.ours.median.figure,
            "\(result.ours.low.figure) – \(result.ours.high.figure)",
          ] + (hasShare ? [result.share.map { ($0 * 100).fixed(0) + "%" } ?? ""] : [])
            + libraries.map { peer(result, $0.prefix) }
            + (libraries.isEmpty
              ? []
              : [
                result.fastest("any").map { result.ratio(to: $0.figure).fixed(2) } ?? "",
                wanted.joined(separator: ", "), result.verdict.rawValue,
              ])))
    }
    return lines.joined(separator: "\n")
  }

  /// The first run of a process, which records and compiles, and the most memory that the process took.
  private func firsts(_ rows: [BenchResult]) -> String? {
    let rows = rows.filter { $0.row.lone != nil }
    guard !rows.isEmpty else { return nil }
    func least(_ values: [String: Double], _ prefix: String) -> String {
      values.filter { $0.key.hasPrefix(prefix) }.values.min().map(\.figure) ?? ""
    }
    func memory(_ result: BenchResult) -> String { result.memory.map(\.figure) ?? "" }
    var lines = [
      line([
        "row", "threads", "first run, ms", "PyTorch", "JAX", "memory of the process, MiB", "PyTorch", "JAX",
      ]), "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in rows {
      lines.append(
        line([
          result.row.name, "\(result.row.threads)", result.first.map { ($0 * 1e3).figure } ?? "",
          least(result.peerFirst, "torch"), least(result.peerFirst, "jax"), memory(result),
          least(result.peerMemory, "torch"), least(result.peerMemory, "jax"),
        ]))
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}

extension BenchResult {
  /// The first part of the row's name.
  fileprivate var group: String { String(row.name.prefix { $0 != "/" }) }
}
