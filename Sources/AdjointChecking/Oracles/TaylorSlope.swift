import Foundation

/// The rate at which a Taylor remainder falls with the step: a verdict on a derivative that needs no tolerance.
///
/// With φ(h) = f(x + hu), claimed slope s = ⟨g, u⟩ and, at order 2, claimed curvature c = ⟨u, Hu⟩, the remainder
///   R(h) = φ(h) − φ(0) − h s [− h² c / 2]
/// falls like h² (order 1) or h³ (order 2) when the claims are right, like h when the slope is wrong and like h² when only
/// the curvature is. The rate is the slope of log R against log h over the window between the floor of round-off and the steps
/// at which still higher terms take part, seen from the small end: there the lowest wrong power rules, however small it is.
///
/// Both sides are measured and max(|R(h)|, |R(−h)|) is fitted: even and odd powers then add and never cancel.
///
/// Source: the Taylor test of Farrell, Ham, Funke and Rognes, "Automated derivation of the adjoint of high-level transient finite
/// element programs", SIAM J. Sci. Comput. 35 (2013), section 6.
package struct TaylorSlope: Sendable {
  /// The order of the claim: 1 for a gradient, 2 for a gradient and a Hessian-vector product.
  enum Order: Int, Sendable {
    case first = 1
    case second = 2
  }

  /// The largest step; the others are halves, quarters, ... of it.
  let largestStep: Double
  /// The standard deviation of the noise in f's values, on top of one ulp; observed (`NoiseLevel`) when `nil`.
  let noise: Double?
  /// The relative error that the claimed slope and curvature may have through rounding alone.
  let claimPrecision: Double

  package init(largestStep: Double = 1, noise: Double? = nil, claimPrecision: Double = 64 * .ulpOfOne) {
    (self.largestStep, self.noise, self.claimPrecision) = (largestStep, noise, claimPrecision)
  }

  static let steps = 44
  /// The factor by which a remainder must stand above the floor of round-off to count.
  static let clearance = 8.0
  /// The fewest points that make a rate, and the most that are fitted.
  static let fewest = 4
  static let most = 12
  /// The distance (in powers of two) of points from a line that still counts as straight.
  static let straightness = 0.05

  /// Tests whether ⟨g, u⟩ = `slope` is the derivative of `f` at t = 0: order 1.
  package func remainder(
    of f: (Double) throws -> Double, slope: Double, flips: (Double) -> Bool = { _ in false }
  ) rethrows -> TaylorRemainder {
    try measure(f, slope, nil, flips)
  }

  /// Tests whether moreover ⟨u, Hu⟩ = `curvature` is the second derivative: order 2.
  package func remainder(
    of f: (Double) throws -> Double, slope: Double, curvature: Double,
    flips: (Double) -> Bool = { _ in false }
  ) rethrows -> TaylorRemainder {
    try measure(f, slope, curvature, flips)
  }

  private func measure(
    _ f: (Double) throws -> Double, _ slope: Double, _ curvature: Double?, _ flips: (Double) -> Bool
  ) rethrows -> TaylorRemainder {
    let order: Order = curvature == nil ? .first : .second
    let center = try f(0)
    guard center.isFinite, slope.isFinite, (curvature ?? 0).isFinite else {
      return TaylorRemainder(order: order, points: [])
    }
    let deviation = try noise ?? NoiseLevel.observed(of: f, scale: largestStep, flips: flips)
    var points: [TaylorRemainder.Point] = []
    var h = largestStep
    for _ in 0..<TaylorSlope.steps {
      defer { h /= 2 }
      if flips(h) || flips(-h) { continue }
      let (plus, minus) = (try f(h), try f(-h))
      guard plus.isFinite, minus.isFinite else { continue }
      let (linear, quadratic) = (h * slope, h * h / 2 * (curvature ?? 0))
      let remainder = max(abs(plus - center - linear - quadratic), abs(minus - center + linear - quadratic))
      let rounding = NoiseLevel.bound(max(abs(plus), abs(minus)), deviation) + NoiseLevel.bound(center, deviation)
      let floor = rounding + claimPrecision * (abs(linear) + abs(quadratic))
      points.append(TaylorRemainder.Point(step: h, remainder: remainder, floor: floor))
    }
    return TaylorRemainder(order: order, points: points)
  }
}

