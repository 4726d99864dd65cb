import Adjoint

/// A sum of terms of either sign, each known to about 28 digits.
package struct ExactSum {
  package let terms: [WideNumber]

  package init(_ terms: [WideNumber]) { self.terms = terms }
  package init(_ terms: WideNumber...) { self.terms = terms }
  package init(_ value: Double) { terms = [WideNumber(value)] }

  package var sum: WideNumber { terms.reduce(WideNumber(0.0), +) }
  /// The sum of the terms' magnitudes: the scale on which an error of the sum is measured.
  package var magnitude: WideNumber { terms.reduce(WideNumber(0.0)) { $0 + $1.magnitude } }

  /// The error of `y` in units of ε times the sum of the magnitudes, ε = `ulpOfOne`, or of the smallest positive number where
  /// that is more. A sum beyond the largest number asks for that number or ∞.
  package func error<S: BinaryFloatingPoint & Sendable>(of y: S) -> Double {
    let exact = sum
    let unit = S.ulpOfOne
    let scale = Double(unit) * magnitude
    let least = WideNumber(Double(S.leastNonzeroMagnitude))
    let step = (scale - least).isNegative ? least : scale
    guard y.isFinite else {
      // The first number that rounds to ∞, less one unit, stands for ∞.
      let largest = Double(S.greatestFiniteMagnitude)
      guard y.isInfinite, (y < 0) == exact.isNegative else { return .infinity }
      return
        ((exact.magnitude - WideNumber(largest)).isNegative
        ? (WideNumber(largest) - exact.magnitude) / step
        : WideNumber(0.0)).double
    }
    return ((WideNumber(Double(y)) - exact).magnitude / step).double
  }
}

