/// The exchanges of a program among processes: what the instructions of a process read and others have computed, and the outputs.
///
/// The plan walks through the phases for all processes, and notes who has the present value of each byte. All processes make the same plan,
/// so each knows what the others will ask of it. An exchange begins when what it sends is written, and ends before it is read; what is
/// computed between does neither write the one nor read what stood in the place of the other.
struct ExchangePlan {
  /// What a run does, in order.
  enum Step {
    case begin(Int)
    case end(Int)
    /// Runs instructions: parts of each on every process, or all of it.
    case run(Range<Int>, isShared: Bool)
  }

  private(set) var steps: [Step] = []
  private(set) var exchanges: [Exchange] = []
  /// The instructions in the order in which they run, by place in the schedule.
  private(set) var order: [Int] = []
  /// The part of an instruction that all processes run, in that order; −1 where each runs parts of its own.
  let commonParts: [Int32]
  private let room: Room

  /// The instructions as the plan sees them.
  struct Schedule {
    let phases: [Phase]
    let processes: Int
    let threads: Int
    /// The footprint of each part of each instruction.
    let footprints: [[Footprint]]
    let work: [Int]
    /// The footprint of a whole instruction.
    let whole: (_ place: Int) -> Footprint
    /// The bytes of an output that a process is to have in the end.
    let outputs: (_ rank: Int) -> [Region]

    var count: Int { footprints.count }
  }

  init(_ schedule: Schedule, memory base: UnsafeMutableRawPointer, byteCount: Int, rank: Int) {
    let stages = StageOrder(of: schedule, memory: base, byteCount: byteCount).stages
    var stageOf = Array(repeating: -1, count: schedule.count)
    for (number, stage) in stages.enumerated() { for place in stage.places { stageOf[place] = number } }
    var walk = ExchangeWalk(schedule, memory: base, byteCount: byteCount, notingWaits: false)
    var windows = ExchangeWindows()
    for (number, stage) in stages.enumerated() {
      if stage.isFirst { walk.beginPhase() }
      if stage.isShared { walk.share(stage.places) } else { _ = walk.repeatEverywhere(stage.places) }
      for lack in walk.takeLacking() {
        windows.add(lack, from: lack.origin < 0 ? 0 : stageOf[lack.origin] + 1, to: number)
      }
    }
    walk.readOutputs()
    for lack in walk.takeLacking() {
      windows.add(lack, from: lack.origin < 0 ? 0 : stageOf[lack.origin] + 1, to: stages.count)
    }
    windows.join(
      seconds: stages.map { stage in
        stage.places.reduce(0) {
          let isRepeated = !stage.isShared || walk.commonParts[$1] >= 0
          return $0 + 1e-10 * Double(schedule.work[$1]) / Double(isRepeated ? 1 : schedule.processes)
        }
      })
    let (all, places, byteCount) = windows.placed { Exchange.room(for: $0, rank: rank) }
    let room = Room(byteCount: byteCount)
    self.room = room
    exchanges = zip(all, places).map { Exchange($0.transfers, rank: rank, from: base, room: room.base + $1) }
    order = stages.flatMap(\.places)
    commonParts = order.map { [parts = walk.commonParts] in parts[$0] }
    steps = ExchangePlan.steps(stages, all)
  }

  /// The stages with the beginnings and ends between them. What begins does so before anything is waited for.
  private static func steps(_ stages: [Stage], _ windows: [ExchangeWindow]) -> [Step] {
    var (steps, start): ([Step], Int) = ([], 0)
    for number in 0...stages.count {
      let edges =
        windows.indices.filter { windows[$0].begin == number }.map(Step.begin)
        + windows.indices.filter { windows[$0].end == number }.map(Step.end)
      steps += edges
      guard number < stages.count else { break }
      let (stage, end) = (stages[number], start + stages[number].places.count)
      if edges.isEmpty, !stage.isFirst, case .run(let before, let isShared)? = steps.last {
        steps[steps.count - 1] = .run(before.lowerBound..<end, isShared: isShared)
      } else {
        steps.append(.run(start..<end, isShared: stage.isShared))
      }
      start = end
    }
    return steps
  }

  /// The bytes that this process sends in a run.
  var sentByteCount: Int { exchanges.reduce(0) { $0 + $1.sentByteCount } }
}