/// The fall of a Taylor remainder with the step.
package struct TaylorRemainder: Sendable {
  /// The remainder at one step.
  package struct Point: Sendable {
    /// h
    package let step: Double
    /// max(|R(h)|, |R(−h)|)
    let remainder: Double
    /// The round-off in it.
    let floor: Double
  }

  package enum Decay: Sendable {
    /// As fast as a right derivative makes it.
    case asExpected
    /// Faster: the next term of the series is zero along this line.
    case faster
    /// At round-off level at every step: f is a polynomial of the claim's order along this line.
    case exact
    /// The claim is wrong.
    case tooSlow
    /// Too few steps stand between round-off and kinks, poles or overflow.
    case undetermined
  }

  let order: TaylorSlope.Order
  /// Every step, from the largest to the smallest.
  package let points: [Point]
  /// The fitted rate; infinite when exact, NaN when undetermined.
  package private(set) var rate = Double.nan
  /// The steps that the rate was fitted over.
  package private(set) var window: ClosedRange<Double>?
  package private(set) var decay = Decay.undetermined
  /// The smallest error in the highest derivative claimed (⟨g, u⟩ or ⟨u, Hu⟩) that would have shown at some step: a claim that
  /// passes is right to within this. Large where f is too noisy, or bends too much, for the test to say more.
  package private(set) var resolution = Double.infinity

  /// The rate that a right claim must reach: 1.9 or 2.9.
  var required: Double { Double(order.rawValue) + 0.9 }
  /// Tells whether the remainder speaks for the claim.
  package var passes: Bool {
    switch decay {
    case .asExpected, .faster, .exact: true
    case .tooSlow, .undetermined: false
    }
  }

  init(order: TaylorSlope.Order, points: [Point]) {
    self.order = order
    self.points = points
    guard points.count >= TaylorSlope.fewest else { return }
    let factorial = Double(order.rawValue)
    resolution =
      points.map { factorial * max($0.remainder, TaylorSlope.clearance * $0.floor) / pow($0.step, factorial) }.min()
      ?? .infinity
    let clear = points.filter { $0.remainder > TaylorSlope.clearance * $0.floor }
    if clear.isEmpty {
      (rate, decay) = (.infinity, .exact)
      return
    }
    guard clear.count >= TaylorSlope.fewest else { return }
    // The smallest steps above the floor, and as many larger ones as lie on a line with them.
    var fit = LineFit(clear.suffix(TaylorSlope.fewest))
    for count in (TaylorSlope.fewest + 1)..<max(TaylorSlope.fewest + 2, min(TaylorSlope.most, clear.count) + 1)
    where count <= clear.count {
      let wider = LineFit(clear.suffix(count))
      if wider.residual > max(TaylorSlope.straightness, fit.residual) { break }
      fit = wider
    }
    let used = clear.suffix(fit.count)
    rate = fit.slope
    if let smallest = used.last, let largest = used.first { window = smallest.step...largest.step }
    decay = rate < required ? .tooSlow : rate > Double(order.rawValue) + 1.5 ? .faster : .asExpected
  }
}

/// A line through (log₂ h, log₂ R), each point weighted by how far it stands above its floor.
private struct LineFit {
  let slope: Double
  /// The largest distance of a point from the line, beyond what its noise explains.
  let residual: Double
  let count: Int

  init(_ points: ArraySlice<TaylorRemainder.Point>) {
    count = points.count
    let x = points.map { log2($0.step) }
    let y = points.map { log2($0.remainder) }
    let spread = points.map { 0.02 + 1.5 * $0.floor / $0.remainder }
    let weights = spread.map { 1 / ($0 * $0) }
    let total = weights.reduce(0, +)
    func mean(_ values: [Double]) -> Double { Swift.zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total }
    let (centerX, centerY) = (mean(x), mean(y))
    let covariance = mean(Swift.zip(x, y).map { ($0 - centerX) * ($1 - centerY) })
    let slope = covariance / mean(x.map { ($0 - centerX) * ($0 - centerX) })
    self.slope = slope
    residual = x.indices.map { abs(y[$0] - centerY - slope * (x[$0] - centerX)) - spread[$0] }.max() ?? 0
  }
}
