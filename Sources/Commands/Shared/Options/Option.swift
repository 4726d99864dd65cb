/// An option of a command, as data: parsing, checking, help and the table of defaults all come from it.
package struct Option: Sendable {
  /// The values that an option takes.
  package enum Kind: Sendable {
    /// Given or not; takes no value.
    case flag
    case integer(ClosedRange<Int>)
    /// A number between bounds; each bound says whether it belongs.
    case number(Bounds)
    case choice([String])
    /// Anything; the command looks closer.
    case text
  }

  /// An interval of numbers.
  package struct Bounds: Sendable {
    package let low: Double
    package let high: Double
    package var includesLow = true
    package var includesHigh = true

    package func contains(_ x: Double) -> Bool {
      (includesLow ? x >= low : x > low) && (includesHigh ? x <= high : x < high) && x.isFinite
    }

    package static let atLeastZero = Bounds(low: 0, high: .infinity)
    package static let positive = Bounds(low: 0, high: .infinity, includesLow: false)
    /// Above 0, also when rounded to `Float`.
    package static let positiveFloat = Bounds(low: 1e-37, high: .infinity)
    /// A time in seconds.
    package static let interval = Bounds(low: 0, high: 1_000_000, includesLow: false)
    /// 0 ≤ x < 1.
    package static let fraction = Bounds(low: 0, high: 1, includesHigh: false)
  }

  /// Without the dashes.
  package let name: String
  /// The placeholder of the value in the help; empty for a flag.
  package let placeholder: String
  package let kind: Kind
  /// The value when the option is not given; nil when that is nothing at all.
  package let fallback: String?
  package let help: String
  /// The heading under which the help lists it.
  package let group: String

  package init(
    _ name: String, _ placeholder: String, _ kind: Kind, default fallback: String? = nil, in group: String = "Options",
    _ help: String
  ) {
    (self.name, self.placeholder, self.kind) = (name, placeholder, kind)
    (self.fallback, self.help, self.group) = (fallback, help, group)
  }

  /// An option that is given or not.
  package static func flag(_ name: String, in group: String = "Options", _ help: String) -> Option {
    Option(name, "", .flag, in: group, help)
  }
}

extension Option {
  /// The value in the one form under which it is compared and stored, such as `0.001` for `1e-3`.
  /// - Throws: `CommandError.badValue`.
  package func canonical(_ text: String) throws(CommandError) -> String {
    switch kind {
    case .flag, .text:
      return text
    case .integer(let range):
      guard let value = Int(text), range.contains(value) else { throw bad(text, expected: range.sentence) }
      return String(value)
    case .number(let bounds):
      guard let value = Double(text), bounds.contains(value) else { throw bad(text, expected: bounds.sentence) }
      return String(value)
    case .choice(let words):
      guard words.contains(text) else { throw bad(text, expected: words.listed("or"), among: words) }
      return text
    }
  }

  package func bad(_ text: String, expected: String, among words: [String] = []) -> CommandError {
    .badValue(
      option: name, value: text, expected: expected, suggestion: Suggestion.nearest(to: text, among: words))
  }

  /// The sizes of a perceptron, such as `784,30,10`; nil for `cnn`.
  /// - Throws: `CommandError.badValue`, also where two layers have more weights between them than `limit`.
  package func networkSizes(_ text: String, such example: String, limit: Int) throws(CommandError) -> [Int]? {
    if text == "cnn" { return nil }
    let sizes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count >= 2, sizes.allSatisfy({ (1...65_536).contains($0) }),
      zip(sizes, sizes.dropFirst()).allSatisfy({ $0 * $1 <= limit })
    else { throw bad(text, expected: "two or more sizes such as \(example), or cnn", among: ["cnn"]) }
    return sizes
  }
}

extension ClosedRange<Int> {
  /// The demand on a value, in words.
  fileprivate var sentence: String {
    upperBound == .max
      ? "a whole number of at least \(lowerBound)" : "a whole number from \(lowerBound) to \(upperBound)"
  }
}

extension Option.Bounds {
  /// The demand on a value, in words.
  fileprivate var sentence: String {
    let below = "\(includesLow ? "at least" : "above") \(low.short)"
    return high == .infinity
      ? "a number \(below)" : "a number \(below) and \(includesHigh ? "at most" : "below") \(high.short)"
  }
}
