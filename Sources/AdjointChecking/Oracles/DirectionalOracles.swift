import Adjoint

/// Judges the derivative along one direction: ⟨Jᵀv, u⟩ by the rules against every oracle.
struct DirectionalOracles {
  let recording: CheckedRecording
  let direction: [Tensor<Double>]
  let order: Int

  /// Below this step along a direction, differences cannot be taken on one side of a kink.
  static let nearestKink = 1e-9

  /// The judgment of dual numbers, and the product that it rests on.
  func dualJudgment(remark: String = "") -> (judgment: Judgment, found: Double) {
    let gradient = recording.gradient
    let (found, magnitude) = (gradient.dot(direction), gradient.magnitude(direction))
    let (expected, dualMagnitude) = recording.dualProduct(along: direction)
    let verdict: Verdict? =
      found.isFinite && expected.isFinite ? nil : found.isFinite == expected.isFinite ? .cannotTell : .disagree
    let judgment = Judgment(
      .dual, order: order, found: found, expected: expected, bound: recording.bound(magnitude, dualMagnitude),
      verdict: verdict, remark: remark)
    return (judgment, found)
  }

  /// All judgments along this direction. Differences and slope are taken where asked for; dual numbers always.
  func judgments(withDifferences: Bool, _ report: inout GradientReport) -> [Judgment] {
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
      recording.move(to: origin.moved(by: t, along: direction))
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
    _ found: Double, reach: Double, _ dual: Judgment, _ report: inout GradientReport
  ) -> [Judgment] {
    let origin = recording.point
    let first = min(0.1, reach / 2)
    let ledger = KinkLedger(recording)
    recording.settle(at: origin)
    // A step is asked for its value and whether it crosses a kink: it is evaluated once.
    var last: (t: Double, value: Double, sides: [Int: [Int32]])?
    func evaluate(_ t: Double) -> (t: Double, value: Double, sides: [Int: [Int32]]) {
      if let last, last.t == t { return last }
      let value = recording.value(at: origin.moved(by: t, along: direction))
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
    report.uCurve = report.uCurve ?? difference.curve.continued(of: value, around: difference.value, ratio: 4)

    // Differences convict only when they are sure: well beyond the error bar, and with a slope that says the same.
    // The rules round as well: their share is that of the comparison with dual numbers.
    let margin = 10 * difference.error + 1e-9 * max(abs(found), abs(difference.value)) + dual.bound
    let apart = difference.status == .measured && abs(found - difference.value) > margin
    let tooSlow = slope.decay == .tooSlow
    let verdict: Verdict =
      difference.status != .measured ? .cannotTell : !apart ? .agree : tooSlow ? .disagree : .cannotTell
    let judged = Judgment(
      .differences, order: order, found: found, expected: difference.value, bound: margin,
      // Dual numbers are exact: where they agree, differences that cannot decide do not spoil the verdict.
      verdict: verdict == .cannotTell && dual.verdict == .agree ? .agree : verdict,
      remark: "truncation \(short(difference.truncation)), round-off \(short(difference.roundOff))")
    let taylor = Judgment(
      .taylor, order: order, found: slope.rate, expected: slope.required, bound: 0,
      verdict: tooSlow && apart ? .disagree : .agree, remark: "rate of the remainder: \(slope.decay)")
    return [judged, taylor]
  }
}

/// uᵀHw from one replay of the forward half in second-order dual numbers, against the rules' gradient of ⟨∇f, w⟩.
struct SecondOrderOracle {
  private let first: CheckedRecording
  private let second: CheckedRecording

  init(_ first: CheckedRecording, _ second: CheckedRecording) {
    (self.first, self.second) = (first, second)
  }

  func judgment(along w: [Tensor<Double>], _ generator: inout Generator) -> Judgment {
    let u = first.direction(&generator)
    let program = Program<SecondOrderDual>([first.output] + first.leaves)
    for ((leaf, point), (a, b)) in zip(zip(first.leaves, first.point), zip(u, w)) {
      let moved = point.elements.indices.map {
        SecondOrderDual(point.elements[$0], first: a.elements[$0], second: b.elements[$0], mixed: 0)
      }
      program.write(Tensor(shape: leaf.shape, elements: moved), into: leaf)
    }
    program.replay()
    let y = program.value(of: first.output)
    var (expected, magnitude) = (0.0, 0.0)
    for (i, element) in y.elements.enumerated() {
      expected += first.cotangent.elements[i] * element.mixed
      magnitude += abs(first.cotangent.elements[i] * element.mixed)
    }
    let gradient = second.gradient
    let factor = second.cotangent.elements[0]
    let (found, spread) = (gradient.dot(u) / factor, gradient.magnitude(u) / abs(factor))
    return Judgment(
      .secondOrderDual, order: 2, found: found, expected: expected, bound: second.bound(magnitude, spread),
      remark: "uᵀHw by forward replay alone")
  }
}
