/// Elementwise functions of one argument without parameters: y = f(x), x̄ = ȳ ⊙ f′(x).
///
/// Value and derivative stand in one file, a line each. The derivative at a kink is that of the constant side:
/// relu′(0) = 0, |·|′(0) = 0. There a cotangent is selected away, whatever it is. `sign` and `step` have derivative 0
/// everywhere.
///
/// A derivative is written with y only where y keeps its digits. Where 1 − y² or 1 + erf would cancel, it is written
/// with x: sech²x for 1 − tanh²x, σ(−x) for 1 − σ(x), Φ(x) for ½(1 + erf(x/√2)).
extension Unary: Operation {
  /// y = f(x)
  @inlinable
  public func callAsFunction<S: Scalar>(_ x: S) -> S {
    switch self {
    case .negate: -x
    case .exp: S.exponential(x)
    case .expm1: S.exponentialMinusOne(x)
    case .log: S.logarithm(x)
    case .log1p: S.logarithmOnePlus(x)
    case .sqrt: S.squareRoot(x)
    case .square: x * x
    case .reciprocal: 1 / x
    case .abs: x > 0 ? x : x < 0 ? -x : x == 0 ? 0 : x * x
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x.detached
    case .step: x > 0 ? 1 : 0
    case .sin: S.sine(x)
    case .cos: S.cosine(x)
    case .atan: S.arcTangent(x)
    case .tanh: S.hyperbolicTangent(x)
    case .sech: S.hyperbolicSecant(x)
    case .sigmoid: Unary.logistic(x)
    case .erf: S.errorFunction(x)
    case .normalDensity: S.normalDensity(x)
    case .normalDistribution: S.normalDistribution(x)
    case .relu: x <= 0 ? 0 : x
    case .gelu: Unary.gaussianLinear(x)
    case .silu: Unary.sigmoidLinear(x)
    case .softplus: (x > 0 ? x : 0) + S.logarithmOnePlus(S.exponential(x > 0 ? -x : x))
    }
  }

