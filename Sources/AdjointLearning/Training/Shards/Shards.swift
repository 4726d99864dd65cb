import Adjoint

// A step whose batch is cut into shards: its bits depend on their number, and on nothing else.

extension TrainingStep {
  /// Traps where batches cannot be cut so.
  func validateShards() {
    guard let shards else { return }
    guard (1...TrainingStep.mostShards).contains(shards), shards.nonzeroBitCount == 1 else {
      fatalError("TrainingStep.shards is \(shards); give a power of two, at most \(TrainingStep.mostShards)")
    }
    guard let group, !shards.isMultiple(of: group.count) else { return }
    fatalError("TrainingStep.shards is \(shards) on \(group.count) processes; give a multiple of their number")
  }

  /// The most shards of a batch.
  package static var mostShards: Int { 64 }

  /// The rows of each shard of a batch, as equal in number as can be; none in some where there are fewer rows than shards.
  func shardRows(_ count: Int) -> [Range<Int>] {
    let shards = shards ?? 1
    return (0..<shards).map { count * $0 / shards..<count * ($0 + 1) / shards }
  }

  /// The rows of a batch that stand for all of it in a recording: those of the first shard, or all.
  func recordedRows(_ count: Int) -> Range<Int> { shardRows(count).first { !$0.isEmpty } ?? 0..<count }

  /// The shards that this process computes.
  private var ownShards: Range<Int> {
    let (shards, rank, processes) = (shards ?? 1, group?.rank ?? 0, group?.count ?? 1)
    return shards * rank / processes..<shards * (rank + 1) / processes
  }

  /// The rows of a batch that this process reads.
  func ownRows(_ count: Int) -> Range<Int> {
    guard shards != nil else { return 0..<count }
    let rows = shardRows(count)[ownShards]
    return (rows.first?.lowerBound ?? 0)..<(rows.last?.upperBound ?? count)
  }

  /// One update from a batch of tensors that is cut along their first axes.
  func stepInShards(_ values: [FedValue<S>], at site: CallSite) throws -> S {
    let count = values.first?.form.shape.first ?? 0
    for (position, value) in values.enumerated() where value.form.shape.first != count {
      site.trap(
        "TrainingStep: input \(position + 1) is \(value.form.shape), and the first has \(count) rows; a batch is cut into shards "
          + "along the first axis of all of its inputs")
    }
    return try stepInShards(of: count, at: site) { rows in microBatch(rows.count, values.map { $0.rows(rows) }) }
  }

  /// One update from a batch of so many rows: each process computes its shards, and all add up the gradients by one tree.
  func stepInShards(of count: Int, at site: CallSite, _ batch: (Range<Int>) -> MicroBatch) throws -> S {
    guard count > 0 else { site.trap("TrainingStep: there are no examples; give at least one") }
    guard trace == nil else {
      site.trap("TrainingStep: a trace holds steps of one batch; end it before batches are cut into shards")
    }
    let rows = shardRows(count)
    let batches = rows.map { $0.isEmpty ? nil : batch($0) }
    var losses = batches.map { $0?.compile(site) }
    if isOnlyRecording { return 0 }
    let accumulation = accumulation(of: losses.compactMap { $0 })
    let sums = shardSums(of: accumulation, losses.compactMap { $0 }, at: site)
    let areTogether = losses.contains { $0?.takesMeans == true }
    if areTogether { try computeTogether(&losses, batches, of: count) }
    var values = [Double](repeating: 0, count: rows.count)
    var failure: (any Error)?
    do {
      try addOwnShards(of: count, batches, losses, areTogether: areTogether, accumulation, sums, &values)
    } catch { failure = error }
    // All processes have begun all exchanges of sums before they tell anything else, also one that has failed.
    sums.beginRest()
    do {
      values = try tellAll(values, failure)
    } catch {
      sums.end()
      throw error
    }
    let size = rows.count / (group?.count ?? 1)
    sums.finish(
      leavingOut: (0..<rows.count / size).map { rows[$0 * size..<($0 + 1) * size].allSatisfy(\.isEmpty) },
      into: accumulation.updates.runs.map(\.gradientPlaces))
    try update(from: accumulation, losses[ownShards].compactMap { $0 })
    if losses.contains(where: { $0?.storesStates == true }) {
      (losses[ownShards].compactMap { $0 }.first ?? losses.compactMap { $0 }.first)?.program.commit()
    }
    isHoldingLastRows = ownShards.contains(rows.lastIndex { !$0.isEmpty } ?? 0)
    if let afterStep { try afterStep(self) }
    return S(treeSum(values, +) ?? 0)
  }

