import Adjoint
import AdjointCommandLine
import Foundation

/// A median with its spread.
struct Spread: Sendable {
  let median: Double
  let low: Double
  let high: Double
  /// A quarter of the samples lie below the first and above the second.
  let quartiles: (Double, Double)
  let count: Int

  /// - Precondition: there is a sample.
  init(_ samples: [Double]) {
    let sorted = samples.sorted()
    (low, high, count) = (sorted[0], sorted[sorted.count - 1], sorted.count)
    median = Spread.quantile(sorted, 0.5)
    quartiles = (Spread.quantile(sorted, 0.25), Spread.quantile(sorted, 0.75))
  }

  private static func quantile(_ sorted: [Double], _ fraction: Double) -> Double {
    let position = fraction * Double(sorted.count - 1)
    let (below, above) = (sorted[Int(position)], sorted[min(Int(position) + 1, sorted.count - 1)])
    return below + (above - below) * (position - position.rounded(.down))
  }
}

/// A row's figures.
struct Measured: Sendable {
  let figure: Spread
  let conditions: Conditions
  /// The seconds of the first run; nil where that is no figure of the row.
  var first: Double?
  /// The most memory of the row's process so far, in MiB; nil where the system does not say.
  var memory: Double?
}

/// The length of a measurement.
struct Timing: Sendable {
  var samples: Int
  let secondsPerSample: Double
  let warmUp: Double
  /// True to count the processor time of the measuring thread, which others on the machine hardly change.
  var countsProcessorTime = false

  static let full = Timing(samples: 31, secondsPerSample: 0.01, warmUp: 0.1)
  static let quick = Timing(samples: 5, secondsPerSample: 0.001, warmUp: 0.002)

  /// Warms up, then takes samples of as many calls as fill the time, with a sample of what the machine gives between them,
  /// so that both see the same changes of the clock frequency.
  func measure(_ row: PreparedRow) throws -> Measured {
    let counts = try row.runs.map { run in
      guard row.isWarm else { return 1 }
      let start = ContinuousClock.now
      var (calls, elapsed) = (0, 0.0)
      repeat {
        try run()
        calls += 1
        elapsed = start.duration(to: .now).seconds
      } while elapsed < warmUp
      return max(1, (secondsPerSample * Double(calls) / elapsed).rounded(.down).nearest)
    }
    var (figures, conditions): ([Double], [Conditions]) = ([], [])
    var (wall, core) = (0.0, 0.0)
    for _ in 0..<min(samples, row.mostSamples) {
      var seconds: [Double] = []
      for (run, count) in Swift.zip(row.runs, counts) {
        let (coreStart, start) = (Timing.threadSeconds, ContinuousClock.now)
        for _ in 0..<count { try run() }
        let elapsed = start.duration(to: .now).seconds
        (wall, core) = (wall + elapsed, core + Timing.threadSeconds - coreStart)
        seconds.append((countsProcessorTime ? Timing.threadSeconds - coreStart : elapsed) / Double(count))
      }
      figures.append(row.figure(seconds))
      conditions.append(Conditions(now: row.pool))
    }
    var medians = Conditions(medians: conditions)
    if row.worksItself { medians.coreShare = min(1, core / wall) }
    return Measured(
      figure: Spread(figures), conditions: medians, first: row.first,
      memory: row.memory.map { $0() } ?? PeakMemory.mebibytes)
  }

  /// The processor time of this thread.
  private static var threadSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The number of processes that want a core, averaged over a minute; nil where the system does not say.
  static var load: Double? {
    var averages = [0.0, 0.0, 0.0]
    return getloadavg(&averages, 3) > 0 ? averages[0] : nil
  }
}
