import Adjoint

/// One run of a check in Double, whatever the precision of the tape: the numbers drawn so far, and the report that fills.
struct CheckRun {
  /// The directions looked along.
  let directions: Int
  /// Tells whether every coordinate is compared as well.
  let isFull: Bool
  let seed: UInt64
  var report: GradientReport
  var generator: Generator

  init<S: Scalar>(_ check: GradientCheck<S>) {
    directions = if case .directional(let count) = check.mode { max(count, 1) } else { 1 }
    isFull = check.mode == .full
    seed = check.seed
    report = GradientReport(subject: check.subject, seed: seed)
    generator = Generator(seed: seed).stream(1)
  }

  /// Runs every oracle, and finds the operation to blame where one contradicts.
  /// - Parameters:
  ///   - first: what was differentiated first, at order 2.
  ///   - ownPrecision: the judge of the gradient in the tape's own precision.
  mutating func check(
    _ recording: CheckedRecording, of first: CheckedRecording? = nil, order: Int, ownPrecision: PrecisionCheck? = nil
  ) {
    if let singularity = recording.firstNonFinite() {
      report.singularities.append(singularity)
      report.judgments.append(.silent(order: order, at: .nan, "a value is not finite"))
      return
    }
    let before = report.judgments.count
    let origin = recording.point
    for index in 0..<directions {
      let direction = recording.direction(&generator)
      let judge = DirectionalOracles(recording: recording, direction: direction, order: order)
      report.judgments += judge.judgments(withDifferences: index == 0, &report)
      recording.move(to: origin)
    }
    if isFull { FullCheck(recording: recording, order: order).run(&report) }
    checkElsewhere(recording, origin, order: order)
    if let ownPrecision { report.judgments += ownPrecision.judgments(&report) }
    if report.judgments[before...].contains(where: { $0.verdict == .disagree }), report.findings.isEmpty {
      Blame(recording, of: first, seed: seed).convict(&report)
    }
  }

  /// Looks along one direction with dual numbers alone.
  mutating func glance(_ recording: CheckedRecording) {
    if let singularity = recording.firstNonFinite() {
      report.singularities.append(singularity)
      return
    }
    let direction = recording.direction(&generator)
    let judge = DirectionalOracles(recording: recording, direction: direction, order: 1)
    report.judgments = judge.judgments(withDifferences: false, &report)
    if report.verdict == .disagree { Blame(recording, seed: seed).convict(&report) }
  }

  /// Replays the same rules at another point: a rule that baked in a recorded value is right at the first and wrong here.
  private mutating func checkElsewhere(_ recording: CheckedRecording, _ origin: [Tensor<Double>], order: Int) {
    defer { recording.move(to: origin) }
    // A small relative move keeps signs, and so domains.
    recording.move(to: origin.map { tensor in tensor.map { $0 * (1 + 0.01 * generator.uniform(-1, 1)) } })
    guard recording.firstNonFinite() == nil else { return }
    let direction = recording.direction(&generator)
    let judge = DirectionalOracles(recording: recording, direction: direction, order: order)
    report.judgments.append(judge.dualJudgment(remark: "replayed at another point").judgment)
  }

  /// Checks the gradient of the gradient.
  ///
  /// ⟨∇f, w⟩ is a recorded output like any other, so its own derivative is checked in the same way; and second-order dual
  /// numbers, replayed on the forward half alone, give uᵀHw without any rule.
  mutating func checkSecondOrder(_ recording: CheckedRecording) {
    let tape = recording.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let direction = recording.direction(&generator)
    let seed = tape.constant(recording.cotangent)
    let first = gradients(of: recording.output, withRespectTo: recording.leaves, cotangent: seed)
    let products = zip(first, direction).map { ($0 * tape.constant($1)).sum() }
    guard let head = products.first else { return }
    let projected = products.dropFirst().reduce(head) { $0 + $1 }
    let second = CheckedRecording(DoubleRecording(projected, recording.leaves), generator: &generator)
    var inner = self
    inner.report.judgments = []
    inner.check(second, of: recording, order: 2)
    generator = inner.generator
    report.judgments += inner.report.judgments
    (report.findings, report.singularities) = (inner.report.findings, inner.report.singularities)
    guard !report.judgments.contains(where: { $0.verdict == .cannotTell && $0.order == 2 }) else { return }
    report.judgments.append(SecondOrderOracle(recording, second).judgment(along: direction, &generator))
  }
}
