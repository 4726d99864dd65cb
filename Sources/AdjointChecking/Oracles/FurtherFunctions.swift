import Adjoint
import Foundation

// Elementary functions made of those of `DoubleDouble` and `WideNumber`: inverses of circular and hyperbolic functions,
// other bases, ln Γ and its derivatives. A `WideNumber` is right over the whole range of its argument.

extension DoubleDouble {
  static let pi = DoubleDouble(high: 2 * halfPi.0, low: 2 * halfPi.1)
  static let naturalLog2 = DoubleDouble(high: log2.0, low: log2.1)

  /// f(x), where it is no function of `DoubleDouble`'s own; that of `Double` where x or f(x) is no finite number.
  static func further(_ f: ElementaryFunction, _ x: DoubleDouble) -> DoubleDouble {
    let plain = f(x.high)
    guard x.high.isFinite, plain.isFinite else { return DoubleDouble(plain) }
    return wide(f, x)?.doubleDouble ?? DoubleDouble(plain)
  }

  /// f(x) for a finite x inside the domain; `nil` for a function that is not made here.
  package static func wide(_ f: ElementaryFunction, _ x: DoubleDouble) -> WideNumber? {
    let (wide, one) = (WideNumber(x), WideNumber(1.0))
    let size = wide.magnitude
    let isSmall = abs(x.high) < 0x1p-60
    func signed(_ y: WideNumber) -> WideNumber { x.high < 0 ? -y : y }
    switch f {
    case .arcSine:
      if isSmall { return wide }
      let square = (1 - x) * (1 + x)
      return square.high == 0
        ? signed(WideNumber(pi.scaled(by: -1))) : WideNumber(arcTangent(x / squareRoot(square)))
    case .arcCosine:
      if isSmall { return WideNumber(pi.scaled(by: -1)) - wide }
      let above = 1 + x
      return WideNumber(above.high == 0 ? pi : arcTangent(squareRoot((1 - x) / above)).scaled(by: 1))
    case .hyperbolicSine:
      let e = abs(x.high) < 0.35 ? small(size) : WideNumber.exponential(x.magnitude) - one
      return signed(0.5 * (e + e / (e + one)))
    case .hyperbolicCosine:
      let e = WideNumber.exponential(x.magnitude)
      return 0.5 * (e + one / e)
    case .areaSine:
      if isSmall { return wide }
      let x = x.magnitude
      if x.high > 0x1p200 { return signed(WideNumber(logarithm(x) + naturalLog2)) }
      return signed(WideNumber(logarithmOnePlus(x + x * x / (1 + squareRoot(1 + x * x)))))
    case .areaCosine:
      if x.high > 0x1p200 { return WideNumber(logarithm(x) + naturalLog2) }
      let above = x - 1
      return above.high == 0 ? WideNumber(0.0) : WideNumber(logarithmOnePlus(above + squareRoot(above * (above + 2))))
    case .areaTangent:
      return isSmall ? wide : 0.5 * WideNumber(logarithmOnePlus(x.scaled(by: 1) / (1 - x)))
    case .binaryExponential:
      let whole = min(max(x.high.rounded(), -0x1p40), 0x1p40)
      let rest = abs(whole) == 0x1p40 ? 0 : (x - DoubleDouble(whole)) * naturalLog2
      return WideNumber.exponential(rest) * WideNumber(1.0, exponent: Int(whole))
    case .binaryLogarithm: return WideNumber(logarithm(x)) / WideNumber(naturalLog2)
    case .decimalLogarithm: return WideNumber(logarithm(x)) / WideNumber(logarithm(10))
    case .complementaryErrorFunction: return WideNumber.complementaryErrorFunction(x)
    case .logGamma: return logGamma(x)
    case .polygamma(let order): return ExactSum(polygamma(order, x)).sum
    case .exponential, .exponentialMinusOne, .logarithm, .logarithmOnePlus, .squareRoot, .sine, .cosine, .arcTangent,
      .tangent, .hyperbolicTangent, .hyperbolicSecant, .errorFunction, .normalDensity, .normalDistribution:
      return nil
    }
  }

  /// eˣ − 1 for a small x ≥ 0.
  private static func small(_ x: WideNumber) -> WideNumber {
    x.exponent < -60 ? x + 0.5 * (x * x) : WideNumber(smallExponentialMinusOne(x.doubleDouble))
  }

