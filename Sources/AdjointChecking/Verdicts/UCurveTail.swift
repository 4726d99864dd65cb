import Foundation

extension UCurve {
  /// The error of the central difference of f at 0 against the step, with both slopes of the U.
  /// - Parameter largestStep: the first step; the others are halves, quarters, … of it.
  public init(of f: (Double) throws -> Double, largestStep: Double = 1) rethrows {
    let difference = try AdaptiveDifference(initialStep: largestStep).derivative(of: f)
    self = try difference.curve.continued(of: f, around: difference.value)
  }

  /// The factor by which round-off rises above the bottom before the curve ends.
  private static let rise = 1e4
  /// The most points of a curve.
  private static let most = 64

  /// This curve with steps that are smaller still, until round-off stands far above the bottom: extrapolation, for which the
  /// curve was made, has its value long before a plain difference is at its best.
  /// - Parameters:
  ///   - value: the derivative.
  ///   - ratio: a step over the next.
  func continued(of f: (Double) throws -> Double, around value: Double, ratio: Double = 2) rethrows -> UCurve {
    var curve = self
    while let last = curve.points.last, let bottom = curve.bottom, curve.points.count < UCurve.most,
      !(last.truncation + last.roundOff > UCurve.rise * (bottom.truncation + bottom.roundOff)
        && last.step < bottom.step)
    {
      let h = last.step / ratio
      let estimate = (try f(h) - f(-h)) / (2 * h)
      guard estimate.isFinite else { break }
      curve.points.append(
        Point(
          step: h, estimate: estimate, truncation: last.truncation / (ratio * ratio),
          roundOff: last.roundOff * ratio, error: abs(estimate - value)))
    }
    return curve
  }
}
