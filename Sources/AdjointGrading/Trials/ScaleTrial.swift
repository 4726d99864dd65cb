import Adjoint
import AdjointChecking

/// A random program checked as it is and scaled by powers of 2, with or without a fault: the verdict must be the same, and so
/// must the operation that is convicted.
package struct ScaleTrial: Sendable {
  package let seed: UInt64
  package let scalar: String
  /// The fault, or `nil` in a sound program.
  package let fault: String?
  /// The powers that were used.
  package let powers: String
  package let plain: Sentence
  package let scaled: Sentence
  /// Both reports.
  package let reports: String

  /// The verdict, and the place that is convicted first.
  package struct Sentence: Sendable, Hashable {
    package let verdict: Verdict
    package let node: Int?
    package let mechanism: Mechanism?

    init(_ report: GradientReport) {
      (verdict, node) = (report.verdict, report.findings.first?.node)
      mechanism = report.findings.first?.mechanism
    }
  }

  package var isSame: Bool { plain == scaled }
  /// A sound program that is called wrong, scaled or not.
  package var isFalseAlarm: Bool { fault == nil && (plain.verdict == .disagree || scaled.verdict == .disagree) }

  /// Draws the program of a seed, its powers and, where asked for, its fault.
  /// - Returns: `nil` where no fault fits, or where no powers stay in range.
  package init?<S: Scalar>(seed: UInt64, in scalar: S.Type, isFaulty: Bool) {
    var generator = Generator(seed: seed).stream(8, isFaulty ? 1 : 0)
    let plain = ScaledProgram(RandomProgram(seed: seed))
    guard !plain.leaves.isEmpty else { return nil }
    var powers = plain.scaled(within: S.self == Float.self ? 60 : 300, using: &generator)
    var patience = 8
    while !powers.isInRange(of: scalar) {
      powers = powers.halved
      patience -= 1
      guard patience > 0, powers.loss != 0 || powers.leaves.contains(where: { $0 != 0 }) else { return nil }
    }
    var fault: PlantedFault?
    if isFaulty {
      let tape = Tape<S>()
      let recording = plain.record(on: tape)
      let nodes = Set(plain.program.steps.indices.filter { plain.program.steps[$0].operation != nil })
      var draws = 0
      while fault == nil, draws < 20 {
        draws += 1
        fault = PlantedFault(
          in: recording.output, withRespectTo: recording.moving, among: Set(nodes.map { recording.nodes[$0] }),
          sweeps: seed % 4 == 3 && draws <= 10, using: &generator)
      }
      guard fault != nil else { return nil }
    }
    let reports = [plain, powers].map { program -> GradientReport in
      let tape = Tape<S>()
      var recording = program.record(on: tape)
      if let fault, let step = recording.nodes.firstIndex(of: fault.node) {
        var faulty = program.program
        if let operation = faulty.steps[step].operation {
          let spoilt = fault.spoilt(operation, at: tape[fault.node])
          faulty.steps[step].kind = .operation(spoilt, inputs: faulty.steps[step].inputs)
        }
        tape.truncate()
        recording = program.record(on: tape, as: faulty)
      }
      let check = GradientCheck(of: recording.output, withRespectTo: recording.moving, seed: seed)
      return (fault?.planted(in: check) ?? check).run()
    }
    (self.seed, self.scalar, self.fault) = (seed, "\(scalar)", fault?.title)
    self.powers = "loss 2^\(powers.loss), leaves 2^\(powers.leaves)"
    (self.plain, scaled) = (Sentence(reports[0]), Sentence(reports[1]))
    self.reports = "\(reports[0])\n\(reports[1])"
  }

  /// Trials of as many programs in `Double` and in `Float`, each sound and faulty.
  package static func run(_ count: Int, seed: UInt64 = 0) -> [ScaleTrial] {
    inParallel(count) { number -> [ScaleTrial] in
      let seed = seed + UInt64(number)
      return [false, true].flatMap { isFaulty in
        [
          ScaleTrial(seed: seed, in: Double.self, isFaulty: isFaulty),
          ScaleTrial(seed: seed, in: Float.self, isFaulty: isFaulty),
        ].compactMap { $0 }
      }
    }.flatMap { $0 }
  }
}