  /// Computes the shards of this process, one after the other where they have not been computed together, and adds up their gradients. As
  /// soon as the last one has completed those of a bucket, their sums are on their way.
  private func addOwnShards(
    of count: Int, _ batches: [MicroBatch?], _ losses: [CompiledLoss<S>?], areTogether: Bool,
    _ accumulation: Accumulation<S>, _ sums: ShardSums<S>, _ values: inout [Double]
  ) throws {
    let leaves = ShardLeaf.all(of: ownShards) { batches[$0] != nil }
    for leaf in leaves {
      guard let batch = batches[leaf.shard], let loss = losses[leaf.shard] else { continue }
      let share = Double(batch.count) / Double(count)
      let runs = accumulation.matching(loss.updates)
      let isLast = leaf == leaves.last
      func bring(_ bucket: Int) {
        for (position, run) in runs where sums.bucket(of: position) == bucket {
          sums.write(run.gradientPlaces, times: share, at: position, level: leaf.level)
        }
        for level in leaf.additions { sums.addLevel(below: level, bucket: bucket) }
        if isLast { sums.begin(bucket) }
      }
      var isBrought = false
      if !areTogether {
        try batch.feed(loss)
        isBrought = isLast && group != nil
        // The loss is the first output, and the gradients follow.
        let sets = sums.buckets.indices.map { bucket in
          runs.indices.filter { sums.bucket(of: runs[$0].place) == bucket }.map { $0 + 1 }
        }
        compute(loss, leaf.shard, completing: isBrought ? sets : [], bring)
      }
      values[leaf.shard] = try testedLoss(loss) * share
      if !isBrought { for bucket in sums.buckets.indices { bring(bucket) } }
    }
    // A process whose shards have no rows has the states too, which follow from no rows.
    guard !areTogether, leaves.isEmpty, let shard = batches.firstIndex(where: { $0 != nil }), let loss = losses[shard],
      loss.storesStates
    else { return }
    try batches[shard]?.feed(loss)
    compute(loss, shard)
  }

  /// The losses of all shards, known to all processes.
  /// - Parameter failure: that of this process.
  /// - Throws: the failure, or that of another process, on all.
  private func tellAll(_ values: [Double], _ failure: (any Error)?) throws -> [Double] {
    if let group {
      let told = group.gather([failure == nil ? 0 : 1] + values[ownShards])
      if told.allSatisfy({ $0[0] == 0 }) { return told.flatMap { $0.dropFirst() } }
      if let elsewhere = failureElsewhere(failure) { throw elsewhere }
    }
    if let failure { throw failure }
    return values
  }

  /// Loss and gradients of all shards of this process, which meet the others on their way: each in a program of its own, on a thread of
  /// its own. A process whose shards have no rows computes the first one that has, so that it too has the states.
  private func computeTogether(_ losses: inout [CompiledLoss<S>?], _ batches: [MicroBatch?], of count: Int) throws {
    let (own, processes) = (ownShards, group?.count ?? 1)
    let filled = own.filter { batches[$0] != nil }
    let shards = filled.isEmpty ? [batches.firstIndex { $0 != nil } ?? 0] : filled
    let weights = own.map { batches[$0].map { Double($0.count) / Double(count) } }
    var taken: [ObjectIdentifier: Int] = [:]
    for shard in shards {
      guard let loss = losses[shard] else { continue }
      let number = taken[ObjectIdentifier(loss), default: 0]
      taken[ObjectIdentifier(loss)] = number + 1
      losses[shard] = loss.twin(number, choice)
    }
    var failure: (any Error)?
    do {
      for shard in shards { if let loss = losses[shard] { try batches[shard]?.feed(loss) } }
    } catch { failure = error }
    let elsewhere = failureElsewhere(failure)
    if let failure { throw failure }
    if let elsewhere { throw elsewhere }
    let round = ShardMeeting.Round(
      weights: weights,
      isEmpty: (0..<processes).map { rank in
        batches[own.count * rank..<own.count * (rank + 1)].allSatisfy { $0 == nil }
      },
      shards: shards.map { own.contains($0) ? $0 - own.lowerBound : 0 }, group: group)
    // Each thread computes one program, and the caller waits.
    nonisolated(unsafe) let (step, programs) = (self, shards.map { losses[$0] })
    meeting.run(round, threads: pool?.threads ?? 1) { place in
      if let loss = programs[place] { step.compute(loss, shards[place]) }
    }
  }

