import Foundation

/// A number of about 32 decimal digits whose exponent has no limits: a `DoubleDouble` of size 1 to 2, times 2ⁿ.
///
/// A closed form that is written in it neither overflows nor loses digits among the subnormal numbers on the way, so its result
/// is right over the whole range of `Double`. It has no infinity and no NaN.
package struct WideNumber {
  /// 0, or a number whose magnitude lies between 1 and 2.
  package let significand: DoubleDouble
  package let exponent: Int

  package init(_ value: DoubleDouble, exponent: Int = 0) {
    guard value.high != 0, value.high.isFinite else {
      (significand, self.exponent) = (DoubleDouble(0), 0)
      return
    }
    let own = Int(value.high.exponent)
    (significand, self.exponent) = (value.scaled(by: -own), own + exponent)
  }

  package init(_ value: Double, exponent: Int = 0) { self.init(DoubleDouble(value), exponent: exponent) }

  /// Tells whether this number is below 0.
  package var isNegative: Bool { significand.high < 0 }
  package var magnitude: WideNumber { isNegative ? -self : self }

  package static prefix func - (a: WideNumber) -> WideNumber { WideNumber(-a.significand, exponent: a.exponent) }

  package static func + (a: WideNumber, b: WideNumber) -> WideNumber {
    if a.significand.high == 0 { return b }
    if b.significand.high == 0 { return a }
    let (large, small) = a.exponent >= b.exponent ? (a, b) : (b, a)
    let distance = large.exponent - small.exponent
    if distance > 300 { return large }
    return WideNumber(large.significand + small.significand.scaled(by: -distance), exponent: large.exponent)
  }

  package static func - (a: WideNumber, b: WideNumber) -> WideNumber { a + -b }

  package static func * (a: WideNumber, b: WideNumber) -> WideNumber {
    WideNumber(a.significand * b.significand, exponent: a.exponent + b.exponent)
  }

  package static func * (a: Double, b: WideNumber) -> WideNumber { WideNumber(a) * b }

  package static func / (a: WideNumber, b: WideNumber) -> WideNumber {
    WideNumber(a.significand / b.significand, exponent: a.exponent - b.exponent)
  }

  package static func / (a: Double, b: WideNumber) -> WideNumber { WideNumber(a) / b }

  /// The number as a `DoubleDouble`, where that can hold it.
  var doubleDouble: DoubleDouble { significand.scaled(by: exponent) }

  /// The nearest `Double`, or its neighbour among the subnormal numbers; ±∞ beyond the largest.
  package var double: Double { scalbn(significand.high, min(max(exponent, -5000), 5000)) }

  /// The nearest `Float`, or its neighbour; ±∞ beyond the largest.
  package var float: Float { Float(double) }
}

// The elementary functions at a `Double` or, where a closed form needs it, at a `DoubleDouble`: relative error below 10⁻²⁸ over
// the whole range. Arguments must be finite, and in the function's domain.

extension WideNumber {
  /// eˣ, with the exponent kept apart. An exponent beyond any use is cut at 2⁴⁰.
  ///
  /// Source: x = n ln 2 + r after Cody and Waite, *Software Manual for the Elementary Functions* (1980), chapter 6.
  package static func exponential(_ x: DoubleDouble) -> WideNumber {
    let n = min(max((x.high / DoubleDouble.log2.0).rounded(), -0x1p40), 0x1p40)
    if abs(n) == 0x1p40 { return WideNumber(1.0, exponent: Int(n)) }
    return WideNumber(
      DoubleDouble.smallExponentialMinusOne(DoubleDouble.reduce(x, n, DoubleDouble.log2)) + 1, exponent: Int(n))
  }

  /// eˣ − 1
  package static func exponentialMinusOne(_ x: Double) -> WideNumber {
    // Two terms of the series are enough, and the square of a subnormal number needs the wide exponent.
    if abs(x) < 0x1p-60 { return WideNumber(x) + 0.5 * (WideNumber(x) * WideNumber(x)) }
    if abs(x) < 0.35 { return WideNumber(DoubleDouble.smallExponentialMinusOne(DoubleDouble(x))) }
    return exponential(DoubleDouble(x)) - WideNumber(1.0)
  }

