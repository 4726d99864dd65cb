/// The order of the vertices within each row, chosen so that few links cross.
///
/// Barycentres: sweeping down and up, each row is sorted by the mean place of its neighbours in the row before; the best order seen
/// is kept. Ties keep their order, so the result is the same on every system.
///
/// Source: Sugiyama, Tagawa, Toda 1981; counting crossings as inversions: Barth, Jünger, Mutzel, "Simple and efficient bilayer
/// cross counting", 2002.
struct RowOrder {
  private var rows: [[Int]]
  private let sizes: [Double]
  private let segments: [RowGraph.Segment]
  private let below: [[RowGraph.Segment]]
  private let above: [[RowGraph.Segment]]
  private let segmentsOfRow: [[RowGraph.Segment]]
  private var places: [Double]

  init(rows: [[Int]], vertices: [RowGraph.Vertex], segments: [RowGraph.Segment]) {
    (self.rows, self.segments) = (rows, segments)
    sizes = vertices.map(\.size)
    var (below, above) = (
      [[RowGraph.Segment]](repeating: [], count: vertices.count),
      [[RowGraph.Segment]](repeating: [], count: vertices.count)
    )
    var ofRow = [[RowGraph.Segment]](repeating: [], count: rows.count)
    for segment in segments {
      below[segment.from].append(segment)
      above[segment.to].append(segment)
      ofRow[vertices[segment.from].row].append(segment)
    }
    (self.below, self.above, segmentsOfRow) = (below, above, ofRow)
    places = [Double](repeating: 0, count: vertices.count)
    number()
  }

  /// - Complexity: a dozen sweeps, each O(links · log links).
  func reduced() -> [[Int]] {
    var work = self
    var (best, fewest) = (work.rows, work.crossings)
    for sweep in 0..<12 where fewest > 0 {
      let order = sweep.isMultiple(of: 2) ? Array(rows.indices.dropFirst()) : rows.indices.dropLast().reversed()
      for row in order { work.sort(row, downward: sweep.isMultiple(of: 2)) }
      let count = work.crossings
      if count < fewest { (best, fewest) = (work.rows, count) }
    }
    return best
  }

  private mutating func number() {
    for row in rows { for (place, vertex) in row.enumerated() { places[vertex] = Double(place) } }
  }

  /// A point of a vertex on a scale on which the vertices of a row are one apart.
  private func point(_ vertex: Int, _ offset: Double) -> Double {
    places[vertex] + (sizes[vertex] > 0 ? 0.9 * (offset / sizes[vertex] - 0.5) : 0)
  }

  private mutating func sort(_ row: Int, downward: Bool) {
    let keyed = rows[row].map { vertex -> (vertex: Int, key: Double) in
      let points =
        downward
        ? above[vertex].map { point($0.from, $0.fromOffset) } : below[vertex].map { point($0.to, $0.toOffset) }
      return (vertex, points.isEmpty ? places[vertex] : points.reduce(0, +) / Double(points.count))
    }
    let sorted = keyed.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
    rows[row] = sorted.map(\.element.vertex)
    for (place, vertex) in rows[row].enumerated() { places[vertex] = Double(place) }
  }

  private var crossings: Int {
    segmentsOfRow.reduce(0) { count, segments in
      let ends = segments.map { (point($0.from, $0.fromOffset), point($0.to, $0.toOffset)) }.sorted { $0 < $1 }
      var arrivals = ends.map(\.1)
      return count + RowOrder.inversions(&arrivals)
    }
  }

  /// Sorts by merging, and counts the pairs that stood the wrong way round.
  private static func inversions(_ values: inout [Double]) -> Int {
    guard values.count > 1 else { return 0 }
    var (left, right) = (Array(values[..<(values.count / 2)]), Array(values[(values.count / 2)...]))
    var count = inversions(&left) + inversions(&right)
    var (i, j) = (0, 0)
    for k in values.indices {
      if j == right.count || (i < left.count && left[i] <= right[j]) {
        values[k] = left[i]
        i += 1
      } else {
        values[k] = right[j]
        count += left.count - i
        j += 1
      }
    }
    return count
  }
}
