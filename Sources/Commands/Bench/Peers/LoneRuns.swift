import Adjoint
import AdjointCommandLine
import AdjointFiles
import Foundation

/// Rows with processes of their own: a process of ours, one of each peer, row after row, and all of it as often as asked, so that a
/// slow minute of the machine meets everybody.
///
/// What each process said goes into a record, from which a run that was ended goes on.
final class LoneRuns {
  private let rows: [BenchRow]
  private let isQuick: Bool
  private let samples: Int
  private let countsProcessorTime: Bool
  private let processes: Int
  private let console: Console
  private let interpreter: String
  private let record: LoneRecord
  /// The peers that this interpreter, or the system's compiler, can run.
  private let available: Set<String>
  private let versions: String

  init(
    rows: [BenchRow], interpreter: String, isQuick: Bool, processes: Int, samples: Int, countsProcessorTime: Bool,
    record: String?, _ console: Console
  ) throws {
    (self.rows, self.isQuick, self.console, self.interpreter) = (rows, isQuick, console, interpreter)
    (self.processes, self.samples, self.countsProcessorTime) = (processes, samples, countsProcessorTime)
    let found = try Interpreter(interpreter, script: "peers.py").versions()
    self.record = try LoneRecord(record.map { FilePlace.url($0) })
    var available: Set<String> = []
    if found["numpy"] != nil {
      available.formUnion(["numpy", "c", "differences"])
      if found["torch"] != nil { available.formUnion(["torch", "torch-channels-last"]) }
      // Compiling takes minutes, and says nothing about answers that the other variants do not say.
      if found["torch"] != nil, !isQuick { available.insert("torch-compile") }
      if found["jax"] != nil { available.insert("jax-jit") }
    }
    self.available = available
    versions = found.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  var method: String {
    (countsProcessorTime ? "processor time; " : "")
      + "medians over \(processes) processes of each row, in turn, of medians of \(samples) samples after warm-up; answers were "
      + "compared first; \(versions)"
  }

  func results() throws -> [BenchResult] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var broken: Set<String> = []
    for process in 1...processes {
      for (number, row) in rows.enumerated() {
        guard let problem = row.lone else { continue }
        let place = folder.appendingPathComponent("\(number)")
        for variant in ["adjoint"] + problem.peers.filter(available.contains) {
          let key = key(row, variant, process)
          guard record[key] == nil, !broken.contains("\(number) \(variant)") else { continue }
          console.live("  process \(process) of \(processes): \(row.name), \(row.threads.of("thread")), \(variant) …")
          if variant == "adjoint" {
            try record.add(key, try ours(row))
            continue
          }
          do {
            try prepare(row, problem, place)
            try record.add(key, try theirs(variant, row, problem, place))
          } catch let error as CommandError {
            console.note("\(row.name): \(error.description); it has no figure")
            broken.insert("\(number) \(variant)")
          }
        }
      }
    }
    return try rows.map(result)
  }

  private func key(_ row: BenchRow, _ variant: String, _ process: Int) -> LoneRecord.Key {
    let manner = (isQuick ? "quick, " : "") + (countsProcessorTime ? "processor time" : "clock")
    return LoneRecord.Key(row: row.name, threads: row.threads, variant: variant, process: process, manner: manner)
  }

  /// Writes the row's problem and our answer, once.
  private func prepare(_ row: BenchRow, _ problem: any LoneProblem, _ place: URL) throws {
    guard !FileManager.default.fileExists(atPath: place.path) else { return }
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let fields: [(String, JSON)] =
      [
        ("name", .string(row.name)), ("threads", .integer(row.threads)), ("samples", .integer(samples)),
        ("quick", .bool(isQuick)), ("processorTime", .bool(countsProcessorTime)),
      ] + (try problem.fields(ExchangeFolder(url: place)))
    try Data(JSON.object(fields).text.utf8).write(to: place.appendingPathComponent("problem.json"))
  }

