// Elementwise functions of tensors without a tape, under the names that variables have.

extension Tensor where Element: Scalar {
  /// eˣ.
  public func exp() -> Tensor { .evaluating(Unary.exp, self) }
  /// eˣ − 1, accurate near 0.
  public func expm1() -> Tensor { .evaluating(Unary.expm1, self) }
  /// The natural logarithm.
  public func log() -> Tensor { .evaluating(Unary.log, self) }
  /// ln(1 + x), accurate near 0.
  public func log1p() -> Tensor { .evaluating(Unary.log1p, self) }
  /// The square root.
  public func sqrt() -> Tensor { .evaluating(Unary.sqrt, self) }
  /// x².
  public func square() -> Tensor { .evaluating(Unary.square, self) }
  /// 1 / x.
  public func reciprocal() -> Tensor { .evaluating(Unary.reciprocal, self) }
  /// |x|.
  public func abs() -> Tensor { .evaluating(Unary.abs, self) }
  /// −1, 0 or 1.
  public func sign() -> Tensor { .evaluating(Unary.sign, self) }
  /// 1 where x > 0, else 0.
  public func step() -> Tensor { .evaluating(Unary.step, self) }
  /// The sine.
  public func sin() -> Tensor { .evaluating(Unary.sin, self) }
  /// The cosine.
  public func cos() -> Tensor { .evaluating(Unary.cos, self) }
  /// The arc tangent.
  public func atan() -> Tensor { .evaluating(Unary.atan, self) }
  /// The tangent of x in radians.
  public func tan() -> Tensor { .evaluating(Unary.tan, self) }
  /// The angle in −π/2 … π/2 whose sine is x; NaN where |x| > 1.
  public func asin() -> Tensor { .evaluating(Unary.asin, self) }
  /// The angle in 0 … π whose cosine is x; NaN where |x| > 1.
  public func acos() -> Tensor { .evaluating(Unary.acos, self) }
  /// The hyperbolic sine, (eˣ − e⁻ˣ) / 2.
  public func sinh() -> Tensor { .evaluating(Unary.sinh, self) }
  /// The hyperbolic cosine, (eˣ + e⁻ˣ) / 2.
  public func cosh() -> Tensor { .evaluating(Unary.cosh, self) }
  /// The number whose hyperbolic sine is x.
  public func asinh() -> Tensor { .evaluating(Unary.asinh, self) }
  /// The number at least 0 whose hyperbolic cosine is x; NaN where x < 1.
  public func acosh() -> Tensor { .evaluating(Unary.acosh, self) }
  /// The number whose hyperbolic tangent is x; NaN where |x| > 1.
  public func atanh() -> Tensor { .evaluating(Unary.atanh, self) }
  /// 2ˣ.
  public func exp2() -> Tensor { .evaluating(Unary.exp2, self) }
  /// The logarithm to base 2.
  public func log2() -> Tensor { .evaluating(Unary.log2, self) }
  /// The logarithm to base 10.
  public func log10() -> Tensor { .evaluating(Unary.log10, self) }
  /// 1 − erf x, accurate in its tail.
  public func erfc() -> Tensor { .evaluating(Unary.erfc, self) }
  /// ln |Γ(x)|.
  public func lgamma() -> Tensor { .evaluating(Unary.lgamma, self) }
  /// The largest whole number that is at most x.
  public func floor() -> Tensor { .evaluating(Unary.floor, self) }
  /// The smallest whole number that is at least x.
  public func ceil() -> Tensor { .evaluating(Unary.ceil, self) }
  /// The nearest whole number, the even one of two that are as near.
  public func round() -> Tensor { .evaluating(Unary.round, self) }
  /// x without its fraction.
  public func trunc() -> Tensor { .evaluating(Unary.trunc, self) }
  /// ψ(x), the derivative of ln Γ.
  public func digamma() -> Tensor { polygamma(order: 0) }
  /// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ.
  /// - Precondition: the order is at least 0, and at most 100.
  public func polygamma(order: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Polygamma(order: order, file: file, line: line), self)
  }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { .evaluating(Unary.tanh, self) }
  /// 1 / cosh x = 2 / (eˣ + e⁻ˣ).
  public func sech() -> Tensor { .evaluating(Unary.sech, self) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor { .evaluating(Unary.sigmoid, self) }
  /// The error function.
  public func erf() -> Tensor { .evaluating(Unary.erf, self) }
  /// φ(x) = e^(−x²/2) / √(2π), the density of the standard normal distribution.
  public func normalDensity() -> Tensor { .evaluating(Unary.normalDensity, self) }
  /// Φ(x) = ½ erfc(−x/√2), the standard normal distribution, accurate in its tail.
  public func normalDistribution() -> Tensor { .evaluating(Unary.normalDistribution, self) }
  /// max(x, 0).
  public func relu() -> Tensor { .evaluating(Unary.relu, self) }
  /// x Φ(x), exact.
  public func gelu() -> Tensor { .evaluating(Unary.gelu, self) }
  /// x σ(x), also called swish.
  public func silu() -> Tensor { .evaluating(Unary.silu, self) }
  /// ln(1 + eˣ), never overflowing.
  public func softplus() -> Tensor { .evaluating(Unary.softplus, self) }
  /// x where x > 0, else slope · x.
  public func leakyRelu(slope: Double = 0.01) -> Tensor { .evaluating(LeakyReLU(slope: slope), self) }
  /// x where x > 0, else α(eˣ − 1).
  public func elu(alpha: Double = 1) -> Tensor { .evaluating(ELU(alpha: alpha), self) }
  /// xᵖ for a constant p.
  public func power(_ exponent: Double) -> Tensor { .evaluating(Power(exponent: exponent), self) }
  /// min(max(x, low), high).
  /// - Precondition: low ≤ high.
  public func clamp(_ low: Double, _ high: Double, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Clamp(low, high, file: file, line: line), self)
  }
}

