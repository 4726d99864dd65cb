import Adjoint
import Foundation

/// Values of a function along a line, at points that somebody else chose, and its slope by their differences.
///
/// Stencils of the points around t, near and far, few and many, give one slope each: the derivative of the polynomial through
/// them. Its error bar is the change that the outermost or the innermost points make (truncation), and the rounding and the noise
/// of f carried through the same weights. The least bar wins, unless nearer points contradict it.
package struct TabulatedLine: Sendable {
  /// One row of a table.
  package struct Point: Sendable {
    package let t: Double
    package let value: Double
    /// The slope that is claimed there, if any.
    package let slope: Double?
    /// Half a unit of the last digit in which value and slope are written.
    package let rounding: (value: Double, slope: Double)

    package init(t: Double, value: Double, slope: Double?, rounding: (value: Double, slope: Double) = (0, 0)) {
      (self.t, self.value, self.slope, self.rounding) = (t, value, slope, rounding)
    }
  }

  package let name: String
  /// In ascending order of t.
  package let points: [Point]

  /// - Precondition: no two points have the same t.
  package init(name: String, points: [Point]) {
    (self.name, self.points) = (name, points.sorted { $0.t < $1.t })
  }

  /// A slope by differences, and its error bar.
  struct Slope {
    var value = Double.nan
    var truncation = Double.infinity
    var roundOff = Double.infinity
    /// The distance of the farthest point.
    var reach = 0.0
    var error: Double { truncation + roundOff }
  }

  /// The sides of t from which points are taken.
  private enum Side { case left, right, both }

  /// The fewest points that tell anything.
  static let fewest = 5
  /// The most points on one side of a stencil.
  private static let columns = 6

  /// Judges the claim of the point at this position.
  func judgment(at center: Int) -> (slope: Slope, verdict: Verdict, remark: String) {
    let claim = points[center].slope ?? .nan
    guard points[center].value.isFinite else { return (Slope(), .cannotTell, "f is \(points[center].value) here") }
    let known = points.filter(\.value.isFinite)
    guard known.count >= TabulatedLine.fewest else {
      return (
        Slope(), .cannotTell,
        "the line has \(known.count) points; give at least \(TabulatedLine.fewest), best 9 or more"
      )
    }
    let slope = slope(at: center, .both)
    let (left, right) = (self.slope(at: center, .left), self.slope(at: center, .right))
    if abs(left.value - right.value) > 10 * (left.error + right.error) {
      return (
        slope, .cannotTell,
        "a kink, or noise: the slope is \(short(left.value)) on the left and \(short(right.value)) on the right"
      )
    }
    guard claim.isFinite else {
      let tells = slope.error <= 0.05 * abs(slope.value)
      return (slope, tells ? .disagree : .cannotTell, "it is no finite number")
    }
    let size = max(abs(claim), abs(slope.value))
    let margin = 10 * slope.error + 1e-9 * size
    let distance = abs(claim - slope.value)
    let rounding = points[center].rounding.slope
    if distance <= margin {
      return margin <= 0.05 * size || size == 0 ? (slope, .agree, "") : (slope, .cannotTell, advice(slope, at: center))
    }
    if distance <= margin + rounding {
      return margin + rounding <= 0.05 * size
        ? (slope, .agree, "") : (slope, .cannotTell, "the slope is written with too few digits")
    }
    return distance > 100 * slope.error ? (slope, .disagree, "") : (slope, .cannotTell, advice(slope, at: center))
  }

  /// The points that would settle a doubt.
  private func advice(_ slope: Slope, at center: Int) -> String {
    guard slope.error.isFinite else { return "there are too few points around it; give at least two on either side" }
    if slope.roundOff > slope.truncation {
      let digits =
        points.contains { 8 * $0.rounding.value > abs($0.value).ulp } ? "write f with all its digits, or " : ""
      return "rounding and noise of f hide the slope; \(digits)add points farther than \(short(slope.reach)) away"
    }
    let nearest = points.map { abs($0.t - points[center].t) }.filter { $0 > 0 }.min() ?? 0
    return "the points are too far apart; add some nearer than \(short(nearest))"
  }

  // MARK: Stencils

  private func slope(at center: Int, _ side: Side) -> Slope {
    let t = points[center].t
    let others = points.indices.filter { $0 != center && points[$0].value.isFinite }
    let left = side == .right ? [] : others.filter { $0 < center }.reversed().map { $0 }
    let right = side == .left ? [] : others.filter { $0 > center }
    let noise = noise(around: center, side)
    var found: [Slope] = []
    var stride = 1
    while stride <= max(left.count, right.count) {
      for skip in TabulatedLine.skips(below: max(left.count, right.count)) {
        func picked(_ side: [Int]) -> [Int] {
          Swift.stride(from: skip, to: side.count, by: stride).prefix(TabulatedLine.columns).map { side[$0] }
        }
        found += slopes(t, center, picked(left), picked(right), noise)
      }
      stride *= 2
    }
    let consistent = found.filter { slope in
      found.allSatisfy { $0.reach >= slope.reach || abs($0.value - slope.value) <= $0.error + slope.error }
    }
    return consistent.min { $0.error < $1.error } ?? Slope()
  }

  /// The numbers of nearest points to leave out: 0, 1, 2, 3, 4, 6, 8, 12, …
  private static func skips(below count: Int) -> [Int] {
    var skips = [0, 1, 2, 3]
    while let last = skips.last, last < count { skips.append(last + max(1, last / 3)) }
    return skips.filter { $0 < count }
  }

  /// The slopes by more and more of these points, nearest first.
  private func slopes(_ t: Double, _ center: Int, _ left: [Int], _ right: [Int], _ noise: Double) -> [Slope] {
    var rings: [[Int]] = []
    for i in 0..<max(left.count, right.count) {
      rings.append((i < left.count ? [left[i]] : []) + (i < right.count ? [right[i]] : []))
    }
    func derivative(_ rings: ArraySlice<[Int]>) -> (value: Double, roundOff: Double, reach: Double) {
      let nodes = [center] + rings.joined()
      let reach = nodes.map { abs(points[$0].t - t) }.max() ?? 0
      let weights = TabulatedLine.weights(nodes.map { (points[$0].t - t) / reach })
      var (value, roundOff) = (0.0, 0.0)
      for (node, weight) in zip(nodes, weights) {
        let f = points[node].value
        value += weight / reach * (f - points[center].value)
        roundOff += abs(weight / reach) * max(3 * noise + abs(f).ulp, points[node].rounding.value)
      }
      return (value, roundOff, reach)
    }
    guard rings.count > 1 else { return [] }
    return (2...rings.count).map { count in
      let all = derivative(rings[..<count])
      let (fewer, farther) = (derivative(rings[..<(count - 1)]), derivative(rings[1..<count]))
      let change = max(abs(all.value - fewer.value), abs(all.value - farther.value))
      return Slope(value: all.value, truncation: change, roundOff: all.roundOff, reach: all.reach)
    }
  }

  /// The weights by which values at these places give the derivative at 0 of the polynomial through them.
  ///
  /// Source: B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51 (1988) 699.
  static func weights(_ x: [Double]) -> [Double] {
    var (value, slope) = ([1.0], [0.0])
    var product = 1.0
    for n in x.indices.dropFirst() {
      var newProduct = 1.0
      var (nextValue, nextSlope) = (value, slope)
      for j in 0..<n {
        let difference = x[n] - x[j]
        newProduct *= difference
        nextValue[j] = x[n] * value[j] / difference
        nextSlope[j] = (x[n] * slope[j] - value[j]) / difference
      }
      let ratio = product / newProduct
      nextValue.append(-ratio * x[n - 1] * value[n - 1])
      nextSlope.append(ratio * (value[n - 1] - x[n - 1] * slope[n - 1]))
      (value, slope, product) = (nextValue, nextSlope, newProduct)
    }
    return slope
  }

  /// The standard deviation of the noise in f around a point, by divided differences of order 4 to 6: those of a smooth f fall
  /// with the order, and noise looks alike in all.
  private func noise(around center: Int, _ side: Side) -> Double {
    let t = points[center].t
    let known = points.filter { point in
      point.value.isFinite && (side == .both || (side == .left ? point.t <= t : point.t >= t))
    }
    let near = known.sorted { abs($0.t - t) < abs($1.t - t) }.prefix(13).sorted { $0.t < $1.t }
    var least = Double.infinity
    for order in 4...6 where near.count > order {
      var squares = 0.0
      for start in 0..<(near.count - order) {
        let window = near[start...(start + order)]
        let length = (window.last?.t ?? 0) - (window.first?.t ?? 0)
        var (difference, norm) = (0.0, 0.0)
        for point in window {
          let weight = window.reduce(1) { $1.t == point.t ? $0 : $0 * length / (point.t - $1.t) }
          difference += weight * (point.value - points[center].value)
          norm += weight * weight
        }
        squares += difference * difference / norm
      }
      least = min(least, (squares / Double(near.count - order)).squareRoot())
    }
    guard least.isFinite else { return 0 }
    // A kink at the centre is none of either side; the fewer points of a side tell noise from curvature less well.
    let sides = side == .both && points.count > 12 ? [noise(around: center, .left), noise(around: center, .right)] : []
    return sides.allSatisfy { $0 > 0 } ? sides.max().map { min($0, least) } ?? least : least
  }
}

