/// Elementwise functions of two arguments: y = f(a, b) with broadcasting. ā = ȳ ⊙ ∂f/∂a and b̄ = ȳ ⊙ ∂f/∂b, each summed
/// over the axes that were broadcast.
///
/// Both arguments receive half of the cotangent where `maximum` or `minimum` ties, and all of it beside a NaN.
/// `masked` selects: what it switches off is 0, whatever stands there. Its second argument has derivative 0.
extension Binary: LibraryOperation {
  /// y = f(a, b)
  @inlinable
  public func callAsFunction<S: Scalar>(_ a: S, _ b: S) -> S {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: S.larger(a, b)
    case .minimum: S.smaller(a, b)
    case .masked: b == 0 ? 0 : a
    case .pow: S.elementary(.power, a, b)
    case .atan2: S.elementary(.arcTangent, a, b)
    case .hypot: S.elementary(.hypotenuse, a, b)
    case .remainder: S.elementary(.remainder, a, b)
    case .logAddExp: Binary.logarithmOfSum(a, b)
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  public func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var a: Variable<S> { p.x[0] }
    var b: Variable<S> { p.x[1] }
    func towardA(_ contribution: @autoclosure () -> Variable<S>) -> Variable<S>? {
      p.to(0, contribution().sum(to: a.shape))
    }
    func towardB(_ contribution: @autoclosure () -> Variable<S>) -> Variable<S>? {
      p.to(1, contribution().sum(to: b.shape))
    }
    return switch self {
    case .add: [towardA(g), towardB(g)]
    case .subtract: [towardA(g), towardB(-g)]
    case .multiply: [towardA(g * b), towardB(g * a)]
    case .divide: [towardA(g / b), towardB(-(g * (p.y / b)))]
    case .maximum: [towardA(unless(a .< b, shared(g, a, b))), towardB(unless(b .< a, shared(g, a, b)))]
    case .minimum: [towardA(unless(a .> b, shared(g, a, b))), towardB(unless(b .> a, shared(g, a, b)))]
    case .masked: [towardA(g.masked(by: b)), nil]
    case .pow:
      [
        towardA(g * (b * a.pow(b - 1)).masked(by: b)),
        // 0ᵇ is constant in b ≥ 0: the rule would give 0·∞.
        towardB(g * (p.y * `where`((a .== 0) * (b .>= 0), 1, a).log())),
      ]
    case .atan2: [towardA(g * overSquare(b, a.hypot(b))), towardB(-(g * overSquare(a, a.hypot(b))))]
    case .hypot: [towardA((g * (a / p.y)).masked(by: p.y)), towardB((g * (b / p.y)).masked(by: p.y))]
    case .remainder: [towardA(g), towardB(-times(((a - p.y) / b).round(), g))]
    case .logAddExp: [towardA(part(g, a, b, of: p.y)), towardB(part(g, b, a, of: p.y))]
    }
  }

  /// ln(eᵃ + eᵇ); without derivative where both are the same infinity.
  @inlinable
  static func logarithmOfSum<S: Scalar>(_ a: S, _ b: S) -> S {
    let (large, small) = a > b ? (a, b) : (b, a)
    if large.primal == small.primal, large.primal.isInfinite { return large.detached }
    return large + S.logarithmOnePlus(S.exponential(small - large))
  }

  /// x / r², and 0 where r is infinite.
  private func overSquare<S: Scalar>(_ x: Variable<S>, _ r: Variable<S>) -> Variable<S> {
    (x / r / r).masked(by: r.reciprocal())
  }

  /// A factor times a cotangent, and 0 where the factor is.
  private func times<S: Scalar>(_ factor: Variable<S>, _ g: Variable<S>) -> Variable<S> {
    (g * factor).masked(by: factor)
  }

  /// The part eᵃ / (eᵃ + eᵇ) of a cotangent, and 0 where both are the same infinity.
  private func part<S: Scalar>(
    _ g: Variable<S>, _ a: Variable<S>, _ b: Variable<S>, of y: Variable<S>
  ) -> Variable<S> {
    // y − y is 0 where y is finite.
    let differs = (a .!= b) + ((y - y) .== 0)
    return (g * `where`(differs, a - b, 0).sigmoid()).masked(by: differs)
  }

