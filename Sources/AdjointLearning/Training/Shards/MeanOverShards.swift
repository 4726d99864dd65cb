import Adjoint

/// y = Σ wₛ·xₛ over the shards s of a batch, wₛ the share of its rows that a shard has: the same y on each. Where no step in shards is
/// computed just now, y = x.
///
/// A step minimises Σ wₛ·lossₛ, and weights what the sweep of shard s has found by wₛ when it adds; the sweep itself carries ȳₛ without a
/// weight. So x̄ = Σ wₛ·ȳₛ, which is this operation again.
struct MeanOverShards: Operation {
  let meeting: ShardMeeting

  /// `forward` waits for others.
  static var mayBeFormula: Bool { false }
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { meeting.mean(of: x[0], into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, p.tape.record(self, g))] }
}

extension Variable {
  /// The mean over the shards of a batch of what each has; this variable where no step records its loss for a shard.
  var overShards: Variable { ShardMeeting.ofRecording.map { tape.record(MeanOverShards(meeting: $0), self) } ?? self }
}

extension Tape {
  /// True when this recording takes means over shards.
  var takesMeansOverShards: Bool { (0..<count).contains { self[$0].operation is MeanOverShards } }

  /// A state whose new value follows from the rows of one shard, so that shards would not agree about it.
  var stateOfOneShard: Variable<S>? {
    var isOfShard: [Bool] = []
    for node in 0..<count {
      switch self[node].role {
      case .input, .index, .random: isOfShard.append(true)
      case .constant, .parameter, .state: isOfShard.append(false)
      case nil:
        let isMean = self[node].operation is MeanOverShards
        isOfShard.append(!isMean && self[node].inputs.contains { isOfShard[$0.index] })
      }
    }
    return storedValues.first { isOfShard[$0.index] }
  }
}
