import Foundation

/// Functions that the system's mathematics library lacks, made of those that it has.
@usableFromInline
enum NormalFunction {
  /// 2 / (eˣ + e⁻ˣ), which never overflows.
  @inlinable
  static func hyperbolicSecant(_ x: Double) -> Double {
    let e = exp(-abs(x))
    return 2 * e / (1 + e * e)
  }

  /// factor · e^(−rate x²). The rounding of x² would be magnified by the exponential, so it is put back to first order.
  /// The exponential is taken in two halves, so that it costs no digits where it is subnormal.
  @inlinable
  static func gaussian(_ x: Double, rate: Double, times factor: Double) -> Double {
    let square = x * x
    let half = exp(-0.5 * rate * square)
    if half == 0 { return 0 }
    let corrected = half - half * (0.5 * rate * (-square).addingProduct(x, x))
    return factor * corrected * corrected
  }

  /// factor · φ(x)
  @inlinable
  static func density(_ x: Double, times factor: Double) -> Double {
    gaussian(x, rate: 0.5, times: factor / (2 * Double.pi).squareRoot())
  }

  /// ½ erfc(−x/√2), with what the rounding of x/√2 loses put back to first order.
  @inlinable
  static func distribution(_ x: Double) -> Double {
    let rootHalf = 0.5.squareRoot()
    let z = -x * rootHalf
    guard z.isFinite else { return 0.5 * erfc(z) }
    // √½ is rootHalf and this rest.
    let lost = (-z).addingProduct(-x, rootHalf) + x * 0x1.bdd3413b26456p-55
    return 0.5 * erfc(z) - lost * exp(-z * z) / Double.pi.squareRoot()
  }
}

/// The derivatives of x ↦ xᵖ.
@usableFromInline
package enum PowerFunction {
  /// p xᵖ⁻¹
  @inlinable package static func slope(_ x: Double, _ p: Double) -> Double { p == 0 ? 0 : p * lowered(x, p, by: 1) }

  /// p (p − 1) xᵖ⁻²
  package static func curvature(_ x: Double, _ p: Double) -> Double {
    p == 0 || p == 1 ? 0 : p * (p - 1) * lowered(x, p, by: 2)
  }

  /// xᵖ⁻ⁿ. Where p − n is not exact, its rounding would count ln x times; xᵖ is divided instead.
  @inlinable
  static func lowered(_ x: Double, _ p: Double, by n: Double) -> Double {
    let exponent = p - n
    if exponent + n == p || x == 0 { return pow(x, exponent) }
    return n == 1 ? pow(x, p) / x : pow(x, p) / x / x
  }
}

/// ln |Γ| and its derivatives.
@usableFromInline
package enum GammaFunction {
  /// ln |Γ(x)|
  @usableFromInline
  static func logarithm(_ x: Double) -> Double {
    let y: Double = lgamma(x)
    return y
  }

  /// B₂, B₄, …, B₁₈
  package static let bernoulli: [Double] = [
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798,
  ]

  /// ψ⁽ⁿ⁾(x), n ≥ 0. At a pole it is the limit where both sides agree or the sign of zero decides, else NaN.
  ///
  /// Source: *NIST Digital Library of Mathematical Functions*, 5.15.5 (recurrence), 5.15.6 (reflection), 5.15.8 (series).
  @usableFromInline
  package static func polygamma(_ n: Int, _ x: Double) -> Double {
    guard x.isFinite else { return x != .infinity ? .nan : n == 0 ? .infinity : n % 2 == 1 ? 0 : -0.0 }
    if x <= 0, x == x.rounded() {
      // n! (−1)ⁿ⁺¹ / xⁿ⁺¹ beside a pole.
      return n % 2 == 1 ? .infinity : x < 0 ? .nan : x.sign == .minus ? .infinity : -.infinity
    }
    guard x < -60 else { return stepped(n, x) }
    let mirrored = stepped(n, 1 - x)
    return (n % 2 == 0 ? mirrored : -mirrored) - cotangent(n, x)
  }

  /// The series at x + N, and what N steps down from there add.
  private static func stepped(_ n: Int, _ x: Double) -> Double {
    let start = Double(20 + 2 * n)
    let steps = x < start ? Int((start - x).rounded(.up)) : 0
    let factorial = (1...max(n, 1)).reduce(1.0) { $0 * Double($1) }
    func inverse(_ z: Double, _ power: Int) -> Double {
      var y = 1.0
      for _ in 0..<power { y /= z }
      return y
    }
    let z = x + Double(steps)
    var coefficient = factorial * Double(n + 1) / 2
    var term = inverse(z, n + 2)
    var sum = 0.0
    for (k, number) in zip(1..., bernoulli) {
      sum += number * coefficient * term
      term = term / z / z
      let twice: Int = 2 * k
      let growth: Int = (twice + n) * (twice + n + 1)
      coefficient *= Double(growth) / Double((twice + 1) * (twice + 2))
    }
    sum += factorial / 2 * inverse(z, n + 1)
    sum += n == 0 ? -log(z) : factorial / Double(n) * inverse(z, n)
    // From small terms to large ones. Sums of many keep what rounding drops.
    var dropped = 0.0
    for k in stride(from: steps - 1, through: 0, by: -1) {
      let z = x + Double(k)
      let lost = (x - (z - Double(k))) / z
      let step = factorial * inverse(z, n + 1)
      let next = sum + step
      if next.isFinite { dropped += abs(sum) > abs(step) ? sum - next + step : step - next + sum }
      if lost != 0, step.isFinite { dropped -= Double(n + 1) * lost * step }
      sum = next
    }
    sum += dropped
    return n % 2 == 0 ? -sum : sum
  }

  /// The derivative of order n of π cot πx: πⁿ⁺¹ Pₙ(cot πx) with P₀ = c and Pₙ₊₁ = −(1 + c²) Pₙ′.
  private static func cotangent(_ n: Int, _ x: Double) -> Double {
    let r = x - x.rounded()
    // What the rounding of πr loses is put back to first order.
    let angle = Double.pi * r
    let lost = (-angle).addingProduct(.pi, r) + 0x1.1a62633145c07p-53 * r
    let plain = cos(angle) / sin(angle)
    let c = plain - lost * (1 + plain * plain)
    var y = 0.0
    for coefficient in cotangentPolynomial(n).reversed() { y = y * c + coefficient }
    for _ in 0...n { y = (y * 0x1.1a62633145c07p-53).addingProduct(y, .pi) }
    return y
  }

  /// The coefficients of Pₙ, from that of c⁰ on.
  package static func cotangentPolynomial(_ n: Int) -> [Double] {
    var p = [0.0, 1.0]
    for _ in 0..<n {
      let slope = p.indices.dropFirst().map { Double($0) * p[$0] }
      p = Array(repeating: 0, count: p.count + 1)
      for (i, factor) in slope.enumerated() {
        p[i] -= factor
        p[i + 2] -= factor
      }
    }
    return p
  }
}