extension Tensor where Element: Scalar {
  /// The larger of two, element by element; the shapes broadcast.
  public func maximum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.maximum, self, other, file: file, line: line)
  }
  /// The smaller of two, element by element; the shapes broadcast.
  public func minimum(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.minimum, self, other, file: file, line: line)
  }
  /// aᵇ, element by element; the shapes broadcast.
  public func pow(_ exponent: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.pow, self, exponent, file: file, line: line)
  }
  /// The angle of the point with this height and an abscissa, from −π to π; the shapes broadcast.
  public func atan2(_ abscissa: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.atan2, self, abscissa, file: file, line: line)
  }
  /// √(a² + b²), element by element, never overflowing on the way; the shapes broadcast.
  public func hypot(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.hypot, self, other, file: file, line: line)
  }
  /// a − b⌊a/b⌋, element by element, with the sign of b; the shapes broadcast.
  public func remainder(_ divisor: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.remainder, self, divisor, file: file, line: line)
  }
  /// ln(eᵃ + eᵇ), element by element; the shapes broadcast.
  public func logAddExp(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.logAddExp, self, other, file: file, line: line)
  }
  /// The elements where the condition is not 0, and 0 elsewhere, selected and not multiplied.
  public func masked(by condition: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.masked, self, condition, file: file, line: line)
  }
}

// Functions that are made of recorded operations, as those record them.
extension Tensor where Element: Scalar {
  /// x tanh(ln(1 + eˣ)), and its limit 0 at −∞.
  public func mish() -> Tensor { composed { $0.mish() } }
  /// ½x (1 + tanh(√(2/π) (x + 0.044715 x³))), an approximation of gelu.
  public func geluTanh() -> Tensor { composed { $0.geluTanh() } }
  /// min(max(x, 0), 6).
  public func relu6() -> Tensor { composed { $0.relu6() } }
  /// x brought into −1 … 1.
  public func hardTanh() -> Tensor { composed { $0.hardTanh() } }
  /// min(max(x + 3, 0), 6) / 6.
  public func hardSigmoid() -> Tensor { composed { $0.hardSigmoid() } }
  /// x min(max(x + 3, 0), 6) / 6, and 0 below −3.
  public func hardSwish() -> Tensor { composed { $0.hardSwish() } }
  /// x / (1 + |x|).
  public func softsign() -> Tensor { composed { $0.softsign() } }
  /// λx where x > 0, else λα(eˣ − 1), with λ and α for which mean 0 and variance 1 stay.
  public func selu() -> Tensor { composed { $0.selu() } }
  /// x where x > 0, else α(e^(x/α) − 1).
  /// - Precondition: α is finite, and not 0.
  public func celu(alpha: Double = 1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.celu(alpha: alpha, file: file, line: line) }
  }
  /// x − tanh x.
  public func tanhShrink() -> Tensor { composed { $0.tanhShrink() } }
  /// x moved by λ towards 0, and 0 where |x| ≤ λ.
  /// - Precondition: λ ≥ 0.
  public func softShrink(_ lambda: Double = 0.5, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.softShrink(lambda, file: file, line: line) }
  }
  /// x, and 0 where |x| ≤ λ.
  /// - Precondition: λ ≥ 0.
  public func hardShrink(_ lambda: Double = 0.5, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.hardShrink(lambda, file: file, line: line) }
  }
  /// x where it is above the threshold, else a value.
  /// - Precondition: the threshold is not NaN.
  public func threshold(
    _ threshold: Double, _ value: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { composed { $0.threshold(threshold, value, file: file, line: line) } }
  /// ln σ(x) = −ln(1 + e⁻ˣ).
  public func logSigmoid() -> Tensor { composed { $0.logSigmoid() } }
  /// x where x > 0, else slope · x; shapes broadcast.
  public func prelu(slope: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.prelu(slope: $0.tape.constant(slope), file: file, line: line) }
  }
  /// a ln b, and 0 where a is 0 and b is a number.
  public func xlogy(_ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    composed { $0.xlogy($0.tape.constant(b), file: file, line: line) }
  }
  /// x brought between two bounds, or to one side of one; shapes broadcast. Where the bounds cross, it is the upper one.
  public func clamp(
    min: Tensor? = nil, max: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    composed { x in
      x.clamp(min: min.map { x.tape.constant($0) }, max: max.map { x.tape.constant($0) }, file: file, line: line)
    }
  }

  /// The value of a function of variables.
  func composed(_ f: (Variable<Element>) -> Variable<Element>) -> Tensor { f(Tape<Element>().constant(self)).value }
}
