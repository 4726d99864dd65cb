import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// The checker on correct models that are hard to judge, at other scales, and on networks with kinks.
@Suite struct TrialTests {
  @Test func `At least a hundred correct models, and at most ten of them named as not to be told`() {
    let ids = NastyModels.ids
    #expect(ids.count >= 100)
    #expect(Set(ids).count == ids.count)
    let all =
      NastyList<Double>().models.map { ($0.id, $0.expectation) }
      + NastyList<Float>().models.map { ($0.id, $0.expectation) }
    let named = all.filter { if case .cannotTell(let reason) = $0.1 { !reason.isEmpty } else { false } }
    #expect(Set(named.map(\.0)).count <= 10)
    let kinks = all.filter { $0.1 == .kink }
    #expect(kinks.allSatisfy { $0.0.hasPrefix("kink.") || $0.0 == "second.relu-squared" })
  }

  /// In debug without those of a million numbers and of hundreds of operations.
  @Test(
    "No correct model is called wrong, and only those named cannot be told",
    arguments: ["scale", "cancel", "kink", "saturate", "structure", "second", "depth", "reduce"])
  func nasty(group: String) {
    #if DEBUG
      if group == "depth" || group == "reduce" { return }
    #endif
    let outcomes = NastyModels.run([group])
    #expect(!outcomes.isEmpty)
    for outcome in outcomes where !outcome.isExpected {
      Issue.record("\(outcome.id) in \(outcome.scalar), \(outcome.formula): \(outcome.reports)")
    }
  }

  @Test func `A program and its fault get the same verdict at every power of 2`() {
    #if DEBUG
      let trials = ScaleTrial.run(12)
    #else
      let trials = ScaleTrial.run(200)
    #endif
    for trial in trials where !trial.isSame || trial.isFalseAlarm {
      Issue.record(
        "seed \(trial.seed) in \(trial.scalar), \(trial.fault ?? "no fault"), \(trial.powers): \(trial.reports)")
    }
    let faulty = trials.filter { $0.fault != nil }
    #expect(faulty.count > 12)
    #expect(faulty.count { $0.plain.verdict == .disagree } * 100 >= 95 * faulty.count)
  }

  @Test func `A fresh network with kinks is never called wrong, and its sabotaged twin is`() {
    #if DEBUG
      let trials = FreshTrial.run(1, images)
    #else
      let trials = FreshTrial.run(10, images)
    #endif
    for trial in trials where trial.verdict == .disagree { Issue.record("\(trial.report)") }
    let twins = trials.compactMap(\.twin)
    #expect(twins.count * 10 >= trials.count * 9)
    let missed = twins.filter { $0.verdict != .disagree }
    #expect(missed.count * 100 <= twins.count, "\(missed.map(\.report))")
  }

  /// Blocks of ink on blank paper, of 16 × 16 pixels.
  private var images: TrialImages {
    var generator = Generator(seed: 1)
    let pixels = (0..<20).map { _ in
      let (top, left) = (4 + Int(generator.next() % 4), 4 + Int(generator.next() % 4))
      return (0..<256).map { i in
        (top..<top + 5).contains(i / 16) && (left..<left + 4).contains(i % 16) ? Float(generator.uniform(0.2, 1)) : 0
      }
    }
    return TrialImages(height: 16, width: 16, pixels: pixels, labels: (0..<20).map { $0 % 10 })
  }
}
