import Adjoint
import AdjointCommandLine
import AdjointLearning

/// What a training shows while it runs: a line for every epoch, alive on a terminal.
struct ProgressReport {
  let console: Console
  /// Steps in an epoch, epochs, and images in an epoch.
  let stepsPerEpoch: Int
  let epochs: Int
  let images: Int
  /// Time in training steps, and the images of those steps.
  private(set) var seconds = 0.0
  private(set) var trained = 0
  /// What was measured after an epoch: on the set of that name, and on training images where that was asked for.
  struct Measured {
    let epoch: Int
    let name: String
    let metrics: ClassificationMetrics
    let training: ClassificationMetrics?
  }
  private(set) var measured: [Measured] = []
  private var mark: ContinuousClock.Instant
  private var shown: ContinuousClock.Instant

  init(console: Console, stepsPerEpoch: Int, epochs: Int, images: Int) {
    (self.console, self.stepsPerEpoch, self.epochs, self.images) = (console, stepsPerEpoch, epochs, images)
    mark = .now
    shown = mark
  }

  /// Images over the time in training steps; 0 before the first.
  var rate: Double { seconds > 0 ? Double(trained) / seconds : 0 }

  /// Time counts as training from here.
  mutating func resumeClock() { mark = .now }

  /// A step of so many images has ended. Time until `resumeClock` does not count.
  mutating func step(_ count: Int, of progress: TrainingProgress, loss: Float) {
    let now = ContinuousClock.now
    seconds += mark.duration(to: now).seconds
    trained += count
    mark = now
    guard console.isTerminal, shown.duration(to: now) > .milliseconds(100) else { return }
    shown = now
    let done = Double(progress.batch) / Double(stepsPerEpoch)
    let bar = String(repeating: "█", count: Int(done * 20)).padded(to: 20)
    let seen = min(progress.batch * ((images + stepsPerEpoch - 1) / stepsPerEpoch), images)
    let mean = seen > 0 ? progress.lossSum / Double(seen) : Double(loss)
    console.live(
      "\(label(progress.epoch + 1)) ▕\(bar)▏ loss \(mean.fixed(4))  \(pace)  \(left(Double(progress.epoch) + done))")
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
  private var pace: String { "\(Int(rate).grouped) images/s" }

  private func left(_ done: Double) -> String {
    let remaining = max(Double(epochs) - done, 0) * Double(images)
    return remaining > 0 ? "\((remaining / max(rate, 1)).duration) left" : ""
  }
}