  /// The cotangent, halved where the arguments tie.
  private func shared<S: Scalar>(_ g: Variable<S>, _ a: Variable<S>, _ b: Variable<S>) -> Variable<S> {
    `where`(a .== b, 0.5 * g, g)
  }

  /// 0 where an argument loses, else its cotangent.
  private func unless<S: Scalar>(_ loses: Variable<S>, _ g: Variable<S>) -> Variable<S> {
    `where`(loses, g.tape.constant(0), g)
  }

  public func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(2, for: name)
    return try .broadcast(x[0], x[1], in: name, hint: self == .multiply)
  }
  public func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.zip(.binary(self), x[0], x[1]) }
  public var isElementwise: Bool { true }
  public func entrywiseInputs(_ x: [Shape]) -> [Bool]? { (try? shape(of: x))?.entrywise(x) }
  public func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    switch self {
    case .maximum, .minimum: Branches(between: x[0], x[1])
    case .masked: Branches(of: x[1], kinks: [0])
    case .remainder: Branches(ofQuotients: x[0], x[1])
    case .add, .subtract, .multiply, .divide, .pow, .atan2, .hypot, .logAddExp: nil
    }
  }
  public func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    if self == .masked, i == 1 { return .zero(at: p, i) }
    let other = p.x[1 - i].shape.elementCount
    let isUniform =
      self == .add || self == .subtract || (other == 1 && (self == .multiply || (self == .divide && i == 0)))
    return .elementwise(at: p, i, isUniform: isUniform)
  }
  public var name: String { rawValue }

  public func notation(_ x: [Notation]) -> Notation {
    switch self {
    case .add: .infix(.add, x[0], x[1])
    case .subtract: .infix(.subtract, x[0], x[1])
    case .multiply: .infix(.multiply, x[0], x[1])
    case .divide: .infix(.divide, x[0], x[1])
    case .maximum: .call("max", x)
    case .minimum: .call("min", x)
    case .masked: .infix(.multiply, x[0], .indicator(of: x[1]))
    case .pow, .atan2, .hypot, .remainder, .logAddExp: .call(rawValue, x)
    }
  }

  package var ownForm: OperationForm { .zip(.binary(self)) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    switch self {
    case .add: "\(x[0]) + \(x[1])"
    case .subtract: "\(x[0]) - \(x[1])"
    case .multiply: "\(x[0]) * \(x[1])"
    case .divide: "\(x[0]) / \(x[1])"
    case .maximum, .minimum, .pow, .atan2, .hypot, .remainder, .logAddExp: methodCall(rawValue, x)
    case .masked: "\(x[0]).masked(by: \(x[1]))"
    }
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    switch self {
    case .masked: .hull([x[0], 0...0])
    case .atan2: -Double.pi...Double.pi
    case .hypot: 0...self(Swift.max(x[0].magnitude, x[1].magnitude), Swift.max(x[0].magnitude, x[1].magnitude))
    case .remainder: -x[1].magnitude...x[1].magnitude
    case .pow where x[0].lowerBound <= 0: .everything
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .pow, .logAddExp:
      .corners(x[0], x[1]) { self($0, $1) }
    }
  }
  package func domain(ofInput position: Int, _ present: ValueRange?) -> ValueRange {
    switch (self, position) {
    // A divisor stays on its side of 0.
    case (.divide, 1), (.remainder, 1): (present?.upperBound ?? 0) < -0.2 ? -6 ... -0.2 : 0.2...6
    case (.pow, 0), (.hypot, 0), (.atan2, 1): 0.25...3
    case (.pow, 1): -2...2
    case _: .limit
    }
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
  public static var examples: [Example] {
    allCases.filter { $0 != .pow }.flatMap { f in
      BroadcastExamples.shapes.map { a, b in
        // Ranges that do not overlap keep max and min from ties, and divisors from 0. The signs are mixed below.
        Example(f, .numbers(a, in: -2...0.9), .numbers(b, in: 1...3))
      } + [Example(f, .numbers([6], in: 1...3), .numbers([6], in: -3...(-0.5)))]
    }
      + BroadcastExamples.shapes.map { a, b in
        Example(Binary.pow, .numbers(a, in: 0.25...3), .numbers(b, in: -1.75...1.75))
      } + [Example(Binary.masked, .numbers([2, 3]), .numbers([3], in: 0...0))]
  }
}

