/// The line of a program that called the library: the place that a trap names.
package struct CallSite {
  let file: StaticString
  let line: UInt

  package init(_ file: StaticString = #fileID, _ line: UInt = #line) { (self.file, self.line) = (file, line) }

  /// Ends the process with a sentence, which stands behind the place.
  package func trap(_ sentence: String) -> Never { fatalError(sentence, file: file, line: line) }
}

/// A range that an option must lie in. Options are validated where they are set, since a rate that is NaN would destroy
/// every weight before any loss tells of it.
enum OptionRange: String {
  case anyNumber = "a finite number"
  case notNegative = "a finite number, 0 or above"
  case positive = "a number above 0"
  /// Added to a divisor that may be 0 in either precision.
  case positiveFloat = "a finite number above 0, also when rounded to Float"
  case share = "0 or above, and below 1"
  case positiveShare = "above 0, and at most 1"

  func contains(_ value: Double) -> Bool {
    switch self {
    case .anyNumber: value.isFinite
    case .notNegative: value.isFinite && value >= 0
    case .positive: value > 0
    case .positiveFloat: value.isFinite && Float(value) > 0
    case .share: value >= 0 && value < 1
    case .positiveShare: value > 0 && value <= 1
    }
  }
}

/// Returns an option's value, and traps with its name when it is out of range.
func checked(
  _ value: Double, _ name: @autoclosure () -> String, _ range: OptionRange, at site: CallSite = CallSite()
) -> Double {
  check(value, name(), range, at: site)
  return value
}

/// Traps with the option's name when its value is out of range. NaN is in no range.
func check(
  _ value: Double, _ name: @autoclosure () -> String, _ range: OptionRange, at site: CallSite = CallSite()
) {
  if !range.contains(value) { site.trap("\(name()) is \(value); it must be \(range.rawValue)") }
}

/// Traps with the name of a count that is too small.
func check(_ count: Int, _ name: @autoclosure () -> String, atLeast least: Int, at site: CallSite = CallSite()) {
  if count < least { site.trap("\(name()) is \(count); it must be at least \(least)") }
}
