import Adjoint

/// Where the time of a training step goes: what `TrainingStep.profile(_:)` measured. Its description is a table.
public struct StepProfile: Sendable, CustomStringConvertible {
  /// How many steps were measured.
  public let steps: Int
  /// Loss and gradients.
  public let program: ProgramProfile
  /// Seconds a step, medians: putting the batch in place,
  public let batch: Double
  /// testing the gradients for what is no number, and clipping's norm,
  public let gradientTest: Double
  /// and the update of the parameters.
  public let update: Double
  /// Seconds a step as a whole, the median.
  public let seconds: Double

  public var description: String { ProfileTable(lines).text }

  /// A line for everything that takes time.
  package var lines: [ProfileTable.Line] {
    [ProfileTable.Line(what: "the batch into place", seconds: batch)] + program.lines + [
      ProfileTable.Line(what: "gradients tested for NaN and infinity", seconds: gradientTest),
      ProfileTable.Line(what: "update of the parameters", seconds: update),
    ]
  }
}

extension TrainingStep {
  /// Runs `body`, which makes steps, and measures what each of their parts takes.
  ///
  /// ```swift
  /// print(try step.profile { for batch in batches { try step(batch.images, batch.labels) } })
  /// ```
  ///
  /// No value differs from what it would be without. Steps of other shapes than the first, such as a short last batch, are not
  /// measured; one that throws does not count. Make a few steps before: the first one records and compiles.
  ///
  /// - Precondition: the step is not being profiled already.
  public func profile(_ body: () throws -> Void) rethrows -> StepProfile {
    guard clock == nil else {
      fatalError("TrainingStep.profile: this step is being profiled already; let that end first")
    }
    let clock = StepClock<S>()
    self.clock = clock
    defer {
      self.clock = nil
      clock.detach()
    }
    try body()
    return clock.profile()
  }
}

/// What the stages of training steps took.
final class StepClock<S: Scalar> {
  enum Stage: Int, CaseIterable { case batch, program, gradientTest, update }

  /// The program of the first step: what is measured are its steps.
  private var program: Program<S>?
  private var isMeasuring = false
  private var stages = Array(repeating: [Double](), count: Stage.allCases.count)
  private var totals: [Double] = []
  private var current = Array(repeating: 0.0, count: Stage.allCases.count)
  private var last = ContinuousClock.now

  /// A step begins.
  func begin() { last = .now }

  /// The batch is in place for a program, which runs next.
  func end(_ stage: Stage, before next: Program<S>) {
    if program == nil {
      program = next
      next.beginProfile()
    }
    isMeasuring = next === program
    end(stage)
  }

  /// A stage ends. With the last one the step counts.
  func end(_ stage: Stage) {
    let now = ContinuousClock.now
    current[stage.rawValue] = last.duration(to: now).seconds
    last = now
    guard stage == .update, isMeasuring else { return }
    for stage in stages.indices { stages[stage].append(current[stage]) }
    totals.append(current.reduce(0, +))
  }

  func profile() -> StepProfile {
    let passes = program?.endProfile() ?? ProgramProfile()
    program = nil
    func median(_ stage: Stage) -> Double { stages[stage.rawValue].median }
    return StepProfile(
      steps: totals.count, program: passes, batch: median(.batch), gradientTest: median(.gradientTest),
      update: median(.update), seconds: totals.median)
  }

  /// Stops measuring, where a step has thrown.
  func detach() {
    if let program { _ = program.endProfile() }
    program = nil
  }
}
