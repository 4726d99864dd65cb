import Adjoint
import AdjointLearning

/// A step that did not pass a check while training, with its place in training.
public struct VerificationError: Error, CustomStringConvertible, Sendable {
  /// The fault that was found.
  package enum Reason: Sendable {
    /// An oracle contradicts the gradient; the report names the operation.
    case wrongGradient(GradientReport)
    /// Replaying the step gives other bits than recording it anew: which value, its worst element, and both numbers.
    case staleReplay(value: String, element: Int, replayed: Double, recorded: Double)
    /// Recording the loss anew records other operations: the closure's control flow depends on something that has changed
    /// since, and the program has frozen it.
    case otherOperations(recorded: Int, afresh: Int)
  }

  package let reason: Reason
  package let epoch: Int?
  /// The number of updates made.
  package let step: Int

  public var description: String {
    let place = (epoch.map { "epoch \($0), " } ?? "") + "after step \(step)"
    switch reason {
    case .wrongGradient(let report): return report.text(behind: "\(place): ")
    case .staleReplay(let value, let element, let replayed, let recorded):
      return
        "\(place): the replay is stale: element \(element) of the \(value) is \(replayed) when replayed and \(recorded) "
        + "when recorded anew. A value that changes between steps was recorded as a constant; make it an input, a state or "
        + "a random leaf."
    case .otherOperations(let recorded, let afresh):
      return
        "\(place): the loss, recorded anew, is not what was recorded first (\(recorded) nodes then, \(afresh) now). Its "
        + "control flow was frozen by the first recording; make the branch a `where`, or record eagerly."
    }
  }
}

extension TrainingStep {
  /// A step for a loss of inputs and targets that checks itself every `interval` steps, the first included.
  ///
  /// After such a step, at the parameters as updated and the batch just used: the loss is recorded anew, and loss and gradients
  /// of the replay must equal the fresh recording's bit for bit; and along one random direction ⟨∇f, u⟩ by the rules must
  /// equal the derivative by dual numbers within its derived bound. Training goes on with the same bits as without.
  ///
  /// `loss` is called again for each check, so it must not count its calls or draw from a generator of its own.
  ///
  /// - Complexity: a check costs about as much as 200 steps, and so every 1,000 steps a sixth of the training. (Measured in
  ///   release with a convolutional network on MNIST, batch 64: 194 steps.)
  /// - Throws: the step throws `VerificationError` when a check fails.
  public convenience init(
    optimizer: some Optimizer, verifyingEvery interval: Int, schedule: Schedule = .constant,
    regularization: Regularization = .none, clipping: Clipping = .none, seed: UInt64 = 0,
    loss: @escaping (Variable<S>, Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      optimizer: optimizer, schedule: schedule, regularization: regularization, clipping: clipping, seed: seed,
      loss: loss, file: file, line: line)
    verify(every: interval, at: CallSite(file, line))
  }

  /// A step for a loss of one input that checks itself every `interval` steps, the first included.
  public convenience init(
    optimizer: some Optimizer, verifyingEvery interval: Int, schedule: Schedule = .constant,
    regularization: Regularization = .none, clipping: Clipping = .none, seed: UInt64 = 0,
    loss: @escaping (Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    self.init(
      optimizer: optimizer, schedule: schedule, regularization: regularization, clipping: clipping, seed: seed,
      loss: loss, file: file, line: line)
    verify(every: interval, at: CallSite(file, line))
  }

  /// Checks a step of any form every `interval` steps from now on, the next one included, as `verifyingEvery` does.
  public func verify(every interval: Int, file: StaticString = #fileID, line: UInt = #line) {
    verify(every: interval, at: CallSite(file, line))
  }

  private func verify(every interval: Int, at site: CallSite) {
    guard interval > 0 else { site.trap("verifyingEvery: \(interval) is not a number of steps; give at least 1") }
    afterStep = { step in
      if (step.stepCount - 1) % interval == 0 { try step.verifyLatest() }
    }
  }

  /// Checks the latest step: the replay against a fresh recording, and one random direction of the gradient.
  /// - Throws: `VerificationError`.
  func verifyLatest() throws(VerificationError) {
    guard let fresh = recordedAfresh() else { return }
    if let reason = staleness(fresh) { throw VerificationError(reason: reason, epoch: epoch, step: stepCount) }
    let tape = fresh.loss.tape
    let leaves = tape.trainableParameters.map(\.leaf)
    var check = GradientCheck(of: fresh.loss, withRespectTo: leaves, seed: seed &+ UInt64(stepCount))
    if fresh.loss.path.isEmpty { check.subject = "the loss" }
    let report = check.glance()
    if report.verdict == .disagree {
      throw VerificationError(reason: .wrongGradient(report), epoch: epoch, step: stepCount)
    }
  }

  private func staleness(_ fresh: FreshRecording<S>) -> VerificationError.Reason? {
    guard let replays = fresh.replayed else {
      return .otherOperations(recorded: fresh.recordedCount, afresh: fresh.loss.index + 1)
    }
    for ((name, value), replay) in zip(fresh.values, replays) where value.firstDifference(from: replay) != nil {
      let (recorded, replayed): (Tensor<Double>, Tensor<Double>) = (value.converted(), replay.converted())
      let element = recorded.worstDifference(from: replayed)?.element ?? 0
      return .staleReplay(
        value: name, element: element, replayed: replayed.elements[element], recorded: recorded.elements[element])
    }
    return nil
  }
}
