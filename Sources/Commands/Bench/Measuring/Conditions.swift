import Adjoint
import AdjointCommandLine

/// The state of the machine while a row was measured.
///
/// A virtual machine's two cores may turn out to be halves of one, or stand so far apart that they share no cache, and change
/// within seconds: a row on two threads says little about itself then.
struct Conditions: Sendable {
  /// The multiply-add peak of a core while all threads of the row run, GFLOP/s; nil on the reference loops.
  var peak: Double?
  /// The peak over that of a core alone; nil for rows that one thread computes.
  var together: Double?
  /// Nanoseconds that waking the other threads and waiting for them adds to a task; nil for rows that one thread computes.
  var handover: Double?
  /// The part of the wall-clock time that the measuring thread had a core.
  var coreShare = 1.0

  /// A measurement with less than this of a core is disturbed.
  static let leastShare = 0.97
  /// A measurement on cores that give less than this when they work at once is disturbed.
  static let leastTogether = 0.9
  /// Cores that share a cache take some 100 ns.
  static let longestHandover = 400.0

  /// The median of each figure.
  /// - Precondition: there is one.
  init(medians all: [Conditions]) {
    func median(_ part: (Conditions) -> Double?) -> Double? {
      let values = all.compactMap(part)
      return values.isEmpty ? nil : Spread(values).median
    }
    (peak, together, handover) = (median { $0.peak }, median { $0.together }, median { $0.handover })
    coreShare = median { $0.coreShare } ?? 1
  }

  /// The conditions that another process printed.
  init?(_ fields: JSON) {
    guard let share = fields["coreShare"]?.double else { return nil }
    (peak, together, handover) = (fields["peak"]?.double, fields["together"]?.double, fields["handover"]?.double)
    coreShare = share
  }

  /// A sample of this moment, on the row's threads.
  init(now pool: WorkerPool?) {
    let long = Spin(multiplyAdds: 4_000_000)
    guard let operations = long.operations else { return }
    let alone = long.seconds(on: nil)
    guard let pool, pool.threads > 1 else {
      peak = operations / alone / 1e9
      return
    }
    let shared = long.seconds(on: pool)
    let short = Spin(multiplyAdds: 20_000)
    let delays = (0..<9).map { _ in short.seconds(on: pool) - short.seconds(on: nil) }
    peak = operations / shared / 1e9
    together = alone / shared
    handover = max(0, Spread(delays).median * 1e9)
  }

  var fields: [(String, JSON)] {
    func optional(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    return [
      ("peak", optional(peak)), ("together", optional(together)), ("handover", optional(handover)),
      ("coreShare", .number(coreShare)),
    ]
  }

  /// The reasons for figures of a run that are worse than the machine allows.
  static func caveats(_ all: [Conditions]) -> [String] {
    var sentences: [String] = []
    let shares = all.map(\.coreShare).filter { $0 < leastShare }
    if let worst = shares.min() {
      sentences.append(
        "The machine is busy: \(shares.count.of("row")) did not have a core all the time (\(worst.percent) at worst).")
    }
    let slow = all.compactMap(\.together).filter { $0 < leastTogether }
    if let worst = slow.min() {
      sentences.append(
        "In \(slow.count.of("row")) cores working at once did less each than one alone (\(worst.percent) at worst).")
    }
    let far = all.compactMap(\.handover).filter { $0 > longestHandover }
    if let worst = far.max() {
      sentences.append(
        "In \(far.count.of("row")) work went from core to core slowly (\(worst.fixed(0)) ns at worst): they share no cache."
      )
    }
    return sentences
  }
}

/// Multiply-adds in registers, on every thread.
private final class Spin: WorkerPool.Task {
  private let multiplyAdds: Int

  init(multiplyAdds: Int) { self.multiplyAdds = multiplyAdds }

  /// The number of floating-point operations of a thread; nil on the reference loops.
  var operations: Double? { Kernels.spin(multiplyAdds: multiplyAdds) }

  override func run(part: Int, of parts: Int) { _ = operations }

  func seconds(on pool: WorkerPool?) -> Double {
    let start = ContinuousClock.now
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    return start.duration(to: .now).seconds
  }
}
