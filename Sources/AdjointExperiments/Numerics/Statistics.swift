import Foundation

// Means, deviations, and what a difference between paired runs is worth.

extension [Double] {
  var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
  /// The standard deviation of a sample, with n − 1.
  var deviation: Double {
    guard count > 1 else { return 0 }
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
  }
}

/// A number with its confidence interval, 95% unless said otherwise.
package struct Interval: Sendable, Equatable {
  package let centre: Double
  package let low: Double
  package let high: Double

  /// The mean of differences, by Student's t: d̄ ± t₀.₉₇₅,ₙ₋₁ · s/√n.
  ///
  /// Paired differences of runs with the same seed; they are independent of each other and about normal.
  /// With fewer than two differences, the interval is the whole line.
  /// - Parameter comparisons: how many intervals are to hold together, all with 95%: each is as much wider (Bonferroni).
  package init(ofMean differences: [Double], comparisons: Int = 1) {
    centre = differences.mean
    guard differences.count > 1 else {
      (low, high) = (-.infinity, .infinity)
      return
    }
    let n = Double(differences.count)
    let half = studentQuantile(1 - 0.025 / Double(comparisons), degrees: n - 1) * differences.deviation / n.squareRoot()
    (low, high) = (centre - half, centre + half)
  }

  /// True when the whole interval lies above zero.
  var isPositive: Bool { low > 0 }
  /// True when the whole interval lies below zero.
  var isNegative: Bool { high < 0 }
}

/// The quantile of Student's t distribution: t with P(T ≤ t) = p.
///
/// The distribution function comes from the incomplete beta function, the quantile by bisection to the last bit.
/// - Precondition: 0.5 ≤ p < 1 and degrees > 0.
package func studentQuantile(_ p: Double, degrees: Double) -> Double {
  func distribution(_ t: Double) -> Double {
    1 - 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
  }
  var (low, high) = (0.0, 1.0)
  while distribution(high) < p { high *= 2 }
  for _ in 0..<200 {
    let middle = (low + high) / 2
    if distribution(middle) < p { low = middle } else { high = middle }
  }
  return high
}

/// The regularised incomplete beta function Iₓ(a, b), by its continued fraction.
///
/// Source: Abramowitz & Stegun, *Handbook of Mathematical Functions*, 26.5.8, evaluated by Lentz's method.
package func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  // The fraction converges fast on one side of the mean.
  if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
  let logBeta: Double = lgamma(a) + lgamma(b) - lgamma(a + b)
  let front: Double = exp(a * log(x) + b * log(1 - x) - logBeta) / a
  let tiny = 1e-300
  var (c, d) = (1.0, 1 / max(1 - (a + b) * x / (a + 1), tiny))
  var fraction = d
  for m in 1..<1_000 {
    let m = Double(m)
    let p: Double = a + 2 * m
    let even: Double = m * (b - m) * x / ((p - 1) * p)
    let odd: Double = -(a + m) * (a + b + m) * x / (p * (p + 1))
    for term in [even, odd] {
      d = 1 + term * d
      if d.magnitude < tiny { d = tiny }
      c = 1 + term / c
      if c.magnitude < tiny { c = tiny }
      d = 1 / d
      fraction *= c * d
    }
    if (c * d - 1).magnitude < 1e-16 { break }
  }
  return front * fraction
}
