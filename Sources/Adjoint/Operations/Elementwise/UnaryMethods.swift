// The elementwise functions of one argument as methods of variables.

extension Variable {
  /// eˣ, element by element.
  @inlinable
  public func exp(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.exp, self, file, line) }
  /// eˣ − 1, accurate near 0.
  @inlinable
  public func expm1(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.expm1, self, file, line)
  }
  /// The natural logarithm.
  @inlinable
  public func log(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.log, self, file, line) }
  /// ln(1 + x), accurate near 0.
  @inlinable
  public func log1p(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.log1p, self, file, line)
  }
  /// √x; NaN where x < 0.
  @inlinable
  public func sqrt(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.sqrt, self, file, line) }
  /// x².
  @inlinable
  public func square(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.square, self, file, line)
  }
  /// 1/x.
  @inlinable
  public func reciprocal(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.reciprocal, self, file, line)
  }
  /// |x|. The derivative at 0 is 0.
  @inlinable
  public func abs(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.abs, self, file, line) }
  /// −1, 0 or 1.
  @inlinable
  public func sign(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.sign, self, file, line) }
  /// 1 where x > 0, else 0.
  @inlinable
  public func step(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.step, self, file, line) }
  /// The sine of x in radians.
  @inlinable
  public func sin(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.sin, self, file, line) }
  /// The cosine of x in radians.
  @inlinable
  public func cos(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.cos, self, file, line) }
  /// The angle in −π/2 … π/2 whose tangent is x.
  @inlinable
  public func atan(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.atan, self, file, line) }
  /// The tangent of x in radians.
  @inlinable
  public func tan(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.tan, self, file, line) }
  /// The angle in −π/2 … π/2 whose sine is x; NaN where |x| > 1.
  @inlinable
  public func asin(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.asin, self, file, line) }
  /// The angle in 0 … π whose cosine is x; NaN where |x| > 1.
  @inlinable
  public func acos(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.acos, self, file, line) }
  /// The hyperbolic sine, (eˣ − e⁻ˣ) / 2.
  @inlinable
  public func sinh(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.sinh, self, file, line) }
  /// The hyperbolic cosine, (eˣ + e⁻ˣ) / 2.
  @inlinable
  public func cosh(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.cosh, self, file, line) }
  /// The number whose hyperbolic sine is x.
  @inlinable
  public func asinh(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.asinh, self, file, line)
  }
  /// The number at least 0 whose hyperbolic cosine is x; NaN where x < 1.
  @inlinable
  public func acosh(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.acosh, self, file, line)
  }
  /// The number whose hyperbolic tangent is x; NaN where |x| > 1.
  @inlinable
  public func atanh(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.atanh, self, file, line)
  }
  /// 2ˣ.
  @inlinable
  public func exp2(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.exp2, self, file, line) }
  /// The logarithm to base 2.
  @inlinable
  public func log2(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.log2, self, file, line) }
  /// The logarithm to base 10.
  @inlinable
  public func log10(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.log10, self, file, line)
  }
  /// 1 − erf x, accurate in its tail.
  @inlinable
  public func erfc(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.erfc, self, file, line) }
  /// ln |Γ(x)|; its derivative is `digamma`.
  @inlinable
  public func lgamma(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.lgamma, self, file, line)
  }
  /// The largest whole number that is at most x. The derivative is 0.
  @inlinable
  public func floor(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.floor, self, file, line)
  }
  /// The smallest whole number that is at least x. The derivative is 0.
  @inlinable
  public func ceil(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.ceil, self, file, line) }
  /// The nearest whole number, the even one of two that are as near. The derivative is 0.
  @inlinable
  public func round(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.round, self, file, line)
  }
  /// x without its fraction. The derivative is 0.
  @inlinable
  public func trunc(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.trunc, self, file, line)
  }
  /// The hyperbolic tangent, (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).
  @inlinable
  public func tanh(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.tanh, self, file, line) }
  /// 1 / cosh x = 2 / (eˣ + e⁻ˣ).
  @inlinable
  public func sech(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.sech, self, file, line) }
  /// 1 / (1 + e⁻ˣ).
  @inlinable
  public func sigmoid(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.sigmoid, self, file, line)
  }
  /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
  @inlinable
  public func erf(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.erf, self, file, line) }
  /// φ(x) = e^(−x²/2) / √(2π), the density of the standard normal distribution.
  @inlinable
  public func normalDensity(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.normalDensity, self, file, line)
  }
  /// Φ(x) = ½ erfc(−x/√2), the standard normal distribution, accurate in its tail.
  @inlinable
  public func normalDistribution(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.normalDistribution, self, file, line)
  }
  /// max(x, 0).
  @inlinable
  public func relu(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.relu, self, file, line) }
  /// x Φ(x), exact (Hendrycks & Gimpel 2016).
  @inlinable
  public func gelu(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.gelu, self, file, line) }
  /// x σ(x), also called swish.
  @inlinable
  public func silu(file: StaticString = #fileID, line: UInt = #line) -> Variable { tape.apply(.silu, self, file, line) }
  /// ln(1 + eˣ), never overflowing.
  @inlinable
  public func softplus(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.softplus, self, file, line)
  }
}
