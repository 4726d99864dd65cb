import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation

/// Every number of a checkpoint's progress. A mutant is the progress as JSON; the checkpoint around it is sound.
struct ProgressTrial: ReaderTrial {
  let name = "progress"
  let words = ["null", "[", "]", "{", "}", "\"epoch\":3,", "1e30", ","]
  private static let epochs = 4

  /// A training of three steps an epoch, with early stopping.
  private static func trainer() -> Trainer<LabeledPoints> {
    var generator = Generator(seed: 3)
    let data = LabeledPoints.xor(count: 6, using: &generator)
    let model = MLP<Float>([2, 3, 2], using: &generator)
    return Trainer(
      step: TrainingStep<Float>(optimizer: Adam()) { crossEntropy(logits: model($0), labels: $1) },
      predictor: Predictor<Float>(batchSize: 6) { model($0) }, training: data, validation: data, epochs: epochs,
      batchSize: 2, stopping: EarlyStopping(patience: 3), generator: Generator(seed: 5))
  }

  /// A checkpoint saved in the middle of an epoch, and at the end of the training.
  private static let files: [Safetensors] = [7, Int.max].compactMap { steps in
    let trainer = trainer()
    var left = steps
    let place = Children.place.appendingPathComponent("progress-\(UUID().uuidString)")
    defer { unlink(place.path) }
    do {
      try trainer.run(afterStep: { _ in
        left -= 1
        return left > 0
      })
      try Checkpoint.save(trainer, to: place)
      return try Safetensors(contentsOf: place)
    } catch { return nil }
  }

  var seeds: [[UInt8]] { Self.files.map { Array(($0.metadata["adjoint.progress"] ?? "").utf8) } }

  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading {
    let text = String(decoding: bytes, as: UTF8.self)
    var checkpoint = Self.files[0]
    checkpoint.metadata["adjoint.progress"] = text
    let place = file.appendingPathExtension("safetensors")
    defer { unlink(place.path) }
    try checkpoint.write(to: place)
    let trainer = Self.trainer()
    try Checkpoint(contentsOf: place).restore(into: trainer)
    let progress = trainer.progress
    let difference = Self.difference(of: progress, from: Array(text.utf8), trainer)
    if difference == nil {
      do { try trainer.run() } catch is TrainingError {} catch is FeedError {}
    }
    return reading(difference == nil, difference ?? "", stating: bytes.count)
  }

  /// The fault of a progress that was accepted, as the numbers in the text show it.
  private static func difference(
    of progress: TrainingProgress, from bytes: [UInt8], _ trainer: Trainer<LabeledPoints>
  ) -> String? {
    guard let members = StrictJSON(bytes)?.members else { return "no JSON was accepted" }
    func number(_ name: String) -> String? {
      guard case .number(let digits)? = members.first(where: { $0.0 == name })?.1 else { return nil }
      return digits
    }
    if number("epoch").flatMap(Double.init) != Double(progress.epoch) { return "epoch \(progress.epoch)" }
    if number("batch").flatMap(Double.init) != Double(progress.batch) { return "batch \(progress.batch)" }
    if !(0...epochs).contains(progress.epoch) { return "epoch \(progress.epoch) of \(epochs) was accepted" }
    if !(0..<trainer.stepsPerEpoch).contains(progress.batch) { return "batch \(progress.batch) was accepted" }
    if !progress.lossSum.isFinite { return "the loss \(progress.lossSum) was accepted" }
    if progress.history.count != progress.epoch {
      return "\(progress.history.count) results of \(progress.epoch) epochs"
    }
    for (position, result) in progress.history.enumerated() where result.number != position + 1 || !result.loss.isFinite
    {
      return "epoch \(result.number) with loss \(result.loss) at position \(position) was accepted"
    }
    return nil
  }
}
