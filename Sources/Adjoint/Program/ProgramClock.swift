/// The durations of a program's passes, run by run.
final class ProgramClock {
  /// The seconds of every run, by pass: the mean over the threads.
  private(set) var passes: [[Double]]
  /// The seconds of every run that threads waited for others: the mean over the threads.
  private(set) var waits: [Double] = []
  /// The seconds of every run in exchanges with other processes.
  private(set) var exchanges: [Double] = []
  private var waitInRun = 0.0
  private var exchangeInRun = 0.0
  private var last = ContinuousClock.now

  init(passes count: Int) { passes = Array(repeating: [], count: count) }

  func beginRun() { (waitInRun, exchangeInRun, last) = (0, 0, .now) }
  func endRun() {
    waits.append(waitInRun)
    exchanges.append(exchangeInRun)
  }

  /// Ends the pass that began when the last one ended, on the caller's thread alone.
  func end(_ pass: Int) {
    let now = ContinuousClock.now
    passes[pass].append(last.duration(to: now).seconds)
    last = now
  }

  /// Ends an exchange with other processes.
  func endExchange() {
    let now = ContinuousClock.now
    exchangeInRun += last.duration(to: now).seconds
    last = now
  }

  /// Ends a phase, whose passes every thread ended when its stamps say.
  func end(_ phase: [Int], _ task: TimedPhaseTask<some Scalar>) {
    let now = ContinuousClock.now
    let threads = Double(task.parts)
    var busy = 0.0
    for (place, pass) in phase.enumerated() {
      var sum = 0.0
      for part in 0..<task.parts {
        sum += task.stamp(place, of: part).duration(to: task.stamp(place + 1, of: part)).seconds
      }
      passes[pass].append(sum / threads)
      busy += sum / threads
    }
    waitInRun += max(0, last.duration(to: now).seconds - busy)
    last = now
  }
}

extension Duration {
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension [Double] {
  /// The median; 0 of nothing.
  package var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// A phase of a program, cut into parts, each of which looks at the clock after every instruction.
final class TimedPhaseTask<S: Scalar>: WorkerPool.Task {
  let parts: Int
  private let instructions: UnsafeBufferPointer<Instruction<S>>
  /// The stamps of each part: one when it began, and one when it ended each instruction.
  private let stamps: UnsafeMutableBufferPointer<ContinuousClock.Instant>

  init(_ instructions: UnsafeBufferPointer<Instruction<S>>, parts: Int) {
    (self.instructions, self.parts) = (instructions, parts)
    stamps = .allocate(capacity: parts * (instructions.count + 1))
    stamps.initialize(repeating: .now)
  }

  deinit { stamps.deinitialize().deallocate() }

  func stamp(_ place: Int, of part: Int) -> ContinuousClock.Instant { stamps[part * (instructions.count + 1) + place] }

  override func run(part: Int, of parts: Int) { execute(part, parts) }

  private func execute(_ part: Int, _ parts: Int) {
    let own = part * (instructions.count + 1)
    stamps[own] = .now
    for place in 0..<instructions.count {
      instructions[place].execute(part: part, of: parts)
      stamps[own + place + 1] = .now
    }
  }
}

extension Program {
  /// Runs all instructions once, with a look at the clock after each.
  func execute(timedBy clock: ProgramClock) {
    clock.beginRun()
    defer { clock.endRun() }
    if let shared { return execute(with: shared, timedBy: clock) }
    guard let pool, !phases.isEmpty else {
      for position in foldedCount..<instructions.count {
        instructions[position].executeApart()
        clock.end(position - foldedCount)
      }
      return
    }
    for phase in phases {
      let passes = scheduledOrder[phase.instructions].map { $0 - foldedCount }
      guard phase.isShared else {
        for pass in passes {
          instructions[foldedCount + pass].executeApart()
          clock.end(pass)
        }
        continue
      }
      let task = TimedPhaseTask(UnsafeBufferPointer(rebasing: scheduled[phase.instructions]), parts: pool.threads)
      pool.run(task)
      clock.end(passes, task)
    }
  }
}
