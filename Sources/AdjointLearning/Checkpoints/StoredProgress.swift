import Adjoint

/// The test of a progress that comes from a file, number by number.
extension TrainingProgress {
  /// The first thing that cannot be in a training like this one; nil when everything can.
  func fault(in trainer: Trainer<some Dataset<Int32>>, hasBest: Bool) -> (expected: String, found: String)? {
    let epochs = trainer.epochs
    guard (0...epochs).contains(epoch) else { return ("at most \(epochs) finished epochs", "\(epoch)") }
    let steps = epoch == epochs ? 0 : trainer.stepsPerEpoch
    guard (0...steps).contains(batch) else {
      return ("at most \(steps) steps of the epoch after \(epoch) of \(epochs)", "\(batch)")
    }
    guard lossSum.isFinite, batch > 0 || lossSum == 0 else {
      return ("a finite sum of losses, 0 before the first step of an epoch", "\(lossSum)")
    }
    guard history.count == epoch else { return ("the results of \(epoch) epochs", "\(history.count)") }
    for (place, result) in history.enumerated() {
      guard result.number == place + 1 else { return ("the result of epoch \(place + 1)", "that of \(result.number)") }
      if let fault = result.fault(validating: trainer.validation?.count) { return fault }
    }
    return stopping.fault(after: epoch, hasBest: hasBest, isStopped: isStopped)
  }
}

extension EpochResult {
  fileprivate func fault(validating count: Int?) -> (expected: String, found: String)? {
    guard loss.isFinite else { return ("a finite loss of epoch \(number)", "\(loss)") }
    guard (validation == nil) == (count == nil) else {
      return ("\(count == nil ? "no result" : "a result") of validation in epoch \(number)", "the opposite")
    }
    guard let validation, let count else { return nil }
    let rows = validation.confusion
    guard validation.loss.isFinite, (0...1).contains(validation.accuracy) else {
      return (
        "a finite loss, and an accuracy from 0 to 1, in epoch \(number)", "\(validation.loss), \(validation.accuracy)"
      )
    }
    // Each is at most the total, so no sum of them overflows.
    guard rows.allSatisfy({ $0.count == rows.count && $0.allSatisfy { (0...count).contains($0) } }),
      rows.allSatisfy({ $0.reduce(0, +) <= count }), rows.reduce(0, { $0 + $1.reduce(0, +) }) == count
    else { return ("a square of counts that sum to \(count), in the confusion of epoch \(number)", "other numbers") }
    return nil
  }
}

extension EarlyStopping.State {
  fileprivate func fault(after epoch: Int, hasBest: Bool, isStopped: Bool) -> (expected: String, found: String)? {
    guard (0...epoch).contains(count) else { return ("at most \(epoch) epochs counted by patience", "\(count)") }
    guard bestEpoch.map({ (1...max(epoch, 1)).contains($0) && epoch > 0 }) ?? true else {
      return ("a best epoch among \(epoch)", "\(bestEpoch ?? 0)")
    }
    guard (bestEpoch != nil) == hasBest, (bestLoss != nil) == hasBest else {
      return ("the weights of the best epoch, its number and its loss, or none of them", "some of them")
    }
    guard !isStopped || hasBest else { return ("weights of a best epoch, since early stopping ended it", "none") }
    return nil
  }
}
