import Adjoint

/// The state of a training but for parameters and optimiser state: what a checkpoint stores.
package struct TrainingProgress: Sendable, Hashable, Codable {
  /// Finished epochs.
  package var epoch = 0
  /// The next batch of the present epoch.
  package var batch = 0
  /// The generator as it stood before the present epoch was shuffled.
  package var generator: Generator
  /// The losses of the present epoch so far, each times its number of examples.
  package var lossSum = 0.0
  package var history: [EpochResult] = []
  package var stopping = EarlyStopping.State()
  /// True when early stopping has ended the training.
  package var isStopped = false
  /// The number of updates before the optimiser's first; `nil` unless it replaced another one.
  package var optimizerStart: Int?

  package init(generator: Generator) { self.generator = generator }
}

/// The result of a finished epoch.
public struct EpochResult: Sendable, Hashable, Codable {
  /// 1 for the first.
  public var number: Int
  /// The mean loss of its batches as they were trained on.
  public var loss: Double
  /// The metrics on the validation set after the epoch, where there is one.
  public var validation: ClassificationMetrics?
}

/// The end of a training whose validation loss no longer improves. The weights of the best epoch are kept.
public struct EarlyStopping: Sendable, Hashable {
  /// The epochs that patience counts.
  public enum Rule: String, Sendable, CaseIterable {
    /// Epochs since the best one.
    case sinceBest
    /// Epochs in a row whose loss was above that of the epoch before. A single decrease starts the count anew, even far
    /// above the best.
    case consecutiveIncreases
  }

  package let rule: Rule
  /// The number of counted epochs that ends the training.
  package let patience: Int

  /// An end after `patience` epochs without improvement, as the rule counts them.
  /// - Precondition: the patience is at least 1.
  public init(
    patience: Int, rule: Rule = .sinceBest, file: StaticString = #fileID, line: UInt = #line
  ) {
    check(patience, "EarlyStopping.patience", atLeast: 1, at: CallSite(file, line))
    (self.rule, self.patience) = (rule, patience)
  }

  /// The validation losses seen so far, as far as a rule needs them.
  package struct State: Sendable, Hashable, Codable {
    package private(set) var bestLoss: Double?
    package private(set) var bestEpoch: Int?
    private var lastLoss: Double?
    /// The number of epochs that patience is compared with.
    package private(set) var count = 0

    package init() {}

    /// Takes in the validation loss of an epoch. Returns whether it is the best yet. NaN and infinity never are, and NaN
    /// counts as an increase.
    package mutating func observe(_ loss: Double, epoch: Int, rule: Rule) -> Bool {
      let isBest = loss.isFinite && bestLoss.map { loss < $0 } ?? true
      let increased = loss.isNaN || lastLoss.map { loss > $0 } ?? false
      switch rule {
      case .sinceBest: count = isBest ? 0 : count + 1
      case .consecutiveIncreases: count = increased ? count + 1 : 0
      }
      if isBest { (bestLoss, bestEpoch) = (loss, epoch) }
      lastLoss = loss
      return isBest
    }
  }
}
