/// Elementwise functions of one argument without parameters: y = f(x), x̄ = ȳ ⊙ f′(x).
///
/// Value and derivative stand in one file, a line each. The derivative at a kink is that of the constant side:
/// relu′(0) = 0, |·|′(0) = 0. There a cotangent is selected away, whatever it is. `sign`, `step` and the roundings have
/// derivative 0 everywhere.
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
    case .tan: S.elementary(.tangent, x)
    case .asin: S.elementary(.arcSine, x)
    case .acos: S.elementary(.arcCosine, x)
    case .sinh: S.elementary(.hyperbolicSine, x)
    case .cosh: S.elementary(.hyperbolicCosine, x)
    case .asinh: S.elementary(.areaSine, x)
    case .acosh: S.elementary(.areaCosine, x)
    case .atanh: S.elementary(.areaTangent, x)
    case .exp2: S.elementary(.binaryExponential, x)
    case .log2: S.elementary(.binaryLogarithm, x)
    case .log10: S.elementary(.decimalLogarithm, x)
    case .erfc: S.elementary(.complementaryErrorFunction, x)
    case .lgamma: S.elementary(.logGamma, x)
    case .floor: S(x.primal.rounded(.down))
    case .ceil: S(x.primal.rounded(.up))
    case .round: S(x.primal.rounded(.toNearestOrEven))
    case .trunc: S(x.primal.rounded(.towardZero))
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
    case .sign, .step, .floor, .ceil, .round, .trunc: [nil]
    case .sin: [p.to(0, g * x.cos())]
    case .cos: [p.to(0, -(g * x.sin()))]
    // Not x², whose rule has 2x, which overflows beside a cotangent that has vanished.
    case .atan: [p.to(0, g / (1 + x * x))]
    case .tan: [p.to(0, g * (1 + y.square()))]
    case .asin: [p.to(0, g / oneMinusSquare(x).sqrt())]
    case .acos: [p.to(0, -(g / oneMinusSquare(x).sqrt()))]
    case .sinh: [p.to(0, g * x.cosh())]
    case .cosh: [p.to(0, g * x.sinh())]
    case .asinh: [p.to(0, g / x.hypot(p.tape.constant(1)))]
    // Not √(x² − 1), where the square overflows and the difference cancels.
    case .acosh: [p.to(0, g / ((x - 1).sqrt() * (x + 1).sqrt()))]
    case .atanh: [p.to(0, g / oneMinusSquare(x))]
    case .exp2: [p.to(0, g * (y * 0x1.62e42fefa39efp-1))]
    case .log2: [p.to(0, (g * 0x1.71547652b82fep+0) / x)]
    case .log10: [p.to(0, (g * 0x1.bcb7b1526e50ep-2) / x)]
    case .erfc: [p.to(0, -(g * (x.normalDensity().square() * (4 * Double.pi.squareRoot()))))]
    case .lgamma: [p.to(0, g * x.digamma())]
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

  /// 1 − x², whose digits stay near ±1, where x² is rounded, and whose derivative's stay near 0.
  private func oneMinusSquare<S: Scalar>(_ x: Variable<S>) -> Variable<S> {
    `where`(x.abs() .< 0.5, 1 - x * x, (1 - x) * (1 + x))
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
    case .exp, .expm1, .log, .log1p, .sign, .step, .sin, .cos, .atan, .tan, .asin, .acos, .sinh, .cosh, .asinh, .acosh,
      .atanh, .exp2, .log2, .log10, .erfc, .lgamma, .floor, .ceil, .round, .trunc, .tanh, .sech, .erf, .relu, .gelu,
      .silu, .softplus:
      .call(rawValue, x)
    }
  }

  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    self == .negate ? "-\(x[0])" : methodCall(rawValue, x)
  }

  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    switch self {
    case .negate, .exp, .expm1, .log, .log1p, .sqrt, .sign, .step, .atan, .tanh, .sigmoid, .erf, .normalDistribution,
      .relu, .softplus, .reciprocal, .asin, .acos, .sinh, .asinh, .acosh, .atanh, .exp2, .log2, .log10, .erfc, .floor,
      .ceil, .round, .trunc:
      x[0].mapped { self($0) }
    case .abs, .square, .cosh:
      .hull([self(x[0].lowerBound), self(x[0].upperBound)] + (x[0].contains(0) ? [self(0.0)] : []))
    case .tan: -1.5 < x[0].lowerBound && x[0].upperBound < 1.5 ? x[0].mapped { self($0) } : .everything
    case .lgamma:
      x[0].lowerBound > 0 ? .hull([self(x[0].lowerBound), self(x[0].upperBound), -0.1215]) : .everything
    case .sin, .cos: -1...1
    case .sech, .normalDensity: 0...1
    case .gelu, .silu: -0.3...Swift.max(x[0].upperBound, 0)
    }
  }

  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange {
    switch self {
    case .log, .sqrt, .reciprocal, .log2, .log10, .lgamma: 0.2...6
    case .log1p: -0.75...6
    case .exp, .expm1, .exp2, .sinh, .cosh: -4...2.5
    case .square: -4...4
    case .tan: -1.25...1.25
    case .asin, .acos, .atanh: -0.875...0.875
    case .acosh: 1.25...6
    case .negate, .abs, .sign, .step, .sin, .cos, .atan, .asinh, .erfc, .floor, .ceil, .round, .trunc, .tanh, .sech,
      .sigmoid, .erf, .normalDensity, .normalDistribution, .relu, .gelu, .silu, .softplus:
      .limit
    }
  }

  /// The domain of examples, smooth and legal, and the kinks that they avoid.
  private var domain: (range: ClosedRange<Double>, kinks: [Double]) {
    switch self {
    case .log, .sqrt, .reciprocal, .log2, .log10, .lgamma: (0.2...3, [])
    case .tan: (-1.25...1.25, [])
    case .asin, .acos, .atanh: (-0.875...0.875, [])
    case .acosh: (1.25...3, [])
    case .floor, .ceil: (-2.5...2.5, [-2, -1, 0, 1, 2])
    case .round: (-2.25...2.25, [-1.5, -0.5, 0.5, 1.5])
    case .trunc: (-2.5...2.5, [-2, -1, 1, 2])
    case .log1p: (-0.8...3, [])
    case .abs, .sign, .step, .relu: (Example.anyNumber, [0])
    case .negate, .exp, .expm1, .square, .sin, .cos, .atan, .sinh, .cosh, .asinh, .exp2, .erfc, .tanh, .sech, .sigmoid,
      .erf, .normalDensity, .normalDistribution, .gelu, .silu, .softplus:
      (Example.anyNumber, [])
    }
  }

  public func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    switch self {
    case .floor, .ceil, .round, .trunc: Branches(of: x[0], stepsOf: self)
    case _: domain.kinks.isEmpty ? nil : Branches(of: x[0], kinks: domain.kinks)
    }
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

extension Branches {
  /// The steps of a rounding: the whole number that each element became, and the distance to the nearest jump.
  fileprivate init(of x: View<S>, stepsOf rounding: Unary) {
    let steps = x.elements.map { rounding($0.primal) }
    // A whole number beyond Int32 is not a step that a small move leaves.
    let sides = steps.map { Int32(exactly: $0) ?? 0 }
    let distances = zip(x.elements, steps).map { value, step in
      let v = value.primal
      let jump =
        switch rounding {
        case .round: v.rounded(.down) + 0.5
        case .trunc: step == 0 ? (v < 0 ? -1 : 1) : v.rounded()
        case _: v.rounded()
        }
      return value - S(jump)
    }
    self.init(sides: sides, distances: distances)
  }
}
