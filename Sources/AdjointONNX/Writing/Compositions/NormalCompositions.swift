import Adjoint

extension Composition {
  /// The error function and the normal distribution, with all digits, also in the tails.
  static let normal: [String: Composition] = [
    "erf": Composition { x, _ in
      let sign = x[0].sign()
      return `where`(x[0].abs() .< 0.5, series(x[0]), sign * (1 - tail(x[0].abs().maximum(x[0].tape.constant(0.5)))))
    },
    "erfc": Composition { x, _ in complement(x[0]) },
    "normalDistribution": Composition { x, _ in 0.5 * complement(x[0] * -(0.5.squareRoot())) },
    "normalDensity": Composition { x, _ in (-0.5 * x[0].square()).exp() / (2 * Double.pi).squareRoot() },
  ]

  /// erfc x
  private static func complement(_ x: Variable<Double>) -> Variable<Double> {
    let tail = tail(x.abs().maximum(x.tape.constant(0.5)))
    return `where`(x.abs() .< 0.5, 1 - series(x), `where`(x .< 0, 2 - tail, tail))
  }

  /// erf x for |x| < ½: 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)).
  private static func series(_ x: Variable<Double>) -> Variable<Double> {
    let square = x.square()
    var sum = x.tape.constant(0)
    var factorial = 1.0
    let coefficients = (0..<14).map { n -> Double in
      if n > 0 { factorial *= Double(n) }
      return (n % 2 == 0 ? 1 : -1) * 2 / Double.pi.squareRoot() / factorial / Double(2 * n + 1)
    }
    for coefficient in coefficients.reversed() { sum = sum * square + coefficient }
    return sum * x
  }

  /// erfc x for x ≥ ½: the trapezoidal rule with steps of ½ for 2x/π e^(−x²) ∫ e^(−t²)/(x² + t²) dt over t ≥ 0, and what the pole
  /// at t = ix adds while it is near.
  ///
  /// Source: Matta and Reichel, "Uniform computation of the error function and other related functions", 1971.
  private static func tail(_ x: Variable<Double>) -> Variable<Double> {
    let square = x.square()
    var sum = 0.5 / square
    for n in 1...12 {
      let place = 0.25 * Double(n * n)
      let weight: Double = Double.exponential(-place)
      sum = sum + weight / (square + place)
    }
    let isNear = x .< 2 * .pi
    let pole = 2 / (1 - (4 * .pi * `where`(isNear, x, 1)).exp())
    return (x / .pi) * (-square).exp() * sum + `where`(isNear, pole, 0)
  }
}
