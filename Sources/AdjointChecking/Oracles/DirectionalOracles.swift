import Adjoint
import Foundation

/// Judges the derivative along one direction: ⟨Jᵀv, u⟩ by the rules against every oracle.
///
/// The operations have been certified one by one. A difference end to end is then the sum of their residuals along the direction: it
/// convicts where one of these is a fault, and otherwise measures what rounding has taken.
struct DirectionalOracles {
  let recording: CheckedRecording
  let direction: [Tensor<Double>]
  let order: Int

  /// Below this step along a direction, differences cannot be taken on one side of a kink.
  static let nearestKink = 1e-9
  /// The share of a number that rounding may take before nothing is left to judge.
  private static let lost = 1e-3

  /// The judgment of dual numbers, with the rules' product and the faults that the direction shows.
  /// - Parameter kinks: the kinks at which the point stands.
  func dualJudgment(beside kinks: [Singularity]) -> (judgment: Judgment, found: Double, faults: [LocalJudge.Fault]) {
    let found = recording.gradient.dot(direction)
    let expected = recording.dualProduct(along: direction)
    let (judgment, faults) = judgment(found, expected, recording.bound(), beside: kinks)
    return (judgment, found, faults)
  }

  /// The judgment of two products along the direction of the last dual replay.
  func judgment(
    _ found: Double, _ expected: Double, _ bound: Double, beside kinks: [Singularity]
  ) -> (judgment: Judgment, faults: [LocalJudge.Fault]) {
    func judgment(_ verdict: Verdict, _ remark: String, _ oracle: Oracle = .dual) -> Judgment {
      Judgment(oracle, order: order, found: found, expected: expected, bound: bound, verdict: verdict, remark: remark)
    }
    if let kink = kinks.first {
      return (
        judgment(
          .cannotTell, "at a kink of \(kink.site)",
          .subgradient
        ), []
      )
    }
    if !found.isFinite, !expected.isFinite {
      let isOverflow = recording.gradient.allSatisfy { $0.elements.allSatisfy(\.isFinite) }
      return isOverflow
        ? (judgment(.agree, "the sum along the direction overflows; each operation was certified"), [])
        : (judgment(.cannotTell, "the derivative is not finite"), [])
    }
    if abs(found - expected) <= bound { return (judgment(.agree, ""), []) }
    let (faults, largest) = LocalJudge(recording).residuals()
    if !faults.isEmpty || found.isFinite != expected.isFinite { return (judgment(.disagree, ""), faults) }
    let share = abs(found - expected) / max(abs(found), abs(expected))
    let place = largest.map { recording.place(of: $0) } ?? "the output"
    return share <= DirectionalOracles.lost
      ? (judgment(.agree, "rounding at \(place) leaves \(Int(-log10(share))) digits"), [])
      : (judgment(.cannotTell, "ill-conditioned at \(place): rounding takes every digit"), [])
  }

  /// The judgment of one coordinate of the gradient, which is the direction.
  func coordinateJudgment(found: Double, beside kinks: [Singularity]) -> (
    judgment: Judgment, faults: [LocalJudge.Fault]
  ) {
    let expected = recording.dualProduct(along: direction)
    return judgment(found, expected, recording.bound(), beside: kinks)
  }

  /// All judgments along this direction. Differences and slope are taken where asked for; dual numbers always.
  func judgments(
    withDifferences: Bool, beside kinks: [Singularity], _ report: inout GradientReport
  ) -> (judgments: [Judgment], faults: [LocalJudge.Fault]) {
    let (dual, found, faults) = dualJudgment(beside: kinks)
    guard withDifferences, kinks.isEmpty else { return ([dual], faults) }
    let kink = KinkLedger(recording).nearest()
    let reach = kink?.distance.map(abs) ?? .infinity
    guard reach > DirectionalOracles.nearestKink else { return ([dual], faults) }
    return ([dual] + differences(found, reach: reach, dual, &report), faults)
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
    let margin =
      10 * difference.error + 1e-9 * max(abs(found), abs(difference.value)) + dual.bound
      + (dual.verdict == .disagree ? 0 : abs(found - dual.expected))
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
    let program = Program<SecondOrderDual>([first.output] + first.leaves, altering: nil, holdingIndices: true)
    program.takeIndices(of: first.double)
    for ((leaf, point), (a, b)) in zip(zip(first.leaves, first.point), zip(u, w)) {
      let moved = point.elements.indices.map {
        SecondOrderDual(point.elements[$0], first: a.elements[$0], second: b.elements[$0], mixed: 0)
      }
      program.write(Tensor(shape: leaf.shape, elements: moved), into: leaf)
    }
    program.recompute()
    let y = program.value(of: first.output)
    var expected = 0.0
    for (i, element) in y.elements.enumerated() { expected += first.cotangent.elements[i] * element.mixed }
    let factor = second.cotangent.elements[0]
    let found = second.gradient.dot(u) / factor
    // The forward half of the second recording holds the first sweep: its dual numbers give the sizes that rounding goes by.
    let alike = second.dualProduct(along: u)
    let bound = 8 * second.bound() / abs(factor) + abs(found - alike / factor)
    return Judgment(
      .secondOrderDual, order: 2, found: found, expected: expected, bound: bound, remark: "uᵀHw by forward replay alone"
    )
  }
}
