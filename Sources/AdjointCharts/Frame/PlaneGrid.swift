/// Equally spaced points of a rectangle, at which a function of two variables is looked at, and its contours.
public struct PlaneGrid: Sendable, Hashable {
  package let x: ClosedRange<Double>
  package let y: ClosedRange<Double>
  package let columns: Int
  package let rows: Int

  /// Points of a rectangle at equal distances.
  /// - Precondition: at least 2 columns and 2 rows; the rectangle has an area.
  public init(x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int = 121, rows: Int = 121) {
    guard columns >= 2, rows >= 2, x.lowerBound < x.upperBound, y.lowerBound < y.upperBound else {
      fatalError("PlaneGrid: \(columns) × \(rows) points of \(x) × \(y) span no area")
    }
    (self.x, self.y, self.columns, self.rows) = (x, y, columns, rows)
  }

  /// The points, row by row, the row of least y first.
  package var points: [(x: Double, y: Double)] {
    (0..<rows * columns).map { place(Double($0 % columns), Double($0 / columns)) }
  }

  /// A function at every point.
  public func values(of function: (Double, Double) -> Double) -> [Double] { points.map { function($0.x, $0.y) } }

  private func place(_ column: Double, _ row: Double) -> (x: Double, y: Double) {
    (
      x.lowerBound + column / Double(columns - 1) * (x.upperBound - x.lowerBound),
      y.lowerBound + row / Double(rows - 1) * (y.upperBound - y.lowerBound)
    )
  }

  /// The lines on which interpolated values equal `level`: marching squares. A closed line ends where it begins.
  ///
  /// On each edge between neighbours on two sides of the level, the line crosses at (level − v₀) / (v₁ − v₀); in each square
  /// the crossings are joined, by the mean of the corners where there are four of them. Squares with a corner that is not
  /// finite have no line.
  /// - Complexity: O(rows · columns).
  /// - Precondition: a value for each point.
  package func contours(of values: [Double], at level: Double) -> [[(x: Double, y: Double)]] {
    guard values.count == rows * columns else {
      fatalError("contours: \(values.count) values for \(rows * columns) points")
    }
    var segments: [(Int, Int)] = []
    for row in 0..<rows - 1 {
      for column in 0..<columns - 1 { segments += crossings(row, column, values, level) }
    }
    return PlaneGrid.joined(segments).map { line in line.map { crossing($0, values, level) } }
  }

  /// Edges are numbered by the point where they begin: twice its number to the right, one more upward.
  private func crossings(_ row: Int, _ column: Int, _ values: [Double], _ level: Double) -> [(Int, Int)] {
    let a = row * columns + column
    let corners = [values[a], values[a + 1], values[a + columns + 1], values[a + columns]]
    guard corners.allSatisfy(\.isFinite) else { return [] }
    let (bottom, right, top, left) = (2 * a, 2 * (a + 1) + 1, 2 * (a + columns), 2 * a + 1)
    let edges = [bottom, right, top, left]
    let above = corners.map { $0 > level }
    let crossed = (0..<4).filter { above[$0] != above[($0 + 1) % 4] }
    switch crossed.count {
    case 2: return [(edges[crossed[0]], edges[crossed[1]])]
    case 4:
      // A saddle: the two corners that are on the side of the middle are connected, the two others cut off.
      let middle = corners.reduce(0) { $0 + $1 / 4 } > level
      return middle == above[0] ? [(bottom, right), (top, left)] : [(left, bottom), (right, top)]
    default: return []
    }
  }

  private func crossing(_ edge: Int, _ values: [Double], _ level: Double) -> (x: Double, y: Double) {
    let (point, isUpward) = (edge / 2, edge % 2 == 1)
    let other = point + (isUpward ? columns : 1)
    let share = (level / 2 - values[point] / 2) / (values[other] / 2 - values[point] / 2)
    let (column, row) = (Double(point % columns), Double(point / columns))
    return isUpward ? place(column, row + share) : place(column + share, row)
  }

  /// Segments between edges as lines: those with ends first, then the closed ones, each from its first segment.
  private static func joined(_ segments: [(Int, Int)]) -> [[Int]] {
    var atEdge: [Int: [Int]] = [:]
    for (number, segment) in segments.enumerated() {
      for edge in [segment.0, segment.1] { atEdge[edge, default: []].append(number) }
    }
    var used = [Bool](repeating: false, count: segments.count)
    func follow(_ start: Int, from edge: Int) -> [Int] {
      var line = [edge]
      var (segment, here): (Int?, Int) = (start, edge)
      while let number = segment {
        used[number] = true
        here = segments[number].0 == here ? segments[number].1 : segments[number].0
        line.append(here)
        segment = atEdge[here]?.first { !used[$0] }
      }
      return line
    }
    var lines: [[Int]] = []
    for (number, segment) in segments.enumerated() where !used[number] {
      if atEdge[segment.0]?.count == 1 {
        lines.append(follow(number, from: segment.0))
      } else if atEdge[segment.1]?.count == 1 {
        lines.append(follow(number, from: segment.1))
      }
    }
    for (number, segment) in segments.enumerated() where !used[number] {
      lines.append(follow(number, from: segment.0))
    }
    return lines
  }
}
