/// Instructions between which nothing is exchanged: a phase, or an instruction of one.
struct Stage {
  let places: [Int]
  /// True where processes run parts of each, false where each runs all of it.
  let isShared: Bool
  /// True for the first one of a phase.
  let isFirst: Bool
}

/// The phases of a program, cut into stages: in each phase what others soon read comes first, and what reads what others have comes last.
/// So exchanges are under way while the rest is computed.
struct StageOrder {
  private(set) var stages: [Stage] = []

  init(of schedule: ExchangePlan.Schedule, memory base: UnsafeMutableRawPointer, byteCount: Int) {
    var walk = ExchangeWalk(schedule, memory: base, byteCount: byteCount, notingWaits: true)
    var phaseOf = Array(repeating: -1, count: schedule.count)
    var isShared: [Bool] = []
    // What reads what was received before its phase, and what is received before the next one.
    var waits = Array(repeating: false, count: schedule.count)
    var isUrgent = waits
    func note(_ walk: inout ExchangeWalk, before phase: Int) {
      for place in walk.waiting { waits[place] = true }
      for lack in walk.takeLacking() where lack.origin >= 0 && phaseOf[lack.origin] == phase - 1 {
        isUrgent[lack.origin] = true
      }
    }
    for (number, phase) in schedule.phases.enumerated() {
      walk.beginPhase()
      var repeated = walk
      let places = Array(phase.instructions)
      isShared.append(phase.isShared || !repeated.repeatEverywhere(places))
      if isShared[number] { walk.share(places) } else { walk = repeated }
      note(&walk, before: number)
      for place in phase.instructions { phaseOf[place] = number }
    }
    walk.readOutputs()
    note(&walk, before: schedule.phases.count)
    for (phase, isShared) in zip(schedule.phases, isShared) {
      guard isShared, phase.instructions.contains(where: { waits[$0] || isUrgent[$0] }) else {
        stages.append(Stage(places: Array(phase.instructions), isShared: isShared, isFirst: true))
        continue
      }
      let order = StageOrder.order(phase.instructions, schedule, waits, isUrgent)
      for (number, place) in order.enumerated() {
        stages.append(Stage(places: [place], isShared: true, isFirst: number == 0))
      }
    }
  }

  /// The instructions of a phase in another order. Those that wait for others come last; of each half, those for which others wait first.
  /// Whatever depends on one that waits waits too, and whatever an urgent one depends on is urgent.
  private static func order(
    _ phase: Range<Int>, _ schedule: ExchangePlan.Schedule, _ waits: [Bool], _ isUrgent: [Bool]
  ) -> [Int] {
    var (waits, isUrgent) = (Array(waits[phase]), Array(isUrgent[phase]))
    let parts = phase.map { schedule.footprints[$0].map { FootprintSpans($0) } }
    func depends(_ later: Int, on earlier: Int) -> Bool {
      zip(parts[later], parts[earlier]).contains { $0.conflicts(with: $1) }
    }
    for later in parts.indices where !waits[later] {
      waits[later] = (0..<later).contains { waits[$0] && depends(later, on: $0) }
    }
    for earlier in parts.indices.reversed() where !isUrgent[earlier] {
      isUrgent[earlier] = (earlier + 1..<parts.count).contains { isUrgent[$0] && depends($0, on: earlier) }
    }
    return [(false, true), (false, false), (true, true), (true, false)].flatMap { kind in
      parts.indices.filter { (waits[$0], isUrgent[$0]) == kind }.map { phase.lowerBound + $0 }
    }
  }
}
