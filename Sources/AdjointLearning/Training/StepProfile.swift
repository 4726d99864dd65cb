import Adjoint

/// The time that each part of a training step takes, as `TrainingStep.profile(_:)` measured it. Its description is a table.
public struct StepProfile: Sendable, CustomStringConvertible {
  /// The number of steps measured.
  package let steps: Int
  /// Loss and gradients.
  package let program: ProgramProfile
  /// Seconds a step for putting the batch in place, the median.
  package let batch: Double
  /// Seconds a step for testing the gradients for NaN and infinity, and for clipping's norm, the median.
  package let gradientTest: Double
  /// Seconds a step for the update of the parameters, the median.
  package let update: Double
  /// Seconds a step in which the parameters are exchanged with other processes, the median.
  package let exchange: Double
  /// Seconds a step as a whole, the median.
  package let seconds: Double

  public var description: String { ProfileTable(lines).text }

  /// A line for everything that takes time.
  package var lines: [ProfileTable.Line] {
    [ProfileTable.Line(what: "the batch into place", seconds: batch)] + program.lines + [
      ProfileTable.Line(what: "gradients tested for NaN and infinity", seconds: gradientTest),
      ProfileTable.Line(what: "update of the parameters", seconds: update),
    ]
      + (exchange > 0
        ? [ProfileTable.Line(what: "exchange of the parameters with other processes", seconds: exchange)] : [])
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
  /// - Precondition: the step is not being profiled already, and not being traced.
  public func profile(
    _ body: () throws -> Void, file: StaticString = #fileID, line: UInt = #line
  ) rethrows -> StepProfile {
    guard clock == nil else {
      CallSite(file, line).trap("TrainingStep.profile: this step is being profiled already; let that end first")
    }
    guard trace == nil else {
      CallSite(file, line).trap(
        "TrainingStep.profile: this step is being traced, by a plan without fusion that nobody else runs; end the trace first"
      )
    }
    let clock = StepClock<S>(isOfSeveral: group != nil)
    self.clock = clock
    defer {
      self.clock = nil
      clock.stop()
    }
    try body()
    return clock.makeProfile()
  }
}

/// The clock of a step that is being profiled: seconds of every stage of every step.
final class StepClock<S: Scalar> {
  enum Stage: Int { case batch, program, gradientTest, update, exchange }

  /// The program of the first step, whose steps are measured.
  private var program: Program<S>?
  private var isMeasuring = false
  /// True when processes share the steps.
  private let isOfSeveral: Bool
  private var steps: [[Double]] = []
  /// The stages of the present step that have ended.
  private var current: [Double] = []
  private var last = ContinuousClock.now

  init(isOfSeveral: Bool) { self.isOfSeveral = isOfSeveral }

  /// A step begins.
  func begin() { (current, last) = ([], .now) }

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
    current.append(last.duration(to: now).seconds)
    last = now
    if stage == .exchange, isMeasuring { steps.append(current) }
  }

  /// Ends the measuring.
  func makeProfile() -> StepProfile {
    func median(_ stage: Stage) -> Double { steps.map { $0[stage.rawValue] }.median }
    return StepProfile(
      steps: steps.count, program: stop() ?? ProgramProfile(), batch: median(.batch),
      gradientTest: median(.gradientTest), update: median(.update), exchange: isOfSeveral ? median(.exchange) : 0,
      seconds: steps.map { $0.reduce(0, +) }.median)
  }

  /// Stops measuring, which needs doing where a step has thrown.
  @discardableResult
  func stop() -> ProgramProfile? {
    defer { program = nil }
    return program?.endProfile()
  }
}