  /// The sums of gradients over shards, made for an accumulation when it is first asked.
  private func shardSums(
    of accumulation: Accumulation<S>, _ losses: [CompiledLoss<S>], at site: CallSite
  ) -> ShardSums<S> {
    if let sums = accumulation.shardSums { return sums }
    for loss in losses {
      guard let state = loss.inputs.tape.stateOfOneShard else { continue }
      site.trap(
        "TrainingStep: the loss stores \(state.tape.describe(state.index)) as a state, which follows from the rows of one shard; "
          + "BatchNorm takes means over all shards. Store what all shards agree about, or leave TrainingStep.shards nil"
      )
    }
    let updates = accumulation.updates
    let counts = updates.parameters.map(\.count)
    // A backward pass completes gradients about as it records them; in one order on all processes, whatever their phases are.
    var order: [Int] = []
    for loss in losses {
      let places = accumulation.matching(loss.updates).map(\.place)
      let recorded = places.indices.sorted { loss.outputs[$0 + 1].index < loss.outputs[$1 + 1].index }
      order += recorded.map { places[$0] }.filter { !order.contains($0) }
    }
    let sums = ShardSums<S>(
      counts, cuts: updates.sharing?.cuts ?? counts.map { _ in nil }, order: order,
      depth: ownShards.count.trailingZeroBitCount, on: group)
    accumulation.shardSums = sums
    return sums
  }

  /// The failure of the first process that has one, told by all others; `nil` where none has, or this one.
  func failureElsewhere(_ own: (any Error)?) -> TrainingError? {
    guard let group, group.largest(own == nil ? 0 : 1) > 0 else { return nil }
    let size = 1024
    let text = own.map { "\($0)" } ?? ""
    let texts = group.gather(Array((Array(text.utf8) + Array(repeating: 0, count: size)).prefix(size)))
    guard own == nil, let rank = texts.firstIndex(where: { $0[0] != 0 }) else { return nil }
    let told = String(decoding: texts[rank].prefix { $0 != 0 }, as: UTF8.self)
    return TrainingError(
      failure: .elsewhere(told), epoch: epoch, step: stepCount, culprit: nil, learningRate: optimizer.learningRate)
  }

  /// What the program of the most recent recording would do as one of these processes.
  package func plan(on group: ProcessGroup) -> Program<S>.SharedCost {
    guard let loss = lastRecording else { fatalError("TrainingStep.plan: no loss has been recorded") }
    var choice = choice
    choice.isForProcesses = true
    let program = CompiledLoss(loss, keeping: .outputs, choice).program
    program.share(among: group, cutting: 1..<loss.outputs.count)
    return program.sharedCost
  }

  /// The bytes that this process sends to others in a step of the most recent recording, but for those of a step that is refused.
  package var sentByteCount: Int {
    guard let group, let loss = lastRecording else { return 0 }
    guard shards != nil else {
      return loss.program.sentByteCount + (loss.updates.sharing?.sentByteCount(clipping) ?? 0)
    }
    let accumulation = accumulation(of: [loss])
    let told = 8 * (1 + ownShards.count + (loss.takesMeans ? 1 : 0)) * (group.count - 1)
    return told + loss.metByteCount * (group.count - 1)
      + shardSums(of: accumulation, [loss], at: CallSite()).sentByteCount
      + (accumulation.updates.sharing?.sentByteCount(clipping) ?? 0)
  }
}