  /// ln x, x > 0
  package static func logarithm(_ x: Double) -> WideNumber { WideNumber(DoubleDouble.logarithm(DoubleDouble(x))) }

  /// ln(1 + x), x > −1
  package static func logarithmOnePlus(_ x: Double) -> WideNumber {
    if abs(x) < 0x1p-60 { return WideNumber(x) - 0.5 * (WideNumber(x) * WideNumber(x)) }
    return WideNumber(.logarithmOnePlus(DoubleDouble(x)))
  }

  /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^(−|x|))
  package static func softplus(_ x: Double) -> WideNumber {
    let e = exponential(DoubleDouble(-abs(x)))
    let rest = e.exponent < -60 ? e - 0.5 * (e * e) : WideNumber(.logarithmOnePlus(e.doubleDouble))
    return WideNumber(max(x, 0)) + rest
  }

  /// 1 / (1 + e⁻ˣ)
  package static func sigmoid(_ x: Double) -> WideNumber {
    let e = exponential(DoubleDouble(-abs(x)))
    return (x < 0 ? e : WideNumber(1.0)) / (WideNumber(1.0) + e)
  }

  /// √x, x ≥ 0
  package var squareRoot: WideNumber {
    let isOdd = exponent & 1 == 1
    return WideNumber(.squareRoot(significand.scaled(by: isOdd ? 1 : 0)), exponent: (exponent - (isOdd ? 1 : 0)) / 2)
  }

  /// xᵖ: e^(p ln |x|), with the sign of x where p is odd. Below 0, p must be whole; at 0, p must be at least 0.
  package static func power(_ x: Double, _ p: Double) -> WideNumber {
    if p == 0 { return WideNumber(1.0) }
    if x == 0 { return WideNumber(0.0) }
    let size = exponential(DoubleDouble.logarithm(DoubleDouble(abs(x))).times(p))
    return x < 0 && p.truncatingRemainder(dividingBy: 2) != 0 ? -size : size
  }

  /// tanh x = (1 − q) / (1 + q) with q = e^(−2|x|), which gives sech²x = 4q / (1 + q)² without cancellation
  package static func hyperbolicTangent(_ x: Double) -> (value: WideNumber, slope: WideNumber) {
    let q = exponential(DoubleDouble(abs(x)).scaled(by: 1) * -1)
    let onePlus = WideNumber(1.0) + q
    let slope = 4 * q / (onePlus * onePlus)
    if abs(x) < 0x1p-60 { return (WideNumber(x), slope) }
    let size = -exponentialMinusOne(-2 * min(abs(x), 0x1p1000)) / onePlus
    return (x < 0 ? -size : size, slope)
  }

  // MARK: Trigonometric functions

  /// sin x and cos x
  package static func sineAndCosine(_ x: Double) -> (sine: WideNumber, cosine: WideNumber) {
    if abs(x) < 0x1p-60 { return (WideNumber(x), WideNumber(1.0)) }
    let (quadrant, r) = abs(x) < 1e5 ? nearQuadrant(x) : farQuadrant(x)
    let (s, c) = (DoubleDouble.alternatingSeries(r, from: 1), DoubleDouble.alternatingSeries(r, from: 0))
    let turned = [(s, c), (c, -s), (-s, -c), (-c, s)][quadrant]
    return (WideNumber(turned.0), WideNumber(turned.1))
  }

  /// The quadrant (0 … 3) and the rest r of x = quadrant·π/2 + r
  private static func nearQuadrant(_ x: Double) -> (Int, DoubleDouble) {
    let n = (x / DoubleDouble.halfPi.0).rounded()
    return (Int(n) & 3, DoubleDouble.reduce(DoubleDouble(x), n, DoubleDouble.halfPi))
  }

  /// The same for large x: the digits of 2/π that decide, in integers.
  ///
  /// Source: Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18 (1983) 19.
  private static func farQuadrant(_ x: Double) -> (Int, DoubleDouble) {
    // |x| = m 2ᵉ. Words of 2/π that contribute multiples of four quarters are skipped.
    let e = Int(x.exponent) - 52
    let m = UInt64(x.significandBitPattern) | 1 << 52
    let start = max(0, (e - 2) >> 6)
    var product = [UInt64](repeating: 0, count: 6)  // lowest word first
    var carry: UInt64 = 0
    for i in 0..<5 {
      let (high, low) = m.multipliedFullWidth(by: twoOverPi[start + 4 - i])
      let (sum, overflow) = low.addingReportingOverflow(carry)
      (product[i], carry) = (sum, high + (overflow ? 1 : 0))
    }
    product[5] = carry
    // |x| 2/π = product · 2^−point, up to multiples of four
    let point = 320 - (e - 64 * start)
    func bit(_ i: Int) -> Int { i < 384 ? Int(product[i >> 6] >> UInt64(i & 63) & 1) : 0 }
    var quadrant = bit(point) + 2 * bit(point + 1)
    let isPastHalf = bit(point - 1) == 1
    var fraction = DoubleDouble(0)
    for i in 0..<point where (bit(i) == 1) != isPastHalf {
      fraction = fraction + DoubleDouble(scalbn(1, i - point))
    }
    if isPastHalf {
      // 1 − fraction is the complement of its digits, and one in the last.
      fraction = -(fraction + DoubleDouble(scalbn(1, -point)))
      quadrant += 1
    }
    let r = fraction * DoubleDouble(high: DoubleDouble.halfPi.0, low: DoubleDouble.halfPi.1)
    return x < 0 ? ((4 - quadrant) & 3, -r) : (quadrant & 3, r)
  }

  /// The first 1344 binary digits of 2/π.
  private static let twoOverPi: [UInt64] = [
    0xa2f9_836e_4e44_1529, 0xfc27_57d1_f534_ddc0, 0xdb62_9599_3c43_9041, 0xfe51_63ab_debb_c561, 0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c, 0xfe1d_eb1c_b129_a73e, 0xe882_35f5_2ebb_4484, 0xe99c_7026_b45f_7e41, 0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b, 0x1ff8_97ff_de05_980f, 0xef2f_118b_5a0a_6d1f, 0x6d36_7ecf_27cb_09b7, 0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b, 0x3d07_39f7_8a52_92ea, 0x6bfb_5fb1_1f8d_5d08, 0x5603_3046_fc7b_6bab, 0xf0cf_bc20_9af4_361d,
    0xa9e3_9161_5ee6_1b08,
  ]

  /// arctan x
  package static func arcTangent(_ x: Double) -> WideNumber {
    WideNumber(abs(x) < 0x1p-60 ? DoubleDouble(x) : .arcTangent(DoubleDouble(x)))
  }

  // MARK: Error function

  /// erf x
  package static func errorFunction(_ x: Double) -> WideNumber {
    if abs(x) < 0x1p-60 { return WideNumber(x) * WideNumber(DoubleDouble.twoOverRootPi) }
    if abs(x) < 2 { return WideNumber(.errorFunction(DoubleDouble(x))) }
    let size = WideNumber(1.0) - complementaryErrorFunction(DoubleDouble(abs(x)))
    return x < 0 ? -size : size
  }

  /// erfc z = 1 − erf z: below 2 so; above, e^(−z²)/√π · 1/(z + ½/(z + 1/(z + 3⁄2/(z + …)))), which loses nothing in the tail.
  ///
  /// Source: *NIST Digital Library of Mathematical Functions*, 7.9.1.
  package static func complementaryErrorFunction(_ z: DoubleDouble) -> WideNumber {
    if z.high < 2 {
      return WideNumber(1 - (z.high < -9 ? DoubleDouble(-1) : abs(z.high) < 0x1p-110 ? 0 : .errorFunction(z)))
    }
    // The rest after k terms falls as e^(−2z√(2k)): 180 are enough at 2.
    var fraction = z
    for k in stride(from: z.high < 4 ? 180 : 60, through: 1, by: -1) {
      fraction = z + DoubleDouble(Double(k) / 2) / fraction
    }
    return exponential(-(z * z)) * WideNumber(DoubleDouble.twoOverRootPi.scaled(by: -1) / fraction)
  }
}
