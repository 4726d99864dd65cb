// A program that several processes run together.

/// What a program knows of the processes that it runs on.
final class ProgramShare<S: Scalar> {
  let group: ProcessGroup
  let plan: ExchangePlan
  let task: SharedPhaseTask<S>
  /// The values that a run computes, for tests.
  let computed: [UnsafeMutableBufferPointer<S>]
  /// The exchanges that are under way, by number.
  fileprivate var open: [ProcessGroup.OpenExchange?]

  init(group: ProcessGroup, plan: ExchangePlan, threads: Int, computed: [UnsafeMutableBufferPointer<S>]) {
    (self.group, self.plan, self.computed) = (group, plan, computed)
    task = SharedPhaseTask(first: group.rank * threads, total: group.count * threads)
    open = Array(repeating: nil, count: plan.exchanges.count)
  }

  fileprivate func begin(_ number: Int) { open[number] = plan.exchanges[number].begin(on: group) }

  fileprivate func end(_ number: Int) {
    guard let exchange = open[number] else { fatalError("ProgramShare: an exchange ends that has not begun") }
    plan.exchanges[number].end(exchange, on: group)
    open[number] = nil
  }
}

/// A phase of a program, of which this process runs its parts.
final class SharedPhaseTask<S: Scalar>: WorkerPool.Task {
  var instructions = UnsafeBufferPointer<Instruction<S>>(start: nil, count: 0)
  /// The part of each of these instructions that all processes run; −1 where each has its own.
  var commonParts: ArraySlice<Int32> = []
  private let first: Int
  private let total: Int

  init(first: Int, total: Int) { (self.first, self.total) = (first, total) }

  override func run(part: Int, of parts: Int) { execute(part, parts) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func execute(_ part: Int, _ parts: Int) {
    for position in 0..<instructions.count {
      let common = Int(commonParts[commonParts.startIndex + position])
      if common < 0 {
        instructions[position].execute(part: first + part, of: total)
      } else if common % parts == part {
        instructions[position].execute(part: common, of: total)
      }
    }
  }
}

extension Program {
  /// Lets processes share the runs of this program from now on, or each run all of it.
  ///
  /// After a run each has all outputs; of those that are cut it has its own elements. A program that keeps all values runs as a
  /// whole on each.
  /// - Parameter outputs: the positions of those that are cut.
  package func share(among group: ProcessGroup?, cutting outputs: Range<Int>) {
    let group = group.flatMap { $0.count > 1 && keeping == .outputs ? $0 : nil }
    if group === self.group, outputs == cutOutputs { return }
    checkIdle()
    if group != nil { settle() }
    (self.group, cutOutputs) = (group, outputs)
    // As a pool does that is set: instructions know copies of inputs.
    let present = pool
    pool = present
  }

  /// The bytes that this process sends to others in a run.
  package var sentByteCount: Int { shared?.plan.sentByteCount ?? 0 }

  /// What a run does on this process in order, for a model of its time.
  package struct SharedCost {
    package enum Step {
      /// Work that all share and that which each repeats, in elementwise operations.
      case work(shared: Double, repeated: Double)
      /// An exchange begins, in which so much is sent.
      case begin(Int, messages: Int, bytes: Int)
      case end(Int)
    }
    package fileprivate(set) var steps: [Step] = []
  }

  package var sharedCost: SharedCost {
    var cost = SharedCost()
    guard let shared else { return cost }
    let plan = shared.plan
    for step in plan.steps {
      switch step {
      case .begin(let number):
        cost.steps.append(
          .begin(number, messages: plan.exchanges[number].sends.count, bytes: plan.exchanges[number].sentByteCount))
      case .end(let number): cost.steps.append(.end(number))
      case .run(let places, let isShared):
        var (shared, repeated) = (0.0, 0.0)
        for place in places {
          let work = Double(scheduled[place].work)
          if isShared, plan.commonParts[place] < 0 { shared += work } else { repeated += work }
        }
        cost.steps.append(.work(shared: shared, repeated: repeated))
      }
    }
    return cost
  }

