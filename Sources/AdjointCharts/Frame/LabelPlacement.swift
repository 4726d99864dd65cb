/// Finds for words inside a plot, among some places, the one where they cover least of the curves and of each other.
struct LabelPlacement {
  private let frame: ChartFrame
  /// Points on everything that should stay visible, a few pixels apart.
  private var obstacles: [(x: Double, y: Double)] = []

  init(frame: ChartFrame, series: [Series]) {
    self.frame = frame
    for series in series {
      var last: (x: Double, y: Double)?
      for (x, y) in zip(series.x, series.y) {
        guard let a = frame.x.place(x), let b = frame.y.place(y) else {
          last = nil
          continue
        }
        obstacles.append((a, b))
        if let last, series.style != .markers {
          let parts = min(400, Int(max((a - last.x).magnitude, (b - last.y).magnitude) / 4))
          for part in 0..<parts {
            let t = Double(part) / Double(parts)
            obstacles.append((last.x + t * (a - last.x), last.y + t * (b - last.y)))
          }
        }
        last = (a, b)
      }
    }
  }

  /// The words at the best of the places: to the right of one that is left of the middle, or right of `anchor`; else to the left.
  mutating func place(_ text: String, at places: [(Double, Double)], beside anchor: Double? = nil) -> [Markup] {
    guard !text.isEmpty else { return [] }
    let text = ChartText.shortened(text, to: frame.right - frame.left - 10, size: 11)
    let width = ChartText.width(text, size: 11)
    let candidates = places.map { x, y -> (x: Double, y: Double, isEnd: Bool, cost: Int) in
      let isEnd = x < (anchor ?? (frame.left + frame.right) / 2) ? anchor != nil : anchor == nil
      let left = isEnd ? x - width : x
      let box = (left - 2...left + width + 2, y - 12...y + 4)
      let isInside = left >= frame.left && left + width <= frame.right && y - 10 >= frame.top && y + 3 <= frame.bottom
      let covered = obstacles.count { box.0.contains($0.x) && box.1.contains($0.y) }
      return (x, y, isEnd, isInside ? covered : covered + 100_000)
    }
    guard let best = candidates.min(by: { $0.cost < $1.cost }) else { return [] }
    let left = best.isEnd ? best.x - width : best.x
    for part in 0...Int(width / 4) {
      for y in [best.y - 8, best.y - 2] { obstacles.append((left + 4 * Double(part), y)) }
    }
    return [
      Markup.words(text, "ink small halo" + (best.isEnd ? " end" : ""), x: best.x, y: best.y)
    ]
  }
}