  // MARK: ln Γ and its derivatives

  /// B₂, B₄, …, B₃₀ as fractions.
  private static let bernoulli: [WideNumber] = [
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330),
    (854513, 138), (-236_364_091, 2730), (8_553_103, 6), (-23_749_461_029, 870), (8_615_841_276_005, 14322),
  ].map { WideNumber($0.0 as Double) / WideNumber($0.1 as Double) }

  /// The terms of ψ⁽ⁿ⁾(x), x no pole: the series at x + N ≥ 40 and the N steps down; below −60 by reflection.
  package static func polygamma(_ n: Int, _ x: DoubleDouble) -> [WideNumber] {
    let sign = n % 2 == 0 ? -1.0 : 1.0
    if x.high < -60 {
      let cot = cotangent(x)
      var sum = WideNumber(0.0)
      for coefficient in GammaFunction.cotangentPolynomial(n).reversed() { sum = sum * cot + WideNumber(coefficient) }
      for _ in 0...n { sum = sum * WideNumber(pi) }
      return polygamma(n, 1 - x).map { -sign * $0 } + [-sum]
    }
    let factorial = WideNumber((1...max(n, 1)).reduce(1.0) { $0 * Double($1) })
    func power(_ y: WideNumber, _ count: Int) -> WideNumber { (0..<count).reduce(WideNumber(1.0)) { x, _ in x * y } }
    let steps = x.high < 40 ? Int((40 - x.high).rounded(.up)) : 0
    let end = x + DoubleDouble(Double(steps))
    let inverse = WideNumber(1.0) / WideNumber(end)
    let square = inverse * inverse
    let first = n == 0 ? -WideNumber(logarithm(end)) : factorial * power(inverse, n) / WideNumber(Double(n))
    var terms = [first, 0.5 * factorial * power(inverse, n + 1)]
    var coefficient = Double(n + 1) / 2 * factorial * power(inverse, n)
    for (k, number) in Swift.zip(1..., bernoulli) {
      coefficient = coefficient * square
      terms.append(number * coefficient)
      let (up, down): (Int, Int) = ((2 * k + n) * (2 * k + n + 1), (2 * k + 1) * (2 * k + 2))
      coefficient = coefficient * WideNumber(Double(up)) / WideNumber(Double(down))
    }
    terms += (0..<steps).map {
      factorial * power(WideNumber(1.0) / WideNumber(x + DoubleDouble(Double($0))), n + 1)
    }
    return terms.map { sign * $0 }
  }

  /// cot πx for a number that is not whole.
  private static func cotangent(_ x: DoubleDouble) -> WideNumber {
    let r = x - DoubleDouble(x.high.rounded())
    if abs(r.high) < 0x1p-60 { return 1 / (WideNumber(pi) * WideNumber(r)) }
    return WideNumber(cosine(pi * r)) / WideNumber(sine(pi * r))
  }

  /// ln |Γ(x)|, x no pole: Stirling's series at x + N ≥ 40 less the logarithm of N steps; below −60 by reflection.
  private static func logGamma(_ x: DoubleDouble) -> WideNumber {
    // The zeros, which a difference of logarithms would miss.
    if x == 1 || x == 2 { return WideNumber(0.0) }
    if x.high < -60 {
      let r = x - DoubleDouble(x.high.rounded())
      let sine = abs(r.high) < 0x1p-60 ? (pi * r).magnitude : sine(pi * r).magnitude
      return WideNumber(logarithm(pi)) - WideNumber(logarithm(sine)) - logGamma(1 - x)
    }
    let steps = x.high < 40 ? Int((40 - x.high).rounded(.up)) : 0
    var product: DoubleDouble = 1
    for k in 0..<steps { product = product * (x + DoubleDouble(Double(k))) }
    let end = x + DoubleDouble(Double(steps))
    let (z, log) = (WideNumber(end), WideNumber(logarithm(end)))
    var sum: WideNumber = (z - WideNumber(0.5)) * log - z
    sum = sum + 0.5 * WideNumber(logarithm(pi.scaled(by: 1)))
    var power = z
    for (k, number) in Swift.zip(1..., bernoulli) {
      let divisor = WideNumber(Double(2 * k * (2 * k - 1))) * power
      sum = sum + number / divisor
      power = power * z * z
    }
    return sum - WideNumber(logarithm(product.magnitude))
  }
}
