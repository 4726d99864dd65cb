import Adjoint
import AdjointCommandLine
import Foundation

/// Our rows and those of other libraries, measured in turn: process after process, so that a slow minute of the machine
/// meets everybody.
///
/// Every process, ours too, is kept on the last core where nothing runs on more than one thread.
final class PeerRuns {
  private let rows: [BenchRow]
  private let isQuick: Bool
  private let samples: Int
  private let countsProcessorTime: Bool
  private let console: Console
  private let python: Interpreter
  /// The variants that this interpreter can run.
  private let variants: [String]
  private let versions: String
  private let processes: Int
  /// The largest difference from our answer, against the largest magnitude in it, with which a peer's figure counts.
  static let tolerance = 1e-3

  init(
    rows: [BenchRow], interpreter: String, isQuick: Bool, processes: Int, samples: Int, countsProcessorTime: Bool,
    _ console: Console
  ) throws {
    (self.rows, self.isQuick, self.console) = (rows, isQuick, console)
    (self.processes, self.samples, self.countsProcessorTime) = (processes, samples, countsProcessorTime)
    python = try Interpreter(interpreter, script: "peers.py")
    let found = try python.versions()
    let all: [(variant: String, needs: [String])] = [
      ("torch", ["numpy", "torch"]), ("jax-jit", ["numpy", "jax"]), ("jax-scan", ["numpy", "jax"]),
      ("numpy", ["numpy"]), ("pandas", ["numpy", "pandas"]), ("micrograd", ["numpy", "micrograd"]),
    ]
    for entry in all {
      if let missing = entry.needs.first(where: { found[$0] == nil }) {
        console.note("\(entry.variant) is left out: \(interpreter) has no \(missing)")
      }
    }
    variants = all.filter { $0.needs.allSatisfy { found[$0] != nil } }.map(\.variant)
    versions = found.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  var method: String {
    (countsProcessorTime ? "processor time; " : "")
      + "medians over \(processes) processes each, in turn, of medians of \(samples) samples "
      + "after warm-up; answers were compared first; \(versions)"
  }

  func results() throws -> [BenchResult] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let exchange = PeerExchange(folder: folder, isQuick: isQuick)
    try exchange.writeImages()

    var results: [BenchResult] = []
    let threadCounts = Set(rows.map(\.threads)).sorted()
    for threads in threadCounts {
      let rows = rows.filter { $0.threads == threads }
      try exchange.write(rows, threads: threads, samples: samples, countsProcessorTime: countsProcessorTime)
      results += try measure(rows, threads, folder)
    }
    return results
  }

  /// All processes for one number of threads.
  private func measure(_ rows: [BenchRow], _ threads: Int, _ folder: URL) throws -> [BenchResult] {
    var ours: [String: [(figure: Double, conditions: Conditions)]] = [:]
    var theirs: [String: [String: [Double]]] = [:]
    var broken: Set<String> = []
    for process in 1...processes {
      console.live("  \(threads.of("thread")), process \(process) of \(processes): adjoint …")
      for (name, fields) in try runOurselves(rows, threads) {
        guard let figure = fields["ours"]?.double, let conditions = Conditions(fields) else { continue }
        ours[name, default: []].append((figure, conditions))
      }
      for variant in variants where !broken.contains(variant) {
        console.live("  \(threads.of("thread")), process \(process) of \(processes): \(variant) …")
        do {
          for (name, figure) in try run(variant, folder, threads) {
            theirs[name, default: [:]][variant, default: []].append(figure)
          }
        } catch let error as CommandError {
          console.note("\(error.description); it is left out")
          broken.insert(variant)
        }
      }
    }
    return try rows.map { row in
      guard let samples = ours[row.name], !samples.isEmpty else {
        throw CommandError.peer("adjoint bench", reason: "a process gave no figure for \(row.name)")
      }
      var result = BenchResult(
        row, Measured(figure: Spread(samples.map(\.figure)), conditions: Conditions(medians: samples.map(\.conditions)))
      )
      result.peers = (theirs[row.name] ?? [:]).mapValues { Spread($0) }
      return result
    }
  }

  private func runOurselves(_ rows: [BenchRow], _ threads: Int) throws -> [(String, JSON)] {
    guard let path = Sibling.own?.path else {
      throw CommandError.peer("adjoint bench", reason: "the path of this program is not known")
    }
    var words = rows.map(\.name) + ["--threads", "\(threads)", "--samples", "\(samples)", "--json"]
    if isQuick { words.append("--quick") }
    if countsProcessorTime { words.append("--processor-time") }
    let object = try Interpreter.run(path, words, onOneCore: threads == 1)
    return (object["rows"]?.elements ?? []).compactMap { line in line["name"]?.string.map { ($0, line) } }
  }

  /// A variant's figures, without those whose answer is not ours.
  private func run(_ variant: String, _ folder: URL, _ threads: Int) throws -> [(String, Double)] {
    let object = try python.run([folder.path, variant], onOneCore: threads == 1)
    var figures: [(String, Double)] = []
    for (name, value) in object["rows"]?.members ?? [] {
      guard let figure = value["figure"]?.double, let difference = value["difference"]?.double else { continue }
      guard difference <= PeerRuns.tolerance else {
        console.note(
          "\(variant), \(name): its answer differs from ours by \(difference) of the largest; it has no figure")
        continue
      }
      figures.append((name, figure))
    }
    return figures
  }
}
