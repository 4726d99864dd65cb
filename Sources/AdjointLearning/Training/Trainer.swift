import Adjoint

/// A training loop over epochs: shuffled batches, metrics, a validation set, early stopping that restores the best weights.
///
/// A checkpoint stores its whole state: the progress, the parameters and what the optimiser keeps. Training resumed at any
/// step, also in the middle of an epoch, ends in the same bits as training never stopped.
public final class Trainer<Data: Dataset<Int32>> {
  /// The steps of a batch: one, or several that train together.
  package let steps: [TrainingStep<Float>]
  private let logits: Predictor<Float>?
  /// The steps of a batch, where they are not one step from its rows.
  private let trainBatch: ((Batch<Int32>) throws -> Float)?
  package let training: Data
  package let validation: Data?
  package let epochs: Int
  package let batchSize: Int
  package let stopping: EarlyStopping?
  package internal(set) var progress: TrainingProgress
  /// The weights of the best epoch so far. Two parameters may share a name, so they are kept by identity.
  var best: [ObjectIdentifier: Tensor<Float>] = [:]

  /// A training that begins with the first epoch.
  /// - Parameters:
  ///   - predictor: logits in inference, for the validation set.
  ///   - stopping: needs a validation set.
  ///   - generator: shuffles each epoch.
  public init(
    step: TrainingStep<Float>, predictor: Predictor<Float>, training: Data, validation: Data? = nil, epochs: Int,
    batchSize: Int, stopping: EarlyStopping? = nil, generator: Generator, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(epochs, "Trainer: epochs", atLeast: 0, at: site)
    check(batchSize, "Trainer: batchSize", atLeast: 1, at: site)
    if training.count == 0 { site.trap("Trainer: there are no training examples; give at least one") }
    if validation?.count == 0 { site.trap("Trainer: there are no validation examples; give at least one, or no set") }
    if stopping != nil && validation == nil { site.trap("Trainer: early stopping needs a validation set; give one") }
    (steps, logits, trainBatch, self.training, self.validation) = ([step], predictor, nil, training, validation)
    (self.epochs, self.batchSize, self.stopping) = (epochs, batchSize, stopping)
    progress = TrainingProgress(generator: generator)
  }

  /// A training by steps of any form: `batch` makes those of one batch, and returns the loss that is reported.
  ///
  /// ```swift
  /// let trainer = Trainer(steps: [critic, forger], training: digits, epochs: 20, batchSize: 64, generator: generator) { batch in
  ///   try forger(batch.images)
  ///   return try critic(batch.images)
  /// }
  /// ```
  ///
  /// What it draws, it draws on the tape, or a resumed training would draw something else. Before a checkpoint is restored,
  /// it is called once with the first batch while no step updates anything, so that all losses are known.
  /// - Parameter steps: every step that `batch` makes.
  public init(
    steps: [TrainingStep<Float>], training: Data, epochs: Int, batchSize: Int, generator: Generator,
    batch: @escaping (Batch<Int32>) throws -> Float, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(epochs, "Trainer: epochs", atLeast: 0, at: site)
    check(batchSize, "Trainer: batchSize", atLeast: 1, at: site)
    if training.count == 0 { site.trap("Trainer: there are no training examples; give at least one") }
    if steps.isEmpty { site.trap("Trainer: there are no steps; give those that `batch` makes") }
    (self.steps, logits, trainBatch, self.training, validation) = (steps, nil, batch, training, nil)
    (self.epochs, self.batchSize, stopping) = (epochs, batchSize, nil)
    progress = TrainingProgress(generator: generator)
  }

  /// The step of a training that makes one for each batch; the first of several.
  package var step: TrainingStep<Float> { steps[0] }
  /// The logits for the validation set.
  /// - Precondition: the training was given a predictor.
  package var predictor: Predictor<Float> {
    guard let logits else { fatalError("Trainer: it was given steps of any form, and no predictor") }
    return logits
  }
  /// True for a training of steps of any form.
  var isOfSteps: Bool { trainBatch != nil }

