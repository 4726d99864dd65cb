import Foundation

// How numbers and tables are written in reports.

extension Double {
  func fixed(_ decimals: Int) -> String { isFinite ? String(format: "%.\(decimals)f", self) : "–" }
  /// 0.9251 as `92.51%`.
  var percent: String { isFinite ? (self * 100).fixed(2) + "%" : "–" }
  /// Such as `3.1e-15`.
  var scientific: String { isFinite ? String(format: "%.1e", self) : "–" }
  /// Four significant digits, without needless zeros.
  var short: String { isFinite ? String(format: "%.4g", self) : "–" }
  /// Rounded to six significant digits, as curves are recorded.
  var recorded: Double { isFinite ? Double(String(format: "%.6g", self)) ?? self : self }
}

extension [Double] {
  /// `97.45% (97.31 97.52 …)`: the mean, then every seed.
  var percents: String { mean.percent + seeds { ($0 * 100).fixed(2) } }
  func fixed(_ decimals: Int) -> String { mean.fixed(decimals) + seeds { $0.fixed(decimals) } }
  private func seeds(_ text: (Double) -> String) -> String {
    count > 1 && count <= 5 ? " (" + map(text).joined(separator: " ") + ")" : ""
  }
}

extension Interval {
  /// In percentage points, with its confidence.
  var points: String {
    let mean = "\((centre * 100).signed(2)) points"
    guard low.isFinite else { return mean + ", one seed" }
    return mean + ", 95% interval \((low * 100).signed(2)) … \((high * 100).signed(2))"
  }
}

extension Double {
  func signed(_ decimals: Int) -> String { (self > 0 ? "+" : self < 0 ? "−" : "") + Swift.abs(self).fixed(decimals) }
}

/// A table in Markdown.
func markdownTable(_ header: [String], _ rows: [[String]]) -> String {
  func line(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |"
  }
  let rule = "|" + header.map { _ in " --- |" }.joined()
  return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
}
