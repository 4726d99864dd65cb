import Adjoint
import Foundation

/// The precision in which an edge is tried.
package enum EdgePrecision: String, Sendable, CaseIterable {
  case double = "Double"
  case float = "Float"

  /// ε, the distance from 1 to the next number.
  var unit: Double { self == .double ? .ulpOfOne : Double(Float.ulpOfOne) }
  /// The smallest positive number.
  var least: Double { self == .double ? .leastNonzeroMagnitude : Double(Float.leastNonzeroMagnitude) }

  /// The number rounded to this precision.
  func rounded(_ x: Double) -> Double { self == .double ? x : Double(Float(x)) }
}

/// A number at an edge: one that is the same in every precision, or a limit of the precision.
package struct EdgeNumber: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  private let double: Double
  private let float: Double

  package init(double: Double, float: Double) {
    (self.double, self.float) = (double, EdgePrecision.float.rounded(float))
  }
  package init(_ value: Double) { self.init(double: value, float: value) }
  package init(floatLiteral value: Double) { self.init(value) }
  package init(integerLiteral value: Int) { self.init(Double(value)) }

  package subscript(precision: EdgePrecision) -> Double { precision == .double ? double : float }

  package static let infinity = EdgeNumber(.infinity)
  package static let nan = EdgeNumber(.nan)
  /// The largest finite number.
  package static let largest = EdgeNumber(
    double: .greatestFiniteMagnitude, float: Double(Float.greatestFiniteMagnitude))
  /// The smallest positive number, a subnormal one.
  package static let least = EdgeNumber(double: .leastNonzeroMagnitude, float: Double(Float.leastNonzeroMagnitude))

  package static prefix func - (x: EdgeNumber) -> EdgeNumber { x.map(-) }

  /// A function of the number, in each precision.
  func map(_ f: (Double) -> Double) -> EdgeNumber { EdgeNumber(double: f(double), float: f(float)) }

  /// The number that a word of a statement names, such as `-∞`, `max` or `0.5`.
  init(word: some StringProtocol) {
    if word.hasPrefix("-") {
      self = -EdgeNumber(word: word.dropFirst())
      return
    }
    switch word {
    case "∞": self = .infinity
    case "NaN": self = .nan
    case "max": self = .largest
    case "least": self = .least
    case "2least": self = EdgeNumber.least.map { 2 * $0 }
    case "π/2": self.init(.pi / 2)
    case "π": self.init(.pi)
    case "π/4": self.init(.pi / 4)
    default:
      guard let value = Double(word) else { fatalError("edges: '\(word)' is no number") }
      self.init(value)
    }
  }

  /// The number as the page writes it.
  package var text: String { EdgeNumber.text(double) }

  /// A number in four digits at most; the limits of `Double` by name.
  package static func text(_ x: Double) -> String {
    if x.isNaN { return "NaN" }
    let sign = x.sign == .minus ? "−" : ""
    switch x.magnitude {
    case .infinity: return sign + "∞"
    case .greatestFiniteMagnitude: return sign + "max"
    case .leastNonzeroMagnitude: return sign + "least"
    case let size: return sign + String(format: "%.4g", size).replacing("e-", with: "e−").replacing("e+", with: "e")
    }
  }
}