  /// x̄ = ȳ ⊙ f′(x)
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var x: Variable<S> { p.x[0] }
    var y: Variable<S> { p.y }
    return switch self {
    case .negate: [p.to(0, -g)]
    case .exp: [p.to(0, g * y)]
    case .expm1: [p.to(0, g * x.exp())]
    case .log: [p.to(0, g / x)]
    case .log1p: [p.to(0, g / (1 + x))]
    case .sqrt: [p.to(0, g / (2 * y))]
    case .square: [p.to(0, g * (2 * x))]
    case .reciprocal: [p.to(0, -(g * y.square()))]
    case .abs: [p.to(0, (g * x.sign()).masked(by: x))]
    case .sign, .step: [nil]
    case .sin: [p.to(0, g * x.cos())]
    case .cos: [p.to(0, -(g * x.sin()))]
    // Not x², whose rule has 2x, which overflows beside a cotangent that has vanished.
    case .atan: [p.to(0, g / (1 + x * x))]
    case .tanh: [p.to(0, g * x.sech().square())]
    case .sech: [p.to(0, -(g * (y * x.tanh())))]
    case .sigmoid: [p.to(0, g * (y * (-x).sigmoid()))]
    // 2/√π e^(−x²) = 4√π φ(x)²
    case .erf: [p.to(0, g * (x.normalDensity().square() * (4 * Double.pi.squareRoot())))]
    case .normalDensity: [p.to(0, -(g * unlessVanished(x, y)))]
    case .normalDistribution: [p.to(0, g * x.normalDensity())]
    case .relu: [p.to(0, g.masked(by: y))]
    case .gelu: [p.to(0, g * (x.normalDistribution() + unlessVanished(x, x.normalDensity())))]
    case .silu: [p.to(0, g * (x.sigmoid() + unlessVanished(y, (-x).sigmoid())))]
    case .softplus: [p.to(0, g * x.sigmoid())]
    }
  }

  /// x · factor, and 0 where the factor has vanished though x is infinite
  private func unlessVanished<S: Scalar>(_ x: Variable<S>, _ factor: Variable<S>) -> Variable<S> {
    (x * factor).masked(by: factor)
  }

  /// 1 / (1 + e⁻ˣ), never overflowing
  @inlinable
  static func logistic<S: Scalar>(_ x: S) -> S {
    let e = S.exponential(x > 0 ? -x : x)
    return (x > 0 ? 1 : e) / (1 + e)
  }

  /// x Φ(x), and its limit 0 at −∞
  @inlinable
  static func gaussianLinear<S: Scalar>(_ x: S) -> S {
    let distribution = S.normalDistribution(x)
    return distribution == 0 ? distribution : x * distribution
  }

  /// x σ(x), and its limit 0 at −∞. Below 0, eˣ is taken in two halves, so that it costs no digits where it is subnormal.
  @inlinable
  static func sigmoidLinear<S: Scalar>(_ x: S) -> S {
    guard x < 0 else { return x / (1 + S.exponential(-x)) }
    let half = S.exponential(S(0.5) * x)
    return half == 0 ? half : x * half * half / (1 + half * half)
  }

  public var name: String { rawValue }

  public func notation(_ x: [Notation]) -> Notation {
    switch self {
    case .negate: .negated(x[0])
    case .square: .superscript(x[0], .number(2))
    case .reciprocal: .superscript(x[0], .number(-1))
    case .abs: .magnitude(x[0])
    case .sqrt: .root(x[0])
    case .sigmoid: .call("σ", x)
    case .normalDensity: .call("φ", x)
    case .normalDistribution: .call("Φ", x)
    case .exp, .expm1, .log, .log1p, .sign, .step, .sin, .cos, .atan, .tanh, .sech, .erf, .relu, .gelu, .silu,
      .softplus:
      .call(rawValue, x)
    }
  }

  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    self == .negate ? "-\(x[0])" : methodCall(rawValue, x)
  }

  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    switch self {
    case .negate, .exp, .expm1, .log, .log1p, .sqrt, .sign, .step, .atan, .tanh, .sigmoid, .erf, .normalDistribution,
      .relu, .softplus, .reciprocal:
      x[0].mapped { self($0) }
    case .abs, .square: .hull([self(x[0].lowerBound), self(x[0].upperBound)] + (x[0].contains(0) ? [0] : []))
    case .sin, .cos: -1...1
    case .sech, .normalDensity: 0...1
    case .gelu, .silu: -0.3...Swift.max(x[0].upperBound, 0)
    }
  }

  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange {
    switch self {
    case .log, .sqrt, .reciprocal: 0.2...6
    case .log1p: -0.75...6
    case .exp, .expm1: -4...2.5
    case .square: -4...4
    case .negate, .abs, .sign, .step, .sin, .cos, .atan, .tanh, .sech, .sigmoid, .erf, .normalDensity,
      .normalDistribution, .relu, .gelu, .silu, .softplus:
      .limit
    }
  }

  /// The domain of examples, smooth and legal, and the kinks that they avoid.
  private var domain: (range: ClosedRange<Double>, kinks: [Double]) {
    switch self {
    case .log, .sqrt, .reciprocal: (0.2...3, [])
    case .log1p: (-0.8...3, [])
    case .abs, .sign, .step, .relu: (Example.anyNumber, [0])
    case .negate, .exp, .expm1, .square, .sin, .cos, .atan, .tanh, .sech, .sigmoid, .erf, .normalDensity,
      .normalDistribution, .gelu, .silu, .softplus:
      (Example.anyNumber, [])
    }
  }

  public func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    domain.kinks.isEmpty ? nil : Branches(of: x[0], kinks: domain.kinks)
  }

  public func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .elementwise(at: p, i, isUniform: self == .negate)
  }

  public static var examples: [Example] {
    allCases.flatMap { f in
      ElementwiseExamples.shapes.map { Example(f, .numbers($0, in: f.domain.range, avoiding: f.domain.kinks)) }
    }
  }
}

extension Unary: MapOperation { package var function: MapFunction { .unary(self) } }

/// An elementwise operation of one argument whose loop the library knows.
package protocol MapOperation: LibraryOperation { var function: MapFunction { get } }

extension MapOperation {
  public func shape(of x: [Shape]) throws(ShapeError) -> Shape { try x.only(1, for: name)[0] }
  public func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.map(function, x[0]) }
  public var isElementwise: Bool { true }
  package var ownForm: OperationForm { .map(function) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
}

/// The shapes on which every elementwise operation is tried.
enum ElementwiseExamples {
  static let shapes: [Shape] = [[], [1], [0], [5], [3, 4], [2, 3, 4]]
}

extension [Shape] {
  /// These shapes.
  /// - Throws: `ShapeError` unless there are as many as the operation takes.
  func only(_ count: Int, for name: String) throws(ShapeError) -> [Shape] {
    guard self.count == count else { throw ShapeError("\(name): takes \(count) inputs, was given \(self.count)") }
    return self
  }
}

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
