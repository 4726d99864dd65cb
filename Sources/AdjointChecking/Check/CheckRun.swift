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
    var faults: [LocalJudge.Fault] = []
    let kinks = certify(recording, order: order, "", &faults)
    for index in 0..<directions {
      let direction = recording.direction(&generator)
      let oracles = DirectionalOracles(recording: recording, direction: direction, order: order)
      let seen = oracles.judgments(withDifferences: index == 0, beside: kinks, &report)
      report.judgments += seen.judgments
      faults += seen.faults
      recording.move(to: origin)
      // At a kink there is nothing to learn from a second direction.
      if !kinks.isEmpty { break }
    }
    if isFull { FullCheck(recording: recording, order: order).run(&report, beside: kinks, &faults) }
    if order == 1, kinks.isEmpty, faults.isEmpty,
      !report.judgments[before...].contains(where: { $0.verdict == .disagree })
    {
      lookAtUnwitnessed(recording, from: before)
    }
    checkElsewhere(recording, origin, order: order)
    if let ownPrecision { report.judgments += ownPrecision.judgments(&report) }
    guard report.judgments[before...].contains(where: { $0.verdict == .disagree }), report.findings.isEmpty else {
      return
    }
    Blame(recording, of: first, seed: seed).convict(&report, faults)
    if report.findings.isEmpty { acquit(from: before) }
  }

  /// Looks at every operation, and along one direction with dual numbers alone.
  mutating func glance(_ recording: CheckedRecording) {
    if let singularity = recording.firstNonFinite() {
      report.singularities.append(singularity)
      return
    }
    var faults: [LocalJudge.Fault] = []
    let kinks = certify(recording, order: 1, "", &faults)
    let direction = recording.direction(&generator)
    let oracles = DirectionalOracles(recording: recording, direction: direction, order: 1)
    let (dual, _, seen) = oracles.dualJudgment(beside: kinks)
    report.judgments.append(dual)
    if report.verdict == .disagree { Blame(recording, seed: seed).convict(&report, faults + seen) }
  }

  /// Judges every operation and every sum by itself. Returns the kinks.
  private mutating func certify(
    _ recording: CheckedRecording, order: Int, _ remark: String, _ faults: inout [LocalJudge.Fault]
  ) -> [Singularity] {
    let outcome = LocalJudge(recording).outcome(&generator)
    let sums = SumJudge(recording).faults()
    faults += outcome.faults
    for kink in outcome.kinks where !report.singularities.contains(kink) { report.singularities.append(kink) }
    var judgment = Judgment(.local, order: order, found: 0, expected: 0, bound: 0, remark: remark)
    if let fault = outcome.faults.first {
      judgment = Judgment(
        .local, order: order, found: fault.found, expected: fault.expected, bound: fault.bound, verdict: .disagree)
    } else if let sum = sums.first {
      judgment = Judgment(
        .local, order: order, found: sum.found, expected: sum.expected, bound: sum.bound, verdict: .disagree)
    } else if let (node, comparison) = outcome.closest {
      judgment = Judgment(
        .local, order: order, found: comparison.found, expected: comparison.expected, bound: comparison.bound,
        verdict: .agree)
      judgment.remark = "closest at \(recording.place(of: node))"
    }
    let count = outcome.count == 1 ? "1 operation" : "\(outcome.count) operations"
    judgment.remark = [count, remark, judgment.remark].filter { !$0.isEmpty }.joined(
      separator: "; ")
    report.judgments.append(judgment)
    report.certifiedOperations = max(report.certifiedOperations, outcome.count)
    return outcome.kinks
  }

  /// Takes differences of those operations alone that the differences end to end cannot see: behind small factors, beside large terms,
  /// or wherever they did not resolve. Rule and dual numbers may share a wrong derivative there.
  private mutating func lookAtUnwitnessed(_ recording: CheckedRecording, from before: Int) {
    let seen = report.judgments[before...].first { $0.oracle == .differences }
    let margin = seen.map { $0.bound } ?? .infinity
    let doubtful = Set(recording.judged.filter { !(recording.share(of: $0) > 1e3 * margin) })
    guard let fault = ElementaryFault(recording).first(&generator, where: doubtful.contains) else { return }
    report.findings.append(
      recording.finding(
        .elementary, at: fault.node, found: fault.found, expected: fault.expected, .sharedDerivative, isConfirmed: true)
    )
  }

  /// Differences that no operation confirms convict nobody: each operation was certified, and they err more easily.
  private mutating func acquit(from before: Int) {
    for place in report.judgments.indices.dropFirst(before) where report.judgments[place].verdict == .disagree {
      switch report.judgments[place].oracle {
      case .differences, .taylor, .secondOrderDual:
        report.judgments[place].verdict = .agree
        report.judgments[place].remark += "; no operation confirms this, and each was certified"
      case .local, .dual, .precision, .subgradient, .program, .reference: continue
      }
    }
  }

  /// Replays the same rules at another point: a rule that baked in a recorded value is right at the first and wrong here.
  private mutating func checkElsewhere(_ recording: CheckedRecording, _ origin: [Tensor<Double>], order: Int) {
    defer { recording.move(to: origin) }
    // A small relative move keeps signs, and so domains.
    recording.move(to: origin.map { tensor in tensor.map { $0 * (1 + 0.01 * generator.uniform(-1, 1)) } })
    guard recording.firstNonFinite() == nil else { return }
    var faults: [LocalJudge.Fault] = []
    _ = certify(recording, order: order, "at another point", &faults)
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
    let second = CheckedRecording(
      DoubleRecording(projected, recording.leaves, holdingIndices: recording.holdsIndices), generator: &generator)
    var inner = self
    inner.report.judgments = []
    inner.check(second, of: recording, order: 2)
    generator = inner.generator
    report.judgments += inner.report.judgments
    (report.findings, report.singularities) = (inner.report.findings, inner.report.singularities)
    guard !report.judgments.contains(where: { $0.verdict == .cannotTell && $0.order == 2 }) else { return }
    let before = report.judgments.count
    report.judgments.append(SecondOrderOracle(recording, second).judgment(along: direction, &generator))
    guard report.judgments[before].verdict == .disagree, report.findings.isEmpty else { return }
    report.findings = SecondOrderRules(recording).findings(&generator)
    if report.findings.isEmpty { acquit(from: before) }
  }
}
