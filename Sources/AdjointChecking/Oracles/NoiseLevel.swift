/// The jitter of a computed function: the standard deviation of its rounding errors, observed rather than guessed.
///
/// On a grid much finer than anything that f does, the k-th difference of a smooth function vanishes like hᵏ, and what remains
/// is the k-th difference of the rounding errors, whose variance is (2k)!/(k!)² times theirs:
///   σ² ≈ (k!)²/(2k)! · mean (Δᵏf)²   for k = 4, 5, 6.
///
/// Source: the idea of R. W. Hamming's difference table as analysed in Moré and Wild, "Estimating computational noise", SIAM
/// J. Sci. Comput. 33 (2011), equations 2.3 and 2.4.
package enum NoiseLevel {
  /// The distances of the samples, as fractions of the scale along the line.
  ///
  /// On the finer grid every smooth part vanishes; on the coarser one the roundings of slowly moving intermediate results differ
  /// too. A function that works in `Float` inside does not see steps so fine: state its noise instead.
  static let spacings = (fine: 0x1.3p-28, coarse: 0x1.5p-17)

  /// The observed standard deviation of the rounding errors of f near t = 0; 0 when f is not finite there.
  ///
  /// - Parameters:
  ///   - scale: a length along the line over which f is expected to change by its own size.
  ///   - flips: whether f takes another branch at t than at 0; the grids are kept on this side of a kink, whose differences would
  ///     look like noise.
  /// - Complexity: 24 evaluations of f.
  package static func observed(
    of f: (Double) throws -> Double, scale: Double = 1, flips: (Double) -> Bool = { _ in false }
  ) rethrows -> Double {
    var scale = scale
    for _ in 0..<10 {
      let reach = 5.5 * spacings.coarse * scale
      guard flips(reach) || flips(-reach) else { break }
      scale /= 16
    }
    let fine = try deviations(of: f, spacing: spacings.fine * scale)
    let coarse = try deviations(of: f, spacing: spacings.coarse * scale)
    // Noise looks alike in every order of differences; what is left of a smooth f falls steeply with the order.
    let isNoise = (coarse.max() ?? 0) <= 4 * (coarse.min() ?? 0)
    return max(fine.max() ?? 0, isNoise ? coarse.max() ?? 0 : 0)
  }

  /// σ by the differences of order 4, 5 and 6.
  private static func deviations(of f: (Double) throws -> Double, spacing: Double) rethrows -> [Double] {
    var differences: [Double] = []
    for i in 0..<12 { differences.append(try f((Double(i) - 5.5) * spacing)) }
    guard differences.allSatisfy(\.isFinite) else { return [] }
    var deviations: [Double] = []
    var factor = 1.0  // (2k)!/(k!)²
    for k in 1...6 {
      differences = Swift.zip(differences.dropFirst(), differences).map { $0 - $1 }
      factor *= Double(2 * (2 * k - 1)) / Double(k)
      guard k >= 4 else { continue }
      // In units of the largest, since squares leave the range long before the numbers do.
      let largest = differences.lazy.map { abs($0) }.max() ?? 0
      guard largest > 0 else {
        deviations.append(0)
        continue
      }
      let squares = differences.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
      deviations.append(largest * (squares / Double(differences.count) / factor).squareRoot())
    }
    return deviations
  }

  /// The bound on one evaluation that the oracles use: an ulp of the value and three standard deviations.
  static func bound(_ value: Double, _ deviation: Double) -> Double { abs(value).ulp + 3 * deviation }
}
