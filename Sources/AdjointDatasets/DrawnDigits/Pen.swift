/// A pen with a round, soft nib that draws on a square of grey pixels.
///
/// A pixel at distance d from a stroke of radius r is covered by clamp(½ + (r − d)/softness, 0, 1): full ink inside, an even
/// ramp across the edge. Where strokes cross, the darker one counts, so no seams appear between straight pieces.
struct Pen {
  let side: Int
  /// How dark each pixel is, 0 to 1, row by row.
  private(set) var coverage: [Float]

  init(side: Int) {
    self.side = side
    coverage = [Float](repeating: 0, count: side * side)
  }

  mutating func clear() {
    coverage.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  /// Draws a straight piece from `a` to `b` with radii `ra` and `rb` at its ends, all in pixels; pixel (i, j) has its
  /// centre at (j + ½, i + ½).
  mutating func draw(from a: Position, _ ra: Float, to b: Position, _ rb: Float, softness: Float) {
    let reach = max(ra, rb) + softness
    let limit = Float(side)
    let left = Int(min(max(min(a.x, b.x) - reach, 0), limit))
    let right = Int(min(max(max(a.x, b.x) + reach + 1, 0), limit))
    let top = Int(min(max(min(a.y, b.y) - reach, 0), limit))
    let bottom = Int(min(max(max(a.y, b.y) + reach + 1, 0), limit))
    guard left < right, top < bottom else { return }
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = dx * dx + dy * dy
    let inverse = length > 0 ? 1 / length : 0
    let (slope, widening) = (1 / softness, rb - ra)
    coverage.withUnsafeMutableBufferPointer { coverage in
      for row in top..<bottom {
        let ey = Float(row) + 0.5 - a.y
        for column in left..<right {
          let ex = Float(column) + 0.5 - a.x
          // The nearest point of the piece is a + t (b − a).
          let t = min(max((ex * dx + ey * dy) * inverse, 0), 1)
          let (fx, fy) = (ex - t * dx, ey - t * dy)
          let distance = (fx * fx + fy * fy).squareRoot()
          let dark = min(max(0.5 + (ra + t * widening - distance) * slope, 0), 1)
          let pixel = row * side + column
          coverage[pixel] = max(coverage[pixel], dark)
        }
      }
    }
  }
}