/// Compares claimed slopes with differences of the values beside them.
package func checkSlopes(of lines: [TabulatedLine]) -> FunctionReport {
  var report = FunctionReport(subject: "slope", rows: 1, columns: 0)
  var (inputs, rows) = ([FunctionInput](), 0)
  for line in lines {
    rows += line.points.count
    for (position, point) in line.points.enumerated() {
      guard let claim = point.slope else { continue }
      let (slope, verdict, remark) = line.judgment(at: position)
      let isKnown = slope.error.isFinite
      report.entries.append(
        FunctionReport.Entry(
          row: 0, column: inputs.count, found: claim, expected: isKnown ? slope.value : .nan, error: slope.error,
          verdict: verdict, remark: remark))
      inputs.append(FunctionInput(name: "\(line.name) at t = \(short(point.t))", shape: [], from: inputs.count))
    }
  }
  report.size = [1, inputs.count]
  report.hypothesis = FunctionFault(report).hypothesis
  // Known by their places from here on; a fault of one slope is no fault of a part.
  report.inputs = inputs
  report.method =
    "by differences of the table's own points: \(rows) on \(lines.count) \(lines.count == 1 ? "line" : "lines")."
  if inputs.isEmpty { report.problems.append("The table claims no slope; give one in at least one row.") }
  return report
}

extension TabulatedLine: CustomStringConvertible {
  /// The name and the number of rows.
  package var description: String { "line \(name) of \(points.count) rows" }
}

extension TabulatedLine.Point: CustomStringConvertible {
  /// The row.
  package var description: String { "f(\(t)) = \(value)" + (slope.map { ", slope \($0)" } ?? "") }
}
