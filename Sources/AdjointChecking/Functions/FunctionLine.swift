import Adjoint
import Foundation

/// A function of numbers along a line through x, evaluated once a point for all of its outputs.
final class FunctionLine {
  /// The outputs at x + t u; what throws, or has another length, is NaN.
  private let evaluate: (Double) -> [Double]
  private var known: [Double: [Double]] = [:]
  /// The steps that may be tried as the largest, best first.
  private let scales: [Double]
  /// The largest step that may be tried although f has moved already.
  private let reach: Double
  /// The least noise, as a share of f.
  private let noise: Double

  init(scales: [Double], reach: Double = 0, noise: Double = 0, evaluate: @escaping (Double) -> [Double]) {
    (self.scales, self.reach, self.noise, self.evaluate) = (scales, reach, noise, evaluate)
  }

  private func values(at t: Double) -> [Double] {
    if let values = known[t] { return values }
    let values = evaluate(t)
    known[t] = values
    return values
  }

  /// One output along the line.
  /// - Parameter unit: what the output is divided by, a power of two; squares of what is left neither overflow nor vanish.
  func output(_ row: Int, in unit: Double) -> FunctionAlongLine {
    FunctionAlongLine(scales: scales, reach: reach, noise: noise) { self.values(at: $0)[row] / unit }
  }
}

/// A function of one number, and its slope at 0 by differences.
struct FunctionAlongLine {
  let scales: [Double]
  /// The largest step that may be tried although f has moved already.
  let reach: Double
  /// The least noise, as a share of f.
  let noise: Double
  let f: (Double) -> Double

  /// Differences with steps up to `scale`, and the noise that they assume.
  struct Measurement {
    let difference: Difference
    let scale: Double
    let noise: Double
    /// The largest |f| that was seen.
    let size: Double

    /// The mean of several differences, and its error bar, in place of those of one.
    var mean: (value: Double, error: Double)?

    var value: Double { mean?.value ?? difference.value }
    var error: Double { mean?.error ?? difference.error }
    var status: Difference.Status { difference.status }
    /// True where the error bar is a small share of the value.
    var isResolved: Bool { status == .measured && error <= FunctionAlongLine.resolution * abs(value) }
    /// True where a slope as large as the error bar would change f by next to nothing of its size over the scale.
    var isNegligible: Bool { error * scale <= 1e-5 * size }
    /// Tells whether the error bars of two measurements meet, each ten times as wide.
    func meets(_ other: Measurement) -> Bool { abs(value - other.value) <= 10 * (error + other.error) }
  }

  /// The share of its value that a difference may be off and still have converged.
  static let resolution = 1e-4

  /// The differences at the first scale, or at a later one that resolves more; `nil` without a scale.
  ///
  /// Steps beyond the scales that were tried, and beyond `reach`, are taken only where f has not moved at all: they see what f does
  /// elsewhere.
  func measured() -> Measurement? {
    var chosen: Measurement?
    var (tried, isStill) = (0.0, true)
    let center = f(0)
    for scale in scales where scale.isNormal && (scale < tried || isStill || scale <= reach) {
      var change = 0.0
      let result = measured(scale: scale) { change = max(change, abs($0 - center)) }
      // A kink that only larger steps meet is not one here.
      let isDecided = result.isResolved || result.status == .kink && (chosen == nil || scale < tried || isStill)
      (tried, isStill) = (max(tried, scale), isStill && change <= 4 * center.ulp)
      let isFiner = result.status == .measured && scale <= reach && result.error < chosen?.error ?? 0
      if chosen == nil || isDecided || isFiner && chosen?.status == .measured { chosen = result }
      if isDecided { break }
    }
    return chosen
  }

  /// The differences at one scale, with the noise observed there: at least what was stated, and that of a `Float` where f gives
  /// nothing else.
  func measured(scale: Double, seeing: (Double) -> Void = { _ in }) -> Measurement {
    var samples: [Double] = []
    let observed = NoiseLevel.observed(
      of: { t in
        samples.append(f(t))
        return samples[samples.count - 1]
      }, scale: scale)
    var size = samples.filter(\.isFinite).map(abs).max() ?? 0
    let noise = max(observed, (samples.areSingle ? max(noise, 0x1p-24) : noise) * size)
    let difference = AdaptiveDifference(scale: scale, noise: noise).derivative { t in
      let value = f(t)
      if value.isFinite {
        seeing(value)
        size = max(size, abs(value))
      }
      return value
    }
    return Measurement(difference: difference, scale: scale, noise: noise, size: size)
  }

