import Adjoint

/// Judges the derivative along one direction: ⟨Jᵀv, u⟩ by the rules against every oracle.
struct DirectionalOracles<S: Scalar> {
  let recording: CheckedRecording<S>
  let direction: [Tensor<Double>]
  let order: Int

  /// Below this step along a direction, differences cannot be taken on one side of a kink.
  static var nearestKink: Double { 1e-9 }

  /// The judgment of dual numbers, and the product that it rests on.
  func dualJudgment(remark: String = "") -> (judgment: Judgment, found: Double) {
    let gradient = recording.gradient
    let found = zip(gradient, direction).reduce(0) { $0 + $1.0.dot($1.1) }
    let magnitude = zip(gradient, direction).reduce(0) { $0 + $1.0.magnitude($1.1) }
    let (expected, dualMagnitude) = recording.dualProduct(along: direction)
    let verdict: Verdict? =
      found.isFinite && expected.isFinite ? nil : found.isFinite == expected.isFinite ? .cannotTell : .disagree
    let judgment = Judgment(
      .dual, order: order, found: found, expected: expected, bound: recording.bound(magnitude, dualMagnitude),
      verdict: verdict, remark: remark)
    return (judgment, found)
  }

  /// All judgments along this direction. Differences and slope are taken where asked for; dual numbers always.
  func judgments(withDifferences: Bool, _ report: inout Report) -> [Judgment] {
    let (dual, found) = dualJudgment()
    let kink = KinkLedger(recording).nearest()
    if let kink, abs(kink.distance ?? 0) <= DirectionalOracles.nearestKink {
      if !report.singularities.contains(kink) { report.singularities.append(kink) }
      return [subgradientJudgment(found)]
    }
    guard withDifferences else { return [dual] }
    return [dual] + differences(found, reach: kink?.distance.map(abs) ?? .infinity, dual, &report)
  }

  /// At a kink: the rules' value must lie between the derivatives on the two sides.
  private func subgradientJudgment(_ found: Double) -> Judgment {
    let origin = recording.point
    defer { recording.move(to: origin) }
    let step = 1e-7
    let sides = [step, -step].map { t in
      recording.move(to: zip(origin, direction).map { $0.moved(by: t, along: $1) })
      return recording.dualProduct(along: direction)
    }
    let low = min(sides[0].product, sides[1].product)
    let high = max(sides[0].product, sides[1].product)
    // The sides are evaluated a little away from the kink, where a curved function has moved on by about the step.
    let slack = recording.bound(sides[0].magnitude, sides[1].magnitude) + 1e-5 * max(1, abs(low), abs(high))
    let inside = found >= low - slack && found <= high + slack
    return Judgment(
      .subgradient, order: order, found: found, expected: min(max(found, low), high), bound: slack,
      verdict: inside ? .cannotTell : .disagree,
      remark: "at a kink: one-sided derivatives \(short(low)) and \(short(high))")
  }

  /// Differences and Taylor slope in Double, with steps that stay on this side of the nearest kink.
  private func differences(
    _ found: Double, reach: Double, _ dual: Judgment, _ report: inout Report
  ) -> [Judgment] {
    let origin = recording.point
    let first = min(0.1, reach / 2)
    let ledger = KinkLedger(recording)
    recording.settle(at: origin)
    // A step is asked for its value and whether it crosses a kink: it is evaluated once.
    var last: (t: Double, value: Double, sides: [Int: [Int32]])?
    func evaluate(_ t: Double) -> (t: Double, value: Double, sides: [Int: [Int32]]) {
      if let last, last.t == t { return last }
      let value = recording.value(at: zip(origin, direction).map { $0.moved(by: t, along: $1) })
      let fresh = (t, value, ledger.sides())
      last = fresh
      return fresh
    }
    let sides = evaluate(0).sides
    func value(_ t: Double) -> Double { evaluate(t).value }
    func flips(_ t: Double) -> Bool { !sides.isEmpty && evaluate(t).sides != sides }
    let noise = NoiseLevel.observed(of: value, scale: first)
    let difference = AdaptiveDifference(initialStep: first, noise: noise).derivative(of: value, flips: flips)
    let slope = TaylorSlope(largestStep: first, noise: noise).remainder(of: value, slope: found, flips: flips)
    report.uCurve = report.uCurve ?? difference.curve

    // Differences convict only when they are sure: well beyond the error bar, and with a slope that says the same.
    // The rules round as well: their share is that of the comparison with dual numbers.
    let margin = 10 * difference.error + 1e-9 * max(abs(found), abs(difference.value)) + dual.bound
    let apart = difference.status == .measured && abs(found - difference.value) > margin
    let tooSlow = slope.verdict == .tooSlow
    let verdict: Verdict =
      difference.status != .measured ? .cannotTell : !apart ? .agree : tooSlow ? .disagree : .cannotTell
    let judged = Judgment(
      .differences, order: order, found: found, expected: difference.value, bound: margin,
      // Dual numbers are exact: where they agree, differences that cannot decide do not spoil the verdict.
      verdict: verdict == .cannotTell && dual.verdict == .agree ? .agree : verdict,
      remark: "truncation \(short(difference.truncation)), round-off \(short(difference.roundOff))")
    let taylor = Judgment(
      .taylor, order: order, found: slope.rate, expected: slope.required, bound: 0,
      verdict: tooSlow && apart ? .disagree : .agree, remark: "rate of the remainder: \(slope.verdict)")
    return [judged, taylor]
  }
}
