/// The cut of the elements of a parameter among processes: each updates those of its own, in contiguous runs.
///
/// The cuts lie where a pairwise sum is cut. So a norm of all elements is the same tree over the same branches, whoever has
/// computed which.
package struct ElementCut {
  /// The first element of each process, and the number of all.
  private let starts: [Int]
  let processes: Int

  /// The fewest elements that are cut; all processes update fewer by themselves.
  private static let leastCount = 4096
  /// The branches of the tree that fall to processes as a whole.
  private static let (depth, branches) = (8, 256)

  /// - Parameter isMarking: true in tests, in which small parameters are cut too.
  /// - Returns: `nil` where all update all.
  package init?(of count: Int, among group: ProcessGroup) {
    guard group.count > 1, count >= (group.isMarkingMissing ? 8 * Self.branches : Self.leastCount) else { return nil }
    processes = group.count
    starts = (0...group.count).map { Self.start(ofBranch: Self.branches * $0 / group.count, of: count) }
  }

  /// The elements of a process.
  package subscript(rank: Int) -> Range<Int> { starts[rank]..<starts[rank + 1] }

  /// The first element of a branch.
  private static func start(ofBranch branch: Int, of count: Int) -> Int {
    guard branch < branches else { return count }
    var (start, rest) = (0, count)
    for level in 0..<depth {
      let half = rest / 2
      if branch >> (depth - 1 - level) & 1 == 1 { (start, rest) = (start + half, rest - half) } else { rest = half }
    }
    return start
  }

  /// The branches that fall to a process, each as a range of elements.
  package func branches(of rank: Int) -> [Range<Int>] {
    let count = starts[processes]
    let own = Self.branches * rank / processes..<Self.branches * (rank + 1) / processes
    return own.map { Self.start(ofBranch: $0, of: count)..<Self.start(ofBranch: $0 + 1, of: count) }
  }

  /// The most branches that fall to a process.
  package var mostBranches: Int { (Self.branches + processes - 1) / processes }

  /// The sum of all elements from those of the branches, in the order in which `pairwiseSum` adds.
  /// - Parameter sums: those of each process, in order; what stands behind them is not read.
  package func sum(of sums: [[Double]]) -> Double {
    var all: [Double] = []
    for rank in 0..<processes {
      let (start, end) = (Self.branches * rank / processes, Self.branches * (rank + 1) / processes)
      all += sums[rank][..<(end - start)]
    }
    return treeSum(all, +) ?? 0
  }
}

/// The sum over the leaves of a binary tree, 2ⁿ of them. One that is `nil` is left out: its neighbour's sum stands for both.
package func treeSum<T>(_ leaves: [T?], _ add: (T, T) -> T) -> T? {
  var sums = leaves
  while sums.count > 1 {
    sums = stride(from: 0, to: sums.count, by: 2).map { i in
      guard let left = sums[i], let right = sums[i + 1] else { return sums[i] ?? sums[i + 1] }
      return add(left, right)
    }
  }
  return sums[0]
}
