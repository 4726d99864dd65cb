import Adjoint

/// A comparison of a claimed slope with differences, and the reason where it does not agree.
struct FunctionJudgment {
  /// The slope by differences; NaN where there is none.
  private(set) var expected = Double.nan
  /// The half-width of its error bar.
  private(set) var error = Double.infinity
  private(set) var verdict = Verdict.cannotTell
  private(set) var remark = ""
  /// The slopes on the two sides of a kink.
  private(set) var sides: [Double]?

  /// The share of a slope that rounding in the claim may make, where nothing else is known of it.
  private static let rounding = 1e-9
  /// The share of a slope that a claim may be off, at most, where it is said to agree.
  private static let agreement = 0.05
  /// The number of error bars that a claim must be away to be called wrong.
  private static let clearance = 1e3
  /// Smaller steps, which are asked before anybody is convicted.
  private static let finer = [0x1p-10, 0x1p-20]

  /// Judges the claim that `line` has slope `found` at 0.
  /// - Parameter jitter: the rounding of the claim itself.
  init(_ line: FunctionAlongLine, found: Double, jitter: Double) {
    let value = line.f(0)
    guard value.isFinite else {
      remark = "the function is \(value) here"
      return
    }
    guard let first = line.measured() else {
      remark = "no step can be taken"
      return
    }
    var chosen = first
    if first.status == .kink || first.status == .measured && line.isCusp(first) {
      let slopes = line.slopesOfSides(first)
      // A kink nearby is out of the reach of smaller steps; one right here is not.
      let local = FunctionJudgment.finer.lazy.map { line.measured(scale: $0 * first.scale) }.first {
        $0.status == .measured && $0.error <= FunctionAlongLine.resolution * abs(slopes[1] - slopes[0])
      }
      guard let local, !line.isCusp(local) else {
        (remark, sides) = ("a kink", slopes)
        return
      }
      chosen = local
    }
    guard chosen.status == .measured else {
      remark = "the function is not finite, or throws, on either side"
      return
    }
    compare(found, jitter, with: chosen)
    if verdict == .disagree { confirm(found, jitter, chosen, line) }
    if verdict == .cannotTell, abs(found - expected) <= 10 * error {
      // Means of many differences may acquit, and never convict.
      let doubt = self
      compare(found, jitter, with: line.averaged(chosen))
      if verdict == .disagree { self = doubt }
    }
  }

  private mutating func compare(_ found: Double, _ jitter: Double, with chosen: FunctionAlongLine.Measurement) {
    (expected, error) = (chosen.value, chosen.error)
    guard expected.isFinite else {
      (verdict, remark) = (.cannotTell, "the slope is beyond the largest number")
      return
    }
    guard found.isFinite else {
      verdict = chosen.isResolved ? .disagree : .cannotTell
      remark = "it is no finite number"
      return
    }
    let size = max(abs(found), abs(expected))
    let margin = 10 * error + jitter + FunctionJudgment.rounding * size
    let distance = abs(found - expected)
    if distance <= margin {
      // A bound above the numbers tells nothing, unless the claim is 0 and f does not move at all.
      let isZero = abs(found) <= jitter && expected == 0 && chosen.mean == nil && chosen.isNegligible
      let tells = margin <= FunctionJudgment.agreement * size || isZero
      verdict = tells ? .agree : .cannotTell
      let coarse =
        jitter > 10 * error ? "the claim's own rounding is as large" : "the differences are too coarse to tell"
      remark = tells ? "" : coarse
    } else if distance > FunctionJudgment.clearance * error {
      verdict = .disagree
    } else {
      // An error bar that is not finite ends here too.
      (verdict, remark) = (
        .cannotTell,
        "\(short(distance / error)) error bars apart: \(short(FunctionJudgment.clearance)) are asked before a claim is called wrong"
      )
    }
  }

  /// Asks smaller steps, the steps' way and the slope of the remainder before a claim is called wrong.
  private mutating func confirm(
    _ found: Double, _ jitter: Double, _ chosen: FunctionAlongLine.Measurement, _ line: FunctionAlongLine
  ) {
    var chosen = chosen
    // What f does within a small part of x looks like noise to steps of the size of x.
    for factor in FunctionJudgment.finer {
      let local = line.measured(scale: factor * chosen.scale)
      guard local.status == .measured, !local.meets(chosen) else { continue }
      // An error bar as wide as the dispute settles nothing.
      if local.error > 0.1 * abs(found - chosen.value) { continue }
      guard local.isResolved else {
        (verdict, remark) = (.cannotTell, "large and small steps contradict each other")
        return
      }
      chosen = local
      compare(found, jitter, with: chosen)
      if verdict != .disagree { return }
    }
    guard found.isFinite else { return }
    if line.jumps(chosen) {
      (verdict, remark) = (.cannotTell, "the function jumps near x, as cancellation makes it")
      return
    }
    let slope = TaylorSlope(largestStep: chosen.scale, noise: chosen.noise).remainder(of: line.f, slope: found)
    guard slope.decay == .tooSlow else {
      (verdict, remark) = (.cannotTell, "the differences contradict, the slope of the remainder does not")
      return
    }
    remark = "the remainder falls like h^\(short(slope.rate)), not h²"
  }
}