  private func ours(_ row: BenchRow) throws -> JSON {
    guard let path = Sibling.own?.path else {
      throw CommandError.peer("adjoint bench", reason: "the path of this program is not known")
    }
    let words = [row.name, "--threads", "\(row.threads)", "--samples", "\(samples)", "--json"]
    let flags = (isQuick ? ["--quick"] : []) + (countsProcessorTime ? ["--processor-time"] : [])
    let object = try Interpreter.run(path, words + flags, onOneCore: row.threads == 1)
    guard let fields = object["rows"]?.elements?.first, let figure = fields["ours"]?.double else {
      throw CommandError.peer("adjoint bench", reason: "a process gave no figure for \(row.name)")
    }
    return .object(
      [("figure", .number(figure)), ("first", fields["first"] ?? .null), ("memory", fields["memory"] ?? .null)]
        + (Conditions(fields)?.fields ?? []))
  }

  /// What a peer's process says of the row.
  /// - Throws: `CommandError.peer` also where its answer is not ours.
  private func theirs(_ variant: String, _ row: BenchRow, _ problem: any LoneProblem, _ place: URL) throws -> JSON {
    let python = try Interpreter(interpreter, script: problem.script)
    let found = try python.run([place.path, variant], onOneCore: row.threads == 1)
    guard let difference = found["difference"]?.double, found["figure"]?.double != nil else {
      throw CommandError.peer(variant, reason: "it gave no figure")
    }
    guard difference <= problem.tolerance else {
      throw CommandError.peer(variant, reason: "its answer differs from ours by \(difference) of the largest")
    }
    return found
  }

  private func result(_ row: BenchRow) throws -> BenchResult {
    func all(_ variant: String) -> [JSON] {
      (1...processes).compactMap {
        record[key(row, variant, $0)]
      }
    }
    func median(_ entries: [JSON], _ name: String) -> Double? {
      let values = entries.compactMap { $0[name]?.double }
      return values.isEmpty ? nil : Spread(values).median
    }
    let ours = all("adjoint")
    let figures = ours.compactMap { $0["figure"]?.double }
    guard !figures.isEmpty else { throw CommandError.peer("adjoint bench", reason: "no process measured \(row.name)") }
    var result = BenchResult(
      row,
      Measured(
        figure: Spread(figures), conditions: Conditions(medians: ours.compactMap { Conditions($0) }),
        first: median(ours, "first").map { $0 * 1e-3 }, memory: median(ours, "memory")))
    for variant in row.lone?.peers ?? [] {
      let entries = all(variant)
      let figures = entries.compactMap { $0["figure"]?.double }
      guard !figures.isEmpty else { continue }
      result.peers[variant] = Spread(figures)
      result.peerFirst[variant] = median(entries, "first")
      result.peerMemory[variant] = median(entries, "memory")
    }
    return result
  }
}

/// What processes said, in memory and in a file of one JSON object a line.
final class LoneRecord {
  struct Key: Hashable {
    let row: String
    let threads: Int
    let variant: String
    let process: Int
    /// The sizes and the clock: figures of another kind are no part of a run.
    let manner: String
  }

  private var entries: [Key: JSON] = [:]
  private let file: URL?

  /// The entries of a file that exists, or none.
  init(_ file: URL?) throws {
    self.file = file
    guard let file else { return }
    guard FileManager.default.fileExists(atPath: file.path) else {
      try Data().write(to: file)
      return
    }
    for line in try Data(contentsOf: file).split(separator: 0x0A) {
      let entry = try JSON(line, file: file.lastPathComponent)
      guard let row = entry["row"]?.string, let threads = entry["threads"]?.integer,
        let variant = entry["variant"]?.string, let process = entry["process"]?.integer,
        let manner = entry["manner"]?.string, let found = entry["found"]
      else { throw CommandError.peer(file.lastPathComponent, reason: "a line of it is no entry of a record") }
      entries[Key(row: row, threads: threads, variant: variant, process: process, manner: manner)] = found
    }
  }

  subscript(key: Key) -> JSON? { entries[key] }

  func add(_ key: Key, _ found: JSON) throws {
    entries[key] = found
    guard let file else { return }
    let line = JSON.object([
      ("row", .string(key.row)), ("threads", .integer(key.threads)), ("variant", .string(key.variant)),
      ("process", .integer(key.process)), ("manner", .string(key.manner)), ("found", found),
    ])
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((line.text + "\n").utf8))
  }
}
