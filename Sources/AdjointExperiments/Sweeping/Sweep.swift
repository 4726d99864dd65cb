import Adjoint
import Dispatch
import Foundation

/// All runs of some experiments: recorded ones are taken over, missing ones computed, many at a time.
///
/// Several processes may sweep one folder at a time: none computes what another one has begun, and each waits until all is recorded.
/// Each run makes its own model and tape on its own thread and depends on setting, seed and data alone, so neither the number
/// of threads nor an interruption changes a bit of any record.
package struct Sweep: Sendable {
  /// A run to be computed.
  package struct Job: Sendable {
    let experiment: Experiment
    let setting: Setting
    let seed: Int

    /// What tells it from all others.
    fileprivate var name: String {
      let values = setting.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return ([experiment.name, setting.name, "\(seed)"] + values).joined(separator: ";")
    }
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
  /// True for the process, among several, that computes what is timed alone, when all else is recorded.
  package let isFirst: Bool

  package init(
    _ experiments: [Experiment], _ scale: Scale, store: RecordStore, dataName: String, threads: Int,
    revision: String? = nil, tables: URL? = nil, isFirst: Bool = true
  ) {
    (self.experiments, self.scale, self.store) = (experiments, scale, store)
    (self.dataName, self.threads, self.revision) = (dataName, threads, revision)
    (self.tables, self.isFirst) = (tables, isFirst)
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
    let claims = try RunClaims(in: store.folder)
    let images = try jobs.contains { $0.experiment.needsDigits } ? digits() : .none
    // The longest first, so that the cores finish together; what runs alone comes after.
    let together = jobs.filter { !$0.setting.isAlone }.enumerated().sorted {
      ($1.element.setting.seconds, $0.offset) < ($0.element.setting.seconds, $1.offset)
    }.map(\.element)
    try withoutActuallyEscaping(goesOn) { goesOn in
      try withoutActuallyEscaping(progress) { progress in
        let desk = Desk(
          jobs: together, total: jobs, recorded: RecordedRuns(in: store), goesOn: goesOn, progress: progress)
        work(desk, images, claims, threads: threads, each: 1)
        let alone = isFirst ? jobs.filter(\.setting.isAlone) : []
        desk.jobs = alone
        work(desk, images, claims, threads: 1, each: threads)
        if let failure = desk.failure { throw failure }
        let left = together.count + alone.count - desk.finished
        if left > 0 { throw ExperimentError.interrupted(finished: desk.finished, left: left) }
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
    let recorded: RecordedRuns
    let goesOn: () -> Bool
    let progress: (Progress) -> Void

    init(
      jobs: [Job], total: [Job], recorded: RecordedRuns, goesOn: @escaping () -> Bool,
      progress: @escaping (Progress) -> Void
    ) {
      (self.jobs, self.total, allSeconds, self.recorded) = (jobs, total.count, Sweep.seconds(total), recorded)
      (self.goesOn, self.progress) = (goesOn, progress)
    }

    /// The next job that no other process has begun; `wait` where all that are left have been begun elsewhere.
    func next(_ claims: RunClaims, isRecorded: (Job) throws -> Bool) -> Next {
      while failure == nil, !jobs.isEmpty, goesOn() {
        guard let place = jobs.firstIndex(where: { claims.take($0.name) }) else { return .wait }
        let job = jobs.remove(at: place)
        do {
          if try !isRecorded(job) { return .compute(job) }
          end(job)
        } catch {
          failure = error
        }
        claims.giveBack(job.name)
      }
      return .end
    }

    /// Notes that a run is recorded.
    func end(_ job: Job) {
      finished += 1
      seconds += job.setting.seconds
      progress(
        Progress(
          finished: finished, total: total, share: seconds / max(allSeconds, 1e-9),
          latest: "\(job.experiment.name), \(job.setting.name), seed \(job.seed)"))
    }
  }

  private enum Next {
    case compute(Job)
    case wait
    case end
  }

  private func isRecorded(_ job: Job, _ recorded: RecordedRuns) throws -> Bool {
    let values = job.setting.recordedValues(data: job.experiment.needsDigits ? dataName : "none")
    return try recorded.contains(job.experiment.name, job.setting.name, job.seed, values)
  }

  private func work(_ desk: Desk, _ images: Digits, _ claims: RunClaims, threads: Int, each: Int) {
    let queue = DispatchQueue(label: "adjoint.experiments")
    // Every access stands inside of queue.sync.
    nonisolated(unsafe) let desk = desk
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        switch queue.sync(execute: { desk.next(claims) { try isRecorded($0, desk.recorded) } }) {
        case .end: return
        case .wait: Thread.sleep(forTimeInterval: 0.1)
        case .compute(let job):
          let result = Result { try record(job, images, threads: each) }
          queue.sync {
            do {
              try desk.recorded.add(try result.get(), claims)
              desk.end(job)
            } catch {
              desk.failure = desk.failure ?? error
            }
            claims.giveBack(job.name)
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