/// The value and the first two derivatives of an elementwise function at one point, each as the terms of its closed form.
package struct ClosedForm {
  package let value, first, second: ExactSum

  package init(_ value: ExactSum, _ first: ExactSum, _ second: ExactSum) {
    (self.value, self.first, self.second) = (value, first, second)
  }

  package init(_ value: WideNumber, _ first: WideNumber, _ second: WideNumber) {
    self.init(ExactSum(value), ExactSum(first), ExactSum(second))
  }

  private static let zero = WideNumber(0.0)
  private static let one = WideNumber(1.0)

  /// The closed form of `f` at a finite `x`; `nil` outside its domain, and where a derivative is infinite.
  ///
  /// At a kink, value and derivatives are those of the side x ≤ kink; |x| and sign(x) have 0 at 0.
  package init?(_ f: MapFunction, at x: Double) {
    switch f {
    case .unary(let f): self.init(f, at: x)
    case .leakyReLU(let slope):
      self =
        x > 0 ? Self(WideNumber(x), Self.one, Self.zero) : Self(slope * WideNumber(x), WideNumber(slope), Self.zero)
    case .elu(let alpha):
      let e = alpha * WideNumber.exponential(DoubleDouble(min(x, 0)))
      self = x > 0 ? Self(WideNumber(x), Self.one, Self.zero) : Self(alpha * .exponentialMinusOne(x), e, e)
    case .power(let p):
      let isWhole = p == p.rounded()
      guard x > 0 || (x < 0 && isWhole) || (x == 0 && p >= 2 && isWhole) else { return nil }
      self.init(
        .power(x, p), p * .power(x, p - 1), p == 1 ? Self.zero : WideNumber(p) * WideNumber(p - 1) * .power(x, p - 2))
    case .polygamma(let order):
      guard x > 0 || x != x.rounded() else { return nil }
      let x = DoubleDouble(x)
      let terms = (order...order + 2).map { ExactSum(DoubleDouble.polygamma($0, x)) }
      self.init(terms[0], terms[1], terms[2])
    case .clamp(let low, let high):
      let isInside = x > low && x < high
      self.init(WideNumber(min(max(x, low), high)), isInside ? Self.one : Self.zero, Self.zero)
    }
  }

  /// The closed form of `f` at a finite `x`; `nil` outside its domain, and where a derivative is infinite.
  package init?(_ f: Unary, at x: Double) {
    let (zero, one, wide) = (Self.zero, Self.one, WideNumber(x))
    switch f {
    case .negate: self.init(-wide, -one, zero)
    case .exp:
      let y = WideNumber.exponential(DoubleDouble(x))
      self.init(y, y, y)
    case .expm1:
      let e = WideNumber.exponential(DoubleDouble(x))
      self.init(.exponentialMinusOne(x), e, e)
    case .log:
      guard x > 0 else { return nil }
      self.init(.logarithm(x), 1 / wide, -1 / (wide * wide))
    case .log1p:
      guard x > -1 else { return nil }
      self.init(.logarithmOnePlus(x), 1 / (one + wide), -1 / ((one + wide) * (one + wide)))
    case .sqrt:
      guard x > 0 else { return nil }
      let y = wide.squareRoot
      self.init(y, 0.5 / y, -0.25 / (wide * y))
    case .square: self.init(wide * wide, 2 * wide, WideNumber(2.0))
    case .reciprocal:
      guard x != 0 else { return nil }
      self.init(1 / wide, -1 / (wide * wide), 2 / (wide * wide * wide))
    case .abs: self.init(wide.magnitude, WideNumber(x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0), zero)
    case .sign: self.init(WideNumber(x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0), zero, zero)
    case .step: self.init(x > 0 ? one : zero, zero, zero)
    case .sin:
      let (sine, cosine) = WideNumber.sineAndCosine(x)
      self.init(sine, cosine, -sine)
    case .cos:
      let (sine, cosine) = WideNumber.sineAndCosine(x)
      self.init(cosine, -sine, -cosine)
    case .atan:
      let slope = 1 / (one + wide * wide)
      self.init(.arcTangent(x), slope, -2 * wide * slope * slope)
    case .tan:
      let (sine, cosine) = WideNumber.sineAndCosine(x)
      let (y, slope) = (sine / cosine, 1 / (cosine * cosine))
      self.init(y, slope, 2 * y * slope)
    case .asin, .acos:
      guard abs(x) < 1 else { return nil }
      let square = WideNumber(.twoSum(1, -x)) * WideNumber(.twoSum(1, x))
      let slope = (f == .asin ? 1 : -1) / square.squareRoot
      self.init(Self.further(f == .asin ? .arcSine : .arcCosine, x), slope, wide * slope / square)
    case .sinh, .cosh:
      let (sinh, cosh) = (Self.further(.hyperbolicSine, x), Self.further(.hyperbolicCosine, x))
      self = f == .sinh ? Self(sinh, cosh, sinh) : Self(cosh, sinh, cosh)
    case .asinh:
      let slope = 1 / (one + wide * wide).squareRoot
      self.init(Self.further(.areaSine, x), slope, -(wide * slope * slope * slope))
    case .acosh:
      guard x > 1 else { return nil }
      let slope = 1 / (WideNumber(.twoSum(x, -1)) * WideNumber(.twoSum(x, 1))).squareRoot
      self.init(Self.further(.areaCosine, x), slope, -(wide * slope * slope * slope))
    case .atanh:
      guard abs(x) < 1 else { return nil }
      let slope = 1 / (WideNumber(.twoSum(1, -x)) * WideNumber(.twoSum(1, x)))
      self.init(Self.further(.areaTangent, x), slope, 2 * wide * slope * slope)
    case .exp2:
      let (y, rate) = (Self.further(.binaryExponential, x), WideNumber(DoubleDouble.naturalLog2))
      self.init(y, rate * y, rate * rate * y)
    case .log2, .log10:
      guard x > 0 else { return nil }
      let rate = 1 / WideNumber(f == .log2 ? DoubleDouble.naturalLog2 : DoubleDouble.logarithm(10))
      self.init(
        Self.further(f == .log2 ? .binaryLogarithm : .decimalLogarithm, x), rate / wide, -(rate / (wide * wide)))
    case .erfc:
      let slope = WideNumber(DoubleDouble.twoOverRootPi) * .exponential(-DoubleDouble.twoProduct(x, x))
      self.init(Self.further(.complementaryErrorFunction, x), -slope, 2 * wide * slope)
    case .lgamma:
      guard x > 0 || x != x.rounded() else { return nil }
      let derivatives = (0...1).map { ExactSum(DoubleDouble.polygamma($0, DoubleDouble(x))) }
      self.init(ExactSum(Self.further(.logGamma, x)), derivatives[0], derivatives[1])
    case .floor: self.init(WideNumber(x.rounded(.down)), zero, zero)
    case .ceil: self.init(WideNumber(x.rounded(.up)), zero, zero)
    case .round: self.init(WideNumber(x.rounded(.toNearestOrEven)), zero, zero)
    case .trunc: self.init(WideNumber(x.rounded(.towardZero)), zero, zero)
    case .tanh:
      let (value, slope) = WideNumber.hyperbolicTangent(x)
      self.init(value, slope, -2 * value * slope)
    case .sigmoid:
      let (s, c) = (WideNumber.sigmoid(x), WideNumber.sigmoid(-x))
      self.init(ExactSum(s), ExactSum(s * c), ExactSum(s * c * c, -(s * s * c)))
    case .erf:
      let slope = WideNumber(DoubleDouble.twoOverRootPi) * .exponential(-DoubleDouble.twoProduct(x, x))
      self.init(.errorFunction(x), slope, -2 * wide * slope)
    case .sech:
      let (tangent, square) = WideNumber.hyperbolicTangent(x)
      let y = square.squareRoot
      self.init(ExactSum(y), ExactSum(-(y * tangent)), ExactSum(y * tangent * tangent, -(y * square)))
    case .normalDensity:
      let y = Self.density(x)
      self.init(ExactSum(y), ExactSum(-(wide * y)), ExactSum(wide * wide * y, -y))
    case .normalDistribution: self.init(Self.distribution(x), Self.density(x), -(wide * Self.density(x)))
    case .relu: self.init(x > 0 ? wide : zero, x > 0 ? one : zero, zero)
    case .gelu:
      let (distribution, density) = (Self.distribution(x), Self.density(x))
      self.init(
        ExactSum(wide * distribution), ExactSum(distribution, wide * density),
        ExactSum(2 * density, -(wide * wide * density)))
    case .silu:
      let (s, c) = (WideNumber.sigmoid(x), WideNumber.sigmoid(-x))
      self.init(
        ExactSum(wide * s), ExactSum(s, wide * s * c), ExactSum(2 * s * c, wide * s * c * c, -(wide * s * s * c)))
    case .softplus:
      let (s, c) = (WideNumber.sigmoid(x), WideNumber.sigmoid(-x))
      self.init(.softplus(x), s, s * c)
    }
  }

  /// f(x) as it is made of other functions; 0 for one that is not.
  private static func further(_ f: ElementaryFunction, _ x: Double) -> WideNumber {
    DoubleDouble.wide(f, DoubleDouble(x)) ?? zero
  }

  /// φ(x) = e^(−x²/2) / √(2π)
  private static func density(_ x: Double) -> WideNumber {
    WideNumber(inverseRootTwoPi) * .exponential(-DoubleDouble.twoProduct(x, x).scaled(by: -1))
  }

  /// Φ(x) = ½ erfc(−x/√2)
  private static func distribution(_ x: Double) -> WideNumber {
    0.5 * WideNumber.complementaryErrorFunction(DoubleDouble.rootHalf.times(-x))
  }

  /// 1/√(2π)
  private static let inverseRootTwoPi = DoubleDouble(high: 0x1.9884533d43651p-2, low: -0x1.cbc0d30ebfd15p-56)

  /// Binary cross-entropy −t ln σ(z) − (1 − t) ln(1 − σ(z)) as a function of the logit z.
  package static func binaryCrossEntropy(logit z: Double, target t: Double) -> ClosedForm {
    let (s, c, t, rest) = (WideNumber.sigmoid(z), WideNumber.sigmoid(-z), WideNumber(t), WideNumber(.twoSum(1, -t)))
    return ClosedForm(
      ExactSum(t * .softplus(-z), rest * .softplus(z)), ExactSum(-(t * c), rest * s), ExactSum(t * s * c, rest * s * c))
  }

  /// (y − t)² as a function of y
  package static func squaredError(_ y: Double, target t: Double) -> ClosedForm {
    let difference = WideNumber(.twoSum(y, -t))
    return ClosedForm(difference * difference, 2 * difference, WideNumber(2.0))
  }
}
