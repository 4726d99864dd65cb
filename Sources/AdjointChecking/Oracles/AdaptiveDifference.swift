import Adjoint

/// The derivative of a function along a line at t = 0, by extrapolated differences, with an error bar.
///
/// Central differences expand in even powers of the step,
///   D(h) = (f(h) − f(−h)) / 2h = f′ + c₁h² + c₂h⁴ + …,
/// so differences at h, h/2, h/4, … are extrapolated to h = 0 by Neville's scheme,
///   Tᵢⱼ = Tᵢ,ⱼ₋₁ + (Tᵢ,ⱼ₋₁ − Tᵢ₋₁,ⱼ₋₁) / (4ʲ − 1),
/// and each entry carries two errors: truncation, |Tᵢⱼ − its two parents|, and round-off, the noise of f carried through the same
/// formula. The entry of the least sum wins, unless a finer row contradicts it: agreement at steps so large that they miss
/// what f does is accidental. Steps that cross a kink are left out.
///
/// Source: C. J. F. Ridders, "Accurate computation of F′(x) and F′(x)F″(x)", Adv. Eng. Software 4 (1982) 75; L. F. Richardson,
/// Phil. Trans. A 210 (1911) 307.
public struct AdaptiveDifference: Sendable {
  /// A length along the line over which f changes by its own size; the first step, unless `initialStep` says otherwise.
  package var scale: Double
  /// The largest step tried.
  package var initialStep: Double?
  /// The standard deviation of the noise in f's values, on top of one ulp; observed (`NoiseLevel`) when `nil`.
  package var noise: Double?

  /// A scheme for functions that change by their own size over `scale`.
  /// - Parameters:
  ///   - initialStep: the largest step tried; `scale` when left out.
  ///   - noise: the standard deviation of the noise in the function's values; observed when left out.
  public init(scale: Double = 1, initialStep: Double? = nil, noise: Double? = nil) {
    (self.scale, self.initialStep, self.noise) = (scale, initialStep, noise)
  }

  /// The most often that the step is halved.
  static let halvings = 48
  /// Columns of the tableau: beyond these, extrapolation gains nothing and amplifies noise.
  static let columns = 7
  /// The factor by which round-off may exceed the best error before finer steps are pointless.
  static let patience = 1e3

  /// f′(0).
  /// - Parameter flips: whether f takes another branch at t than at 0; such steps are not used.
  public func derivative(
    of f: (Double) throws -> Double, flips: (Double) -> Bool = { _ in false }
  ) rethrows -> Difference {
    try extrapolate(f, flips) { h, plus, _, minus, bound in
      (estimate: (plus - minus) / (2 * h), roundOff: bound / h)
    }
  }

  /// f″(0), by D₂(h) = (f(h) − 2f(0) + f(−h)) / h².
  ///
  /// With a gradient at hand, `derivative(of:projectedOn:)` loses half as many digits.
  package func secondDerivative(
    of f: (Double) throws -> Double, flips: (Double) -> Bool = { _ in false }
  ) rethrows -> Difference {
    try extrapolate(f, flips) { h, plus, center, minus, bound in
      (estimate: ((plus - center) + (minus - center)) / (h * h), roundOff: 4 * bound / (h * h))
    }
  }

  /// d/dt ⟨v, g(t)⟩ at 0. With g(t) = ∇f(x + tu) this is the second derivative vᵀHu.
  package func derivative(
    of g: (Double) throws -> [Double], projectedOn v: [Double], flips: (Double) -> Bool = { _ in false }
  ) rethrows -> Difference {
    try derivative(
      of: { t in try Swift.zip(g(t), v).reduce(into: 0) { $0 += $1.0 * $1.1 } }, flips: flips)
  }

  private typealias Formula = (_ h: Double, _ plus: Double, _ center: Double, _ minus: Double, _ bound: Double) -> (
    estimate: Double, roundOff: Double
  )

