import Adjoint
import AdjointCommandLine
import Foundation

/// A row with its figures, ours and the peers', and whether it reaches what it must.
struct BenchResult: Sendable {
  let row: BenchRow
  let ours: Spread
  let conditions: Conditions
  /// In the row's unit, by variant.
  var peers: [String: Spread] = [:]
  /// The seconds of our first run, and the milliseconds of the peers'.
  let first: Double?
  var peerFirst: [String: Double] = [:]
  /// The most memory of a process, in MiB.
  let memory: Double?
  var peerMemory: [String: Double] = [:]

  init(_ row: BenchRow, _ measured: Measured) {
    (self.row, ours, conditions) = (row, measured.figure, measured.conditions)
    (first, memory) = (measured.first, row.lone == nil ? nil : measured.memory)
  }

  enum Verdict: String, Sendable {
    case met, missed
    case undecided = "not decided"
    /// Nothing to reach.
    case none = ""
  }

  /// The target in the row's unit; nil without one, or where it is a share of a peak that is not known.
  var target: Double? {
    switch row.target {
    case .value(let value): value
    case .shareOfPeak(let share): conditions.peak.map { share * $0 }
    case nil: nil
    }
  }

  /// The limit that the machine sets, in the row's unit.
  var limit: Double? { row.unit == .gigaflops ? conditions.peak : nil }

  /// The row's products over the time and the peak of all its cores.
  var share: Double? {
    guard let operations = row.work.productOperations, let peak = conditions.peak else { return nil }
    let rate =
      switch row.unit {
      case .gigaflops: ours.median
      case .milliseconds: operations / (ours.median * 1e6)
      case .microseconds, .seconds, .kibibytes, .mebibytes, .nanosecondsPerElement, .nanosecondsPerOperation, .ratio:
        operations / (ours.median * 1e3)
      }
    return rate / (peak * Double(row.threads))
  }

  /// The fastest variant whose name begins so; of all variants for `any`.
  func fastest(_ prefix: String) -> (name: String, figure: Spread)? {
    let variants = peers.filter { prefix == "any" || $0.key.hasPrefix(prefix) }
    let best = variants.min {
      row.unit.higherIsBetter ? $0.value.median > $1.value.median : $0.value.median < $1.value.median
    }
    return best.map { ($0.key, $0.value) }
  }

  /// The speed over that of a peer.
  func ratio(to peer: Spread) -> Double {
    row.unit.higherIsBetter ? ours.median / peer.median : peer.median / ours.median
  }

  /// Decided where the median and both quartiles lie on one side of the target, and for ratios where the quartiles of both
  /// sides agree.
  var verdict: Verdict {
    var verdicts: [Verdict] = []
    if row.target != nil {
      guard let target else { return .undecided }
      verdicts.append(judged(against: target))
    }
    for (prefix, times) in row.peerRatios {
      guard let peer = fastest(prefix)?.figure else { continue }
      let ends = [peer.quartiles.0, peer.quartiles.1].map { row.unit.higherIsBetter ? $0 * times : $0 / times }
      let all = ends.map(judged)
      verdicts.append(all[0] == all[1] ? all[0] : .undecided)
    }
    if verdicts.isEmpty { return .none }
    return verdicts.contains(.missed) ? .missed : verdicts.contains(.undecided) ? .undecided : .met
  }

  private func judged(against bound: Double) -> Verdict {
    let figures = [ours.quartiles.0, ours.median, ours.quartiles.1]
    let sides = figures.map { row.unit.higherIsBetter ? $0 >= bound : $0 <= bound }
    return sides.allSatisfy { $0 } ? .met : sides.contains(true) ? .undecided : .missed
  }

  /// True where there is no target, false where it is not decided.
  var isMet: Bool { verdict == .met || verdict == .none }

