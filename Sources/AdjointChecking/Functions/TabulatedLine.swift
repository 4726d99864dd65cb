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
      return (Slope(), .cannotTell, "the line has \(known.count) points; give at least \(TabulatedLine.fewest), best 9 or more")
    }
    let slope = slope(at: center, .both)
    let (left, right) = (self.slope(at: center, .left), self.slope(at: center, .right))
    if abs(left.value - right.value) > 10 * (left.error + right.error) {
      return (
        slope, .cannotTell,
        "a kink: the slope is \(short(left.value)) on the left and \(short(right.value)) on the right"
      )
    }
    guard claim.isFinite else {
      let tells = slope.error <= 0.05 * abs(slope.value)
      return (slope, tells ? .disagree : .cannotTell, "it is no finite number")
    }
    let size = max(abs(claim), abs(slope.value))
    let margin = 10 * slope.error + points[center].rounding.slope + 1e-9 * size
    let distance = abs(claim - slope.value)
    if distance <= margin, margin <= 0.05 * size || size == 0 { return (slope, .agree, "") }
    if distance > margin, distance > 100 * slope.error { return (slope, .disagree, "") }
    return (slope, .cannotTell, advice(slope, at: center))
  }

  /// The points that would settle a doubt.
  private func advice(_ slope: Slope, at center: Int) -> String {
    guard slope.error.isFinite else { return "there are too few points around it; give at least two on either side" }
    if slope.roundOff > slope.truncation {
      let digits = points.contains { 8 * $0.rounding.value > abs($0.value).ulp } ? "write f with all its digits, or " : ""
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
    let noise = noise(around: center)
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
  private func noise(around center: Int) -> Double {
    let t = points[center].t
    let near = points.filter(\.value.isFinite).sorted { abs($0.t - t) < abs($1.t - t) }.prefix(13).sorted { $0.t < $1.t }
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
    return least.isFinite ? least : 0
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
  report.method = "by differences of the table's own points: \(rows) on \(lines.count) \(lines.count == 1 ? "line" : "lines")."
  if inputs.isEmpty { report.problems.append("The table claims no slope; give one in at least one row.") }
  return report
}
