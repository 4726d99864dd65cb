/// The positions of the vertices of each row across the flow: links as straight as the order and the distances allow.
///
/// For one row, with the other rows fixed, that is the least-squares problem
///   minimise Σ wᵢ (xᵢ − dᵢ)²  subject to  xᵢ₊₁ ≥ xᵢ + sizeᵢ + space,
/// dᵢ the weighted mean of the places that the neighbours of vertex i want. Less the sum of sizes and spaces before it,
/// xᵢ must not decrease: isotonic regression, which pooling adjacent violators solves exactly in one pass (Ayer et al.,
/// 1955). Rows are swept down and up.
struct RowPositions {
  static let space = 26.0
  /// The space between a box and the lane of a link, or between two lanes.
  static let laneSpace = 16.0

  private let rows: [[Int]]
  private let vertices: [RowGraph.Vertex]
  private var below: [[RowGraph.Segment]]
  private var above: [[RowGraph.Segment]]
  private var positions: [Double]

  init(rows: [[Int]], vertices: [RowGraph.Vertex], segments: [RowGraph.Segment]) {
    (self.rows, self.vertices) = (rows, vertices)
    below = [[RowGraph.Segment]](repeating: [], count: vertices.count)
    above = below
    positions = [Double](repeating: 0, count: vertices.count)
    for segment in segments {
      below[segment.from].append(segment)
      above[segment.to].append(segment)
    }
    for row in rows {
      var next = 0.0
      for (i, vertex) in row.enumerated() {
        positions[vertex] = next
        if i + 1 < row.count { next += vertices[vertex].size + space(between: vertex, row[i + 1]) }
      }
    }
  }

  /// The beginning of each vertex, the least of them 0.
  func placed() -> [Double] {
    var work = self
    for _ in 0..<8 {
      for row in rows.dropFirst() { work.settle(row, above: true, below: false) }
      for row in rows.dropLast().reversed() { work.settle(row, above: false, below: true) }
    }
    for _ in 0..<16 { for row in rows { work.settle(row, above: true, below: true) } }
    let least = work.positions.min() ?? 0
    return work.positions.map { $0 - least }
  }

  private func space(between a: Int, _ b: Int) -> Double {
    isLane(a) || isLane(b) ? RowPositions.laneSpace : RowPositions.space
  }

  private func isLane(_ vertex: Int) -> Bool {
    let kind = vertices[vertex].kind
    return kind == .bend || kind == .entry || kind == .exit
  }

  private mutating func settle(_ row: [Int], above useAbove: Bool, below useBelow: Bool) {
    // Each block of vertices that touch moves as one: its mean wish, its weight and its number of vertices.
    var blocks: [(mean: Double, weight: Double, count: Int)] = []
    var offsets: [Double] = []
    var offset = 0.0
    for (i, vertex) in row.enumerated() {
      if i > 0 { offset += vertices[row[i - 1]].size + space(between: row[i - 1], vertex) }
      offsets.append(offset)
      let wish = wish(of: vertex, useAbove, useBelow)
      var block = (mean: wish.position - offset, weight: wish.weight, count: 1)
      while let last = blocks.last, last.mean > block.mean {
        let weight = last.weight + block.weight
        block = ((last.mean * last.weight + block.mean * block.weight) / weight, weight, last.count + block.count)
        blocks.removeLast()
      }
      blocks.append(block)
    }
    var i = 0
    for block in blocks {
      for _ in 0..<block.count {
        positions[row[i]] = block.mean + offsets[i]
        i += 1
      }
    }
  }

  /// The position that the neighbours want for a vertex. One without neighbours hardly insists on staying.
  private func wish(of vertex: Int, _ useAbove: Bool, _ useBelow: Bool) -> (position: Double, weight: Double) {
    var (sum, weight) = (0.0, 0.0)
    if useAbove {
      for segment in above[vertex] {
        sum += segment.weight * (positions[segment.from] + segment.fromOffset - segment.toOffset)
        weight += segment.weight
      }
    }
    if useBelow {
      for segment in below[vertex] {
        sum += segment.weight * (positions[segment.to] + segment.toOffset - segment.fromOffset)
        weight += segment.weight
      }
    }
    return weight > 0 ? (sum / weight, weight) : (positions[vertex], 0.01)
  }
}
