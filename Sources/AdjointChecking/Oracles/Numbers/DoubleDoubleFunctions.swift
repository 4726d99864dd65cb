import Adjoint
import Foundation

// The elementary functions of `DoubleDouble`: reduction of the argument, then a Taylor series, or a step of Newton's method
// from the `Double` function. Relative errors are below 10⁻²⁹ in the domains stated; outside, and for infinities and NaN, the
// result is that of `Double`.

extension DoubleDouble {
  package static func elementary(_ f: ElementaryFunction, _ x: DoubleDouble) -> DoubleDouble {
    switch f {
    case .exponential: exponential(x)
    case .exponentialMinusOne: exponentialMinusOne(x)
    case .logarithm: logarithm(x)
    case .logarithmOnePlus: logarithmOnePlus(x)
    case .squareRoot: squareRoot(x)
    case .sine: sine(x)
    case .cosine: cosine(x)
    case .arcTangent: arcTangent(x)
    case .tangent: sine(x) / cosine(x)
    case .arcSine, .arcCosine, .hyperbolicSine, .hyperbolicCosine, .areaSine, .areaCosine, .areaTangent,
      .binaryExponential, .binaryLogarithm, .decimalLogarithm, .complementaryErrorFunction, .logGamma, .polygamma:
      further(f, x)
    case .hyperbolicTangent: hyperbolicTangent(x)
    case .hyperbolicSecant: hyperbolicSecant(x)
    case .errorFunction: errorFunction(x)
    case .normalDensity: normalDensity(x)
    case .normalDistribution: normalDistribution(x)
    }
  }

  // Constants in three parts of 53 bits each.
  static let log2 = (0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111)
  static let halfPi = (0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110)
  static let twoOverRootPi = DoubleDouble(high: 0x1.20dd750429b6dp+0, low: 0x1.1ae3a914fed80p-56)

  static let rootHalf = DoubleDouble(high: 0x1.6a09e667f3bcdp-1, low: -0x1.bdd3413b26456p-55)

  /// 1/n! for n = 0 ... 30
  private static let inverseFactorials: [DoubleDouble] = {
    var factors: [DoubleDouble] = [1]
    for n in 1...30 { factors.append(factors[n - 1] / DoubleDouble(Double(n))) }
    return factors
  }()

  /// x − n·c for an integer n and a constant in three parts.
  static func reduce(_ x: DoubleDouble, _ n: Double, _ c: (Double, Double, Double)) -> DoubleDouble {
    ((x - twoProduct(n, c.0)) - twoProduct(n, c.1)) - twoProduct(n, c.2)
  }

  // MARK: Exponential and logarithm

  /// eʳ − 1 for |r| ≤ 0.36: a Taylor series at r/512, then nine times (1 + s)² − 1 = 2s + s².
  static func smallExponentialMinusOne(_ r: DoubleDouble) -> DoubleDouble {
    let t = r.scaled(by: -9)
    var s = inverseFactorials[10]
    for n in stride(from: 9, through: 1, by: -1) { s = s * t + inverseFactorials[n] }
    s = s * t
    for _ in 0..<9 { s = s.scaled(by: 1) + s * s }
    return s
  }

  /// eˣ, −600 ≤ x ≤ 700
  package static func exponential(_ x: DoubleDouble) -> DoubleDouble {
    guard abs(x.high) < 745 else { return DoubleDouble(exp(x.high)) }
    let n = (x.high / log2.0).rounded()
    return (smallExponentialMinusOne(reduce(x, n, log2)) + 1).scaled(by: Int(n))
  }

  /// eˣ − 1, x ≤ 700
  package static func exponentialMinusOne(_ x: DoubleDouble) -> DoubleDouble {
    if x.high == 0 { return x }
    return abs(x.high) < 0.35 ? smallExponentialMinusOne(x) : exponential(x) - 1
  }

  /// ln x for every normal x; relative to the result, near 1 as well
  package static func logarithm(_ x: DoubleDouble) -> DoubleDouble {
    guard x.high > 0, x.high.isFinite else { return DoubleDouble(log(x.high)) }
    // x = m·2ⁿ with 0.7 < m < 1.42
    var n = x.high.exponent
    if scalbn(x.high, -Int(n)) > 1.4142 { n += 1 }
    let m = smallLogarithmOnePlus(x.scaled(by: -Int(n)) - 1)
    if n == 0 { return m }
    let k = Double(n)
    return (twoProduct(k, log2.0) + m) + twoProduct(k, log2.1)
  }

  /// ln(1 + x), x > −1
  package static func logarithmOnePlus(_ x: DoubleDouble) -> DoubleDouble {
    abs(x.high) < 0.4 ? smallLogarithmOnePlus(x) : logarithm(x + 1)
  }

  /// ln(1 + z) = y + ln(1 + δ) with y from `Double` and δ = (z − (eʸ − 1)) / eʸ of size 10⁻¹⁶
  static func smallLogarithmOnePlus(_ z: DoubleDouble) -> DoubleDouble {
    if z.high == 0 { return z }
    let y = DoubleDouble(log1p(z.high))
    let e = exponentialMinusOne(y)
    let delta = (z - e) / (e + 1)
    return y + (delta - (delta * delta).scaled(by: -1))
  }

  // MARK: Trigonometric functions

