import Adjoint
import Foundation

/// A function of numbers along a line through x, evaluated once a point for all of its outputs.
final class FunctionLine {
  /// The outputs at x + t u; what throws, or has another length, is NaN.
  private let evaluate: (Double) -> [Double]
  private var known: [Double: [Double]] = [:]
  /// The steps that may be tried as the largest, best first.
  private let scales: [Double]

  init(scales: [Double], evaluate: @escaping (Double) -> [Double]) {
    (self.scales, self.evaluate) = (scales, evaluate)
  }

  private func values(at t: Double) -> [Double] {
    if let values = known[t] { return values }
    let values = evaluate(t)
    known[t] = values
    return values
  }

  /// A comparison of a claimed slope with the differences, and the reason where it cannot tell.
  struct Judgment {
    var expected = Double.nan
    var error = Double.infinity
    var verdict = Verdict.cannotTell
    var remark = ""
    /// The slopes on the two sides of a kink.
    var sides: [Double]?
  }

  /// The share of its value that a difference may be off and still have converged.
  static let resolution = 1e-4
  /// The number of error bars that a claim must be away to be called wrong.
  static let clearance = 1e3
  /// The share of a slope that rounding in the claim may make, where nothing else is known of it.
  static let rounding = 1e-9

  /// Judges the claim that output `row` has slope `found` at t = 0.
  /// - Parameter jitter: the rounding of the claim itself.
  func judge(row: Int, found: Double, jitter: Double) -> Judgment {
    func f(_ t: Double) -> Double { values(at: t)[row] }
    guard f(0).isFinite else { return Judgment(remark: "the function is \(f(0)) here") }
    guard let chosen = measured(f) else { return Judgment(remark: "no step can be taken") }
    switch chosen.difference.status {
    case .kink: return kinked(f, chosen)
    case .nonFinite: return Judgment(remark: "the function is not finite, or throws, on either side")
    case .measured where isCusp(f, chosen): return kinked(f, chosen)
    case .measured: return compared(f, found, jitter, chosen)
    }
  }

  private typealias Measurement = (difference: Difference, scale: Double, noise: Double)

  /// The differences at the first scale, or at a later one that resolves more.
  ///
  /// Steps beyond the scales that were tried are taken only where f has not moved at all: they see what f does elsewhere.
  private func measured(_ f: (Double) -> Double) -> Measurement? {
    var chosen: Measurement?
    var (tried, isStill) = (0.0, true)
    for scale in scales where scale.isNormal && (scale < tried || isStill) {
      var reach = 0.0
      let center = f(0)
      let noise = noise(of: f, scale: scale)
      let result = AdaptiveDifference(scale: scale, noise: noise).derivative { t in
        let value = f(t)
        if value.isFinite { reach = max(reach, abs(value - center)) }
        return value
      }
      (tried, isStill) = (max(tried, scale), isStill && reach <= 4 * center.ulp)
      let share = result.error / abs(result.value)
      let isResolved = result.status == .measured && share <= FunctionLine.resolution
      if chosen == nil || isResolved || result.status == .kink { chosen = (result, scale, noise) }
      if isResolved || result.status == .kink { break }
    }
    return chosen
  }

  private func compared(
    _ f: (Double) -> Double, _ found: Double, _ jitter: Double, _ chosen: Measurement
  ) -> Judgment {
    let (value, error) = (chosen.difference.value, chosen.difference.error)
    var judgment = Judgment(expected: value, error: error)
    guard error.isFinite else {
      judgment.remark = "the differences do not converge"
      return judgment
    }
    guard found.isFinite else {
      judgment.verdict = error <= FunctionLine.resolution * abs(value) ? .disagree : .cannotTell
      judgment.remark = "it is no finite number"
      return judgment
    }
    let margin = 10 * error + jitter + FunctionLine.rounding * max(abs(found), abs(value))
    if abs(found - value) <= margin {
      // A bound above the numbers tells nothing, unless both are 0 to within their rounding.
      let tells = margin <= 0.1 * max(abs(found), abs(value)) || abs(found) <= jitter && abs(value) <= 10 * error
      judgment.verdict = tells ? .agree : .cannotTell
      judgment.remark =
        tells
        ? "" : jitter > 10 * error ? "the claim's own rounding is as large" : "the differences see nothing so small"
      return judgment
    }
    guard abs(found - value) > FunctionLine.clearance * error else {
      judgment.remark = "the differences are not sure enough to contradict"
      return judgment
    }
    guard isContradicted(f, found, chosen) else {
      judgment.remark = "the function jumps at larger steps, as cancellation makes it"
      return judgment
    }
    let slope = TaylorSlope(largestStep: chosen.scale, noise: chosen.noise).remainder(of: f, slope: found)
    judgment.verdict = slope.decay == .tooSlow ? .disagree : .cannotTell
    judgment.remark =
      slope.decay == .tooSlow
      ? "the remainder falls like h^\(short(slope.rate)), not h²"
      : "the differences contradict, the slope of the remainder does not"
    return judgment
  }

  /// Tells whether the differences contradict the claim also when noise is observed at far larger steps.
  ///
  /// What is left by cancellation is a staircase: flat, and without noise, at the steps at which noise is observed otherwise.
  private func isContradicted(_ f: (Double) -> Double, _ found: Double, _ chosen: Measurement) -> Bool {
    let noise = NoiseLevel.observed(of: f, scale: 0x1p12 * chosen.scale)
    guard noise > chosen.noise else { return true }
    let wide = AdaptiveDifference(scale: chosen.scale, noise: noise).derivative(of: f)
    return wide.status == .measured && abs(found - wide.value) > FunctionLine.clearance * wide.error
  }

  /// Tells whether the slopes on the two sides part ever more as the step shrinks, as those of √|t| do.
  private func isCusp(_ f: (Double) -> Double, _ chosen: Measurement) -> Bool {
    let center = f(0)
    let gaps = (20...24).map { k in
      let h = scalbn(chosen.scale, -k)
      return abs((f(h) - center) - (center - f(-h))) / h
    }
    // As a power of the step between −1 and 0; noise grows by chance, and not evenly.
    let ratios = zip(gaps.dropFirst(), gaps).map { $0 / $1 }
    return ratios.allSatisfy { $0 > 1.1 && $0 < 1.95 && abs($0 - ratios[0]) < 0.02 }
  }

  /// The slopes on the two sides, each by differences of f and its mirror image, (t, f) → (−t, 2 f(0) − f).
  private func kinked(_ f: (Double) -> Double, _ chosen: Measurement) -> Judgment {
    let center = f(0)
    let slopes = [-1.0, 1.0].map { side in
      side
        * AdaptiveDifference(scale: chosen.scale, noise: chosen.noise).derivative { t in
          t < 0 ? 2 * center - f(-t * side) : f(t * side)
        }.value
    }
    return Judgment(remark: "a kink", sides: slopes)
  }

  /// The noise in f, at least that of a `Float` where f gives nothing else.
  private func noise(of f: (Double) -> Double, scale: Double) -> Double {
    var samples: [Double] = []
    let observed = NoiseLevel.observed(
      of: { t in
        samples.append(f(t))
        return f(t)
      }, scale: scale)
    guard samples.areSingle else { return observed }
    return max(observed, 0x1p-24 * (samples.map(abs).max() ?? 0))
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
