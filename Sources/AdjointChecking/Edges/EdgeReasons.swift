/// The conventions of the library at edges, and the reasons where other libraries do otherwise.
enum EdgeReasons {
  static let conventions = [
    "**Not a number goes through.** A NaN among the inputs makes y NaN, and so do `relu`, `clamp`, `max` and `maximum` of it. "
      + "Comparisons with NaN are false, so `step` of it is 0; `power(0)` is 1 everywhere (C, F.10.4.4).",
    "**Kinks take the derivative of the constant side:** relu′(0) = 0, |·|′(0) = 0, clamp′ = 0 at both bounds. `leakyRelu` and "
      + "`elu` take that of the side x ≤ 0.",
    "**Ties share.** `maximum` and `minimum` give ½ each; `max`, `min` and `maxPool` give equal parts to all that tie. Beside a "
      + "NaN, `maximum` gives each argument the whole cotangent, and the gradient of `max` over axes is NaN.",
    "**Outside its domain a function is NaN,** and its derivative the continuing formula; at the end of the domain it is "
      + "the limit from inside. The sign of a zero decides where IEEE 754 says so: `sqrt(−0)` = −0, `1/−0` = −∞.",
    "**What is switched off is selected away,** whatever the cotangent is: ∞ and NaN do not pass relu, clamp, max, pick, "
      + "gather, slice, `where` and `masked(by:)` where they are off. A factor `c * f` of one's own is IEEE's: 0 · ∞ is NaN.",
    "**A direction that is not taken stays 0** in forward mode, also where a derivative is infinite.",
  ]

  /// Cases that share a reason.
  struct Reason {
    let names: [String]
    let text: String
  }

  static let all: [Reason] = []

  static func reason(for edge: EdgeCase) -> String? {
    all.first { reason in reason.names.contains { edge.key.hasPrefix($0) } }?.text
  }
}
