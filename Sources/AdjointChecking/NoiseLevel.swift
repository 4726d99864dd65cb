/// How much a computed function jitters: the standard deviation of its rounding errors, observed rather than guessed.
///
/// On a grid much finer than anything that f does, the k-th difference of a smooth function vanishes like hᵏ, and what remains
/// is the k-th difference of the rounding errors, whose variance is (2k)!/(k!)² times theirs:
///   σ² ≈ (k!)²/(2k)! · mean (Δᵏf)²   for k = 4, 5, 6.
///
/// Source: the idea of R. W. Hamming's difference table as analysed in Moré and Wild, "Estimating computational noise", SIAM
/// J. Sci. Comput. 33 (2011), equations 2.3 and 2.4.
public enum NoiseLevel {
  /// Where f is sampled for its noise, as a fraction of the scale along the line. A function that works in
  /// `Float` inside does not see steps so fine: state its noise instead.
  static let spacing = 0x1.3p-28

  /// The observed standard deviation of the rounding errors of f near t = 0; 0 when f is not finite there.
  ///
  /// - Parameter scale: a length along the line over which f is expected to change by its own size.
  /// - Complexity: 12 evaluations of f.
  public static func observed(of f: (Double) throws -> Double, scale: Double = 1) rethrows -> Double {
    var differences: [Double] = []
    for i in 0..<12 { differences.append(try f((Double(i) - 5.5) * spacing * scale)) }
    guard differences.allSatisfy(\.isFinite) else { return 0 }
    var largest = 0.0
    var factor = 1.0  // (2k)!/(k!)²
    for k in 1...6 {
      differences = Swift.zip(differences.dropFirst(), differences).map { $0 - $1 }
      factor *= Double(2 * (2 * k - 1)) / Double(k)
      guard k >= 4 else { continue }
      let variance = differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count) / factor
      largest = max(largest, variance.squareRoot())
    }
    return largest
  }

  /// The bound on one evaluation that the oracles use: an ulp of the value and three standard deviations.
  static func bound(_ value: Double, _ deviation: Double) -> Double { abs(value).ulp + 3 * deviation }
}