  /// sin x, |x| ≤ 10⁵, away from its zeros by 10⁻⁹
  package static func sine(_ x: DoubleDouble) -> DoubleDouble { turned(x, quarters: 0) { sin($0) } }

  /// cos x, |x| ≤ 10⁵, away from its zeros by 10⁻⁹
  package static func cosine(_ x: DoubleDouble) -> DoubleDouble { turned(x, quarters: 1) { cos($0) } }

  /// arctan x = y + arctan((x − tan y) / (1 + x tan y)) with y that of `Double`: what is left is as small as its error.
  package static func arcTangent(_ x: DoubleDouble) -> DoubleDouble {
    let y = atan(x.high)
    guard x.high.isFinite, x.high != 0 else { return DoubleDouble(y) }
    if abs(x.high) > 1 {
      let quarter = DoubleDouble(high: x.high < 0 ? -halfPi.0 : halfPi.0, low: x.high < 0 ? -halfPi.1 : halfPi.1)
      return quarter - arcTangent(1 / x)
    }
    let tangent = sine(DoubleDouble(y)) / cosine(DoubleDouble(y))
    return DoubleDouble(y) + (x - tangent) / (1 + x * tangent)
  }

  /// sin(x + quarters·π/2)
  private static func turned(_ x: DoubleDouble, quarters: Int, else f: (Double) -> Double) -> DoubleDouble {
    // Beyond, π has too few digits here: NaN, of which nobody takes differences.
    guard abs(x.high) < 1e9 else { return DoubleDouble(x.high.isFinite ? .nan : f(x.high)) }
    let n = (x.high / halfPi.0).rounded()
    let r = reduce(x, n, halfPi)
    switch (Int(n) + quarters) & 3 {
    case 0: return alternatingSeries(r, from: 1)
    case 1: return alternatingSeries(r, from: 0)
    case 2: return -alternatingSeries(r, from: 1)
    case _: return -alternatingSeries(r, from: 0)
    }
  }

  /// cos r (from 0) or sin r (from 1) for |r| ≤ π/4: Σ (−1)ᵏ rⁿ/n!, n = from + 2k
  static func alternatingSeries(_ r: DoubleDouble, from first: Int) -> DoubleDouble {
    if r.high == 0 { return first == 0 ? 1 : r }
    let square = -(r * r)
    var sum: DoubleDouble = 0
    for n in stride(from: first + 28, through: first, by: -2) { sum = sum * square + inverseFactorials[n] }
    return first == 0 ? sum : sum * r
  }

  // MARK: Sigmoid-shaped functions

  /// tanh x = e/(e + 2) with e = e²ˣ − 1, every x
  package static func hyperbolicTangent(_ x: DoubleDouble) -> DoubleDouble {
    guard abs(x.high) < 40 else { return DoubleDouble(tanh(x.high)) }
    let e = exponentialMinusOne(x.scaled(by: 1))
    return e / (e + 2)
  }

  /// sech x = 2e^(−|x|) / (1 + e^(−2|x|)), every x
  package static func hyperbolicSecant(_ x: DoubleDouble) -> DoubleDouble {
    let e = exponential(-x.magnitude)
    return e.scaled(by: 1) / (1 + e * e)
  }

  /// φ(x) = e^(−x²/2) / √(2π), every x
  package static func normalDensity(_ x: DoubleDouble) -> DoubleDouble {
    (twoOverRootPi * rootHalf).scaled(by: -1) * exponential((x * x).scaled(by: -1) * -1)
  }

  /// Φ(x) = ½ erfc(−x/√2), every x
  package static func normalDistribution(_ x: DoubleDouble) -> DoubleDouble {
    guard x.high.isFinite else { return DoubleDouble(x.high > 0 ? 1 : x.high < 0 ? 0 : .nan) }
    return WideNumber.complementaryErrorFunction(-(x * rootHalf)).doubleDouble.scaled(by: -1)
  }

  /// erf x = 2/√π e^(−x²) Σ 2ⁿx²ⁿ⁺¹ / (1·3·…·(2n+1)), every x: all terms have one sign, so nothing cancels
  package static func errorFunction(_ x: DoubleDouble) -> DoubleDouble {
    guard abs(x.high) < 8.7 else { return DoubleDouble(erf(x.high)) }
    let square = x * x
    let double = square.scaled(by: 1)
    var term = x
    var sum = x
    var n = 1.0
    while abs(term.high) > abs(sum.high) * 0x1p-108 {
      term = term * double / DoubleDouble(2 * n + 1)
      sum = sum + term
      n += 1
    }
    return twoOverRootPi * exponential(-square) * sum
  }

  // MARK: Powers

  /// xᵖ: by squaring for whole |p| ≤ 1024, else e^(p ln x) with |p ln x| ≤ 100
  package static func power(_ x: DoubleDouble, _ p: Double) -> DoubleDouble {
    if p == p.rounded(), abs(p) <= 1024 {
      guard x.high != 0, x.high.isFinite else { return DoubleDouble(pow(x.high, p)) }
      var result: DoubleDouble = 1
      var base = x
      var exponent = Int(abs(p))
      while exponent > 0 {
        if exponent & 1 == 1 { result = result * base }
        exponent >>= 1
        if exponent > 0 { base = base * base }
      }
      return p < 0 ? 1 / result : result
    }
    guard x.high > 0, x.high.isFinite, p.isFinite else { return DoubleDouble(pow(x.high, p)) }
    return exponential(logarithm(x).times(p))
  }
}
