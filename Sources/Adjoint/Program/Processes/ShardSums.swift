/// Sums of arrays over shards, by one tree whoever computes which shard.
///
/// The shards are the leaves of a binary tree, 2ⁿ of them; each process has the same number of neighbours, so a branch of its own. It
/// adds those, gives every other process the sums of that one's elements, and adds up the branches of all for its own elements. A
/// shard without examples is left out, and its neighbour's sum stands for both.
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
  private var exchange: Exchange?
  private var room: Room?

  /// - Parameters:
  ///   - counts: the elements of each array.
  ///   - cuts: those of each array that each process is to have in the end; all where there is `nil`.
  ///   - depth: the levels of the branch of a process: n for 2ⁿ shards.
  package init(_ counts: [Int], cuts: [ElementCut?], depth: Int, on group: ProcessGroup?) {
    (self.counts, self.cuts, self.group) = (counts, cuts, group)
    (rank, processes, total) = (group?.rank ?? 0, group?.count ?? 1, counts.reduce(0, +))
    starts = counts.indices.map { counts[..<$0].reduce(0, +) }
    slots = Room(byteCount: (processes + depth) * total * MemoryLayout<S>.stride)
    guard processes > 1 else { return }
    var list = TransferList()
    let size = MemoryLayout<S>.stride
    for from in 0..<processes {
      for to in 0..<processes where to != from {
        for position in counts.indices {
          let elements = elements(of: position, for: to)
          let first = from * total + starts[position] + elements.lowerBound
          if !elements.isEmpty { list.addApart(first * size..<(first + elements.count) * size, from: from, to: to) }
        }
      }
    }
    let transfers = list.transfers
    let room = Room(byteCount: Exchange.room(for: transfers, rank: rank))
    self.room = room
    exchange = Exchange(transfers, rank: rank, from: slots.base, room: room.base)
  }

  /// The bytes that this process sends.
  package var sentByteCount: Int { exchange?.sentByteCount ?? 0 }

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

  /// Adds the sums of the level below to those of a level.
  package func addLevel(below level: Int) { add(slot(level + 1), to: slot(level), 0..<total) }

  /// Adds up the branches of all processes for this one's own elements.
  /// - Parameters:
  ///   - isEmpty: true for each process whose shards have no examples.
  ///   - arrays: where the sums are written.
  package func finish(leavingOut isEmpty: [Bool], into arrays: [Output<S>]) {
    if let group {
      if group.isMarkingMissing {
        for other in 0..<processes where other != rank {
          slot(of: other).update(repeating: S(Double.signalingNaN), count: total)
        }
      }
      exchange?.run(on: group)
    }
    var isEmpty = isEmpty
    var step = 1
    while step < processes {
      for left in stride(from: 0, to: processes - step, by: 2 * step) where !isEmpty[left + step] {
        for position in counts.indices {
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
    for position in counts.indices {
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