  /// The finished epochs.
  public var history: [EpochResult] { progress.history }
  /// True when there is nothing left to do.
  package var isFinished: Bool { progress.isStopped || progress.epoch >= epochs }
  /// Steps in an epoch.
  package var stepsPerEpoch: Int { (training.count + batchSize - 1) / batchSize }

  /// Records the loss for a full batch, so that the parameters are known before the first step.
  package func prepare() throws {
    guard let trainBatch else {
      _ = fullBatchLoss()
      return
    }
    guard steps.contains(where: { $0.recordingCount == 0 }) else { return }
    for step in steps { step.isOnlyRecording = true }
    defer { for step in steps { step.isOnlyRecording = false } }
    _ = try trainBatch(training.batch(Array(0..<min(batchSize, training.count))[...]))
  }

  /// The fingerprint of the loss of a full batch, which tells one program from another, whatever else has been recorded.
  func fingerprint() -> String { String(fullBatchLoss().inputs.tape.fingerprint, radix: 16) }

  /// The fingerprint that the same training had when losses were recorded in their former form.
  package func formerFingerprint() -> String { String(step.formerFingerprint(of: fullBatchLoss()), radix: 16) }

  private func fullBatchLoss() -> CompiledLoss<Float> {
    let order = Array(step.recordedRows(min(batchSize, training.count)))
    return step.compileIfNeeded(order[...], of: training)
  }

  /// Trains to the end, or until `afterStep` returns false: the state is then that after a whole step.
  ///
  /// - Parameters:
  ///   - afterStep: called after each step with the loss of its batch.
  ///   - afterEpoch: called after each epoch, validation included.
  /// - Throws: `TrainingError` when a step is refused, or an epoch ends with parameters or a validation loss that are not
  ///   finite; `FeedError`; or what the closures throw.
  public func run(
    afterStep: (Float) throws -> Bool = { _ in true }, afterEpoch: (EpochResult) throws -> Void = { _ in }
  ) throws {
    while !isFinished {
      var generator = progress.generator
      let batches = training.batches(of: batchSize, shuffledBy: &generator)
      for step in steps { step.epoch = progress.epoch + 1 }
      while progress.batch < batches.count {
        let rows = batches.rows(ofBatch: progress.batch)
        if progress.batch + 1 < batches.count { announce(batches.rows(ofBatch: progress.batch + 1)) }
        let loss = try trainBatch?(training.batch(rows)) ?? step(rows: rows, of: training)
        progress.lossSum += Double(loss) * Double(rows.count)
        progress.batch += 1
        if try !afterStep(loss) { return }
      }
      try finishEpoch(generator)
      try afterEpoch(progress.history[progress.history.count - 1])
    }
    for (_, parameter) in step.namedParameters {
      if let value = best[ObjectIdentifier(parameter)] { parameter.value = value }
    }
  }

  /// Tells the data set what this process is to read for the next step.
  private func announce(_ rows: ArraySlice<Int>) {
    training.announce(trainBatch == nil ? rows.part(step.ownRows(rows.count)) : rows)
  }

  private func finishEpoch(_ generator: Generator) throws {
    for step in steps { try step.requireFiniteParameters() }
    let result = EpochResult(
      number: progress.epoch + 1, loss: progress.lossSum / Double(training.count),
      validation: try validation.map { data in try step.patiently { try predictor.evaluate(on: data) } })
    if let loss = result.validation?.loss, !loss.isFinite {
      throw TrainingError(
        failure: .validationLoss(loss), epoch: result.number, step: max(step.stepCount - 1, 0), culprit: nil,
        learningRate: step.optimizer.learningRate)
    }
    progress.history.append(result)
    (progress.epoch, progress.batch, progress.lossSum) = (progress.epoch + 1, 0, 0)
    progress.generator = generator
    if let stopping, let loss = result.validation?.loss {
      if progress.stopping.observe(loss, epoch: result.number, rule: stopping.rule) {
        for (_, parameter) in step.namedParameters { best[ObjectIdentifier(parameter)] = parameter.value }
      }
      progress.isStopped = progress.stopping.count >= stopping.patience
    }
  }
}
