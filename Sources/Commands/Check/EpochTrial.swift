import Adjoint
import AdjointChecking
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

/// `adjoint check --trials epoch`: the CNN of `adjoint train` through one epoch with every step verified.
struct EpochTrial {
  private let source: DataSource
  private let steps: Int?
  private let seed: UInt64
  private static let batch = 64

  /// - Parameter steps: the number of steps, or a whole epoch.
  init(_ source: DataSource, steps: Int?, seed: UInt64) {
    (self.source, self.steps, self.seed) = (source, steps, seed)
  }

  func run(_ console: Console, printsJSON: Bool) throws -> Int32 {
    let images = try source.loadImages(limits: (nil, 1)).training
    let whole = (images.count + EpochTrial.batch - 1) / EpochTrial.batch
    let count = min(steps ?? whole, whole)
    let plain = try train(on: images, count, step: step(verified: false, images), console)
    let verified = try train(on: images, count, step: step(verified: true, images), console)
    let each = (verified.seconds - plain.seconds) / Double(max(verified.steps, 1))
    if let error = verified.error { console.line("\(error)\n") }
    console.line(
      "cnn on \(source.title), \(verified.steps) of \(count.of("step")) of \(EpochTrial.batch) images, every one verified: "
        + (verified.error == nil ? "no false alarm" : "a false alarm"))
    console.line(
      "\(verified.seconds.duration) with verification, \(plain.seconds.duration) without: a check takes \(each.precise), as "
        + "\((each / plain.seconds * Double(count)).fixed(0)) steps do")
    if printsJSON {
      let fields: [(String, JSON)] = [
        ("steps", .integer(verified.steps)), ("falseAlarms", .integer(verified.error == nil ? 0 : 1)),
        ("seconds", .number(verified.seconds)), ("secondsUnverified", .number(plain.seconds)),
        ("seed", .integer(Int(seed))),
      ]
      console.line(JSON.object(fields).text)
    }
    return verified.error == nil ? 0 : 1
  }

  private func step(verified: Bool, _ images: LabeledImages) -> TrainingStep<Float> {
    var generator = Generator(seed: seed)
    let model = CNN<Float>(
      height: images.height, width: images.width, classes: images.classNames.count, using: &generator)
    func loss(_ images: Variable<Float>, _ labels: Variable<Float>) -> Variable<Float> {
      crossEntropy(logits: model(images), labels: labels)
    }
    return verified
      ? TrainingStep(optimizer: Adam(), verifyingEvery: 1, seed: seed, loss: loss)
      : TrainingStep(optimizer: Adam(), seed: seed, loss: loss)
  }

  /// Trains until the end or the first alarm.
  private func train(
    on images: LabeledImages, _ count: Int, step: TrainingStep<Float>, _ console: Console
  ) throws -> (steps: Int, seconds: Double, error: VerificationError?) {
    var generator = Generator(seed: seed).stream(1)
    let started = ContinuousClock.now
    var made = 0
    var error: VerificationError?
    do {
      for batch in images.batches(of: EpochTrial.batch, shuffledBy: &generator).prefix(count) {
        try step(batch.images, batch.labels)
        made += 1
        console.live("step \(made) of \(count)")
      }
    } catch let alarm as VerificationError {
      error = alarm
    }
    let time = ContinuousClock.now - started
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    return (made, seconds, error)
  }
}
