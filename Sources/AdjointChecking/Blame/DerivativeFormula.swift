import Foundation

/// A local derivative as textbooks write it: a function of one number, which is an operand or the result.
///
/// A rule that computes one of them where another belongs is named by its formula: 1 − x² where tanh′ is 1 − y².
struct DerivativeFormula: Sendable {
  /// The formula, with # for its number.
  private let pattern: String
  /// The same as a function.
  let value: @Sendable (Double) -> Double

  private init(_ pattern: String, _ value: @escaping @Sendable (Double) -> Double) {
    (self.pattern, self.value) = (pattern, value)
  }

  /// The formula of a number of this name.
  func text(_ name: String) -> String { pattern.replacingOccurrences(of: "#", with: name) }

  /// Derivatives of the functions that people write rules for, and what becomes of them by a slip.
  static let all: [DerivativeFormula] = [
    DerivativeFormula("1 − #²") { 1 - $0 * $0 },
    DerivativeFormula("# (1 − #)") { $0 * (1 - $0) },
    DerivativeFormula("1 − #") { 1 - $0 },
    DerivativeFormula("#² (1 − #)") { $0 * $0 * (1 - $0) },
    DerivativeFormula("# (1 − #²)") { $0 * (1 - $0 * $0) },
    DerivativeFormula("# (1 − #)²") { $0 * (1 - $0) * (1 - $0) },
    DerivativeFormula("# (1 + #)") { $0 * (1 + $0) },
    DerivativeFormula("1 − #⁴") { 1 - $0 * $0 * $0 * $0 },
    DerivativeFormula("(1 − #)²") { (1 - $0) * (1 - $0) },
    DerivativeFormula("(1 − #²)²") { (1 - $0 * $0) * (1 - $0 * $0) },
    DerivativeFormula("√(1 − #²)") { (1 - $0 * $0).squareRoot() },
    DerivativeFormula("1 + #") { 1 + $0 },
    DerivativeFormula("1 + #²") { 1 + $0 * $0 },
    DerivativeFormula("#") { $0 },
    DerivativeFormula("|#|") { abs($0) },
    DerivativeFormula("2 #") { 2 * $0 },
    DerivativeFormula("3 #²") { 3 * $0 * $0 },
    DerivativeFormula("#²") { $0 * $0 },
    DerivativeFormula("1 / #") { 1 / $0 },
    DerivativeFormula("1 / #²") { 1 / ($0 * $0) },
    DerivativeFormula("−1 / #²") { -1 / ($0 * $0) },
    DerivativeFormula("−#²") { -$0 * $0 },
    DerivativeFormula("1 / (2 #)") { 1 / (2 * $0) },
    DerivativeFormula("1 / (2 √#)") { 1 / (2 * $0.squareRoot()) },
    DerivativeFormula("1 / (1 + #)") { 1 / (1 + $0) },
    DerivativeFormula("1 / (1 + #²)") { 1 / (1 + $0 * $0) },
    DerivativeFormula("e^#") { exp($0) },
    DerivativeFormula("e^−#") { exp(-$0) },
    DerivativeFormula("ln #") { log($0) },
    DerivativeFormula("sin #") { sin($0) },
    DerivativeFormula("cos #") { cos($0) },
    DerivativeFormula("−sin #") { -sin($0) },
    DerivativeFormula("−cos #") { -cos($0) },
    DerivativeFormula("tanh #") { tanh($0) },
    DerivativeFormula("1 − tanh² #") { 1 / (cosh($0) * cosh($0)) },
    DerivativeFormula("1 − tanh #") { 1 - tanh($0) },
    DerivativeFormula("σ(#)") { 1 / (1 + exp(-$0)) },
    DerivativeFormula("σ(#) (1 − σ(#))") { 1 / (2 + exp(-$0) + exp($0)) },
    DerivativeFormula("1 − σ(#)") { 1 / (1 + exp($0)) },
  ]
}
