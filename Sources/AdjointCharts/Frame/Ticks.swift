import Foundation

/// The marks of an axis: round numbers, 1, 2 or 5 times a power of ten apart, with their labels.
package struct Ticks: Sendable, Hashable {
  /// The interval that the axis shows.
  package let range: ClosedRange<Double>
  package let values: [Double]
  package let labels: [String]
  /// The power of ten by which all labels are to be multiplied, such as `×10⁶`.
  package let factor: String?

  /// Marks on a linear axis.
  /// - Parameters:
  ///   - interval: the values that must be seen.
  ///   - count: about how many marks there may be.
  ///   - whole: no mark stands between whole numbers.
  ///   - widening: the range grows until both its ends are marks; otherwise it is the interval.
  package static func linear(
    _ interval: ClosedRange<Double>, count: Int, whole: Bool = false, widening: Bool = true
  ) -> Ticks {
    let (low, high) = (interval.lowerBound, interval.upperBound)
    // Between neighbouring numbers there is nothing round.
    guard high / 2 - low / 2 > max(low.magnitude, high.magnitude) * 1e-12 else {
      return Ticks(range: interval, values: [low], labels: [DecimalText.text(low)], factor: nil)
    }
    let raw = (high / 2 - low / 2) / Double(max(count, 1)) * 2
    var exponent = Int(DecimalText.logarithm(max(raw, 1e-300)).rounded(.down))
    let ratio = raw / DecimalText.power(exponent)
    var digit = [1.0, 2, 5].first { ratio <= $0 * (1 + 1e-9) } ?? 10
    if digit == 10 { (digit, exponent) = (1, exponent + 1) }
    if whole, exponent < 0 { (digit, exponent) = (1, 0) }
    let step = digit * DecimalText.power(exponent)
    // A step that is a fraction has no exact value, but its inverse has: 3 / 10 is nearer to 0.3 than 3 · 0.1.
    func value(_ index: Double) -> Double {
      exponent < 0 && exponent > -300 ? index * digit / DecimalText.power(-exponent) : index * step
    }
    let slack = 1e-6
    let first = widening ? (low / step + slack).rounded(.down) : (low / step - slack).rounded(.up)
    let last = widening ? (high / step - slack).rounded(.up) : (high / step + slack).rounded(.down)
    let marks = first <= last && last - first < 1000 ? stride(from: first, through: last, by: 1).map(value) : []
    let range =
      widening && marks.count > 1 ? min(marks[0], low)...max(marks[marks.count - 1], high) : interval
    let (labels, factor) = linearLabels(marks, exponent: exponent)
    return Ticks(range: range, values: marks, labels: labels, factor: factor)
  }

  /// Marks on a logarithmic axis: powers of ten, with 2 and 5 times them where there is room.
  package static func logarithmic(_ interval: ClosedRange<Double>, count: Int, widening: Bool = true) -> Ticks {
    let (low, high) = (DecimalText.logarithm(interval.lowerBound), DecimalText.logarithm(interval.upperBound))
    let decades = high - low
    let digits: [Double] = decades <= Double(count) / 3 ? [1, 2, 5] : [1]
    let skip = max(1, Int((decades / Double(max(count, 1))).rounded(.up)))
    var candidates: [Double] = []
    for exponent in Int(low.rounded(.down)) - skip...Int(high.rounded(.up)) + skip where exponent % skip == 0 {
      for digit in digits { candidates.append(digit * DecimalText.power(min(max(exponent, -307), 307))) }
    }
    let slack = 1 + 1e-9
    let (least, most) = (interval.lowerBound, interval.upperBound)
    var (first, last) = (least, most)
    if widening {
      first = candidates.last { $0 <= least * slack } ?? least
      last = candidates.first { $0 * slack >= most } ?? most
    }
    let marks = candidates.filter { $0 * slack >= first && $0 <= last * slack }
    guard marks.count >= 2 else { return linear(interval, count: count, widening: false) }
    return Ticks(
      range: min(first, least)...max(last, most), values: marks, labels: marks.map { DecimalText.text($0) }, factor: nil
    )
  }

  private static func linearLabels(_ marks: [Double], exponent: Int) -> ([String], String?) {
    let largest = marks.map(\.magnitude).max() ?? 0
    guard largest > 0 else { return (marks.map { _ in "0" }, nil) }
    let size = Int((DecimalText.logarithm(largest) + 1e-9).rounded(.down))
    guard size >= 5 || size <= -4 else {
      return (marks.map { DecimalText.fixed($0, decimals: max(0, -exponent)) }, nil)
    }
    let decimals = min(max(0, size - exponent), 15)
    return (
      marks.map { DecimalText.fixed($0 / DecimalText.power(size), decimals: decimals) },
      "×10" + DecimalText.superscript(size)
    )
  }
}

/// Numbers as decimal text.
package enum DecimalText {
  static func logarithm(_ x: Double) -> Double { log10(x) }

  static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
  static func power(_ exponent: Double) -> Double { pow(10, exponent) }

  /// With a fixed number of decimals; a minus sign that is one, and none before zero.
  static func fixed(_ x: Double, decimals: Int) -> String {
    guard x.isFinite else { return x.isNaN ? "NaN" : x < 0 ? "−∞" : "∞" }
    let text = String(format: "%.\(decimals)f", x.magnitude)
    return x < 0 && text.contains { $0 != "0" && $0 != "." } ? "−" + text : text
  }

  /// Three significant digits at most, in the shortest form: `0.05`, `12.5`, `2×10⁻⁷`.
  package static func text(_ x: Double, digits: Int = 3) -> String {
    guard x.isFinite, x != 0 else { return x == 0 ? "0" : fixed(x, decimals: 0) }
    let exponent = Int(logarithm(x.magnitude).rounded(.down))
    if exponent >= -3, exponent <= 5 { return trimmed(fixed(x, decimals: max(0, digits - 1 - exponent))) }
    // Scaled in two steps, since 10³²⁰ is not finite.
    let mantissa = trimmed(fixed(x / power(exponent / 2) / power(exponent - exponent / 2), decimals: digits - 1))
    if mantissa == "1" { return "10" + superscript(exponent) }
    return mantissa == "10" ? "10" + superscript(exponent + 1) : "\(mantissa)×10" + superscript(exponent)
  }

  static func superscript(_ number: Int) -> String {
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return String(String(number).map { $0 == "-" ? "⁻" : digits[$0.wholeNumberValue ?? 0] })
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var kept = text
    while kept.last == "0" { kept.removeLast() }
    if kept.last == "." { kept.removeLast() }
    return kept
  }
}
