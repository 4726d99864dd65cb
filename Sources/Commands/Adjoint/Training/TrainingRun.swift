import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Dispatch
import Foundation

/// One training from the command line: set up anew or from a checkpoint, run with saving, evaluated at the end.
struct TrainingRun {
  /// A setting of the checkpoint beside those of the classifier.
  static let dataKey = "data-fingerprint"
  /// A setting of the checkpoint beside those of the classifier.
  static let instructionSetKey = "instruction-set"

  let classifier: Classifier
  let trainer: Trainer<Examples>
  let test: Examples
  let lint = TrainingLint()
  let pool: WorkerPool
  private let settings: [String: String]
  private let destination: URL?
  private let saveInterval: Duration

  /// The plan's training on these examples; `saved` is the checkpoint to go on from.
  /// - Throws: `FileError`, `CommandError`.
  init(
    _ plan: TrainingPlan, _ data: LoadedData, from saved: (Checkpoint, file: String)?,
    to destination: URL?, saveInterval: Double, pool: WorkerPool, on group: ProcessGroup
  ) throws {
    let (rest, validation) = try TrainingRun.split(data.training, plan)
    // Statistics and fingerprint look at all examples, which may be in a file.
    let fingerprint: String
    (classifier, fingerprint) = try group.patiently {
      do {
        return (try Classifier(plan, for: rest, of: data), try data.training.fingerprint())
      } catch let error as CommandError {
        return try CommandError.blaming(saved?.file) { () throws(CommandError) in throw error }
      }
    }
    let step = TrainingRun.step(plan, classifier, count: rest.count, on: group)
    trainer = Trainer(
      step: step, predictor: classifier.predictor(), training: classifier.standardized(rest),
      validation: validation.map(classifier.standardized), epochs: plan.epochs, batchSize: plan.batch,
      stopping: plan.stopping, generator: plan.generator(.order))
    test = classifier.standardized(try classifier.matched(data.test, from: plan.data.title))
    self.pool = pool
    step.shards = plan.shards
    (step.pool, trainer.predictor.pool) = (pool, pool)
    (self.destination, self.saveInterval) = (destination, .seconds(saveInterval))

    var settings = classifier.settings
    settings[TrainingRun.dataKey] = fingerprint
    settings[TrainingRun.instructionSetKey] = Kernels.name
    self.settings = settings
    try requireAgreement(plan)
    if let (checkpoint, file) = saved {
      guard checkpoint.settings[TrainingRun.dataKey] == settings[TrainingRun.dataKey] else {
        throw CommandError.otherData(file: file)
      }
      try checkpoint.restore(into: trainer)
    } else {
      try trainer.prepare()
    }
  }

