import Adjoint
import AdjointDatasets

/// A training loop over epochs: shuffled batches, metrics, a validation set, early stopping that restores the best weights.
///
/// Its whole state is `progress`, the parameters and what the optimiser keeps; a checkpoint stores these, so that training
/// resumed at any step, also in the middle of an epoch, ends in the same bits as training never stopped.
public final class Trainer<Data: Dataset<Int32>> {
  public let step: TrainingStep<Float>
  public let predictor: Predictor<Float>
  public let training: Data
  public let validation: Data?
  public let epochs: Int
  public let batchSize: Int
  public let stopping: EarlyStopping?
  public internal(set) var progress: TrainingProgress
  /// The weights of the best epoch so far, by parameter name.
  var best: [String: Tensor<Float>] = [:]

  /// - Parameters:
  ///   - predictor: logits in inference, for the validation set.
  ///   - stopping: needs a validation set.
  ///   - generator: shuffles each epoch.
  public init(
    step: TrainingStep<Float>, predictor: Predictor<Float>, training: Data, validation: Data? = nil, epochs: Int,
    batchSize: Int, stopping: EarlyStopping? = nil, generator: Generator
  ) {
    if training.count == 0 { fatalError("Trainer: there are no training examples") }
    if stopping != nil && validation == nil { fatalError("Trainer: early stopping needs a validation set") }
    (self.step, self.predictor, self.training, self.validation) = (step, predictor, training, validation)
    (self.epochs, self.batchSize, self.stopping) = (epochs, batchSize, stopping)
    progress = TrainingProgress(generator: generator)
  }

  /// Steps in an epoch.
  public var stepsPerEpoch: Int { (training.count + batchSize - 1) / batchSize }
  /// Whether there is nothing left to do.
  public var isFinished: Bool { progress.isStopped || progress.epoch >= epochs }

  /// Records the loss for a full batch, so that the parameters are known before the first step.
  public func prepare() throws { _ = fullBatchTape() }

  /// What tells this program from another: the fingerprint of the loss of a full batch, whatever else has been recorded.
  func fingerprint() -> String { String(fullBatchTape().fingerprint, radix: 16) }

  private func fullBatchTape() -> Tape<Float> {
    let order = Array(0..<min(batchSize, training.count))
    let shapes = (training.inputShape.batched(order.count), training.targetShape.batched(order.count))
    let recording = step.recording(shapes.0, shapes.1) { tape in
      let batch = training.batch(order[...])
      return [tape.input(batch.inputs, name: "inputs"), tape.index(batch.targets, name: "labels")]
    }
    return recording.inputs[0].tape
  }

  /// Trains to the end, or until `afterStep` returns false: the state is then that after a whole step.
  ///
  /// - Parameters:
  ///   - afterStep: called after each step with the loss of its batch.
  ///   - afterEpoch: called after each epoch, validation included.
  /// - Throws: `TrainingError`, `FeedError`, or what the closures throw.
  public func run(
    afterStep: (Float) throws -> Bool = { _ in true }, afterEpoch: (TrainingProgress.Epoch) throws -> Void = { _ in }
  ) throws {
    while !isFinished {
      var generator = progress.generator
      let batches = training.batches(of: batchSize, shuffledBy: &generator)
      step.epoch = progress.epoch + 1
      while progress.batch < batches.count {
        let rows = batches.rows(ofBatch: progress.batch)
        let loss = try step(rows: rows, of: training)
        progress.lossSum += Double(loss) * Double(rows.count)
        progress.batch += 1
        if try !afterStep(loss) { return }
      }
      try finishEpoch(generator)
      try afterEpoch(progress.history[progress.history.count - 1])
    }
    restoreBest()
  }

  private func finishEpoch(_ generator: Generator) throws {
    var record = TrainingProgress.Epoch(
      number: progress.epoch + 1, loss: progress.lossSum / Double(training.count), validation: nil)
    if let validation { record.validation = try predictor.evaluate(on: validation) }
    progress.history.append(record)
    (progress.epoch, progress.batch, progress.lossSum) = (progress.epoch + 1, 0, 0)
    progress.generator = generator
    if let stopping, let loss = record.validation?.loss {
      if progress.stopping.observe(loss, epoch: record.number, rule: stopping.rule) { keepBest() }
      progress.isStopped = progress.stopping.count >= stopping.patience
    }
  }

  private func keepBest() {
    for (name, parameter) in step.namedParameters { best[name] = parameter.value }
  }

  private func restoreBest() {
    for (name, parameter) in step.namedParameters { if let value = best[name] { parameter.value = value } }
  }
}

/// How far a training has come: everything but parameters and optimiser state.
public struct TrainingProgress: Sendable, Hashable, Codable {
  /// What an epoch came to.
  public struct Epoch: Sendable, Hashable, Codable {
    /// 1 for the first.
    public var number: Int
    /// The mean loss of its batches as they were trained on.
    public var loss: Double
    public var validation: ClassificationMetrics?
  }

  /// Finished epochs.
  public var epoch = 0
  /// The next batch of the present epoch.
  public var batch = 0
  /// The generator as it stood before the present epoch was shuffled.
  public var generator: Generator
  /// The losses of the present epoch so far, each times its number of examples.
  public var lossSum = 0.0
  public var history: [Epoch] = []
  public var stopping = EarlyStopping.State()
  /// Whether early stopping has ended the training.
  public var isStopped = false

  public init(generator: Generator) { self.generator = generator }
}

extension TrainingStep {
  /// The parameters and states that the recorded loss uses, by the names under which a checkpoint stores them.
  public var namedParameters: [(name: String, parameter: Parameter<S>)] { tape?.namedParameters ?? [] }
}
