import Adjoint
import Foundation

/// Where the shards of a step meet in the middle of their programs: each brings numbers, and all go on with the mean of them.
///
/// Each shard of a process runs on a thread of its own, a few at a time; while one waits for the others, the next runs. All shards come to
/// the same meetings in the same order, which is that of their recording. Sums are added by a tree over the shards.
final class ShardMeeting: Sendable {
  /// The meeting of the step that is recording a loss for a shard.
  @TaskLocal static var ofRecording: ShardMeeting?
  /// The number, among those of its process, of the shard that a thread computes.
  @TaskLocal fileprivate static var seat: Int?

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

  private let room = MeetingRoom()

  deinit { room.close() }

  /// Runs a body for each shard of a round, so many threads at a time; returns when all have ended.
  func run(_ round: Round, threads: Int, _ body: @escaping @Sendable (_ place: Int) -> Void) {
    room.run(round, threads: threads, body)
  }

  /// Writes the mean of what all shards bring, or x itself where none meet.
  func mean<S: Scalar>(of x: View<S>, into y: Output<S>) {
    guard let seat = ShardMeeting.seat else {
      _ = y.elements.update(fromContentsOf: x.elements)
      return
    }
    room.mean(of: x, into: y, seat)
  }
}

/// The threads of a meeting, which wait for the next round, and what they share.
private final class MeetingRoom: @unchecked Sendable {  // the condition's lock guards all that changes
  private let condition = NSCondition()
  private var round: ShardMeeting.Round?
  private var body: (@Sendable (Int) -> Void)?
  private var rounds = 0
  private var isClosed = false
  /// The threads that there are, those that have not ended the round, and those that may begin to compute.
  private var (threads, working, turns) = (0, 0, 0)
  /// What each shard has brought, and where it waits for the mean.
  private var places: [(seat: Int, from: UnsafeRawPointer, to: UnsafeMutableRawPointer)] = []
  private var meetings = 0
  /// The numbers that are added, of each shard or of each process.
  private var terms = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 64)

  deinit { terms.deallocate() }

  func close() {
    condition.withLock { isClosed = true }
    condition.broadcast()
  }

  func run(_ round: ShardMeeting.Round, threads count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    condition.lock()
    defer { condition.unlock() }
    (self.round, self.body, working, turns, rounds) = (round, body, round.shards.count, count, rounds + 1)
    while threads < round.shards.count {
      let (place, last) = (threads, rounds - 1)
      let thread = Thread { [self] in work(at: place, after: last) }
      thread.stackSize = 8 << 20
      thread.start()
      threads += 1
    }
    condition.broadcast()
    while working > 0 { condition.wait() }
    (self.round, self.body) = (nil, nil)
  }

  /// Computes the shard of one place in every round behind the given one.
  private func work(at place: Int, after last: Int) {
    condition.lock()
    defer { condition.unlock() }
    var last = last
    while !isClosed {
      guard rounds > last, let round, let body, place < round.shards.count else {
        condition.wait()
        continue
      }
      last = rounds
      takeTurn()
      condition.unlock()
      ShardMeeting.$seat.withValue(round.shards[place]) { body(place) }
      condition.lock()
      (turns, working) = (turns + 1, working - 1)
      condition.broadcast()
    }
  }

  private func takeTurn() {
    while turns == 0 { condition.wait() }
    turns -= 1
  }

  func mean<S: Scalar>(of x: View<S>, into y: Output<S>, _ seat: Int) {
    guard let from = x.elements.baseAddress, let to = y.elements.baseAddress else { return }
    condition.lock()
    defer { condition.unlock() }
    guard let round else { return }
    places.append((seat, UnsafeRawPointer(from), UnsafeMutableRawPointer(to)))
    if places.count == round.shards.count {
      let mean: UnsafeMutablePointer<S> = mean(of: x.count, round)
      for place in places { place.to.copyMemory(from: mean, byteCount: x.count * MemoryLayout<S>.stride) }
      places.removeAll(keepingCapacity: true)
      meetings += 1
      condition.broadcast()
      return
    }
    let present = meetings
    turns += 1
    condition.broadcast()
    while meetings == present { condition.wait() }
    takeTurn()
  }

  private func mean<S: Scalar>(of count: Int, _ round: ShardMeeting.Round) -> UnsafeMutablePointer<S> {
    let size = max(round.weights.count, round.isEmpty.count) * count * MemoryLayout<S>.stride
    if terms.count < size {
      terms.deallocate()
      terms = .allocate(byteCount: size, alignment: 64)
    }
    let terms = terms.bindMemory(to: S.self)
    guard let first = terms.baseAddress else { fatalError("ShardMeeting: there are no shards") }
    for place in places {
      guard let weight = round.weights[place.seat] else { continue }
      withUnsafePointer(to: S(weight)) { weight in
        S.zip(
          .binary(.multiply), weight, strideA: 0, place.from.assumingMemoryBound(to: S.self), strideB: 1,
          first + place.seat * count, count: count)
      }
    }
    add(first, count, isEmpty: round.weights.map { $0 == nil })
    if let group = round.group {
      let own = round.weights.contains { $0 != nil } ? Array(terms[..<count]) : [S](repeating: 0, count: count)
      for (rank, sum) in group.gather(own).enumerated() { (first + rank * count).update(from: sum, count: count) }
      add(first, count, isEmpty: round.isEmpty)
    }
    return first
  }

  /// The sum over the leaves of a binary tree, each of so many numbers, in the place of the first one. Those that are empty are left out.
  private func add<S: Scalar>(_ leaves: UnsafeMutablePointer<S>, _ width: Int, isEmpty: [Bool]) {
    var isEmpty = isEmpty
    var step = 1
    while step < isEmpty.count {
      for left in stride(from: 0, to: isEmpty.count, by: 2 * step) where !isEmpty[left + step] {
        let (a, b) = (leaves + left * width, leaves + (left + step) * width)
        if isEmpty[left] {
          a.update(from: b, count: width)
        } else {
          S.zip(.binary(.add), a, strideA: 1, b, strideB: 1, a, count: width)
        }
        isEmpty[left] = false
      }
      step *= 2
    }
  }
}
