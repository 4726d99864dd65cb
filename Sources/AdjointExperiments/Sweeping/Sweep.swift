import Adjoint
import Dispatch
import Foundation

/// All runs of some experiments: recorded ones are taken over, missing ones computed, many at a time.
///
/// Each run makes its own model and tape on its own thread and depends on setting, seed and data alone, so neither the number
/// of threads nor an interruption changes a bit of any record.
package struct Sweep: Sendable {
  /// A run to be computed.
  package struct Job: Sendable {
    let experiment: Experiment
    let setting: Setting
    let seed: Int
  }

  package let experiments: [Experiment]
  package let scale: Scale
  package let store: RecordStore
  /// The data's name, which records carry.
  package let dataName: String
  /// The number of runs that are computed at the same time.
  package let threads: Int
  /// The revision of the source, which records carry.
  package let revision: String?
  /// The folder of NIST's tables; where there is none, the runs that need them are not computed.
  package let tables: URL?

  package init(
    _ experiments: [Experiment], _ scale: Scale, store: RecordStore, dataName: String, threads: Int,
    revision: String? = nil, tables: URL? = nil
  ) {
    (self.experiments, self.scale, self.store) = (experiments, scale, store)
    (self.dataName, self.threads, self.revision) = (dataName, threads, revision)
    self.tables = tables
  }

  /// The state of a sweep when a run ends.
  package struct Progress: Sendable {
    package let finished: Int
    package let total: Int
    /// The share of the estimated time that has been worked off.
    package let share: Double
    /// The run that has just ended.
    package let latest: String
  }

  /// The runs that are not recorded, and the number of records of other settings.
  package func missing() throws -> (jobs: [Job], others: Int) {
    var jobs: [Job] = []
    var others = 0
    for experiment in experiments where tables != nil || !experiment.needsTables {
      let (runs, rest) = try store.results(of: experiment, scale, data: dataName)
      others += rest
      // Seed by seed, so that an interrupted experiment has every setting rather than every seed of a few.
      for seed in 1...experiment.seedCount(scale) {
        for own in runs where !own.records.contains(where: { $0.seed == seed }) {
          jobs.append(Job(experiment: experiment, setting: own.setting, seed: seed))
        }
      }
    }
    return (jobs, others)
  }

  /// The seconds of one core that jobs take, about.
  package static func seconds(_ jobs: [Job]) -> Double { jobs.reduce(0) { $0 + $1.setting.seconds } }

  /// Computes what is missing and records each run as it ends.
  /// - Parameters:
  ///   - digits: called once, when a run needs images.
  ///   - goesOn: asked before each run is begun.
  /// - Throws: the error of a run or of the store, and `ExperimentError.interrupted`.
  package func run(
    digits: () throws -> Digits, goesOn: () -> Bool = { true }, progress: (Progress) -> Void = { _ in }
  ) throws {
    let jobs = try missing().jobs
    let images = try jobs.contains { $0.experiment.needsDigits } ? digits() : .none
    // The longest first, so that the cores finish together; what runs alone comes after.
    let together = jobs.filter { !$0.setting.isAlone }.enumerated().sorted {
      ($1.element.setting.seconds, $0.offset) < ($0.element.setting.seconds, $1.offset)
    }.map(\.element)
    try withoutActuallyEscaping(goesOn) { goesOn in
      try withoutActuallyEscaping(progress) { progress in
        let desk = Desk(jobs: together, total: jobs, goesOn: goesOn, progress: progress)
        work(desk, images, threads: threads, each: 1)
        desk.jobs = jobs.filter(\.setting.isAlone)
        work(desk, images, threads: 1, each: threads)
        if let failure = desk.failure { throw failure }
        if desk.finished < jobs.count {
          throw ExperimentError.interrupted(finished: desk.finished, left: jobs.count - desk.finished)
        }
      }
    }
  }

  /// The state that the threads share; each of them touches it inside of the queue alone.
  private final class Desk {
    var jobs: [Job]
    var finished = 0
    var seconds = 0.0
    var failure: (any Error)?
    let total: Int
    let allSeconds: Double
    let goesOn: () -> Bool
    let progress: (Progress) -> Void

    init(jobs: [Job], total: [Job], goesOn: @escaping () -> Bool, progress: @escaping (Progress) -> Void) {
      (self.jobs, self.total, allSeconds) = (jobs, total.count, Sweep.seconds(total))
      (self.goesOn, self.progress) = (goesOn, progress)
    }

    func next() -> Job? { failure == nil && !jobs.isEmpty && goesOn() ? jobs.removeFirst() : nil }
  }

  private func work(_ desk: Desk, _ images: Digits, threads: Int, each: Int) {
    let queue = DispatchQueue(label: "adjoint.experiments")
    // Every access stands inside of queue.sync.
    nonisolated(unsafe) let desk = desk
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while let job = queue.sync(execute: { desk.next() }) {
        let result = Result { try record(job, images, threads: each) }
        queue.sync {
          do {
            try store.add([result.get()], to: job.experiment.name)
            desk.finished += 1
            desk.seconds += job.setting.seconds
            desk.progress(
              Progress(
                finished: desk.finished, total: desk.total, share: desk.seconds / max(desk.allSeconds, 1e-9),
                latest: "\(job.experiment.name), \(job.setting.name), seed \(job.seed)"))
          } catch {
            desk.failure = desk.failure ?? error
          }
        }
      }
    }
  }

  private func record(_ job: Job, _ images: Digits, threads: Int) throws -> RunRecord {
    let outcome = try job.setting.run(RunContext(seed: job.seed, digits: images, tables: tables, threads: threads))
    let data = job.experiment.needsDigits ? dataName : "none"
    return RunRecord(
      experiment: job.experiment.name, setting: job.setting.name, values: job.setting.recordedValues(data: data),
      seed: job.seed, instructionSet: Kernels.name, revision: revision, figures: outcome.figures,
      curves: outcome.curves.mapValues { $0.map(\.recorded) }, pictures: outcome.pictures)
  }

  /// The reports of the records, experiment by experiment.
  package func sections() throws -> [(experiment: Experiment, section: Section)] {
    try experiments.compactMap { experiment in
      let runs = try store.results(of: experiment, scale, data: dataName).runs
      if experiment.isOptional, runs.allSatisfy(\.records.isEmpty) { return nil }
      let isEnough =
        experiment.reportsUnfinished
        ? runs.contains { !$0.records.isEmpty } : runs.allSatisfy { !$0.records.isEmpty }
      guard isEnough else {
        let row = Row(experiment.place, experiment.title, theirs: "", ours: "no runs are recorded", .notRun)
        return (experiment, Section(rows: [row]))
      }
      return (experiment, experiment.report(Results(scale: scale, runs: runs)))
    }
  }
}
