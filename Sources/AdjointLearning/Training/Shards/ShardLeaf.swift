/// A shard of a process as a leaf of the tree by which gradients are added.
struct ShardLeaf: Equatable {
  let shard: Int
  /// The level of the branch to which the shard brings its gradients; 0 is the root.
  let level: Int
  /// The levels to which, behind this shard, the sums of the level below are added, in this order.
  private(set) var additions: [Int] = []

  /// The leaves of a branch from left to right, but for those without examples, whose neighbours' sums stand for both.
  static func all(of shards: Range<Int>, _ hasExamples: (Int) -> Bool) -> [ShardLeaf] {
    var leaves: [ShardLeaf] = []
    /// Lists some shards, which bring their sum to a level; false where they have no examples.
    func list(_ shards: Range<Int>, _ level: Int) -> Bool {
      guard shards.count > 1 else {
        guard let shard = shards.first, hasExamples(shard) else { return false }
        leaves.append(ShardLeaf(shard: shard, level: level))
        return true
      }
      let middle = shards.lowerBound + shards.count / 2
      let hasLeft = list(shards.lowerBound..<middle, level)
      let hasRight = list(middle..<shards.upperBound, hasLeft ? level + 1 : level)
      if hasLeft, hasRight { leaves[leaves.count - 1].additions.append(level) }
      return hasLeft || hasRight
    }
    _ = list(shards, 0)
    return leaves
  }
}
