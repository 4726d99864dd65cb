/// Sums of arrays over shards, by one tree whoever computes which shard.
///
/// The shards are the leaves of a binary tree, 2ⁿ of them; each process has the same number of neighbours, so a branch of its own. It
/// adds those, gives every other process the sums of that one's elements, and adds up the branches of all for its own elements. A
/// shard without examples is left out, and its neighbour's sum stands for both.
///
/// The arrays go in buckets, in the order in which a backward pass completes them. A bucket is on its way as soon as the last shard of a
/// process has brought its arrays, while that computes the others.
///
/// - Complexity: each process sends P · (R − 1)/R of P elements, and keeps about 2 + log₂ of its shards arrays.
package final class ShardSums<S: Scalar> {
  private let counts: [Int]
  private let cuts: [ElementCut?]
  private let starts: [Int]
  /// The branch of each process, then what is added to its own one on the way: each of all elements.
  private let slots: Room
  private let total: Int
  private let rank: Int
  private let processes: Int
  private let group: ProcessGroup?
  /// The positions of the arrays that go together, in the order in which they go.
  package let buckets: [[Int]]
  private let bucketOf: [Int]
  private var exchanges: [Exchange] = []
  private var rooms: [Room] = []
  /// The buckets that are on their way, the first ones.
  private var under: [ProcessGroup.OpenExchange] = []

  /// The bytes from which on a bucket goes.
  package static var leastBytes: Int { 1 << 20 }

  /// - Parameters:
  ///   - counts: the elements of each array.
  ///   - order: the arrays in the order in which they are complete, which is the same on all processes.
  ///   - cuts: those of each array that each process is to have in the end; all where there is `nil`.
  ///   - depth: the levels of the branch of a process: n for 2ⁿ shards.
  package init(_ counts: [Int], cuts: [ElementCut?], order: [Int], depth: Int, on group: ProcessGroup?) {
    (self.counts, self.cuts, self.group) = (counts, cuts, group)
    (rank, processes, total) = (group?.rank ?? 0, group?.count ?? 1, counts.reduce(0, +))
    starts = counts.indices.map { counts[..<$0].reduce(0, +) }
    slots = Room(byteCount: (processes + depth) * total * MemoryLayout<S>.stride)
    let size = MemoryLayout<S>.stride
    buckets = Self.buckets(counts, order, least: group?.isMarkingMissing == true ? 1 << 10 : Self.leastBytes)
    let buckets = buckets
    bucketOf = counts.indices.map { position in buckets.firstIndex { $0.contains(position) } ?? 0 }
    guard processes > 1 else { return }
    for bucket in buckets {
      var list = TransferList()
      for from in 0..<processes {
        for to in 0..<processes where to != from {
          for position in bucket {
            let elements = elements(of: position, for: to)
            let first = from * total + starts[position] + elements.lowerBound
            if !elements.isEmpty { list.addApart(first * size..<(first + elements.count) * size, from: from, to: to) }
          }
        }
      }
      let transfers = list.transfers
      let room = Room(byteCount: Exchange.room(for: transfers, rank: rank))
      rooms.append(room)
      exchanges.append(Exchange(transfers, rank: rank, from: slots.base, room: room.base))
    }
  }

  /// Arrays in the order in which they are complete, in buckets of so many bytes or more but for the last.
  package static func buckets(_ counts: [Int], _ order: [Int], least: Int = leastBytes) -> [[Int]] {
    var buckets: [[Int]] = []
    var byteCount = least
    for position in order {
      if byteCount >= least { (byteCount, buckets) = (0, buckets + [[]]) }
      buckets[buckets.count - 1].append(position)
      byteCount += counts[position] * MemoryLayout<S>.stride
    }
    return buckets
  }

  /// The bytes that this process sends.
  package var sentByteCount: Int { exchanges.reduce(0) { $0 + $1.sentByteCount } }

  /// The bucket of an array.
  package func bucket(of position: Int) -> Int { bucketOf[position] }

  private func elements(of position: Int, for rank: Int) -> Range<Int> { cuts[position]?[rank] ?? 0..<counts[position] }

  /// The place of the sum at a level of this process's branch; level 0 is its root.
  private func slot(_ level: Int) -> UnsafeMutablePointer<S> { slot(of: level == 0 ? rank : processes + level - 1) }

  private func slot(of number: Int) -> UnsafeMutablePointer<S> {
    slots.base.assumingMemoryBound(to: S.self) + number * total
  }

  /// Writes cg for an array of a shard into a level.
  @specialized(where S == Float)
  @specialized(where S == Double)
  package func write(_ gradient: Output<S>, times factor: Double, at position: Int, level: Int) {
    let (sum, g, c) = (slot(level) + starts[position], gradient.base, S(factor))
    for i in 0..<counts[position] { sum[i] = c * g[i] }
  }

  /// Adds the sums of the level below to those of a level, for the arrays of a bucket.
  package func addLevel(below level: Int, bucket: Int) {
    for position in buckets[bucket] {
      add(slot(level + 1), to: slot(level), starts[position]..<starts[position] + counts[position])
    }
  }

  /// Begins to give the others the sums of a bucket: those of the branch of this process are complete. Buckets go in their order.
  package func begin(_ bucket: Int) {
    guard let group, bucket == under.count else { return }
    under.append(exchanges[bucket].begin(on: group))
  }

  /// Begins what has not begun: all processes exchange all buckets in each step, also one that has failed.
  package func beginRest() { for bucket in under.count..<exchanges.count { begin(bucket) } }

  /// Waits for all that has begun.
  package func end() {
    guard let group else { return }
    for (exchange, pending) in zip(exchanges, under) { exchange.end(pending, on: group) }
    under.removeAll(keepingCapacity: true)
  }

  /// Adds up the branches of all processes for this one's own elements.
  /// - Parameters:
  ///   - isEmpty: true for each process whose shards have no examples.
  ///   - arrays: where the sums are written.
  package func finish(leavingOut isEmpty: [Bool], into arrays: [Output<S>]) {
    guard let group else { return finish(0..<buckets.count, leavingOut: isEmpty, into: arrays) }
    for bucket in buckets.indices {
      exchanges[bucket].end(under[bucket], on: group)
      finish(bucket..<bucket + 1, leavingOut: isEmpty, into: arrays)
    }
    under.removeAll(keepingCapacity: true)
  }

  private func finish(_ range: Range<Int>, leavingOut isEmpty: [Bool], into arrays: [Output<S>]) {
    let positions = buckets[range].joined()
    var isEmpty = isEmpty
    var step = 1
    while step < processes {
      for left in stride(from: 0, to: processes - step, by: 2 * step) where !isEmpty[left + step] {
        for position in positions {
          let own = elements(of: position, for: rank)
          let range = starts[position] + own.lowerBound..<starts[position] + own.upperBound
          if isEmpty[left] {
            (slot(of: left) + range.lowerBound).update(
              from: slot(of: left + step) + range.lowerBound, count: range.count)
          } else {
            add(slot(of: left + step), to: slot(of: left), range)
          }
        }
        isEmpty[left] = false
      }
      step *= 2
    }
    for position in positions {
      let own = elements(of: position, for: rank)
      (arrays[position].base + own.lowerBound).update(
        from: slot(of: 0) + starts[position] + own.lowerBound, count: own.count)
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func add(_ x: UnsafeMutablePointer<S>, to sum: UnsafeMutablePointer<S>, _ range: Range<Int>) {
    for i in range { sum[i] = sum[i] + x[i] }
  }
}