  /// Compares with all other processes what decides the training, before the first step.
  /// - Throws: `CommandError` on every process when one differs.
  private func requireAgreement(_ plan: TrainingPlan) throws(CommandError) {
    guard let group = trainer.step.group else { return }
    let differing = group.differing([
      ("the version", adjointVersion), ("the instruction set", Kernels.name),
      ("the data", settings[TrainingRun.dataKey] ?? ""), ("the number of threads", "\(pool.threads)"),
      ("the options", plan.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: " ")),
    ])
    if let (name, own, other) = differing {
      throw .disagreement(
        "the processes do not compute one training: \(name) is \(own) here and \(other) on another one")
    }
  }

  private static func split(
    _ training: Examples, _ plan: TrainingPlan
  ) throws(CommandError) -> (Examples, Examples?) {
    guard training.count > 0 else { throw .tooFewExamples("\(plan.data.title): there is nothing to train on") }
    guard plan.validation > 0 else { return (training, nil) }
    var generator = plan.generator(.split)
    let (rest, validation) = training.split(validation: plan.validation, using: &generator)
    guard validation.count > 0, rest.count > 0 else {
      throw .tooFewExamples(
        "--validation \(plan.validation.short) of \(training.count.of(training.noun)) leaves \(rest.count) for training and "
          + "\(validation.count) for validation; both need one at least")
    }
    return (rest, validation)
  }

  private static func step(_ plan: TrainingPlan, _ classifier: Classifier, count: Int, on group: ProcessGroup)
    -> TrainingStep<Float>
  {
    let steps = (count + plan.batch - 1) / plan.batch
    let schedule = plan.schedule.schedule(stepsPerEpoch: steps, epochs: Double(plan.epochs))
    let (model, loss) = (classifier.model, plan.loss)
    func make(_ optimizer: some Optimizer) -> TrainingStep<Float> {
      TrainingStep(
        optimizer: optimizer, schedule: schedule, regularization: plan.regularization, clipping: plan.clipping,
        seed: UInt64(plan.seed), on: group
      ) { images, labels in loss(model(images), labels: labels) }
    }
    return make(plan.optimizer.optimizer(plan.hyperparameters))
  }

  func save() throws {
    if let destination { try Checkpoint.save(trainer, settings: settings, to: destination) }
  }

  /// Trains to the end. Returns the signal that ended it before, if one did; everything is saved then. At the end it is
  /// for the caller to save: early stopping has put the best weights back. Returns as well what the last weights gave on the test
  /// set, if that was measured.
  ///
  /// Where the file cannot be written in mid-training, the training goes on and tries again at the next occasion.
  /// - Parameter sample: training examples to measure the accuracy on after each epoch.
  func train(
    _ report: inout ProgressReport, _ interruption: Interruption, measuringOn sample: Examples? = nil,
    _ log: RunLog? = nil
  ) throws -> (signal: Int32?, onTest: ClassificationMetrics?) {
    try save()
    var saved = ContinuousClock.now
    var signal: Int32?
    var onTest: ClassificationMetrics?
    let evaluator = trainer.predictor
    let console = report.console
    var complaint: String?
    func saveOrComplain() throws {
      do {
        try save()
        complaint = nil
      } catch let error as FileError where error.reason == .unwritableFile {
        if complaint != error.description { console.note("\(error.description) The training goes on, unsaved.") }
        complaint = error.description
      }
      saved = .now
    }
    for finding in try lint.look(at: self) { report.console.note("check: \(finding)") }
    var hasTrained = false
    report.resumeClock()
    try trainer.run(
      afterStep: { loss in
        let last = trainer.progress.batch == trainer.stepsPerEpoch
        let rest = trainer.training.count - (trainer.stepsPerEpoch - 1) * trainer.batchSize
        report.step(last ? rest : trainer.batchSize, of: trainer.progress, loss: loss)
        signal = interruption.received
        var isDue = saved.duration(to: .now) > saveInterval
        if let group = trainer.step.group {
          // A signal may reach one process before the others, and clocks differ: what the largest says, all do.
          let agreed = group.largest(signal.map { 2 * Int($0) } ?? (isDue ? 1 : 0))
          (signal, isDue) = (agreed > 1 ? Int32(agreed / 2) : nil, agreed == 1)
        }
        if signal != nil {
          try save()
        } else if isDue {
          try saveOrComplain()
          report.resumeClock()
        }
        return signal == nil
      },
      afterEpoch: { epoch in
        let step = trainer.step
        let (metrics, onSample) = try step.patiently {
          (try epoch.validation ?? evaluator.evaluate(on: test), try sample.map { try evaluator.evaluate(on: $0) })
        }
        let name = epoch.validation == nil ? "test" : "validation"
        // With a validation set other weights may be put back, and the test set waits for them.
        onTest = epoch.validation == nil ? metrics : nil
        // Weights may be finite, and so large that no output is: the checkpoint from before them stays.
        guard metrics.loss.isFinite else {
          throw CommandError.diverged(
            "epoch \(epoch.number): the \(name) loss is not finite. Lower the learning rate, or clip gradients.")
        }
        try log?.add(
          epoch, step: step.stepCount, rate: step.optimizer.learningRate * step.schedule.factor(at: step.stepCount - 1),
          metrics, on: name, training: onSample, report)
        try saveOrComplain()
        report.epoch(epoch, metrics, on: name, training: onSample)
        if !hasTrained {
          for finding in try lint.look(at: self) { report.console.note("check: \(finding)") }
          hasTrained = true
        }
        report.resumeClock()
      })
    return (signal, onTest)
  }
}

/// Ctrl-C and its kin, as a question that is asked after every step.
///
/// The first signal is only noted: the training finishes its step, saves, and ends. From then on a second one ends the
/// process at once.
final class Interruption {
  private let sources: [(signal: Int32, source: any DispatchSourceSignal)]

  init() {
    let queue = DispatchQueue(label: "adjoint.signals")
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      let before = unsafeBitCast(signal(number, SIG_IGN), to: Int.self)
      // `nohup`, and shells that start a command in the background, want the signal ignored.
      guard before != unsafeBitCast(SIG_IGN, to: Int.self) else { return nil }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // Cancelling is how the source remembers that its signal came.
      source.setEventHandler { source.cancel() }
      source.resume()
      return (number, source)
    }
  }

  /// The signal that came, if one did.
  var received: Int32? {
    guard let number = sources.first(where: { $0.source.isCancelled })?.signal else { return nil }
    for (number, _) in sources { signal(number, SIG_DFL) }
    return number
  }

  /// Ends with the exit code of a process that the signal ended: 130 for Ctrl-C.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }
}

/// The linter's findings about a training, looked for before the first step and after the first epoch, each told once.
///
/// 128 examples are recorded once more for it, which takes a few milliseconds; the training's numbers do not change.
final class TrainingLint {
  private(set) var findings: [Linter<Float>.Finding] = []

  /// The findings that are new.
  /// - Throws: as the data set does.
  func look(at run: TrainingRun) throws -> [Linter<Float>.Finding] {
    let examples = run.trainer.training
    let batch = try run.trainer.step.patiently { try examples.batch(Array(0..<min(examples.count, 128))[...]) }
    let tape = Tape<Float>(mode: .inference, seed: 0, computesLater: true)
    let (inputs, labels) = (tape.input(batch.inputs, name: "inputs"), tape.index(batch.targets, name: "labels"))
    let loss = run.classifier.plan.loss(run.classifier.model(inputs), labels: labels)
    let new = Linter(on: loss, parameters: run.classifier.parameters.map(\.parameter)).run().filter { finding in
      // The figures of a finding change as the weights do: it stays the same finding.
      !findings.contains { ($0.rule, $0.node, $0.path) == (finding.rule, finding.node, finding.path) }
    }
    findings += new
    return new
  }
}

extension Linter.Finding {
  var json: JSON {
    .object([
      ("rule", .string(rule.rawValue)), ("place", .string(place)), ("problem", .string(problem)),
      ("remedy", .string(remedy)),
    ])
  }
}