  /// Computes every output from the leaves as they are on this process, for itself.
  package func replayAlone() {
    let present = shared
    shared = nil
    defer { shared = present }
    replay()
  }

  /// Plans what is exchanged when the instructions run in the order of the present phases.
  func makeShare() -> ProgramShare<S>? {
    guard let group, let memory = memoryBase else { return nil }
    let (instructions, threads) = (scheduledOrder.map { self.instructions[$0] }, pool?.threads ?? 1)
    let parts = group.count * threads
    let schedule = ExchangePlan.Schedule(
      phases: phases, processes: group.count, threads: threads,
      footprints: instructions.map { instruction in (0..<parts).map { instruction.footprint(part: $0, of: parts) } },
      work: instructions.map(\.work), whole: { instructions[$0].footprint(part: 0, of: 1) },
      outputs: { [unowned self] rank in self.outputRegions(of: rank, group) })
    return ProgramShare(
      group: group, plan: ExchangePlan(schedule, memory: memory, byteCount: byteCount, rank: group.rank),
      threads: threads,
      computed: group.isMarkingMissing ? computedValues : [])
  }

  /// The memory of the outputs, and of what is stored, that a process is to have.
  private func outputRegions(of rank: Int, _ group: ProcessGroup) -> [Region] {
    (outputNodes + stores.map(\.node)).enumerated().map { position, node in
      let size = holdsIndices(node) ? MemoryLayout<Int32>.stride : MemoryLayout<S>.stride
      let start = UInt(bitPattern: output(node).address)
      let count = nodes[node].shape.elementCount
      guard cutOutputs.contains(position), let cut = ElementCut(of: count, among: group) else {
        return Region(start: start, count: count * size)
      }
      return Region(start: start + UInt(cut[rank].lowerBound * size), count: cut[rank].count * size)
    }
  }

  /// The memory of what a run computes.
  private var computedValues: [UnsafeMutableBufferPointer<S>] {
    passNodes[foldedCount...].flatMap { $0 }.filter { addresses[$0] != nil && !holdsIndices($0) }
      .map { output($0).elements }
  }

  /// Runs the phases with the exchanges among them.
  @inline(never)
  func execute(with share: ProgramShare<S>) {
    guard let scheduled = scheduled.baseAddress else { return }
    for values in share.computed { values.update(repeating: S(Double.signalingNaN)) }
    for position in 0..<share.plan.steps.count {
      switch share.plan.steps[position] {
      case .begin(let number): share.begin(number)
      case .end(let number): share.end(number)
      case .run(let places, let isShared):
        execute(places, isShared: isShared, with: share, scheduled)
        share.group.progress()
      }
    }
  }

  /// The same with a look at the clock after each instruction, for which all threads wait then.
  func execute(with share: ProgramShare<S>, timedBy clock: ProgramClock) {
    guard let scheduled = scheduled.baseAddress else { return }
    for step in share.plan.steps {
      switch step {
      case .begin(let number): share.begin(number)
      case .end(let number): share.end(number)
      case .run(let places, let isShared):
        for position in places {
          execute(position..<position + 1, isShared: isShared, with: share, scheduled)
          clock.end(scheduledOrder[position] - foldedCount)
        }
        share.group.progress()
      }
      clock.endExchange()
    }
  }

  private func execute(
    _ places: Range<Int>, isShared: Bool, with share: ProgramShare<S>, _ scheduled: UnsafeMutablePointer<Instruction<S>>
  ) {
    guard isShared else {
      for position in places { scheduled[position].executeApart() }
      return
    }
    let task = share.task
    task.instructions = UnsafeBufferPointer(start: scheduled + places.lowerBound, count: places.count)
    task.commonParts = share.plan.commonParts[places]
    if let pool { pool.run(task) } else { task.run(part: 0, of: 1) }
  }
}