/// The pairs of shapes on which operations that broadcast are tried: equal, scalars, both ways, ranks that differ,
/// empty.
enum BroadcastExamples {
  static let shapes: [(Shape, Shape)] = [
    ([3, 4], [3, 4]), ([], []), ([5], []), ([], [5]), ([3, 4], [4]), ([4], [3, 4]), ([3, 4], [3, 1]),
    ([3, 1], [1, 4]),
    ([2, 1, 3], [4, 1]), ([1], [1]), ([0], [1]), ([2, 3, 4], [2, 1, 4]), ([1, 1], [2, 3]),
  ]
}

extension ValueRange {
  /// The largest size of a number of this range.
  fileprivate var magnitude: Double { Swift.max(Swift.abs(lowerBound), Swift.abs(upperBound)) }
}

extension Branches {
  /// The whole parts of quotients, and their distance to the nearest whole number.
  fileprivate init(ofQuotients a: View<S>, _ b: View<S>) {
    guard let shape = try? Shape.broadcast(a.shape, b.shape, in: "branches") else {
      fatalError("branches: shapes differ")
    }
    let quotients = Tensor<S>(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      Output<S>(shape: shape, address: UnsafeMutableRawPointer(base)).zip(.binary(.divide), a, b)
    }
    self.init(
      sides: quotients.elements.map { Int32(exactly: $0.primal.rounded(.down)) ?? 0 },
      distances: quotients.elements.map { $0 - S($0.primal.rounded()) })
  }
}

extension Variable {
  /// The sum a + b, element by element; shapes broadcast.
  public static func + (a: Variable, b: Variable) -> Variable { a.tape.apply(.add, a, b) }
  /// The difference a − b, element by element; shapes broadcast.
  public static func - (a: Variable, b: Variable) -> Variable { a.tape.apply(.subtract, a, b) }
  /// The elementwise product a ⊙ b; the matrix product is `matmul`.
  public static func * (a: Variable, b: Variable) -> Variable { a.tape.apply(.multiply, a, b) }
  /// The quotient a ⊘ b, element by element; shapes broadcast.
  public static func / (a: Variable, b: Variable) -> Variable { a.tape.apply(.divide, a, b) }
  /// The negative −a, element by element.
  public static prefix func - (a: Variable) -> Variable { a.tape.apply(.negate, a) }

  /// The larger of two, element by element.
  public func maximum(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.maximum, self, other, file, line)
  }
  /// The smaller of two, element by element.
  public func minimum(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.minimum, self, other, file, line)
  }
  /// The elements where the condition is not 0, and 0 elsewhere. They are selected, not multiplied: an infinite element
  /// that is switched off is 0, where `x * condition` is NaN.
  public func masked(by condition: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.masked, self, condition, file, line)
  }
  /// aᵇ, element by element. Its derivative by b is aᵇ ln a, and 0 at a = 0 where b ≥ 0; by a it is 0 where b = 0.
  public func pow(_ exponent: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.pow, self, exponent, file, line)
  }
  /// The angle of the point with this height and an abscissa, from −π to π.
  public func atan2(_ abscissa: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.atan2, self, abscissa, file, line)
  }
  /// √(a² + b²), element by element, never overflowing on the way. The derivatives at the origin are 0.
  public func hypot(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.hypot, self, other, file, line)
  }
  /// a − b⌊a/b⌋, element by element, with the sign of b.
  public func remainder(_ divisor: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.remainder, self, divisor, file, line)
  }
  /// ln(eᵃ + eᵇ), element by element. The derivatives where both are the same infinity are 0.
  public func logAddExp(_ other: Variable, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.apply(.logAddExp, self, other, file, line)
  }
}

/// aᵇ, element by element; shapes broadcast.
public func pow<S: Scalar>(
  _ base: Variable<S>, _ exponent: Variable<S>, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  base.pow(exponent, file: file, line: line)
}

/// aᵇ, element by element, for a constant b.
public func pow<S: Scalar>(
  _ base: Variable<S>, _ exponent: Double, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  base.power(exponent, file: file, line: line)
}
