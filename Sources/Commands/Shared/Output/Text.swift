import AdjointFiles
import Foundation

/// The value that `--json` prints.
package typealias JSON = AdjointFiles.JSON

// Small helpers for text in a terminal.

extension String {
  /// `leakyRelu` becomes `leaky-relu`.
  package var hyphenated: String {
    reduce(into: "") { text, letter in
      if letter.isUppercase { text.append("-") }
      text.append(contentsOf: letter.lowercased())
    }
  }

  /// The word that a shell takes for this text.
  package var shellQuoted: String {
    let isPlain = allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
    return isPlain ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  package func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  package func padded(left width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

  /// Lines of at most `width` characters, broken between words.
  package func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

extension Sequence<String> {
  /// `a, b or c`.
  package func listed(_ conjunction: String) -> String {
    let words = Array(self)
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }
}

extension Int {
  /// With a comma between thousands.
  package var grouped: String {
    let digits = String(magnitude)
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + text
  }

  /// `1 epoch`, `2 epochs`.
  package func of(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}

extension Double {
  /// A bar for a share of `width` characters; none for what is no number.
  package func bar(of width: Int) -> String {
    String(repeating: "█", count: (Swift.min(Swift.max(isNaN ? 0 : self, 0), 1) * Double(width)).nearest)
  }

  /// With a fixed number of decimals.
  package func fixed(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }

  /// Without `.0` at the end.
  package var short: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self) }

  package var percent: String { (self * 100).fixed(2) + "%" }

  /// A duration in seconds, in words short enough for a progress line.
  package var duration: String {
    guard isFinite else { return "?" }
    if self < 100 { return "\(fixed(self < 10 ? 1 : 0)) s" }
    let minutes = (self / 60).rounded(.down).nearest
    return minutes < 100 ? "\(minutes) min \(Int(self) % 60) s" : "\(minutes / 60) h \(minutes % 60) min"
  }
}
