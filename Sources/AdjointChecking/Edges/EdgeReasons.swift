/// The conventions of the library at edges, and the reasons where other libraries do otherwise.
enum EdgeReasons {
  static let conventions = [
    "**Not a number goes through.** A NaN among the inputs makes y NaN, also of `relu`, `clamp`, `sign`, `max` and `maximum`. "
      + "Comparisons with NaN are false, so `step` of it is 0; `power(0)` is 1 everywhere (C, F.10.4.4).",
    "**Kinks take the derivative of the constant side:** relu′(0) = 0, |·|′(0) = 0, clamp′ = 0 at both bounds. `leakyRelu` and "
      + "`elu` take that of the side x ≤ 0.",
    "**Ties share.** `maximum` and `minimum` give ½ to each; `max`, `min` and `maxPool` give equal parts to all that tie. Where "
      + "zeros of both signs tie, either may be y. Beside a NaN, `maximum` gives each argument the whole cotangent, and the "
      + "gradient of `max` over axes is NaN.",
    "**At infinity a derivative is its limit.** Outside its domain a function is NaN, and its derivative the formula that "
      + "continues; at the end of the domain it is the limit from inside. The sign of a zero decides where IEEE 754 says so: "
      + "√(−0) = −0, 1/(−0) = −∞, and log′(−0) = −∞.",
    "**What is switched off is selected away,** whatever the cotangent is: ∞ and NaN do not pass `relu`, `abs`, `clamp`, `max`, "
      + "`pick`, `gather`, `slice`, `where` and `masked(by:)` where these are off. A factor `c * f` of one's own, dropout's mask, and a matrix "
      + "product, are IEEE's: 0 · ∞ is NaN.",
    "**A direction that is not taken stays 0** in forward mode, also where a derivative is infinite. So forward mode may give a "
      + "number where reverse mode, which multiplies a cotangent 0 by ∞, gives NaN; the tables say where.",
    "**Subnormal numbers are numbers,** and every value and derivative is computed with them.",
  ]

  /// A reason for all cases whose name and inputs begin in one of these ways.
  struct Reason {
    let cases: [String]
    let text: String
  }

