import Adjoint
import Foundation

extension Trial {
  /// Random scenarios: odd calls recorded, differentiated, compiled, run with and without threads. Each gives the same bits on
  /// all ways, or ends with a sentence of ours.
  static func operations(_ arguments: Arguments) -> Int32 {
    let (count, seed) = (arguments.number("count") ?? 1000, arguments.number("seed") ?? 1)
    let started = Date()
    var children = Children(kind: "operations", name: "operations", seed: seed, keep: keep(arguments))
    children.allows = { isSentence($0) }
    let result = children.run(first: arguments.number("first") ?? 0, count: count)
    print(
      "operations: \(count) scenarios, seed \(seed), \(result.traps) ended with a sentence, \(result.failures) failed,",
      String(format: "%.1f s", -started.timeIntervalSinceNow))
    return result.failures == 0 ? 0 : 1
  }

  /// True for the last words of a `fatalError` in this package: its file, and a sentence. The standard library's traps name
  /// a file of its own, or nothing.
  private static func isSentence(_ said: String) -> Bool {
    guard let line = said.split(separator: "\n").last(where: { $0.contains("Fatal error: ") }),
      let place = line.range(of: "Fatal error: ")
    else { return false }
    let (file, words) = (line[..<place.lowerBound], line[place.upperBound...])
    // No memory is the one end that the runtime may tell.
    if words.hasPrefix("failed to allocate") { return true }
    return (file.hasPrefix("Adjoint") || file.hasPrefix("Trials/")) && words.split(separator: " ").count >= 3
  }

  /// A child's part.
  static func runOperations(_ seed: UInt64, _ numbers: Range<Int>, _ folder: URL) throws {
    // Memory that no machine has is refused here as there.
    var limit = rlimit(rlim_cur: 4 << 30, rlim_max: 4 << 30)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    for number in numbers {
      let scenario = Scenario(Generator(seed: seed).stream(UInt64(number)))
      let trial = try ChildTrial(number, in: folder, input: Array(scenario.description.utf8))
      trial.end(failure: scenario.difference().map { "\(scenario): \($0)" })
    }
  }
}

/// One to three odd calls, each on the result of the one before.
private struct Scenario: CustomStringConvertible {
  private let shape: Shape
  private let calls: [(call: OddCall, numbers: [Int])]

  private static let odd = [
    -1, -2, -7, 8, 64, 1000, 65536, 1 << 20, Int(Int32.max), 1 << 31, 1 << 32, 1 << 62, .max, .min, Int(Int32.min),
    .max - 1,
  ]
  private static let shapes: [Shape] = [
    [2, 3], [3, 2], [3, 3], [1, 1], [4], [], [0, 3], [2, 0], [2, 3, 2], [1, 4, 5, 2], [17, 33], [1],
  ]

  init(_ generator: Generator) {
    var generator = generator
    func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
    shape = Self.shapes[pick(Self.shapes.count)]
    calls = (0...min(pick(3), pick(3))).map { _ in
      let call = OddCall.all[pick(OddCall.all.count)]
      return (call, (0..<call.count).map { _ in pick(7) > 0 ? pick(4) : Self.odd[pick(Self.odd.count)] })
    }
  }

  var description: String { "\(shape): " + calls.map { "\($0.call.name) \($0.numbers)" }.joined(separator: ", ") }

  /// The way on which other bits come out; `nil` when there is none.
  func difference() -> String? {
    let tape = Tape<Float>()
    let count = shape.elementCount
    let x = tape.input(Tensor(shape: shape, elements: (0..<count).map { Float($0 * 7 % 11) / 4 - 1 }), name: "x")
    let y = calls.reduce(x) { $1.call.apply($0, $1.numbers) }
    let asked = [y] + gradients(of: (y * y).sum(), withRespectTo: [x])
    let recorded = asked.map { $0.value.elements.map(\.bitPattern) }
    for keeping in [Program<Float>.Keeping.outputs, .all] {
      let program = Program<Float>(asked, keeping: keeping)
      for threads in [1, 2, 3] {
        program.pool = threads == 1 ? nil : WorkerPool(threads: threads)
        program.step = 0
        program.run()
        if asked.map({ program.value(of: $0).elements.map(\.bitPattern) }) != recorded {
          return "other bits on \(threads) threads, keeping \(keeping)"
        }
      }
    }
    return nil
  }
}