  private func extrapolate(
    _ f: (Double) throws -> Double, _ flips: (Double) -> Bool, _ formula: Formula
  ) rethrows -> Difference {
    let center = try f(0)
    guard center.isFinite else { return Difference(status: .nonFinite) }
    let deviation = try noise ?? NoiseLevel.observed(of: f, scale: scale, flips: flips)
    var rows: [ExtrapolationRow] = []
    var crossed = false
    var h = initialStep ?? scale
    for _ in 0...AdaptiveDifference.halvings {
      defer { h /= 2 }
      if flips(h) || flips(-h) {
        crossed = true
        continue
      }
      let (plus, minus) = (try f(h), try f(-h))
      guard plus.isFinite, minus.isFinite else { continue }
      let bound = max(NoiseLevel.bound(plus, deviation), NoiseLevel.bound(minus, deviation), center.ulp)
      let (estimate, roundOff) = formula(h, plus, center, minus, bound)
      let gap = abs((plus - center) - (center - minus)) / h
      rows.append(
        ExtrapolationRow(
          step: h, estimate: estimate, roundOff: roundOff, gap: gap, gapNoise: 4 * bound / h, after: rows.last))
      let best = rows.map(\.best.error).min() ?? .infinity
      if rows.count > AdaptiveDifference.columns, roundOff > AdaptiveDifference.patience * best { break }
    }
    return Difference(rows: rows, crossed: crossed)
  }
}

/// A derivative by differences, with its error bar.
public struct Difference: Sendable {
  package enum Status: Sendable {
    /// `value` ± `error`.
    case measured
    /// Every step crosses a kink, or the slopes on the two sides do not meet: there is no derivative to measure.
    case kink
    /// f is not finite at 0, or at every step.
    case nonFinite
  }

  package let status: Status
  /// The derivative; NaN unless measured (at a kink seen by its slopes alone: the mean of the two).
  public private(set) var value = Double.nan
  /// The part of the error bar that comes from leaving out higher derivatives.
  package private(set) var truncation = Double.infinity
  /// The part of the error bar that comes from rounding.
  package private(set) var roundOff = Double.infinity
  /// Every central difference that was taken: the table, and the curve of error against step.
  public private(set) var curve = UCurve(rows: [], value: .nan)

  /// The half-width of the error bar.
  public var error: Double { truncation + roundOff }

  /// Tells whether a claimed derivative lies within the error bar, widened by `tolerance`.
  package func covers(_ claimed: Double, tolerance: Double = 0) -> Bool {
    status == .measured && abs(claimed - value) <= error + tolerance
  }

  init(status: Status) { self.status = status }

  /// The best entry that no finer row contradicts.
  init(rows: [ExtrapolationRow], crossed: Bool) {
    guard !rows.isEmpty else {
      self.init(status: crossed ? .kink : .nonFinite)
      return
    }
    self.init(status: Difference.hasKink(rows) ? .kink : .measured)
    let consistent = rows.indices.filter { i in
      rows[(i + 1)...].allSatisfy { abs($0.best.value - rows[i].best.value) <= $0.best.error + rows[i].best.error }
    }
    guard let chosen = consistent.map({ rows[$0] }).min(by: { $0.best.error < $1.best.error }) else { return }
    (value, truncation, roundOff) = (chosen.best.value, chosen.best.truncation, chosen.best.roundOff)
    curve = UCurve(rows: rows, value: value)
  }

  /// Tells whether the one-sided slopes stay apart.
  ///
  /// Their gap h·f″ halves with the step in a smooth f; at a kink it stays, until noise hides it. It is judged over the five
  /// smallest steps at which it stands clear of the noise.
  private static func hasKink(_ rows: [ExtrapolationRow]) -> Bool {
    guard let fine = rows.lastIndex(where: { $0.gap > 16 * $0.gapNoise }), fine >= 4 else { return false }
    let gap = rows[fine].gap
    // A gap that is gone, rather than hidden, belongs to a kink that the finer steps no longer reach.
    if fine + 1 < rows.count, 64 * rows[fine + 1].gapNoise < gap { return false }
    return rows[fine - 4..<fine].allSatisfy { $0.gap > 0.6 * gap && $0.gap < 1.7 * gap }
  }
}

/// One row of Neville's scheme: a difference, and its extrapolations with the rows before it.
struct ExtrapolationRow {
  struct Entry {
    var value: Double
    var truncation: Double
    var roundOff: Double
    var error: Double { truncation + roundOff }
  }

  let step: Double
  /// |slope on the right − slope on the left|, and the noise in it
  let gap: Double
  let gapNoise: Double
  private(set) var entries: [Entry]
  private(set) var best: Entry