  static let all: [Reason] = [
    Reason(
      cases: [
        "abs at −0", "abs at 0", "l1Penalty at [0, ",
      ],
      text: "|·|′(0) = 0, the mean of both sides: an element at rest stays at rest."),
    Reason(
      cases: ["abs at NaN", "sign at NaN", "elu(1.0) at NaN", "l1Penalty at [NaN]"],
      text: "Not a number goes through value and derivative: a finite number made of it would hide the fault upstream."),
    Reason(
      cases: ["step at NaN"],
      text: "`step` is the comparison x > 0, and every comparison with NaN is false."),
    Reason(
      cases: ["sign at −0", "relu at −0", "sqrt(relu) at −0", "clamp(0.0, 0.0) at −0", "sqrt(clamp(0.0, 1.0)) at −0"],
      text:
        "`sign` keeps the sign of zero, as it keeps every other; `relu` and `clamp` give the constant of the branch, +0."
    ),
    Reason(
      cases: [
        "relu at NaN", "clamp(-1.0, 1.0) at NaN", "clamp(0.0, 0.0) at NaN", "relu(Linear) at [1]; [1 | 1]; [NaN",
        "relu(Linear) at [∞]", "Σ relu(x + b) at [NaN",
      ],
      text: "Where the value is NaN the gradient must not look like that of a unit that is off: both pass."),
    Reason(
      cases: ["gelu at ", "silu at ", "normalDensity at "],
      text:
        "Limits: x Φ(x) and x σ(x) tend to 0 and x, their derivatives to 0 and 1, and φ′ to 0. The products ∞ · 0 on the way are avoided."
    ),
    Reason(
      cases: ["leakyRelu(0.1) at −0", "leakyRelu(0.1) at 0"],
      text: "The side x ≤ 0 at 0, as for `relu` and `elu`."),
    Reason(
      cases: ["power(0.5) at −∞", "power(0.5) at −0"],
      text: "C (F.10.4.4): pow(−∞, ½) = ∞ and pow(−0, ½) = 0. PyTorch takes the square root instead."),
    Reason(
      cases: ["power(0.0) at "],
      text: "x⁰ is the constant 1, and a constant has derivative 0."),
    Reason(
      cases: ["clamp(-1.0, 1.0) at −1", "clamp(-1.0, 1.0) at 1", "clamp(0.0, 0.0) at "],
      text: "The constant side at a bound. JAX composes `maximum` and `minimum`, each of which shares the derivative."),
    Reason(
      cases: ["maximum at ", "minimum at "],
      text: "Beside a NaN, y depends on both arguments, so both pass. JAX passes none."),
    Reason(
      cases: ["variance at [∞"],
      text: "2/N (x − mean), element by element, is −∞ where x is finite. JAX sums the deviations, which is NaN."),
    Reason(
      cases: ["logSumExp at [∞"],
      text: "The gradient is softmax, whose row is not a number beside ∞."),
    Reason(
      cases: ["maxPool at "],
      text: "A window is a `max` over axes: elements that tie share, and beside a NaN none is the largest."),
    Reason(
      cases: ["maxPool with padding at "],
      text: "Padding is no element, so it takes no part of ȳ. JAX pads with −∞, which wins where it is first to tie."),
    Reason(
      cases: ["sqrt(abs) at ", "sqrt(clamp(0.0, 1.0)) at "],
      text: "What is switched off is selected away, whatever the cotangent is: here √ sends back ∞."),
    Reason(
      cases: ["crossEntropy(probabilities) at ", "binaryCrossEntropy at ", "klDivergence at ", "poissonNLL at "],
      text: "What has probability 0 counts nothing, and no ∞ − ∞ comes up on the way: the loss is the limit."),
    Reason(
      cases: ["meanAbsoluteError at "],
      text: "As for `abs`: the derivative at 0 is 0, and that of NaN is NaN."),
    Reason(
      cases: ["crossEntropy(ignoring: 0) at ", "negativeLogLikelihood(ignoring: 0) at "],
      text: "When every row is ignored there is nothing to lose: the mean is 0. PyTorch divides 0 by 0."),
    Reason(
      cases: [
        "asinh at −max", "asinh at max", "acosh at max", "log2 at −max", "log2 at max", "log10 at −max", "log10 at max",
        "polygamma(0) at max", "polygamma(1) at max",
      ],
      text:
        "The derivative is a subnormal number, and nothing overflows on the way to it. XLA takes such numbers for 0; PyTorch divides by a number that is ∞."
    ),
    Reason(
      cases: ["acosh at −"],
      text: "acosh′ is 1/(√(x−1) √(x+1)), not a number below 1 as acosh itself. Theirs is 1/√(x²−1)."),
    Reason(
      cases: ["lgamma at ", "polygamma(0) at ", "polygamma(1) at "],
      text:
        "At the pole 0 the sign of zero decides. At the other poles both signs meet, so ψ is NaN there and ψ′ is ∞. Values are exact at a pole; PyTorch's are those at some distance from it."
    ),
    Reason(
      cases: ["pow at "],
      text:
        "1 = x⁰ is a constant in x, also at 0 and beside a NaN. At x = 0 the derivative by the exponent is the limit, where there is one."
    ),
    Reason(
      cases: ["atan2 at 0; 0"],
      text: "The direction of no vector has no derivative."),
    Reason(
      cases: ["atan2 at "],
      text: "Limits: a finite move of a vector that is infinitely long does not turn it."),
    Reason(
      cases: ["hypot at "],
      text:
        "At 0 as for `abs` and `norm`, at infinity as for `norm`: beside ∞ the finite side has derivative 0."),
    Reason(
      cases: ["remainder at "],
      text: "Where there is no remainder there is no derivative by the divisor. Theirs is that of −⌊a/b⌋ · b alone."),
    Reason(
      cases: ["logAddExp at "],
      text:
        "Where y is infinite already, a finite move of an argument that is infinite too changes nothing. Their ∞ − ∞ is avoided, and so is an exponential of it."
    ),
    Reason(
      cases: ["mish at ", "hardSwish at "],
      text: "Limits at −∞ and ∞, as for `gelu` and `silu`."),
    Reason(
      cases: ["norm at [0", "standardDeviation at "],
      text: "The derivative is 0 where the norm or the deviation is 0, as for `abs`. JAX divides 0 by 0."),
    Reason(
      cases: ["norm at "],
      text: "The squares neither overflow nor vanish on the way."),
    Reason(
      cases: ["cumprod at [NaN"],
      text: "The derivative by an element is the product of the others, whatever the element is. PyTorch divides by it."
    ),
    Reason(
      cases: ["xlogy at 0"],
      text: "What has probability 0 counts nothing, so nothing infinite comes back from it."),
    Reason(
      cases: ["clamp(min:max:) at 1"],
      text: "An element at a bound that may be learned keeps its derivative. JAX shares it with the bound."),
    Reason(
      cases: ["clamp(min:max:) at NaN"],
      text: "As for `clamp`: where the value is NaN, x passes."),
    Reason(
      cases: ["topK(2) at "],
      text: "Of elements that tie the first is taken. PyTorch takes any."),
    Reason(
      cases: ["determinant at "],
      text:
        "The derivative by an element is its cofactor, which does not divide by a determinant of 0, nor contain the element itself."
    ),
    Reason(
      cases: ["solve at [NaN"],
      text: "A matrix that is not a number solves nothing: its factors are NaN, and so is every unknown."),
    Reason(
      cases: ["log at ", "log1p at ", "reciprocal at ", "power(-1.0) at "],
      text: subnormal),
  ]

  private static let subnormal =
    "Subnormal numbers are numbers. XLA takes them for 0 on the CPU, in arguments and in results; PyTorch's `log1p` does too."

  static func reason(for edge: EdgeCase) -> String? {
    if edge.title.contains("least") { return subnormal }
    return all.first { reason in reason.cases.contains { edge.key.hasPrefix($0) } }?.text
  }
}
