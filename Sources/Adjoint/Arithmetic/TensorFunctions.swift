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
  public func clamp(_ low: Double, _ high: Double) -> Tensor { .evaluating(Clamp(low, high), self) }
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
  /// The elements where the condition is not 0, and 0 elsewhere, selected and not multiplied.
  public func masked(by condition: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Binary.masked, self, condition, file: file, line: line)
  }
}