  /// The number of differences in a mean.
  private static let readings = 16

  /// The mean of differences at many scales near that of a measurement: their rounding errors have little to do with each other,
  /// and three standard deviations of the mean stand for them.
  func averaged(_ measurement: Measurement) -> Measurement {
    var (values, truncation) = ([Double](), Double.infinity)
    for i in 0..<FunctionAlongLine.readings {
      let scale = measurement.scale * exp2(-Double(i) / Double(FunctionAlongLine.readings))
      let difference = AdaptiveDifference(scale: scale, noise: measurement.noise).derivative(of: f)
      guard difference.status == .measured else { return measurement }
      values.append(difference.value)
      truncation = min(truncation, difference.truncation)
    }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    var averaged = measurement
    averaged.mean = (mean, 3 * (variance / count).squareRoot() + truncation)
    return averaged.error < measurement.error && averaged.meets(measurement) ? averaged : measurement
  }

  // MARK: Places that are not smooth

  /// The slopes on the two sides, each by differences of f and its mirror image, (t, f) → (−t, 2 f(0) − f).
  func slopesOfSides(_ measurement: Measurement) -> [Double] {
    let center = f(0)
    return [-1.0, 1.0].map { side in
      let oracle = AdaptiveDifference(scale: measurement.scale, noise: measurement.noise)
      return side * oracle.derivative { t in t < 0 ? 2 * center - f(-t * side) : f(t * side) }.value
    }
  }

  /// Tells whether the slopes on the two sides part ever more as the step shrinks, as those of √|t| do.
  func isCusp(_ measurement: Measurement) -> Bool {
    let center = f(0)
    var gaps: [Double] = []
    for k in 20...24 {
      let h: Double = scalbn(measurement.scale, -k)
      let (right, left) = (f(h) - center, center - f(-h))
      gaps.append(abs(right - left) / h)
    }
    // As a power of the step between −1 and 0; noise grows by chance, and not evenly.
    let ratios: [Double] = zip(gaps.dropFirst(), gaps).map { $0.0 / $0.1 }
    return ratios.allSatisfy { $0 > 1.1 && $0 < 1.95 && abs($0 - ratios[0]) < 0.02 }
  }

  /// Tells whether f jumps within a quarter of the scale: what cancellation leaves is a staircase, flat between its steps.
  ///
  /// The largest of 64 changes is halved down to neighbouring numbers. What is left of it there is a jump.
  func jumps(_ measurement: Measurement) -> Bool {
    let reach = measurement.scale / 4
    typealias Point = (t: Double, value: Double)
    let points: [Point] = (-32...32).map { i in
      let t = reach * Double(i) / 32
      return (t, f(t))
    }
    var (left, right, largest) = (points[0], points[0], 0.0)
    for (a, b) in zip(points, points.dropFirst()) where abs(b.value - a.value) > largest {
      (left, right, largest) = (a, b, abs(b.value - a.value))
    }
    for _ in 0..<48 {
      let t = (left.t + right.t) / 2
      let middle: Point = (t, f(t))
      guard middle.value.isFinite else { return true }
      if abs(middle.value - left.value) > abs(right.value - middle.value) { right = middle } else { left = middle }
    }
    let rest = abs(right.value - left.value)
    return rest > largest / 1024 && rest > 64 * NoiseLevel.bound(left.value, measurement.noise)
  }
}

extension [Double] {
  /// Tells whether these are results of computing in `Float`: each is one, and not all are round.
  var areSingle: Bool {
    allSatisfy { !$0.isFinite || $0.significandBitPattern & 0x1FFF_FFFF == 0 }
      && contains { $0.isFinite && $0.significandBitPattern & 0xF_FFFF_FFFF != 0 }
  }
}

extension Double {
  /// The largest power of two that is not above this number's magnitude; `nil` for 0 and what is not finite.
  var powerOfTwo: Double? { isNormal ? scalbn(1, Int(exponent)) : nil }
}
