import Adjoint
import Foundation

/// Compares a claimed matrix of derivatives with differences of a function of numbers.
///
/// Every step is a power of two times a coordinate's own magnitude, and every bound is a share of what is compared: verdicts do not
/// change when the function or a coordinate is scaled by a power of two.
final class FunctionCheck {
  /// A matrix of derivatives as the user computes it, row by row.
  typealias Matrix = [[Double]]

  private let f: ([Double]) throws -> [Double]
  private let x: [Double]
  private let limit: Int
  private let setting: FunctionSetting
  /// True for a function that is known to compute in `Float`.
  var isSingle: Bool { setting.isSingle }
  private(set) var report: FunctionReport
  private var generator = Generator(seed: 0)
  private var lines: [Range<Int>: FunctionLine] = [:]
  private var found: Matrix = []
  private var jitter: Matrix = []
  private var scales: [Double] = []

  /// - Parameter limit: the most entries that are compared one by one.
  init(
    of f: @escaping ([Double]) throws -> [Double], at x: [Double], subject: String, limit: Int,
    _ setting: FunctionSetting = FunctionSetting()
  ) {
    (self.f, self.x, self.limit, self.setting) = (f, x, limit, setting)
    report = FunctionReport(subject: subject, rows: 0, columns: x.count)
    (report.inputs, report.output) = (setting.inputs, setting.output)
    if let j = x.firstIndex(where: { !$0.isFinite }) {
      report.problems.append("\(report.name(column: j)) is \(x[j]): no derivative can be compared there.")
      return
    }
    report.evaluations = 1
    do {
      report.value = try f(x)
      report.size[0] = report.value.count
      if report.value.isEmpty { report.problems.append("The function has no outputs.") }
    } catch { report.problems.append("The function throws at x: \(error)") }
  }

  /// Ends the check with a sentence that alone refutes the claim.
  func refute(_ problem: String, hypothesis: String? = nil) {
    report.problems.append(problem)
    report.hypothesis = report.hypothesis ?? hypothesis
    report.isRefuted = true
  }

  /// Notes what does not decide.
  func remark(_ text: String) { report.remarks.append(text) }

  /// Compares what `claim` gives at x; its rounding is observed by moving x by some units in the last place.
  /// - Parameter claim: a matrix with a row for each output; `nil` for one that is not of that size, after a word on it.
  func compare(_ claim: (_ x: [Double], FunctionCheck) throws -> Matrix?) {
    guard report.problems.isEmpty else { return }
    do {
      guard let matrix = try claim(x, self) else { return }
      found = matrix
      let isSingle = setting.isSingle || found.joined().map { $0 }.areSingle
      jitter = found.map { row in row.map { isSingle ? 0x1p-18 * abs($0) : 0 } }
      for _ in 0..<2 { observeJitter(claim, step: isSingle ? 0x1p-22 : 0x1p-50) }
    } catch {
      report.problems.append("The \(report.subject) throws at x: \(error)")
      return
    }
    scales = x.indices.map(scale)
    if found.count * x.count <= limit { compareEntries() } else { compareCombinations() }
    report.hypothesis = report.hypothesis ?? FunctionFault(report).hypothesis
    if !isSame(evaluated(x), report.value) {
      remark("The function gives other values at the same x: is it random, or does it remember?")
    }
  }

  private func observeJitter(_ claim: ([Double], FunctionCheck) throws -> Matrix?, step: Double) {
    let moved = x.map { $0 * (1 + step * [-2, -1, 1, 2][Int(generator.next() % 4)]) }
    let probe = FunctionCheck(of: { _ in self.report.value }, at: moved, subject: report.subject, limit: limit, setting)
    guard let other = try? claim(moved, probe), other.count == found.count else { return }
    for i in found.indices {
      for (j, value) in other[i].enumerated() where value.isFinite && found[i][j].isFinite {
        jitter[i][j] = max(jitter[i][j], 4 * abs(value - found[i][j]))
      }
    }
  }

  private func isSame(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
  }

  /// The outputs; NaN where the function throws or gives another number of them, said once each.
  private func evaluated(_ point: [Double]) -> [Double] {
    report.evaluations += 1
    var text: String
    do {
      let values = try f(point)
      if values.count == report.value.count { return values }
      text = "The function gives \(report.value.count) numbers at x and \(values.count) near it."
    } catch { text = "The function throws near x: \(error)" }
    text = String(text.prefix(200))
    if report.remarks.count < 4, !report.remarks.contains(text) { report.remarks.append(text) }
    return [Double](repeating: .nan, count: report.value.count)
  }

  // MARK: Steps

  /// A length over which the function is taken to change with coordinate j: its magnitude, and at 0 that over which the claim says
  /// that the function changes by its own size.
  private func scale(_ j: Int) -> Double {
    if let size = x[j].powerOfTwo { return size / 2 }
    return lengths(j).min() ?? x.compactMap(\.powerOfTwo).max() ?? 1
  }

