import Adjoint
import AdjointCommandLine
import AdjointLearning
import Foundation

/// The lines that a training shows while it runs: one for every epoch, alive on a terminal.
struct ProgressReport {
  let console: Console
  let stepsPerEpoch: Int
  let epochs: Int
  /// The examples in an epoch.
  let count: Int
  /// The word for one of them.
  let noun: String
  /// The time in training steps.
  private(set) var seconds = 0.0
  /// The examples of those steps.
  private(set) var trained = 0
  /// The figures after an epoch, on the set of that name, and on training examples where that was asked for.
  struct Measured {
    let epoch: Int
    let name: String
    let metrics: ClassificationMetrics
    let training: ClassificationMetrics?
  }
  private(set) var measured: [Measured] = []
  private var mark: ContinuousClock.Instant
  private var shown: ContinuousClock.Instant

  init(console: Console, stepsPerEpoch: Int, epochs: Int, count: Int, noun: String) {
    (self.console, self.stepsPerEpoch, self.epochs) = (console, stepsPerEpoch, epochs)
    (self.count, self.noun) = (count, noun)
    mark = .now
    shown = mark
  }

  /// Examples over the time in training steps; 0 before the first.
  var rate: Double { seconds > 0 ? Double(trained) / seconds : 0 }

  /// Time counts as training from here.
  mutating func resumeClock() { mark = .now }

  /// A step of so many examples has ended. Time until `resumeClock` does not count.
  mutating func step(_ seen: Int, of progress: TrainingProgress, loss: Float) {
    let now = ContinuousClock.now
    seconds += mark.duration(to: now).seconds
    trained += seen
    mark = now
    guard console.isTerminal, shown.duration(to: now) > .milliseconds(100) else { return }
    shown = now
    let share = Double(progress.batch) / Double(stepsPerEpoch)
    let bar = share.bar(of: 20).padded(to: 20)
    let done = min(progress.batch * ((count + stepsPerEpoch - 1) / stepsPerEpoch), count)
    let mean = done > 0 ? progress.lossSum / Double(done) : Double(loss)
    console.live(
      "\(label(progress.epoch + 1)) ▕\(bar)▏ loss \(mean.fixed(4))  \(pace)  \(left(Double(progress.epoch) + share))")
  }

  /// An epoch has ended.
  mutating func epoch(
    _ epoch: EpochResult, _ metrics: ClassificationMetrics, on name: String,
    training: ClassificationMetrics?
  ) {
    measured.append(Measured(epoch: epoch.number, name: name, metrics: metrics, training: training))
    var text = "\(label(epoch.number))  loss \(epoch.loss.fixed(4))"
    if let validation = epoch.validation { text += "  validation loss \(validation.loss.fixed(4))" }
    text += "  \(name) accuracy \(metrics.accuracy.percent)  \(pace)"
    if console.isTerminal { text += "  \(left(Double(epoch.number)))" }
    console.line(text)
  }

  private func label(_ epoch: Int) -> String { "epoch \(String(epoch).padded(left: String(epochs).count))/\(epochs)" }
  private var pace: String { "\(rate.nearest.grouped) \(noun)s/s" }

  private func left(_ done: Double) -> String {
    let remaining = max(Double(epochs) - done, 0) * Double(count)
    return remaining > 0 ? "\((remaining / max(rate, 1)).duration) left" : ""
  }
}
