/// When to stop because the validation loss no longer improves, and which weights to keep: those of the best epoch.
public struct EarlyStopping: Sendable, Hashable, Codable {
  /// What patience counts.
  public enum Rule: String, Sendable, CaseIterable, Codable {
    /// Epochs since the best one.
    case sinceBest
    /// Epochs in a row whose loss was above that of the epoch before. A single decrease starts the count anew, even far
    /// above the best.
    case consecutiveIncreases
  }

  public var rule: Rule
  /// How many counted epochs end the training.
  public var patience: Int

  public init(patience: Int, rule: Rule = .sinceBest) {
    (self.patience, self.rule) = (patience, rule)
  }

  /// What has been seen so far.
  public struct State: Sendable, Hashable, Codable {
    public private(set) var bestLoss: Double?
    public private(set) var bestEpoch: Int?
    private var lastLoss: Double?
    /// What patience is compared with.
    public private(set) var count = 0

    public init() {}

    /// Takes in the validation loss of an epoch. Returns whether it is the best yet.
    mutating func observe(_ loss: Double, epoch: Int, rule: Rule) -> Bool {
      let isBest = bestLoss.map { loss < $0 } ?? true
      let increased = lastLoss.map { loss > $0 } ?? false
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
