import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation

/// `adjoint train`: header, progress, final table, JSON.
enum TrainCommand {
  static let command = Command(
    name: "train", summary: "Train a classifier of images or of rows of numbers.", options: TrainingOptions.all,
    notes: [
      ("Defaults", TrainingOptions.defaultsTable),
      (
        "Examples",
        [
          "adjoint train", "adjoint train --data iris.csv --label species --save iris.safetensors",
          "adjoint train --data mnist --hidden 256,64 --dropout 0.2 --validation 0.1 --patience 3 --save digits.safetensors",
          "adjoint train --resume digits.safetensors",
        ]
      ),
      (
        "Exit code",
        ["0 after a finished training, 130 after Ctrl-C, 2 for a command that cannot be read, 1 for any other failure"]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let start = ContinuousClock.now
    let group = ProcessGroup.current
    console.isQuiet = !group.isFirst
    console.hasLauncher = group.count > 1
    let saved = try group.patiently { try resumed(arguments) }
    var plan = try plan(arguments, saved)
    let directory = try arguments.text("report").map { try ReportDirectory($0) }
    let destination = arguments.text("save") ?? (saved == nil ? nil : arguments.text("resume"))
    try destination.map { try refuse(destination: $0, arguments, directory) }
    if let shards = plan.shards, !shards.isMultiple(of: group.count) {
      throw arguments.option("shards").bad(
        String(shards), expected: "a multiple of the number of processes, \(group.count): each computes as many shards")
    }
    let trace = try TraceOptions(arguments)
    try trace?.refuse(beside: [destination, arguments.text("resume")], directory)
    if plan.shards != nil, trace != nil {
      throw CommandError.unusedOption(
        "trace", reason: "with --shards, whose values belong to several programs", usedBy: [])
    }
    if group.count > 1, trace != nil {
      throw CommandError.unusedOption(
        "trace", reason: "by \(group.count) processes, which have no values in common", usedBy: [])
    }
    let log = group.isFirst ? try RunLog(arguments) : nil
    try log?.refuse(beside: [destination, arguments.text("resume"), arguments.text("trace")], directory)
    try group.onFirst { try plan.data.download(arguments, console) }
    let interruption = Interruption()
    let data = try group.patiently { try plan.data.load(limits: plan.limits, plan.dataOptions(arguments)) }
    if saved == nil { plan = try plan.fitted(to: data.training, arguments) }
    let run = try TrainingRun(
      plan, data, from: saved, to: destination.map { FilePlace.url($0) },
      saveInterval: arguments.number("save-every"), pool: try pool(arguments, group), on: group)
    try trace?.begin(on: run.trainer.step)
    try log?.begin(after: run.trainer.progress.epoch)
    showHeader(run, plan, data.notes, console)
    if let made = saved?.0.settings[TrainingRun.instructionSetKey], made != Kernels.name {
      console.note("the checkpoint was made with \(made); on \(Kernels.name), results differ in their last digits")
    }

    var report = ProgressReport(
      console: console, stepsPerEpoch: run.trainer.stepsPerEpoch, epochs: plan.epochs,
      count: run.trainer.training.count, noun: run.trainer.training.noun)
    let sample = directory == nil || !group.isFirst ? nil : run.trainer.training.limited(to: TrainingReport.sampleSize)
    if run.trainer.progress.isStopped, arguments.isGiven("epochs") {
      console.note("early stopping had ended this training: more epochs change nothing")
    }
    let (signal, onTest): (Int32?, ClassificationMetrics?)
    do {
      (signal, onTest) = try run.train(&report, interruption, measuringOn: sample, log)
    } catch {
      throw diverged(error, plan, destination)
    }
    if let signal {
      let progress = run.trainer.progress
      let place =
        "in epoch \(min(progress.epoch + 1, plan.epochs)), after step \(progress.batch) of \(run.trainer.stepsPerEpoch)"
      let hint =
        destination.map { "resume with: adjoint train --resume \($0.shellQuoted)" }
        ?? "nothing was saved; give --save FILE to be able to resume"
      console.note("interrupted \(place); \(hint)" + (directory == nil ? "" : "; there is no report"))
      return Interruption.exitCode(signal)
    }
    do {
      let directory = group.isFirst ? directory : nil
      try finish(run, onTest, plan, report, directory, arguments.isGiven("json"), since: start, console)
    } catch {
      throw diverged(error, plan, destination)
    }
    return 0
  }

  private static func pool(_ arguments: Arguments, _ group: ProcessGroup) throws -> WorkerPool {
    let cores = min(max(ProcessInfo.processInfo.activeProcessorCount / group.count, 1), WorkerPool.maximumThreads)
    return WorkerPool(threads: try arguments.givenInteger("threads") ?? cores)
  }

  // MARK: Resuming

  private static func resumed(_ arguments: Arguments) throws -> (Checkpoint, file: String)? {
    guard let file = arguments.text("resume") else { return nil }
    // Killed before the first save: with --save of the same name, that is a beginning.
    let place = FilePlace.url(file)
    if let save = arguments.text("save"), FilePlace.isSame(FilePlace.url(save), place),
      !FileManager.default.fileExists(atPath: place.path)
    {
      return nil
    }
    return (try openCheckpoint(file, resuming: true), file)
  }

  /// The plan as given, or the checkpoint's with what may be given anew, which no other option may contradict.
  private static func plan(_ arguments: Arguments, _ saved: (Checkpoint, file: String)?) throws -> TrainingPlan {
    guard let (checkpoint, file) = saved else { return try TrainingPlan(arguments) }
    var settings = checkpoint.settings
    // Data that has moved is known by its content, in `TrainingRun`.
    if let data = arguments.given["data"] { settings["data"] = try DataSource(data).setting }
    let plan = try TrainingPlan(stored: settings, of: file)
    for option in TrainingOptions.settings where option.name != "data" {
      guard let given = arguments.given[option.name] else { continue }
      let used = plan.settings[option.name] ?? plan.hyperparameters[option.name].map { String($0) } ?? "none"
      guard given != used else { continue }
      guard TrainingOptions.adjustable.contains(option.name) else {
        throw CommandError.contradiction(option: option.name, given: given, saved: used, file: file)
      }
      settings[option.name] = given
    }
    let finished = try checkpoint.finishedEpochs()
    if let epochs = try arguments.givenInteger("epochs"), epochs < finished {
      throw arguments.option("epochs").bad(
        String(epochs), expected: "at least \(finished), the epochs that \(file) has behind it")
    }
    return try TrainingPlan(Arguments(stored: settings, for: command))
  }

  /// Refuses a place where a checkpoint would destroy something else, or be destroyed.
  private static func refuse(
    destination: String, _ arguments: Arguments, _ report: ReportDirectory?
  ) throws(CommandError) {
    let place = FilePlace.url(destination)
    let option = arguments.option(arguments.isGiven("save") ? "save" : "resume")
    guard destination.utf8.last != UInt8(ascii: "/") else {
      throw option.bad(destination, expected: "the name of a file, not of a folder")
    }
    if let report, report.wouldReplace(place) {
      throw option.bad(destination, expected: "another name than the files of the report have")
    }
    guard !FileManager.default.fileExists(atPath: place.path) || Safetensors.isLikely(place) else {
      throw .notACheckpoint(destination)
    }
  }

  /// The error with what to do next, if it says that the training diverged.
  private static func diverged(_ error: any Error, _ plan: TrainingPlan, _ destination: String?) -> any Error {
    let isDivergence =
      switch error {
      case is TrainingError, is NonFiniteOutputs, CommandError.diverged: true
      case let error as FileError: error.reason == .badValue
      default: false
      }
    guard isDivergence, let destination else { return error }
    let rate = String(format: "%.3g", (plan.hyperparameters["learning-rate"] ?? 0) / 10)
    return CommandError.diverged(
      "\(error) The last good state is saved; go on with: adjoint train --resume \(destination.shellQuoted) "
        + "--learning-rate \(rate)")
  }

  // MARK: Reports

  private static func showHeader(
    _ run: TrainingRun, _ plan: TrainingPlan, _ notes: [(name: String, text: String)], _ console: Console
  ) {
    let trainer = run.trainer
    let first = trainer.training
    let shards = plan.shards.map { " in \($0.of("shard"))" } ?? ""
    let aside = trainer.validation.map { ", \($0.count.grouped) to validate" } ?? ""
    let size = first.imageSize.map { "\($0.height) × \($0.width)" } ?? run.classifier.width.of("feature")
    let fields =
      [
        (
          "data",
          "\(plan.data.title): \(first.count.grouped) \(first.noun)s to train\(aside), \(run.test.count.grouped) to test, "
            + "\(size), \(first.classCount) classes"
        )
      ] + notes.map { ($0.name, $0.text) } + [
        ("model", run.classifier.architecture), ("parameters", run.classifier.parameterCount.grouped),
        ("loss", plan.loss.optionName), ("optimizer", plan.optimization),
        (
          "epochs",
          "\(plan.epochs) of \(trainer.stepsPerEpoch.of("step")), batch \(plan.batch)\(shards), seed \(plan.seed)"
        ),
        ("instructions", Kernels.name),
      ]
    for (name, value) in fields { console.field(name, value) }
    if let group = trainer.step.group {
      console.field(
        "processes",
        "\(group.count) of \(run.pool.threads.of("thread")); this one sends \(trainer.step.sentByteCount.of("byte")) a step"
      )
    }
    let progress = trainer.progress
    if progress.epoch > 0 || progress.batch > 0 {
      console.field("resumed", "after \(progress.epoch.of("epoch")) and \(progress.batch.of("step"))")
    }
    console.line()
  }

  private static func finish(
    _ run: TrainingRun, _ onTest: ClassificationMetrics?, _ plan: TrainingPlan, _ report: ProgressReport,
    _ directory: ReportDirectory?, _ json: Bool,
    since start: ContinuousClock.Instant, _ console: Console
  ) throws {
    let predictor = run.trainer.predictor
    let (onTest, onTraining) = try ProcessGroup.current.patiently {
      (try onTest ?? predictor.evaluate(on: run.test), try predictor.evaluate(on: run.trainer.training))
    }
    guard onTest.loss.isFinite, onTraining.loss.isFinite else {
      throw CommandError.diverged("after the last epoch: the loss is not finite. Lower the learning rate.")
    }
    let saving = Result { try run.save() }
    let seconds = start.duration(to: .now).seconds
    let progress = run.trainer.progress
    if progress.isStopped, let best = progress.stopping.bestEpoch {
      console.line("stopped early after \(progress.epoch.of("epoch")); the weights are those of epoch \(best)")
    }
    MetricsReport(classNames: run.classifier.classNames, noun: run.test.noun).show(
      [("training", onTraining), ("test", onTest)], on: console)
    console.line()
    console.line("\(seconds.duration) in all, \(report.rate.nearest.grouped) \(run.test.noun)s/s in training steps")
    var fields: [(String, JSON)] = [
      ("testAccuracy", .number(onTest.accuracy)), ("testLoss", .number(onTest.loss)),
      ("trainAccuracy", .number(onTraining.accuracy)), ("trainLoss", .number(onTraining.loss)),
    ]
    if let validation = run.trainer.validation {
      let metrics = try predictor.evaluate(on: validation)
      fields += [("validationAccuracy", .number(metrics.accuracy)), ("validationLoss", .number(metrics.loss))]
    }
    fields += [
      ("epochs", .integer(progress.epoch)), ("bestEpoch", progress.stopping.bestEpoch.map { .integer($0) } ?? .null),
      ("seconds", .number(start.duration(to: .now).seconds)), ("imagesPerSecond", .number(report.rate)),
      ("peakMemory", PeakMemory.mebibytes.map { .number($0) } ?? .null),
      ("parameters", .integer(run.classifier.parameterCount)), ("seed", .integer(plan.seed)),
      ("instructionSet", .string(Kernels.name)), ("data", .string(plan.data.setting)),
      ("model", .string(run.classifier.architecture)), ("optimizer", .string(plan.optimizer.name)),
      ("loss", .string(plan.loss.optionName)), ("classAccuracies", MetricsReport.classAccuracies(onTest)),
      ("findings", .array(run.lint.findings.map(\.json))),
    ]
    // The figures are not lost where checkpoint or report cannot be written.
    defer { if json { console.line(JSON.object(fields).text) } }
    try saving.get()
    try ProcessGroup.current.onFirst {
      guard let directory else { return }
      try TrainingReport(
        run: run, plan: plan, progress: report, training: onTraining, test: onTest, seconds: seconds
      ).write(to: directory)
      console.line("report: \(directory.path)/report.html")
    }
  }
}
