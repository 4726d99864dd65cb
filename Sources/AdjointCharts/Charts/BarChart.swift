/// A number for each name, as bars from 0 to the right, with the number at the end.
public struct BarChart: Chart {
  public var title: String
  /// The quantity that the numbers measure.
  package var axis: Axis
  package var bars: [(name: String, value: Double)]
  package var width: Double

  /// A bar for each name; `width` is that of the whole chart, in pixels.
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
      shapes.append(.words(label, "faint small middle", x: x, y: bottom + 16))
    }
    let zero = placed.place(0) ?? left
    for (number, bar) in bars.enumerated() {
      let y = top + row * Double(number)
      shapes.append(.words(names[number], "ink end", x: left - 8, y: y + 16))
      let end = placed.place(bar.value).map { min(max($0, left), left + placed.length) }
      if let end {
        shapes.append(.box("f0", x: min(zero, end), y: y + 4, width: abs(end - zero), height: row - 8))
      }
      shapes.append(
        .words(DecimalText.text(bar.value, digits: 4), "ink small halo", x: max(end ?? zero, zero) + 6, y: y + 16))
    }
    shapes.append(Markup("path", ["class": "axis", "d": .init(ChartPath.line(zero, top, zero, bottom))]))
    let caption = axis.caption + (ticks.factor.map { " " + $0 } ?? "")
    shapes.append(.words(caption, "ink middle", x: left + placed.length / 2, y: bottom + 36))
    return ChartDrawing(width: width, height: bottom + 46, shapes: shapes)
  }
}
