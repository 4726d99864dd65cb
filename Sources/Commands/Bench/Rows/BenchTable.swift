import AdjointCommandLine

/// Every row of the benchmark with its target: the tables of the yardstick.
///
/// What a step must reach is a ratio to JAX in the same run; targets in units belong to the machine for which they were set, 2 cores
/// of an AMD EPYC (Zen 5) with AVX-512.
enum BenchTable {
  /// The rows for these numbers of threads: steps, processes and the rows with processes of their own on each, everything else on
  /// one.
  static func rows(threads: [Int], isQuick: Bool) -> [BenchRow] {
    var rows = threads.flatMap { count in steps.map { $0.row(threads: count) } }
    if threads.contains(1) { rows += products + elementwise + overhead + models + checks + tables }
    rows += threads.flatMap(processes)
    rows += threads.flatMap { LoneTable.rows(threads: $0, isQuick: isQuick) }
    if threads.contains(1) { rows += growth }
    return rows
  }

  /// The names, without repetition, in order.
  static func names(of rows: [BenchRow]) -> [String] {
    rows.map(\.name).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The rows that `words` name: a whole name, or a group such as `step`; all of them without words.
  /// - Throws: `CommandError.unknownRow`.
  static func select(_ words: [String], of rows: [BenchRow]) throws(CommandError) -> [BenchRow] {
    if words.isEmpty { return rows }
    let names = names(of: rows)
    let groups = names.map { String($0.prefix { $0 != "/" }) }
    for word in words where !names.contains(word) && !groups.contains(word) {
      throw .unknownRow(word, suggestion: Suggestion.nearest(to: word, among: names + groups))
    }
    return rows.filter { row in words.contains { $0 == row.name || row.name.hasPrefix($0 + "/") } }
  }

  // MARK: Steps

  /// A network, and the speed over JAX that its step must have on one and on two threads.
  private struct StepEntry {
    let problem: StepProblem
    var one: Double?
    var two: Double?

    func row(threads: Int) -> BenchRow {
      let ratio = threads == 1 ? one : threads == 2 ? two : nil
      return BenchRow(
        name: "step/\(problem.name)", threads: threads, unit: .microseconds, work: .step(problem),
        peerRatios: ratio.map { ["jax": $0] } ?? [:])
    }
  }

  private static let steps: [StepEntry] = [
    StepEntry(problem: StepProblem([784, 10]), one: 1.52),
    StepEntry(problem: StepProblem([784, 64, 10], .tanh), one: 1.26),
    StepEntry(problem: StepProblem([784, 128, 10]), one: 1.18, two: 1.43),
    StepEntry(problem: StepProblem([784, 200, 10]), one: 1.27),
    StepEntry(problem: StepProblem([784, 256, 10]), one: 1.20, two: 1.37),
    StepEntry(problem: StepProblem([784, 128, 128, 10]), one: 1.17),
    StepEntry(problem: StepProblem([784, 1024, 1024, 10]), one: 1.11, two: 1.11),
    StepEntry(problem: StepProblem([784, 128, 10], rule: .adam), one: 1.26),
    StepEntry(problem: StepProblem([784, 128, 10], batch: 32)),
    StepEntry(problem: StepProblem([784, 128, 10], batch: 1024)),
  ]

  // MARK: Kernels

  private static func product(
    _ name: String, _ form: ProductProblem.Form, _ m: Int, _ k: Int, _ n: Int, share: Double
  ) -> BenchRow {
    BenchRow(
      name: "product/\(name)", threads: 1, unit: .gigaflops,
      work: .product(ProductProblem(form: form, rows: m, depth: k, columns: n)), target: .shareOfPeak(share),
      peerRatios: ["any": 0.97])
  }

  private static let products: [BenchRow] = [
    product("xWt-128x784x256", .transposedB, 128, 784, 256, share: 0.88),
    product("xW-128x784x256", .plain, 128, 784, 256, share: 0.94),
    product("gtx-256x128x784", .transposedA, 256, 128, 784, share: 0.93),
    product("gW-128x256x784", .plain, 128, 256, 784, share: 0.88),
    product("narrow-128x256x10", .plain, 128, 256, 10, share: 0.47),
    product("narrow-100x200x10", .plain, 100, 200, 10, share: 0.43),
    product("square-1024", .plain, 1024, 1024, 1024, share: 0.93),
  ]

  private static func elementwise(_ function: ElementwiseProblem.Function, _ target: Double) -> BenchRow {
    BenchRow(
      name: "elementwise/\(function.rawValue)", threads: 1, unit: .nanosecondsPerElement,
      work: .elementwise(ElementwiseProblem(function: function)), target: .value(target), peerRatios: ["any": 0.97])
  }

  private static let elementwise: [BenchRow] = [
    elementwise(.exp, 0.10), elementwise(.tanh, 0.15), elementwise(.sigmoid, 0.15), elementwise(.logSoftmax, 0.20),
  ]

  // MARK: Overhead and models

  private static func chain(_ phase: ChainProblem.Phase, _ unit: BenchRow.Unit, _ target: Double) -> BenchRow {
    BenchRow(
      name: "chain/\(phase.rawValue)", threads: 1, unit: unit, work: .chain(phase), target: .value(target))
  }

  private static let overhead: [BenchRow] = [
    chain(.record, .nanosecondsPerOperation, 80), chain(.differentiate, .nanosecondsPerOperation, 260),
    chain(.replay, .nanosecondsPerOperation, 25), chain(.compile, .microseconds, 1000),
    BenchRow(name: "demo/2-16-16-1", threads: 1, unit: .microseconds, work: .demo, target: .value(12)),
    BenchRow(
      name: "eager/784-128-10", threads: 1, unit: .microseconds, work: .eagerStep(StepProblem([784, 128, 10])),
      target: .value(400)),
  ]

  private static let models: [BenchRow] = [
    BenchRow(
      name: "gradient-cost/784-256-10", threads: 1, unit: .ratio, work: .gradientRatio(StepProblem([784, 256, 10]))),
    inference(batch: 1), inference(batch: 128),
    BenchRow(
      name: "step-double/784-128-10", threads: 1, unit: .microseconds, work: .doubleStep(StepProblem([784, 128, 10]))),
  ]

  private static func inference(batch: Int) -> BenchRow {
    BenchRow(
      name: "inference/784-128-10-batch-\(batch)", threads: 1, unit: .microseconds,
      work: .inference(StepProblem([784, 128, 10], batch: batch)))
  }

  private static let checks: [BenchRow] = [
    BenchRow(
      name: "check/direction-784-128-10", threads: 1, unit: .milliseconds, work: .check(.init(kind: .direction))),
    BenchRow(name: "check/full-784-128-10", threads: 1, unit: .seconds, work: .check(.init(kind: .full))),
  ]

  private static let tables: [BenchRow] = [TableProblem.Kind.pixels, .decimals].map { kind in
    BenchRow(
      name: "table/\(kind.rawValue)-20000x784", threads: 1, unit: .seconds, work: .table(TableProblem(kind: kind)),
      peerRatios: ["pandas": 0.5, "numpy": 1])
  }

  // MARK: Processes and growth

  private static func processes(threads: Int) -> [BenchRow] {
    func row(_ name: String, _ unit: BenchRow.Unit, _ problem: ProcessProblem, _ target: Double) -> BenchRow {
      BenchRow(
        name: name, threads: threads, unit: unit, work: .process(problem), target: threads == 1 ? .value(target) : nil)
    }
    return [
      row("process/784-128-10", .seconds, ProcessProblem(hidden: 128, epochs: 5, figure: .seconds), 1),
      row("memory/784-256-10", .mebibytes, ProcessProblem(hidden: 256, epochs: 1, figure: .peakMemory), 100),
    ]
  }

  /// The time of a step at growing batches, widths of two hidden layers and numbers of hidden layers, and the memory of its
  /// program at the last.
  private static let growth: [BenchRow] = {
    func row(_ group: GrowthGroup, _ size: Int, _ problem: StepProblem) -> BenchRow {
      BenchRow(
        name: "\(group.rawValue)/\(size)", threads: 1, unit: group == .memory ? .kibibytes : .microseconds,
        work: group == .memory ? .memoryPlan(problem) : .step(problem))
    }
    func deep(_ depth: Int) -> StepProblem { StepProblem([784] + Array(repeating: 128, count: depth) + [10]) }
    let depths = [1, 2, 4, 8, 16, 32, 64]
    return [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192].map {
      row(.batch, $0, StepProblem([784, 128, 10], batch: $0))
    } + [64, 128, 256, 512, 1024, 2048, 4096].map { row(.width, $0, StepProblem([784, $0, $0, 10])) }
      + depths.map { row(.depth, $0, deep($0)) } + depths.map { row(.memory, $0, deep($0)) }
  }()
}