  init(
    step: Double, estimate: Double, roundOff: Double, gap: Double, gapNoise: Double, after previous: ExtrapolationRow?
  ) {
    (self.step, self.gap, self.gapNoise) = (step, gap, gapNoise)
    var entry = Entry(value: estimate, truncation: .infinity, roundOff: roundOff)
    entries = [entry]
    best = entry
    guard let previous else { return }
    // Rows may be missing in between (a kink, a pole): the ratio of steps is not always 2.
    let ratio = previous.step / step
    var factor = 1.0
    for (j, above) in previous.entries.prefix(AdaptiveDifference.columns - 1).enumerated() {
      guard ratio == 2 || j == 0 else { break }
      factor *= ratio * ratio
      let left = entry
      let change = (left.value - above.value) / (factor - 1)
      entry.value = left.value + change
      entry.truncation = max(abs(entry.value - left.value), abs(entry.value - above.value))
      // Halving the step cannot divide it by more than 4ʲ, but for luck.
      if j + 1 < previous.entries.count {
        entry.truncation = max(entry.truncation, previous.entries[j + 1].truncation / (2 * factor))
      }
      entry.roundOff = (factor * left.roundOff + above.roundOff) / (factor - 1)
      entries.append(entry)
      if !(best.error <= entry.error) { best = entry }
    }
    // The difference itself, judged by its distance from the extrapolated value: all of it may be round-off.
    let plain = abs(entries[0].value - entries[1].value)
    entries[0].truncation = plain
    if entries[0].error < best.error { best = entries[0] }
  }
}

/// The error of a central difference against its step: truncation falls with h², round-off grows with 1/h, their sum is a U.
///
/// Drawn, it shows why no single hand-picked step is right.
public struct UCurve: Sendable, Encodable {
  /// One central difference.
  public struct Point: Sendable, Encodable {
    /// h
    public let step: Double
    /// (f(h) − f(−h)) / 2h
    package let estimate: Double
    /// The error of leaving out higher derivatives: 4/3 of the change that halving the step makes, and a quarter of the previous
    /// one where that change is lost in round-off.
    public let truncation: Double
    /// The bound on the error that the rounding of f's values adds: noise / h.
    public let roundOff: Double
    /// |estimate − the extrapolated value|
    public let error: Double
  }

  /// From the largest step to the smallest; steps that crossed a kink or left the domain are absent.
  public internal(set) var points: [Point]

  /// The point at the bottom of the U: where truncation and round-off together are least.
  public var bottom: Point? { points.min { $0.truncation + $0.roundOff < $1.truncation + $1.roundOff } }

  init(rows: [ExtrapolationRow], value: Double) {
    points = []
    for (i, row) in rows.enumerated() {
      let plain = row.entries[0]
      var truncation = i + 1 < rows.count ? 4 / 3 * abs(plain.value - rows[i + 1].entries[0].value) : 0
      if truncation <= 2 * plain.roundOff, let last = points.last {
        let ratio = row.step / last.step
        truncation = last.truncation * ratio * ratio
      }
      points.append(
        Point(
          step: row.step, estimate: plain.value, truncation: truncation, roundOff: plain.roundOff,
          error: abs(plain.value - value)))
    }
  }
}

extension Difference: CustomStringConvertible {
  /// The derivative with its error bar, or the reason why there is none.
  public var description: String {
    switch status {
    case .measured: "\(value) ± \(short(error))"
    case .kink: "no derivative: a kink"
    case .nonFinite: "no derivative: the function is not finite"
    }
  }
}

extension UCurve: CustomStringConvertible {
  /// The number of points, and the one at the bottom.
  public var description: String {
    "U-curve of \(points.count) steps" + (bottom.map { ", least error at \($0)" } ?? "")
  }
}

extension UCurve.Point: CustomStringConvertible {
  public var description: String { "h = \(short(step)): \(estimate), error \(short(error))" }
}

extension AdaptiveDifference: CustomStringConvertible {
  /// The first step, and the noise where it is given.
  public var description: String {
    "AdaptiveDifference from h = \(short(initialStep ?? scale)), noise \(noise.map(short) ?? "observed")"
  }
}
