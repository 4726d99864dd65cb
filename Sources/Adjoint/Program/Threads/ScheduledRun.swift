// The runs of a program in phases, and those that tell in their course what is complete.

extension Program {
  /// Sorts the instructions into phases for the threads that there are.
  func schedule() {
    scheduled.deinitialize().deallocate()
    (phases, scheduledOrder, shared, completions) = ([], [], nil, nil)
    scheduled = UnsafeMutableBufferPointer(start: nil, count: 0)
    let parts = (pool?.threads ?? 1) * (group?.count ?? 1)
    guard parts > 1 else { return }
    // An exchange takes ten times what waking threads takes.
    let leastWork = group.map { $0.isMarkingMissing ? 0 : 200_000 } ?? pool?.leastWork ?? 0
    let schedule = PhaseOrder(of: instructions, from: foldedCount, parts: parts, leastWork: leastWork)
    (phases, scheduledOrder) = (schedule.phases, schedule.order)
    shared = makeShare()
    if let order = shared?.plan.order { scheduledOrder = order.map { schedule.order[$0] } }
    scheduled = .allocate(capacity: scheduledOrder.count)
    _ = scheduled.initialize(fromContentsOf: scheduledOrder.map { instructions[$0] })
  }

  @inline(never)
  @specialized(where S == Float)
  @specialized(where S == Double)
  func executePhases() {
    if group != nil {
      if let shared { return execute(with: shared) }
      for position in foldedCount..<instructions.count { instructions[position].executeApart() }
      return
    }
    // By position: a loop over an array would retain it.
    for number in 0..<phases.count { execute(phases[number]) }
  }

  @inline(__always)
  private func execute(_ phase: Phase) {
    guard let unmanagedPool, let scheduled = scheduled.baseAddress else { return }
    if phase.isShared {
      task.instructions = UnsafeBufferPointer(
        start: scheduled + phase.instructions.lowerBound, count: phase.instructions.count)
      unmanagedPool._withUnsafeGuaranteedRef { $0.run(task) }
    } else {
      for position in phase.instructions { scheduled[position].executeApart() }
    }
  }

  /// As `compute`, with a call for each set of outputs, in order, as soon as it and those before it are complete. What it does then, it
  /// does while all threads of the run wait.
  /// - Parameters:
  ///   - sets: positions of outputs.
  ///   - group: processes whose open exchanges go on meanwhile.
  package func compute(completing sets: [[Int]], on group: ProcessGroup, _ reached: (_ number: Int) -> Void) {
    if completions?.sets != sets { completions = Completions(sets: sets, ends: ends(of: sets)) }
    withoutActuallyEscaping(reached) { reached in
      completions?.begin(on: group, reached)
      compute()
      completions?.end()
    }
  }

  /// Runs all instructions, and tells of what is complete.
  @inline(never)
  func executeTelling(_ completions: Completions) {
    if scheduled.baseAddress != nil {
      for number in 0..<phases.count {
        execute(phases[number])
        completions.tell(after: number)
      }
    } else {
      for position in foldedCount..<instructions.count {
        instructions[position].executeApart()
        completions.tell(after: position)
      }
    }
  }

  /// The place in a run, of a phase or without threads of an instruction, behind which each of these sets and those before it are complete.
  private func ends(of sets: [[Int]]) -> [Int] {
    let spans = sets.map { set in
      set.map { position in
        let node = outputNodes[position]
        let count = nodes[node].shape.elementCount * MemoryLayout<S>.stride
        return Region(start: UInt(bitPattern: output(node).address), count: count).span
      }
    }
    var ends = Array(repeating: 0, count: sets.count)
    func note(_ instruction: Instruction<S>, at place: Int) {
      for region in instruction.footprint(part: 0, of: 1).writes {
        for (number, spans) in spans.enumerated() where spans.contains(where: { $0.overlaps(region.span) }) {
          ends[number] = max(ends[number], place)
        }
      }
    }
    if scheduled.baseAddress != nil {
      for (number, phase) in phases.enumerated() {
        for place in phase.instructions { note(scheduled[place], at: number) }
      }
    } else {
      for position in foldedCount..<instructions.count { note(instructions[position], at: position) }
    }
    for number in ends.indices.dropFirst() { ends[number] = max(ends[number], ends[number - 1]) }
    return ends
  }
}

/// The sets of outputs of which somebody wants to know when they are complete.
final class Completions {
  let sets: [[Int]]
  private let ends: [Int]
  private var next = 0
  private var group: ProcessGroup?
  private var reached: ((Int) -> Void)?

  init(sets: [[Int]], ends: [Int]) { (self.sets, self.ends) = (sets, ends) }

  /// True in a run that is to tell.
  var isAwaited: Bool { reached != nil }

  func begin(on group: ProcessGroup, _ reached: @escaping (Int) -> Void) {
    (self.group, self.reached, next) = (group, reached, 0)
  }

  func tell(after place: Int) {
    if next > 0 { group?.progress() }
    while next < ends.count, ends[next] <= place {
      reached?(next)
      next += 1
    }
  }

  /// Tells of what a run has passed over.
  func end() {
    tell(after: .max)
    (group, reached) = (nil, nil)
  }
}
