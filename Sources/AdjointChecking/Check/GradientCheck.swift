import Adjoint
import Foundation

/// Checks the derivatives of a recorded output: are they right, and if not, which operation is wrong?
///
/// Three oracles judge, none of which uses a rule under test: dual numbers under a derived bound, extrapolated differences in
/// Double with an error bar, and the slope of the Taylor remainder. All replay the very recording that trains; a `Float` tape
/// is judged in `Float` as well. Parameters, generators and tape are left bit for bit as they were. Random and index leaves
/// are held, and so is what stands before `stopGradient`.
///
/// ```swift
/// let report = GradientCheck(of: loss).run()
/// #expect(report.agrees, "\(report)")
/// ```
public struct GradientCheck<S: Scalar> {
  /// How much of the gradient is looked at.
  public enum Mode: Sendable, Hashable {
    /// The derivative along k random directions: k replays, whatever the number of parameters.
    case directional(Int)
    /// Every coordinate by itself.
    case full
  }

  public let output: Variable<S>
  public let leaves: [Variable<S>]
  public var mode: Mode
  /// 1 checks the gradient; 2 also checks the gradient of the gradient.
  public var order: Int
  public var seed: UInt64
  /// What the report calls it.
  public var subject: String
  /// What a faulty sweep would have recorded; for measuring the checker itself.
  package var alter: (Backward<Double>) -> Backward<Double> = { $0 }
  /// What a faulty compiler would have planned; for measuring the checker itself.
  package var alteration: PlanAlteration?

  /// - Parameters:
  ///   - output: a number or a tensor, which is then multiplied with a random cotangent.
  ///   - leaves: whose derivatives are checked; every input and every parameter that is not frozen when left out.
  public init(
    of output: Variable<S>, withRespectTo leaves: [Variable<S>]? = nil, mode: Mode = .directional(3), order: Int = 1,
    seed: UInt64 = 0
  ) {
    self.output = output
    self.leaves = leaves ?? output.tape.differentiableVariables.filter { $0.index <= output.index }
    (self.mode, self.order, self.seed) = (mode, order, seed)
    subject = output.path.isEmpty ? "%\(output.index)" : output.path
  }

  /// Runs every oracle and, where one contradicts, finds the operation to blame.
  public func run() -> Report {
    let started = Date()
    var report = Report(subject: subject, seed: seed)
    guard !leaves.isEmpty else {
      report.judgments.append(
        Judgment(
          .dual, order: 1, found: 0, expected: 0, bound: 0, verdict: .cannotTell,
          remark: "no parameter or input that may move reaches the output"))
      return report
    }
    var generator = Generator(seed: seed).stream(1)
    let mirror = Mirror(output, leaves)
    let recording = CheckedRecording(
      mirror.output, leaves: mirror.leaves, generator: &generator, boundsErrors: !(S.self == Double.self), alter: alter)
    check(recording, order: 1, &report, &generator)
    if report.verdict == .agree {
      report.judgments.append(
        ProgramCheck(output: output, leaves: leaves, cotangent: recording.cotangent, alteration: alteration)
          .judgment(&report, recording))
    }
    if order >= 2, report.verdict != .disagree { checkSecondOrder(recording, &report, &generator) }
    report.seconds = Date().timeIntervalSince(started)
    return report
  }

  /// One random direction, dual numbers alone: what a check while training can afford.
  func glance() -> Report {
    let started = Date()
    var report = Report(subject: subject, seed: seed)
    var generator = Generator(seed: seed).stream(1)
    let mirror = Mirror(output, leaves)
    let recording = CheckedRecording(mirror.output, leaves: mirror.leaves, generator: &generator, alter: alter)
    if let singularity = recording.firstNonFinite() {
      report.singularities.append(singularity)
    } else {
      let direction = recording.direction(&generator)
      let judge = DirectionalOracles(recording: recording, direction: direction, order: 1)
      report.judgments = judge.judgments(withDifferences: false, &report)
      if report.verdict == .disagree { Blame(recording, seed: seed).convict(&report) }
    }
    report.seconds = Date().timeIntervalSince(started)
    return report
  }

  private func check(
    _ recording: CheckedRecording<Double>, of first: CheckedRecording<Double>? = nil, order: Int,
    _ report: inout Report, _ generator: inout Generator
  ) {
    if let singularity = recording.firstNonFinite() {
      report.singularities.append(singularity)
      report.judgments.append(
        Judgment(
          .dual, order: order, found: .nan, expected: .nan, bound: 0, verdict: .cannotTell,
          remark: "a value is not finite"))
      return
    }
    let before = report.judgments.count
    let directions = if case .directional(let count) = mode { max(count, 1) } else { 1 }
    let origin = recording.point
    for index in 0..<directions {
      let direction = recording.direction(&generator)
      let judge = DirectionalOracles(recording: recording, direction: direction, order: order)
      report.judgments += judge.judgments(withDifferences: index == 0, &report)
      recording.move(to: origin)
    }
    if mode == .full { FullCheck(recording: recording, order: order).run(&report) }
    checkElsewhere(recording, origin, order: order, &report, &generator)
    if !(S.self == Double.self), order == 1 {
      report.judgments += PrecisionCheck(recording, output: output, leaves: leaves).judgments(&report)
    }
    if report.judgments[before...].contains(where: { $0.verdict == .disagree }), report.findings.isEmpty {
      Blame(recording, of: first, seed: seed).convict(&report)
    }
  }

  /// The same rules replayed at another point: a rule that baked in a recorded value is right at the first and wrong here.
  private func checkElsewhere(
    _ recording: CheckedRecording<Double>, _ origin: [Tensor<Double>], order: Int, _ report: inout Report,
    _ generator: inout Generator
  ) {
    defer { recording.move(to: origin) }
    // A small relative move keeps signs, and so domains.
    let elsewhere = origin.map { tensor in tensor.map { $0 * (1 + 0.01 * generator.uniform(-1, 1)) } }
    recording.move(to: elsewhere)
    guard recording.firstNonFinite() == nil else { return }
    let direction = recording.direction(&generator)
    let judgment = DirectionalOracles(recording: recording, direction: direction, order: order).dualJudgment(
      remark: "replayed at another point")
    report.judgments.append(judgment.judgment)
  }

  /// Order 2: ⟨∇f, w⟩ is a recorded output like any other, so its own derivative is checked in the same way; and
  /// second-order dual numbers, replayed on the forward half alone, give uᵀHw without any rule.
  private func checkSecondOrder(
    _ recording: CheckedRecording<Double>, _ report: inout Report, _ generator: inout Generator
  ) {
    let tape = recording.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let direction = recording.direction(&generator)
    let seed = tape.constant(recording.cotangent)
    let first = gradients(of: recording.output, withRespectTo: recording.leaves, cotangent: seed)
    let products = zip(first, direction).map { ($0 * tape.constant($1)).sum() }
    guard let head = products.first else { return }
    let projected = products.dropFirst().reduce(head) { $0 + $1 }
    let second = CheckedRecording(projected, leaves: recording.leaves, generator: &generator)
    var inner = report
    inner.judgments = []
    check(second, of: recording, order: 2, &inner, &generator)
    report.judgments += inner.judgments
    (report.findings, report.singularities) = (inner.findings, inner.singularities)
    guard !report.judgments.contains(where: { $0.verdict == .cannotTell && $0.order == 2 }) else { return }
    report.judgments.append(SecondOrderOracle(recording, second).judgment(along: direction, &generator))
  }
}
