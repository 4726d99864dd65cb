// Elementwise functions of one argument with parameters. They run on the loop of `Unary`.

/// y = x where x > 0, else αx; x̄ = ȳ ⊙ (1 where x > 0, else α).
package struct LeakyReLU: MapOperation {
  package let slope: Double
  package init(slope: Double) { self.slope = slope }

  package var function: MapFunction { .leakyReLU(slope: slope) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, `where`(p.x[0] .> 0, g, slope * g))]
  }

  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Branches(of: x[0], kinks: [0]) }
  package var name: String { "leakyRelu" }
  package var attributes: [Attribute] { [Attribute("slope", .real(slope))] }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "slope: \(slope)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].mapped { $0 > 0 ? $0 : slope * $0 } }
  package static var examples: [Example] {
    ElementwiseExamples.shapes.map { Example(LeakyReLU(slope: 0.1), .numbers($0, avoiding: [0])) }
  }
}

/// y = x where x > 0, else α(eˣ − 1); x̄ = ȳ ⊙ (1 where x > 0, else αeˣ). All derivatives at 0 are those of the left side.
///
/// Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2016.
package struct ELU: MapOperation {
  package let alpha: Double
  package init(alpha: Double = 1) { self.alpha = alpha }

  package var function: MapFunction { .elu(alpha: alpha) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    // y + α would lose the digits of αeˣ. Where x > 0, e^x could overflow though nobody asks for it.
    let (isPositive, zero) = (p.x[0] .> 0, p.tape.constant(0))
    let left = alpha * `where`(isPositive, zero, p.x[0]).exp()
    return [p.to(0, g * `where`(isPositive, p.tape.constant(1), left))]
  }

  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Branches(of: x[0], kinks: [0]) }
  package var name: String { "elu" }
  package var attributes: [Attribute] { [Attribute("alpha", .real(alpha))] }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "alpha: \(alpha)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    .hull([x[0].lowerBound, x[0].upperBound, 0, -alpha])
  }
  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange { -4...6 }
  package static var examples: [Example] {
    ElementwiseExamples.shapes.map { Example(ELU(alpha: 0.7), .numbers($0, avoiding: [0])) }
  }
}

/// y = xᵖ for a constant real p; x̄ = ȳ ⊙ p xᵖ⁻¹.
package struct Power: MapOperation {
  package let exponent: Double
  package init(exponent: Double) { self.exponent = exponent }

  package var function: MapFunction { .power(exponent: exponent) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    // x⁰ is constant: the rule would give 0·∞ at x = 0.
    exponent == 0 ? [nil] : [p.to(0, g * (exponent * p.x[0].power(exponent - 1)))]
  }

  package var attributes: [Attribute] { [Attribute("exponent", .real(exponent))] }
  package func notation(_ x: [Notation]) -> Notation { .superscript(x[0], .number(exponent)) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "\(exponent)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    .hull(
      [x[0].lowerBound, x[0].upperBound].map { Double.power($0, exponent) }
        + (x[0].contains(0) ? [exponent == 0 ? 1 : 0] : []))
  }
  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange {
    exponent == exponent.rounded() && exponent >= 0 ? -2...2 : 0.2...4
  }
  package static var examples: [Example] {
    ElementwiseExamples.shapes.map { Example(Power(exponent: 2.5), .numbers($0, in: 0.2...3)) } + [
      Example(Power(exponent: 3), .numbers([4])),
      Example(Power(exponent: -1.5), .numbers([4], in: 0.3...3)),
      Example(Power(exponent: 0), .numbers([4])), Example(Power(exponent: 1), .numbers([4])),
    ]
  }
}

/// y = min(max(x, low), high); x̄ = ȳ where low < x < high, else 0.
package struct Clamp: MapOperation {
  package let low: Double
  package let high: Double

  /// - Precondition: low ≤ high.
  package init(_ low: Double, _ high: Double, file: StaticString = #fileID, line: UInt = #line) {
    guard low <= high else {
      fatalError("clamp: the lower bound \(low) is above the upper bound \(high)", file: file, line: line)
    }
    self.low = low
    self.high = high
  }

  package var function: MapFunction { .clamp(low: low, high: high) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    // Not of what lies inside, because a NaN lies nowhere, and is passed on.
    [p.to(0, `where`((p.x[0] .<= low) + (p.x[0] .>= high), p.tape.constant(0), g))]
  }

  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { Branches(of: x[0], kinks: [low, high]) }
  package var attributes: [Attribute] { [Attribute("low", .real(low)), Attribute("high", .real(high))] }
  package func notation(_ x: [Notation]) -> Notation { .call(name, [x[0], .number(low), .number(high)]) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "\(low)", "\(high)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0].mapped { min(max($0, low), high) } }
  package static var examples: [Example] {
    ElementwiseExamples.shapes.map { Example(Clamp(-0.5, 1), .numbers($0, avoiding: [-0.5, 1])) }
  }
}

/// y = ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ; x̄ = ȳ ⊙ ψ⁽ⁿ⁺¹⁾(x).
package struct Polygamma: MapOperation {
  package let order: Int

  /// The highest order: beyond, powers and factorials leave the range of a Double.
  private static let highest = 100

  /// - Precondition: 0 ≤ order ≤ 100.
  package init(order: Int, file: StaticString = #fileID, line: UInt = #line) {
    guard (0...Polygamma.highest).contains(order) else {
      fatalError(
        "polygamma: the order is \(order), and must be at least 0 and at most \(Polygamma.highest)", file: file,
        line: line)
    }
    self.order = order
  }

  package var function: MapFunction { .polygamma(order: order) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * p.x[0].polygamma(order: order + 1))]
  }

  package var attributes: [Attribute] { [Attribute("order", .int(order))] }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("ψ", "\(order)", x) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x, "order: \(order)") }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    x[0].lowerBound > 0 ? x[0].mapped { GammaFunction.polygamma(order, $0) } : .everything
  }
  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange { 0.5...6 }
  package static var examples: [Example] {
    ElementwiseExamples.shapes.map { Example(Polygamma(order: 0), .numbers($0, in: 0.5...3)) } + [
      Example(Polygamma(order: 1), .numbers([4], in: 0.5...3)),
      Example(Polygamma(order: 2), .numbers([4], in: 0.5...3)),
    ]
  }
}

extension Variable {
  /// ψ(x), the derivative of ln Γ.
  public func digamma(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    polygamma(order: 0, file: file, line: line)
  }
  /// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ.
  /// - Precondition: the order is at least 0, and at most 100.
  public func polygamma(order: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Polygamma(order: order, file: file, line: line), self, file: file, line: line)
  }
  /// x where x > 0, else slope · x.
  public func leakyRelu(slope: Double = 0.01, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(LeakyReLU(slope: slope), self, file: file, line: line)
  }
  /// x where x > 0, else alpha · (eˣ − 1).
  public func elu(alpha: Double = 1, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(ELU(alpha: alpha), self, file: file, line: line)
  }
  /// xᵖ, element by element, for a constant p.
  public func power(_ exponent: Double, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Power(exponent: exponent), self, file: file, line: line)
  }
  /// min(max(x, low), high), element by element.
  /// - Precondition: low ≤ high.
  public func clamp(_ low: Double, _ high: Double, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(Clamp(low, high, file: file, line: line), self, file: file, line: line)
  }
}
