import Adjoint
import AdjointCommandLine
import AdjointLearning

/// The time of a row's step, pass by pass.
struct BenchProfile: Sendable {
  let name: String
  let threads: Int
  let profile: StepProfile

  /// The row's profile; nil where it is no training step.
  init?(_ row: BenchRow, isQuick: Bool, _ data: BenchData) throws {
    (name, threads) = (row.name, row.threads)
    if case .step(let problem) = row.work {
      profile = try problem.profile(threads: threads, steps: isQuick ? 5 : 200, data)
    } else if let (step, run) = row.lone?.profiledStep(threads: threads) {
      let steps = isQuick ? 5 : 50
      for _ in 0..<steps / 4 + 1 { _ = try run() }
      profile = try step.profile { for _ in 0..<steps { _ = try run() } }
    } else {
      return nil
    }
  }

  func show(on console: Console) {
    console.line()
    console.line(
      "\(name), \(threads.of("thread")): medians of \(profile.steps) steps of \((profile.seconds * 1e6).fixed(1)) µs")
    for line in profile.description.split(separator: "\n") { console.line("  \(line)") }
  }

  var json: JSON {
    let parts = profile.lines.map { line in
      JSON.object([
        ("what", .string(line.what)), ("microseconds", .number(line.seconds * 1e6)),
        ("gigaflops", line.gigaflops.map { .number($0) } ?? .null),
      ])
    }
    return .object([
      ("name", .string(name)), ("threads", .integer(threads)), ("steps", .integer(profile.steps)),
      ("microseconds", .number(profile.seconds * 1e6)), ("parts", .array(parts)),
    ])
  }
}

extension StepProblem {
  /// Measures the parts of so many steps, after a quarter as many to warm up.
  func profile(threads: Int, steps: Int, _ data: BenchData) throws -> StepProfile {
    let step = step(of: model())
    if threads > 1 { step.pool = WorkerPool(threads: threads) }
    let warmUp = steps / 4 + 1
    func run(_ numbers: Range<Int>) throws {
      for number in numbers { try step(rows: data.rows(ofBatch: number, of: batch), of: data.images) }
    }
    try run(0..<warmUp)
    return try step.profile { try run(warmUp..<warmUp + steps) }
  }
}