  var json: JSON {
    func optional(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    func ends(_ spread: Spread) -> JSON { .array([.number(spread.low), .number(spread.high)]) }
    func numbers(_ values: [String: Double]) -> JSON {
      .object(values.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
    }
    let variants = peers.sorted { $0.key < $1.key }
    let alone: [(String, JSON)] =
      row.lone == nil
      ? []
      : [
        ("first", optional(first.map { $0 * 1e3 })), ("memory", optional(memory)), ("peerFirst", numbers(peerFirst)),
        ("peerMemory", numbers(peerMemory)),
      ]
    return .object(
      [
        ("name", .string(row.name)), ("threads", .integer(row.threads)), ("unit", .string(row.unit.rawValue)),
        ("ours", .number(ours.median)), ("spread", ends(ours)), ("samples", .integer(ours.count)),
        ("peers", .object(variants.map { ($0.key, .number($0.value.median)) })),
        ("peerSpread", .object(variants.map { ($0.key, ends($0.value)) })),
        ("ratio", optional(fastest("any").map { ratio(to: $0.figure) })), ("limit", optional(limit)),
        ("target", optional(target)), ("share", optional(share)), ("decided", .bool(verdict != .undecided)),
        ("met", .bool(isMet)),
      ] + alone + conditions.fields)
  }
}

/// The table for people, and the object for programs.
struct BenchReport {
  let results: [BenchResult]
  /// The kind of run, such as "medians of 31 samples after warm-up".
  let method: String
  let isQuick: Bool
  let loadBefore: Double?
  /// The time of steps, pass by pass, if that was asked for.
  var profiles: [BenchProfile] = []

  func show(on console: Console) {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let peaks = results.compactMap(\.conditions.peak)
    let top = peaks.isEmpty ? "" : "; multiply-add peak \(Spread(peaks).median.fixed(0)) GFLOP/s a core"
    console.line("\(Kernels.name), \(cores.of("core"))\(top)")
    console.line(method)
    let hasPeers = results.contains { !$0.peers.isEmpty }
    var columns: [(String, Table.Alignment)] = [("row", .left), ("threads", .right), ("unit", .left), ("ours", .right)]
    columns += [("from – to", .right), ("target", .right), ("limit", .right), ("of peak", .right)]
    if hasPeers { columns += [("fastest peer", .left), ("", .right), ("ours is faster by", .right)] }
    var table = Table(columns: columns + [("", .left)])
    for result in results {
      let row = result.row
      let spread = "\(result.ours.low.figure) – \(result.ours.high.figure)"
      var cells: [String] = [row.name, "\(row.threads)", row.unit.rawValue, result.ours.median.figure, spread]
      cells.append(result.target?.figure ?? "")
      cells.append(result.limit?.figure ?? "")
      cells.append(result.share.map { ($0 * 100).fixed(0) + "%" } ?? "")
      if hasPeers {
        let peer = result.fastest("any")
        cells.append(peer?.name ?? "")
        cells.append(peer?.figure.median.figure ?? "")
        cells.append(peer.map { result.ratio(to: $0.figure).fixed(2) + " ×" } ?? "")
      }
      table.add(cells + [result.verdict.rawValue])
    }
    console.table(table)
    for fit in fits { console.line(fit.sentence(unit: fit.group == .memory ? "KiB" : "µs")) }
    for sentence in caveats(cores) { console.line(sentence) }
    for profile in profiles { profile.show(on: console) }
  }

  /// The reasons for figures that are worse than the machine allows, or less certain.
  private func caveats(_ cores: Int) -> [String] {
    var sentences = Conditions.caveats(results.map(\.conditions))
    if let loadBefore, loadBefore > 0.5 {
      sentences.append("The load average was \(loadBefore.fixed(1)) on \(cores.of("core")) when the run began.")
    }
    if isQuick { sentences.append("A quick run: few samples, and few images, which stay in the cache.") }
    return sentences
  }

  /// The law of each growth whose rows were measured.
  var fits: [GrowthFit] { GrowthGroup.allCases.compactMap { GrowthFit($0, results) } }

  var json: JSON {
    .object([
      ("rows", .array(results.map(\.json))), ("growth", .array(fits.map(\.json))),
      ("profiles", .array(profiles.map(\.json))),
      ("instructionSet", .string(Kernels.name)),
      ("cores", .integer(ProcessInfo.processInfo.activeProcessorCount)), ("quick", .bool(isQuick)),
      ("method", .string(method)), ("load", loadBefore.map { .number($0) } ?? .null),
    ])
  }
}

extension Double {
  /// Three digits that matter, or all before the point.
  var figure: String {
    fixed(magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 0.9995 ? 2 : 3)
  }
}
