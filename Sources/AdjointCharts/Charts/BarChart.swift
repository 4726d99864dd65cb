/// A number for each name, as bars from 0 to the right, with the number at the end.
public struct BarChart: Chart {
  public var title: String
  /// What the numbers measure.
  public var axis: Axis
  public var bars: [(name: String, value: Double)]
  public var width: Double

  public init(_ title: String, axis: Axis, _ bars: [(name: String, value: Double)], width: Double = 640) {
    (self.title, self.axis, self.bars, self.width) = (title, axis, bars, width)
  }

  public var summary: String {
    bars.isEmpty
      ? "No data."
      : "\(axis.caption): " + bars.map { "\($0.name) \(DecimalText.text($0.value))" }.joined(separator: ", ") + "."
  }

  public func drawn() -> ChartDrawing {
    let names = bars.map { ChartText.shortened($0.name, to: width * 0.4) }
    let heading = ChartText.heading(title, width: width)
    let top = heading.height + 8
    guard bars.contains(where: { Extent.shows($0.value, on: axis.scale) }) else {
      return ChartDrawing(
        width: width, height: top + 40, shapes: heading.shapes + [ChartText.noData(x: width / 2, y: top + 12)])
    }
    var extent = Extent(axis.scale)
    for bar in bars { extent.add(bar.value) }
    if axis.scale == .linear { extent.add(0) }
    let interval = (axis.range.map { Extent(axis.scale, of: $0) } ?? extent).interval
    let ticks: Ticks =
      axis.scale == .linear ? .linear(interval, count: 6) : .logarithmic(interval, count: 6)
    let left = 20 + (names.map { ChartText.width($0) }.max() ?? 0)
    let placed = PlacedAxis(axis: axis, ticks: ticks, start: left, length: max(width - left - 76, 60))
    let (row, bottom) = (24.0, top + 24 * Double(bars.count))
    var shapes = heading.shapes
    for (value, label) in zip(ticks.values, ticks.labels) {
      guard placed.contains(value), let x = placed.place(value) else { continue }
      shapes.append(Markup("path", ["class": "grid", "d": .init(ChartPath.line(x, top, x, bottom))]))
      shapes.append(
        Markup("text", ["class": "faint small middle", "x": .init(x), "y": .init(bottom + 16)], text: label))
    }
    let zero = placed.place(0) ?? left
    for (number, bar) in bars.enumerated() {
      let y = top + row * Double(number)
      shapes.append(
        Markup("text", ["class": "ink end", "x": .init(left - 8), "y": .init(y + 16)], text: names[number]))
      let end = placed.place(bar.value).map { min(max($0, left), left + placed.length) }
      if let end {
        shapes.append(
          Markup(
            "rect",
            [
              "class": "f0", "x": .init(min(zero, end)), "y": .init(y + 4), "width": .init(abs(end - zero)),
              "height": .init(row - 8),
            ]))
      }
      shapes.append(
        Markup(
          "text", ["class": "ink small halo", "x": .init(max(end ?? zero, zero) + 6), "y": .init(y + 16)],
          text: DecimalText.text(bar.value, digits: 4)))
    }
    shapes.append(Markup("path", ["class": "axis", "d": .init(ChartPath.line(zero, top, zero, bottom))]))
    let caption = axis.caption + (ticks.factor.map { " " + $0 } ?? "")
    shapes.append(
      Markup(
        "text", ["class": "ink middle", "x": .init(left + placed.length / 2), "y": .init(bottom + 36)], text: caption))
    return ChartDrawing(width: width, height: bottom + 46, shapes: shapes)
  }
}
