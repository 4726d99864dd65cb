import Adjoint
import AdjointCommandLine

/// A line of the benchmark, as data: its work, the number of threads, and the figure to reach.
struct BenchRow: Sendable {
  /// The unit of a row's figures.
  enum Unit: String, Sendable {
    case microseconds = "µs"
    case milliseconds = "ms"
    case seconds = "s"
    case kibibytes = "KiB"
    case mebibytes = "MiB"
    case gigaflops = "GFLOP/s"
    case nanosecondsPerElement = "ns/element"
    case nanosecondsPerOperation = "ns/operation"
    case ratio = "×"

    var higherIsBetter: Bool { self == .gigaflops }
  }

  /// The figure that a row must reach.
  enum Target: Sendable {
    /// In the row's unit.
    case value(Double)
    /// Of the multiply-add peak measured with the row.
    case shareOfPeak(Double)
  }

  /// Group and name with a slash between them, such as `step/784-10`; the same on any number of threads.
  let name: String
  let threads: Int
  let unit: Unit
  let work: BenchWork
  var target: Target?
  /// The speed that the row must have over the fastest variant of each peer.
  var peerRatios: [String: Double] = [:]

  /// The ratios that must be reached, such as `1.6`, or `1.2 (jax)` where it is to one peer.
  var wanted: String {
    peerRatios.sorted { $0.key < $1.key }.map { $0.value.short + ($0.key == "any" ? "" : " (\($0.key))") }
      .joined(separator: ", ")
  }

  /// True for a compiled training step in `Float`, which can be profiled.
  var isStep: Bool {
    if case .step = work { return true }
    return lone is NetworkProblem
  }

  /// True for a whole process of the program `adjoint`.
  var isProcess: Bool {
    switch work {
    case .process: true
    case .lone(let problem): problem.isProcess
    case .step, .product, .elementwise, .chain, .demo, .eagerStep, .gradientRatio, .inference, .doubleStep, .check,
      .memoryPlan, .table:
      false
    }
  }

  /// The work that is measured in processes of its own; nil for a row that shares its process with others.
  var lone: (any LoneProblem)? {
    if case .lone(let problem) = work { return problem }
    return nil
  }
}

/// The work of a row.
enum BenchWork: Sendable {
  case step(StepProblem)
  case product(ProductProblem)
  case elementwise(ElementwiseProblem)
  case chain(ChainProblem.Phase)
  case demo
  case eagerStep(StepProblem)
  case gradientRatio(StepProblem)
  case inference(StepProblem)
  case doubleStep(StepProblem)
  case check(CheckProblem)
  case memoryPlan(StepProblem)
  case process(ProcessProblem)
  case table(TableProblem)
  case lone(any LoneProblem)

  /// Floating-point operations of the matrix products, for the share of the peak; nil where that says nothing.
  var productOperations: Double? {
    switch self {
    case .step(let problem), .eagerStep(let problem): problem.productOperations
    case .product(let problem): problem.operations
    case .lone(let problem): problem.productOperations
    case .elementwise, .chain, .demo, .gradientRatio, .inference, .doubleStep, .check, .memoryPlan, .process, .table:
      nil
    }
  }
}

/// A row that has been checked and can be timed.
struct PreparedRow {
  /// The functions that are timed; most rows have one, a ratio has two.
  let runs: [() throws -> Void]
  /// The row's figure from the seconds of one call of each.
  let figure: ([Double]) -> Double
  /// The most samples that say something new and do not take too long.
  var mostSamples = Int.max
  /// True when the measuring thread does the work itself, rather than a process that it waits for.
  var worksItself = true
  /// False when a call is too long to be made before it is timed.
  var isWarm = true
  /// The threads that the row runs on, where they are more than the caller's.
  var pool: WorkerPool?
  /// The seconds of the first run, recording and compiling included, where it is a figure of the row.
  var first: Double?
  /// The most memory of a process that the row waits for, in MiB, known when it has run.
  var memory: (() -> Double?)?

  init(_ run: @escaping () throws -> Void, figure: @escaping (Double) -> Double) {
    (runs, self.figure) = ([run], { figure($0[0]) })
  }

  init(ratioOf a: @escaping () throws -> Void, to b: @escaping () throws -> Void) {
    (runs, figure) = ([a, b], { $0[0] / $0[1] })
  }

  /// A row in microseconds per call.
  static func microseconds(on pool: WorkerPool? = nil, _ run: @escaping () throws -> Void) -> PreparedRow {
    var row = PreparedRow(run) { $0 * 1e6 }
    row.pool = pool
    return row
  }
}

extension BenchRow {
  /// Makes the row's problem and checks its answer.
  /// - Throws: `CommandError.disagreement` when an answer is wrong: a wrong result is never timed.
  func prepared(_ data: BenchData) throws -> PreparedRow {
    switch work {
    case .step(let problem): try problem.prepared(threads: threads, data)
    case .product(let problem): try problem.prepared()
    case .elementwise(let problem): try problem.prepared()
    case .chain(let phase): try ChainProblem(phase: phase).prepared()
    case .demo: try DemoProblem().prepared()
    case .eagerStep(let problem): try problem.preparedEagerly(data)
    case .gradientRatio(let problem): try problem.preparedRatio(data)
    case .inference(let problem): try problem.preparedInference(threads: threads, data)
    case .doubleStep(let problem): try problem.preparedInDouble(data)
    case .check(let problem): try problem.prepared(data)
    case .memoryPlan(let problem): problem.preparedMemoryPlan(data)
    case .process(let problem): try problem.prepared(threads: threads, data)
    case .table(let problem): try problem.prepared(data)
    case .lone(let problem): try problem.prepared(threads: threads)
    }
  }
}
