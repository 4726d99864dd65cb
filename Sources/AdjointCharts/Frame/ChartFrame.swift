/// The surroundings of the data of a chart with two axes: title, legend, marks, grid, captions.
///
/// It measures itself, so that no label is cut off: labels first, then the rest is the plot.
struct ChartFrame {
  let x: PlacedAxis
  let y: PlacedAxis
  let isEmpty: Bool
  private let width: Double
  private let heading: (shapes: [Markup], height: Double)
  private let legend: ChartLegend

  /// - Parameters:
  ///   - width: of the whole chart.
  ///   - plotHeight: of the plot alone; what surrounds it comes on top.
  ///   - widening: whether the x axis grows to round numbers, as the y axis does.
  init(
    title: String, legend entries: [ChartLegend.Entry], x xAxis: Axis, _ xExtent: Extent, widening: Bool = false,
    y yAxis: Axis, _ yExtent: Extent, width: Double, plotHeight: Double, isEmpty: Bool? = nil
  ) {
    self.width = width
    self.isEmpty = isEmpty ?? (xExtent.isEmpty || yExtent.isEmpty)
    heading = ChartText.heading(title, width: width)
    legend = ChartLegend(entries, width: width)
    let vertical = ChartFrame.ticks(yAxis, yExtent, count: max(2, Int(plotHeight / 42)), widening: true)
    let labels = vertical.labels.map { ChartText.width($0, size: 11) }.max() ?? 0
    let left = 12 + (yAxis.title.isEmpty ? 0 : 20) + labels + 8
    let right = 22.0
    // Fewer marks until their labels stand apart.
    var horizontal = ChartFrame.ticks(xAxis, xExtent, count: 10, widening: widening)
    for count in stride(from: 9, through: 2, by: -1) {
      let needed = horizontal.labels.map { ChartText.width($0, size: 11) + 14 }.max() ?? 0
      if Double(horizontal.labels.count) * needed <= width - left - right { break }
      horizontal = ChartFrame.ticks(xAxis, xExtent, count: count, widening: widening)
    }
    let top = heading.height + legend.height + (vertical.factor == nil ? 6 : 20)
    x = PlacedAxis(axis: xAxis, ticks: horizontal, start: left, length: max(width - left - right, 40))
    y = PlacedAxis(axis: yAxis, ticks: vertical, start: top + plotHeight, length: -plotHeight)
  }

  private static func ticks(_ axis: Axis, _ extent: Extent, count: Int, widening: Bool) -> Ticks {
    let interval = (axis.range.map { Extent(axis.scale, of: $0) } ?? extent).interval
    let widening = widening && axis.range == nil
    return switch axis.scale {
    case .linear: .linear(interval, count: count, whole: extent.areWhole && !extent.isEmpty, widening: widening)
    case .logarithmic: .logarithmic(interval, count: count, widening: widening)
    }
  }

  var left: Double { x.start }
  var right: Double { x.start + x.length }
  var top: Double { y.start + y.length }
  var bottom: Double { y.start }
  var height: Double { bottom + (x.axis.title.isEmpty && x.ticks.factor == nil ? 28 : 46) }

  /// The whole drawing, with the shapes of the data: those cut off at the frame, and those that may stand over it.
  func drawing(clipped: [Markup], free: [Markup]) -> ChartDrawing {
    var shapes = heading.shapes + legend.drawn(top: heading.height)
    if isEmpty {
      shapes += outline + captions
      shapes.append(ChartText.noData(x: (left + right) / 2, y: (top + bottom) / 2))
    } else {
      // An svg element inside clips its content without needing an identifier.
      let inside = Markup("g", ["transform": "translate(\(Markup.rounded(-left)) \(Markup.rounded(-top)))"], clipped)
      let window = Markup(
        "svg", ["x": .init(left), "y": .init(top), "width": .init(right - left), "height": .init(bottom - top)],
        [inside])
      shapes += grid + (clipped.isEmpty ? [] : [window]) + outline + marks + captions + free
    }
    return ChartDrawing(width: width, height: height, shapes: shapes)
  }

  private var grid: [Markup] {
    var path = ""
    for value in y.ticks.values where y.contains(value) {
      if let place = y.place(value) { path += ChartPath.line(left, place, right, place) }
    }
    for value in x.ticks.values where x.contains(value) {
      if let place = x.place(value) { path += ChartPath.line(place, top, place, bottom) }
    }
    return [Markup("path", ["class": "grid", "d": .init(path)])]
  }

  private var outline: [Markup] {
    [
      Markup(
        "path",
        [
          "class": "axis",
          "d": .init("M" + ChartPath.point(left, top) + "V" + Markup.rounded(bottom) + "H" + Markup.rounded(right)),
        ])
    ]
  }

  private var marks: [Markup] {
    var shapes: [Markup] = []
    for (value, label) in zip(y.ticks.values, y.ticks.labels) {
      guard y.contains(value), let place = y.place(value) else { continue }
      shapes.append(.words(label, "faint small end", x: left - 6, y: place + 4))
    }
    for (value, label) in zip(x.ticks.values, x.ticks.labels) {
      guard x.contains(value), let place = x.place(value) else { continue }
      shapes.append(.words(label, "faint small middle", x: place, y: bottom + 16))
    }
    if let factor = y.ticks.factor {
      shapes.append(.words(factor, "faint small", x: left, y: top - 7))
    }
    if let factor = x.ticks.factor {
      shapes.append(.words(factor, "faint small end", x: right, y: bottom + 35))
    }
    return shapes
  }

  private var captions: [Markup] {
    var shapes: [Markup] = []
    let (middle, centre) = ((left + right) / 2, (top + bottom) / 2)
    if !x.axis.title.isEmpty {
      let text = ChartText.shortened(x.axis.caption, to: right - left)
      shapes.append(.words(text, "ink middle", x: middle, y: bottom + 36))
    }
    if !y.axis.title.isEmpty {
      let text = ChartText.shortened(y.axis.caption, to: bottom - top + 30)
      shapes.append(.upwardWords(text, "ink middle", x: 20, y: centre))
    }
    return shapes
  }
}

/// Pieces of the path notation of SVG.
package enum ChartPath {
  package static func point(_ x: Double, _ y: Double) -> String { Markup.rounded(x) + " " + Markup.rounded(y) }

  package static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    "M" + point(x1, y1) + "L" + point(x2, y2)
  }

  /// Lines through runs of points; `nil` is a gap, and a run of one point is left out.
  static func lines(_ points: [(x: Double, y: Double)?]) -> String {
    points.split(whereSeparator: { $0 == nil }).filter { $0.count > 1 }.map { run in
      "M" + run.compactMap { $0.map { point($0.x, $0.y) } }.joined(separator: "L")
    }.joined()
  }

  package static func closed(_ points: [(x: Double, y: Double)]) -> String {
    points.isEmpty ? "" : "M" + points.map { point($0.x, $0.y) }.joined(separator: "L") + "Z"
  }
}
