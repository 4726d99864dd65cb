import Adjoint

extension Composition {
  /// ln |Γ| and its derivatives: the recurrence up to where the asymptotic series has all digits, and reflection below 0.
  ///
  /// Source: *NIST Digital Library of Mathematical Functions*, 5.11.1, 5.15.5, 5.15.6, 5.15.8.
  static let gamma: [String: Composition] = [
    "lgamma": Composition(isWide: true) { x, _ in
      let mirrored = `where`(x[0] .< 0.5, 1 - x[0], x[0])
      let value = logGamma(mirrored)
      let sine = (x[0] * .pi).sin().abs()
      return `where`(x[0] .< 0.5, (.pi / `where`(x[0] .< 0.5, sine, 1)).log() - value, value)
    },
    "polygamma": Composition(isWide: true) { x, a in
      let order = a.int("order")
      let mirrored = `where`(x[0] .< 0, 1 - x[0], x[0])
      let value = polygamma(order, mirrored)
      let angle = x[0] * .pi
      let c = `where`(x[0] .< 0, angle.cos() / angle.sin(), 0)
      var reflection = x[0].tape.constant(0)
      for coefficient in GammaFunction.cotangentPolynomial(order).reversed() {
        reflection = reflection * c + coefficient
      }
      for _ in 0...order { reflection = reflection * .pi }
      return `where`(x[0] .< 0, (order % 2 == 0 ? value : -value) - reflection, value)
    },
  ]

  /// For x ≥ ½.
  private static func logGamma(_ x: Variable<Double>) -> Variable<Double> {
    var product = x.tape.constant(1)
    var steps = x.tape.constant(0)
    for k in 0..<8 {
      let place = x + Double(k)
      let isBelow = place .< 8
      product = product * `where`(isBelow, place, 1)
      steps = steps + isBelow
    }
    let z = x + steps
    let inverse = z.reciprocal()
    var series = x.tape.constant(0)
    for (k, number) in GammaFunction.bernoulli.enumerated().reversed() {
      series = series * inverse.square() + number / Double((2 * k + 2) * (2 * k + 1))
    }
    let half = 0.5 * Double.logarithm(2 * Double.pi)
    let leading = (z - 0.5) * z.log() - z
    return leading + half + series * inverse - product.log()
  }

  /// For x > 0.
  private static func polygamma(_ n: Int, _ x: Variable<Double>) -> Variable<Double> {
    let factorial = (1...max(n, 1)).reduce(1.0) { $0 * Double($1) }
    let start = 20 + 2 * n
    let z = x + Double(start)
    var coefficient = factorial * Double(n + 1) / 2
    var sum = x.tape.constant(0)
    for (k, number) in Swift.zip(1..., GammaFunction.bernoulli) {
      let scale: Double = number * coefficient
      sum = sum + scale * z.power(Double(-n - 2 * k))
      let (twice, growth): (Int, Int) = (2 * k, (2 * k + n) * (2 * k + n + 1))
      coefficient *= Double(growth) / Double((twice + 1) * (twice + 2))
    }
    let half: Double = factorial / 2
    sum = sum + half * z.power(Double(-n - 1))
    let rest: Double = factorial / Double(max(n, 1))
    sum = sum + (n == 0 ? -z.log() : rest * z.power(Double(-n)))
    for k in (0..<start).reversed() { sum = sum + factorial * (x + Double(k)).power(Double(-n - 1)) }
    return n % 2 == 0 ? -sum : sum
  }
}