  /// |f| / |claim| of each output, as powers of two.
  private func lengths(_ j: Int) -> [Double] {
    found.indices.compactMap { i in
      guard let slope = found[i][j].powerOfTwo, let size = report.value[i].powerOfTwo else { return nil }
      return (size / slope).powerOfTwo
    }
  }

  /// The function along coordinate j, in units of its scale.
  private func line(_ j: Int) -> FunctionLine {
    let unit = scales[j]
    // A coordinate's size may say nothing of the function's.
    let others =
      x[j].powerOfTwo == nil ? [0x1p-32, 0x1p32, 0x1p-64, 0x1p64, 0x1p-96, 0x1p96] : [0x1p32, 0x1p64, 0x1p96]
    let reach = (setting.inputs.first { $0.range.contains(j) }?.size(in: x)).map { 4 * $0 / unit } ?? 0
    let scales =
      [1] + [reach / 16, reach / 4, reach].filter { $0 > 1 } + lengths(j).prefix(1).map { $0 / unit } + others
    return FunctionLine(scales: scales, reach: reach, noise: setting.noise) { [self] t in
      var point = x
      point[j] += t * unit
      return evaluated(point)
    }
  }

  // MARK: Entries

  private func compareEntries() {
    for j in x.indices {
      setting.progress(j, x.count)
      let line = line(j)
      for i in found.indices { report.entries.append(entry(i, j, on: line)) }
    }
    report.entries.sort { ($0.row, $0.column) < ($1.row, $1.column) }
  }

  private func entry(_ i: Int, _ j: Int, on line: FunctionLine) -> FunctionReport.Entry {
    let unit = scales[j]
    let size = size(i, slope: found[i][j] * unit)
    let judged = FunctionJudgment(
      line.output(i, in: size), found: found[i][j] * unit / size, jitter: jitter[i][j] * unit / size)
    func slope(_ slope: Double) -> Double { slope * size / unit }
    let slopes = judged.sides?.map { short(slope($0)) }
    let sides = slopes.map { ": the slope is \($0[0]) on the left and \($0[1]) on the right" } ?? ""
    return FunctionReport.Entry(
      row: i, column: j, found: found[i][j], expected: slope(judged.expected), error: slope(judged.error),
      verdict: judged.verdict, remark: judged.remark + sides)
  }

  /// The size of an output, or where that is 0, of what the claim says that it changes by.
  private func size(_ i: Int, slope: Double) -> Double { report.value[i].powerOfTwo ?? slope.powerOfTwo ?? 1 }

  // MARK: Combinations

  /// The groups of coordinates at first, and the wrong entries that are looked for at most.
  private static let groups = 64
  private static let located = 64

  /// Moves groups of coordinates together, and halves a group that is wrong until single entries are convicted.
  private func compareCombinations() {
    let count = min(max(limit / found.count, 1), FunctionCheck.groups, x.count)
    let weights = x.indices.map { scales[$0] * generator.uniform(0.5, 1) * (generator.next() & 1 == 0 ? 1 : -1) }
    for group in 0..<count {
      setting.progress(group, count)
      let range = group * x.count / count..<(group + 1) * x.count / count
      for i in found.indices {
        report.combinations += 1
        switch verdict(i, range, weights) {
        case .agree: break
        case .cannotTell: report.doubtfulCombinations += 1
        case .disagree: locate(i, range, weights)
        }
      }
      lines.removeAll()
    }
    report.entries.sort { ($0.row, $0.column) < ($1.row, $1.column) }
  }

  /// Convicts the wrong entries of a wrong combination.
  private func locate(_ i: Int, _ range: Range<Int>, _ weights: [Double]) {
    guard report.entries.count < FunctionCheck.located else {
      report.wrongCombinations += 1
      return
    }
    if range.count == 1 {
      let entry = entry(i, range.lowerBound, on: line(range.lowerBound))
      report.entries.append(entry)
      if entry.verdict != .disagree { report.wrongCombinations += 1 }
      return
    }
    let middle = range.lowerBound + range.count / 2
    let halves = [range.lowerBound..<middle, middle..<range.upperBound].filter { verdict(i, $0, weights) == .disagree }
    if halves.isEmpty { report.wrongCombinations += 1 }
    for half in halves { locate(i, half, weights) }
  }

  private func verdict(_ i: Int, _ range: Range<Int>, _ weights: [Double]) -> Verdict {
    let line =
      lines[range]
      ?? FunctionLine(scales: [1], noise: setting.noise) { [self] t in
        var point = x
        for j in range { point[j] += t * weights[j] }
        return evaluated(point)
      }
    lines[range] = line
    var (slope, bound) = (0.0, 0.0)
    for j in range {
      slope += found[i][j] * weights[j]
      bound += (jitter[i][j] + 64 * .ulpOfOne * abs(found[i][j])) * abs(weights[j])
    }
    let size = size(i, slope: slope)
    return FunctionJudgment(line.output(i, in: size), found: slope / size, jitter: bound / size).verdict
  }
}
