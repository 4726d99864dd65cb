import AdjointCharts
import AdjointCommandLine
import AdjointLearning
import Foundation

/// A quantity that grows, by the name of its rows.
enum GrowthGroup: String, CaseIterable, Sendable {
  case batch = "growth-batch"
  case width = "growth-width"
  case depth = "growth-depth"
  case memory = "growth-memory"

  var title: String {
    switch self {
    case .batch: "784-128-10, a step by images in the batch"
    case .width: "784-n-n-10, a step by width"
    case .depth: "784-(128 n times)-10, a step by hidden layers"
    case .memory: "784-(128 n times)-10, memory of the program by hidden layers"
    }
  }

  var sizeName: String {
    switch self {
    case .batch: "images in the batch"
    case .width: "width of both hidden layers"
    case .depth, .memory: "hidden layers"
    }
  }

  /// The powers of the size that the growth is made of.
  var powers: [Int] { self == .width ? [0, 1, 2] : [0, 1] }
}

/// The polynomial Σ cₚ·nᵖ that comes closest to the figures of a group, relative to each: the least Σ (f(nᵢ)/yᵢ − 1)².
struct GrowthFit {
  let group: GrowthGroup
  /// Sizes and figures, ascending.
  let points: [(size: Double, figure: Double)]
  /// By power, as in `group.powers`.
  let coefficients: [Double]
  /// The largest |f(n)/y − 1|.
  let worstDeviation: Double
  /// The deviation up to which growth counts as that of the formula.
  static let allowed = 0.15

  /// Nil with fewer points than say anything.
  init?(_ group: GrowthGroup, _ results: [BenchResult]) {
    let prefix = group.rawValue + "/"
    let points = results.filter { $0.row.name.hasPrefix(prefix) }.compactMap { result in
      Double(result.row.name.dropFirst(prefix.count)).map { (size: $0, figure: result.ours.median) }
    }.sorted { $0.size < $1.size }
    guard points.count > group.powers.count + 1 else { return nil }
    let rows = points.map { point in group.powers.map { pow(point.size, Double($0)) / point.figure } }
    (self.group, self.points) = (group, points)
    coefficients = GrowthFit.leastSquares(rows)
    let fitted = coefficients
    let relative = rows.map { row in Swift.zip(row, fitted).reduce(0) { $0 + $1.0 * $1.1 } }
    worstDeviation = relative.map { abs($0 - 1) }.max() ?? 0
  }

  var isMet: Bool { worstDeviation <= GrowthFit.allowed }

  func callAsFunction(_ size: Double) -> Double {
    Swift.zip(group.powers, coefficients).map { $1 * pow(size, Double($0)) }.reduce(0, +)
  }

  /// c with least |Ac − 1|²; the columns are scaled first, since powers of 4096 differ much.
  private static func leastSquares(_ rows: [[Double]]) -> [Double] {
    let scales = rows[0].indices.map { j in rows.map { abs($0[j]) }.max() ?? 1 }
    let scaled = scales.indices.flatMap { j in rows.map { $0[j] / scales[j] } }
    let solution = HouseholderQR(columnMajor: scaled, [Double](repeating: 1, count: rows.count)).solution()
    return Swift.zip(solution, scales).map { $0 / $1 }
  }

  /// The figures with the curve through them.
  var chart: LineChart {
    let unit = group == .memory ? "KiB" : "µs"
    let y = Axis(group == .memory ? "memory, KiB" : "time of a step, µs")
    return .growth(
      group.title, x: Axis(group.sizeName), y: y, measured: (points.map(\.size), points.map(\.figure)),
      law: law + " " + unit, callAsFunction)
  }

  /// Such as "12.1 + 1.96·n".
  private var law: String {
    let terms = Swift.zip(group.powers, coefficients).map { power, coefficient in
      String(format: "%.3g", coefficient) + (power == 0 ? "" : power == 1 ? "·n" : "·n²")
    }
    return terms.joined(separator: " + ")
  }

  /// Such as "step by images: 12.1 + 1.96·n µs, within 7% (15% allowed)".
  func sentence(unit: String) -> String {
    "\(group.title): \(law) \(unit), within \(worstDeviation.percent) (\(GrowthFit.allowed.percent) allowed)"
  }

  var json: JSON {
    .object([
      ("name", .string(group.rawValue)), ("coefficients", .array(coefficients.map { .number($0) })),
      ("worstDeviation", .number(worstDeviation)), ("met", .bool(isMet)),
    ])
  }
}
