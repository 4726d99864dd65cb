// Functions of one and two arguments that are made of recorded operations.
//
// A branch that is not taken gets a harmless argument, so that neither its value nor a derivative of any order comes out
// of ∞ or NaN.

/// Traps with an option's name when its value is none of those that it can have. NaN fails every comparison.
func checkOption(
  _ value: Double, _ name: String, _ isValid: Bool, _ range: String, _ file: StaticString, _ line: UInt
) {
  if !isValid { fatalError("\(name) is \(value); it must be \(range)", file: file, line: line) }
}

extension Variable {
  /// x tanh(ln(1 + eˣ)), and its limits at −∞ and ∞.
  ///
  /// Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019.
  public func mish(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let gate = softplus(file: file, line: line).tanh()
    // At infinity the gate stands still: ∞ does not meet its derivative 0.
    let isInfinite = reciprocal() .== 0
    return `where`(gate .== 0, 0, self) * `where`(isInfinite, gate.stopGradient(), gate)
  }

  /// ½x (1 + tanh(√(2/π) (x + 0.044715 x³))): the approximation of gelu under which GPT-2 was trained.
  ///
  /// Source: Hendrycks & Gimpel, "Gaussian error linear units", 2016.
  public func geluTanh(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    // ½ + ½ tanh u = σ(2u), and 40 is so far off that σ is 0 or 1 there, and level.
    let x = clamp(-40, 40, file: file, line: line)
    let gate = ((x + 0.044715 * x * x * x) * (8 / Double.pi).squareRoot()).sigmoid()
    return `where`(gate .== 0, 0, self) * gate
  }

  /// min(max(x, 0), 6).
  public func relu6(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    clamp(0, 6, file: file, line: line)
  }

  /// x brought into −1 … 1.
  public func hardTanh(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    clamp(-1, 1, file: file, line: line)
  }

  /// min(max(x + 3, 0), 6) / 6.
  public func hardSigmoid(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    with(.add, 3, file, line).relu6() / 6
  }

  /// x min(max(x + 3, 0), 6) / 6, and 0 below −3.
  public func hardSwish(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let gate = hardSigmoid(file: file, line: line)
    return `where`(gate .== 0, 0, self) * gate
  }

  /// x / (1 + |x|).
  public func softsign(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    self / (1 + abs(file: file, line: line))
  }

  /// λx where x > 0, else λα(eˣ − 1), with λ and α for which mean 0 and variance 1 stay.
  ///
  /// Source: Klambauer et al., "Self-normalizing neural networks", 2017.
  public func selu(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    1.0507009873554805 * elu(alpha: 1.6732632423543772, file: file, line: line)
  }

  /// x where x > 0, else α(e^(x/α) − 1).
  /// - Precondition: α is finite, and not 0.
  public func celu(alpha: Double = 1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkOption(alpha, "celu: alpha", alpha.isFinite && alpha != 0, "a finite number other than 0", file, line)
    return alpha * with(.divide, alpha, file, line).elu()
  }

  /// x − tanh x.
  public func tanhShrink(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    self - tanh(file: file, line: line)
  }

  /// x moved by λ towards 0, and 0 where |x| ≤ λ.
  /// - Precondition: λ ≥ 0.
  public func softShrink(_ lambda: Double = 0.5, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkOption(lambda, "softShrink: lambda", lambda >= 0, "0 or above", file, line)
    return `where`(abs(file: file, line: line) .<= lambda, 0, self - clamp(-lambda, lambda, file: file, line: line))
  }

  /// x, and 0 where |x| ≤ λ; all of x where λ is below 0.
  /// - Precondition: λ is not NaN.
  public func hardShrink(_ lambda: Double = 0.5, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    checkOption(lambda, "hardShrink: lambda", !lambda.isNaN, "a number", file, line)
    return `where`(abs(file: file, line: line) .<= lambda, 0, self)
  }

  /// x where it is above the threshold, else a value.
  /// - Precondition: the threshold is not NaN.
  public func threshold(
    _ threshold: Double, _ value: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    checkOption(threshold, "threshold: the threshold", !threshold.isNaN, "a number", file, line)
    let isBelow = tape.record(Comparison.lessOrEqual, self, tape.constant(threshold), file: file, line: line)
    return `where`(isBelow, value, self)
  }

  /// ln σ(x) = −ln(1 + e⁻ˣ).
  public func logSigmoid(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    -tape.apply(.negate, self, file, line).softplus()
  }

  /// x where x > 0, else slope · x, with a slope that is learned; shapes broadcast.
  ///
  /// Source: He et al., "Delving deep into rectifiers", 2015.
  public func prelu(slope: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let isPositive = tape.record(Comparison.greater, self, tape.constant(0), file: file, line: line)
    return `where`(isPositive, self, tape.apply(.multiply, `where`(isPositive, 0, self), slope, file, line))
  }

  /// a ln b, and 0 where a is 0 and b is a number: what has probability 0 counts nothing. There the derivative by a is
  /// ln b where that is finite, else 0.
  public func xlogy(_ b: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let isZero = tape.record(Comparison.equal, self, tape.constant(0), file: file, line: line)
    let isOff = tape.apply(.multiply, isZero, (b .<= 0) + (b.reciprocal() .== 0), file, line)
    return self * `where`(isOff, 1, b).log()
  }

  /// x brought between two bounds, or to one side of one, which may be learned; shapes broadcast. Where the bounds cross, it
  /// is the upper one. An element at a bound keeps its derivative.
  public func clamp(
    min: Variable? = nil, max: Variable? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let raised = min.map { min in
      `where`(tape.record(Comparison.less, self, min, file: file, line: line), min, self)
    }
    let x = raised ?? self
    return max.map { max in `where`(tape.record(Comparison.greater, x, max, file: file, line: line), max, x) } ?? x
  }

  /// √x whose derivatives at 0 are 0.
  func rootOrZero() -> Variable {
    let isZero = self .== 0
    return `where`(isZero, 0, `where`(isZero, 1, self).sqrt())
  }

  /// f(x, b) with a number b.
  private func with(_ f: Binary, _ b: Double, _ file: StaticString, _ line: UInt) -> Variable {
    tape.apply(f, self, tape.constant(b), file, line)
  }
}
