import Adjoint
import Foundation

/// Where the shards of a step meet in the middle of their programs: each brings numbers, and all go on with the mean of them.
///
/// Each shard of a process runs on a thread of its own, a few at a time; while one waits for the others, the next runs. All shards come to
/// the same meetings in the same order, which is that of their recording. Sums are added by a tree over the shards.
final class ShardMeeting: @unchecked Sendable {  // the condition's lock guards all that changes
  /// The meeting of the step that is recording a loss for a shard.
  @TaskLocal static var ofRecording: ShardMeeting?
  /// The number, among those of its process, of the shard that a thread computes.
  @TaskLocal private static var seat: Int?

  /// The shards of a step.
  struct Round {
    /// The weight of each shard of this process; `nil` for one without rows.
    let weights: [Double?]
    /// True for each process whose shards have no rows.
    let isEmpty: [Bool]
    /// The shards that are computed here, among those of this process: of one without rows, too, where no other has any.
    let shards: [Int]
    let group: ProcessGroup?
  }

  private let condition = NSCondition()
  private var round: Round?
  /// What each shard has brought, and where it waits for the mean.
  private var places: [(seat: Int, from: UnsafeRawPointer, to: UnsafeMutableRawPointer)] = []
  private var meetings = 0
  private var turns = DispatchSemaphore(value: 0)

  /// Runs a body for each shard of a round, so many threads at a time; returns when all have ended.
  func run(_ round: Round, threads: Int, _ body: @escaping @Sendable (_ place: Int) -> Void) {
    let ended = DispatchSemaphore(value: 0)
    condition.withLock { (self.round, turns) = (round, DispatchSemaphore(value: threads)) }
    for (place, shard) in round.shards.enumerated() {
      let thread = Thread { [self] in
        turns.wait()
        ShardMeeting.$seat.withValue(shard) { body(place) }
        turns.signal()
        ended.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in round.shards { ended.wait() }
    condition.withLock { self.round = nil }
  }

  /// Writes the mean of what all shards bring, or x itself where none meet.
  func mean<S: Scalar>(of x: View<S>, into y: Output<S>) {
    guard let seat = ShardMeeting.seat, let round, let from = x.elements.baseAddress, let to = y.elements.baseAddress
    else {
      _ = y.elements.update(fromContentsOf: x.elements)
      return
    }
    condition.lock()
    places.append((seat, UnsafeRawPointer(from), UnsafeMutableRawPointer(to)))
    if places.count == round.shards.count {
      let mean: [S] = mean(of: x.elements.count, round)
      for place in places {
        place.to.withMemoryRebound(to: S.self, capacity: mean.count) { $0.update(from: mean, count: mean.count) }
      }
      places = []
      meetings += 1
      condition.broadcast()
      return condition.unlock()
    }
    let present = meetings
    turns.signal()
    while meetings == present { condition.wait() }
    condition.unlock()
    turns.wait()
  }

  private func mean<S: Scalar>(of count: Int, _ round: Round) -> [S] {
    func add(_ a: [S], _ b: [S]) -> [S] { zip(a, b).map { $0 + $1 } }
    var shares = [[S]?](repeating: nil, count: round.weights.count)
    for place in places {
      guard let weight = round.weights[place.seat] else { continue }
      shares[place.seat] = place.from.withMemoryRebound(to: S.self, capacity: count) { x in
        (0..<count).map { S(weight) * x[$0] }
      }
    }
    let own = treeSum(shares, add)
    guard let group = round.group else { return own ?? [] }
    let all = group.gather(own ?? [S](repeating: 0, count: count))
    return treeSum(zip(all, round.isEmpty).map { $1 ? nil : $0 }, add) ?? []
  }
}
