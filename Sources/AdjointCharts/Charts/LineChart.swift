/// Series over two axes: curves with bands of deviation, clouds of points, outlines of histograms.
///
/// ```swift
/// LineChart(
///   "Accuracy over ten seeds", x: Axis("epoch"), y: Axis("test accuracy", unit: "%"),
///   [Series("ReLU", runs: relu), Series("tanh", runs: tanh)], references: [.horizontal(10, "guessing")])
/// ```
public struct LineChart: Chart {
  public var title: String
  package var x: Axis
  package var y: Axis
  package var series: [Series]
  package var references: [ReferenceLine]
  package var annotations: [Annotation]
  /// The width of the whole chart, in pixels.
  package var width: Double
  /// The height of the plot alone, in pixels; title, legend and labels come on top.
  package var plotHeight: Double

  /// A chart of series over two axes; the sizes are in pixels.
  public init(
    _ title: String, x: Axis, y: Axis, _ series: [Series], references: [ReferenceLine] = [],
    annotations: [Annotation] = [], width: Double = 640, plotHeight: Double = 300
  ) {
    (self.title, self.x, self.y, self.series) = (title, x, y, series)
    (self.references, self.annotations, self.width, self.plotHeight) = (references, annotations, width, plotHeight)
  }

  public var summary: String {
    let names = series.map(\.name).filter { !$0.isEmpty }.joined(separator: ", ")
    guard !extents.isEmpty else { return "\(y.caption) against \(x.caption): no data." }
    let (xs, ys) = (extents.x, extents.y)
    return "\(y.caption), \(DecimalText.text(ys.low)) to \(DecimalText.text(ys.high)), against \(x.caption), "
      + "\(DecimalText.text(xs.low)) to \(DecimalText.text(xs.high))\(names.isEmpty ? "" : ": \(names)")."
  }

  public func drawn() -> ChartDrawing {
    let named = series.enumerated().filter { !$1.name.isEmpty }
    let entries = named.count > 1 || named.contains { !$1.deviation.isEmpty } ? named.map(entry) : []
    let extents = extents
    let frame = ChartFrame(
      title: title, legend: entries, x: x, extents.x, widening: series.contains { $0.style == .markers }, y: y,
      extents.y, width: width, plotHeight: plotHeight, isEmpty: extents.isEmpty)
    var (clipped, free): ([Markup], [Markup]) = ([], [])
    for (number, series) in series.enumerated() {
      let plot = SeriesPlot(series: series, look: SeriesLook(number: series.look ?? number), frame: frame)
      clipped = plot.bands + clipped + plot.lines
      free += plot.markers
    }
    var labels = LabelPlacement(frame: frame, series: series)
    for line in references { free += reference(line, frame, &labels) }
    for note in annotations { free += annotation(note, frame, &labels) }
    return frame.drawing(clipped: clipped, free: free)
  }

  /// The intervals that the axes must show: every point with a place on both, with its band, and every reference line.
  private var extents: (x: Extent, y: Extent, isEmpty: Bool) {
    var (xs, ys) = (Extent(x.scale), Extent(y.scale))
    for series in series {
      for (place, (a, b)) in zip(series.x, series.y).enumerated() {
        guard Extent.shows(a, on: x.scale) else { continue }
        if series.style == .steps, place == series.x.count - 1 {
          xs.add(a)
          continue
        }
        guard Extent.shows(b, on: y.scale) else { continue }
        xs.add(a)
        ys.add(b)
        if !series.deviation.isEmpty {
          ys.add(b - series.deviation[place])
          ys.add(b + series.deviation[place])
        }
        if series.style == .steps { ys.add(0) }
      }
    }
    let isEmpty = xs.isEmpty || ys.isEmpty
    for line in references where !isEmpty {
      switch line.direction {
      case .horizontal: ys.add(line.value)
      case .vertical: xs.add(line.value)
      }
    }
    return (xs, ys, isEmpty)
  }

  private func entry(_ number: Int, _ series: Series) -> ChartLegend.Entry {
    let look = SeriesLook(number: series.look ?? number)
    var sample: [Markup] = []
    if !series.deviation.isEmpty {
      sample.append(
        Markup.box("band \(look.fillClass)", x: -14, y: -6, width: 28, height: 12))
    }
    switch series.style {
    case .line: sample.append(look.line("M-14 0L14 0"))
    case .markers: sample.append(look.marker(0, 0))
    case .lineAndMarkers: sample += [look.line("M-14 0L14 0"), look.marker(0, 0)]
    case .steps: sample.append(look.line("M-14 5V-4H0V1H14V5", class: "thin"))
    }
    let name = series.deviation.isEmpty ? series.name : "\(series.name) (\(series.band))"
    return ChartLegend.Entry(name: name, sample: sample)
  }

  /// The line, with its label at that end where it covers least.
  private func reference(_ line: ReferenceLine, _ frame: ChartFrame, _ labels: inout LabelPlacement) -> [Markup] {
    switch line.direction {
    case .horizontal:
      guard frame.y.contains(line.value), let y = frame.y.place(line.value) else { return [] }
      let path = ChartPath.line(frame.left, y, frame.right, y)
      let places = [frame.right - 4, frame.left + 4].flatMap { x in [y - 5, y + 14].map { (x, $0) } }
      return [rule(path)] + labels.place(line.label, at: places)
    case .vertical:
      guard frame.x.contains(line.value), let x = frame.x.place(line.value) else { return [] }
      let path = ChartPath.line(x, frame.top, x, frame.bottom)
      let places = [frame.top + 12, frame.bottom - 8].flatMap { y in [x + 5, x - 5].map { ($0, y) } }
      return [rule(path)] + labels.place(line.label, at: places, beside: x)
    }
  }

  private func rule(_ path: String) -> Markup {
    Markup("path", ["class": "rule", "stroke-dasharray": "4 3", "d": .init(path)])
  }

  private func annotation(_ note: Annotation, _ frame: ChartFrame, _ labels: inout LabelPlacement) -> [Markup] {
    guard frame.x.contains(note.x), frame.y.contains(note.y) else { return [] }
    guard let x = frame.x.place(note.x), let y = frame.y.place(note.y) else { return [] }
    let places = [y - 8, y + 18, y - 24, y + 34].flatMap { y in [x + 8, x - 8].map { ($0, y) } }
    return labels.place(note.text, at: places, beside: x)
  }
}

/// One series on its frame.
struct SeriesPlot {
  let series: Series
  let look: SeriesLook
  let frame: ChartFrame

  private func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
    guard let a = frame.x.place(x), let b = frame.y.place(y) else { return nil }
    return (a, b)
  }

  private var places: [(x: Double, y: Double)?] { zip(series.x, series.y).map { place($0, $1) } }

  /// Between y − deviation and y + deviation, one shape for each run without a gap. On a logarithmic axis, a lower edge that
  /// is not positive is the bottom of the plot.
  var bands: [Markup] {
    guard !series.deviation.isEmpty else { return [] }
    let edges: [(x: Double, low: Double, high: Double)?] = series.x.indices.map { i in
      guard place(series.x[i], series.y[i]) != nil, let x = frame.x.place(series.x[i]) else { return nil }
      guard let high = frame.y.place(series.y[i] + series.deviation[i]) else { return nil }
      return (x, frame.y.place(series.y[i] - series.deviation[i]) ?? frame.bottom, high)
    }
    let path = edges.split(whereSeparator: { $0 == nil }).map { run in
      let known = run.compactMap { $0 }
      return ChartPath.closed(known.map { ($0.x, $0.high) } + known.reversed().map { ($0.x, $0.low) })
    }
    return [Markup("path", ["class": "band \(look.fillClass)", "d": .init(path.joined())])]
  }

  var lines: [Markup] {
    switch series.style {
    case .markers: []
    case .line, .lineAndMarkers: [look.line(ChartPath.lines(places))]
    case .steps: steps
    }
  }

  private var steps: [Markup] {
    let floor = frame.y.place(0) ?? frame.bottom
    var outline: [(x: Double, y: Double)] = []
    for (i, y) in series.y.dropLast().enumerated() {
      guard let left = frame.x.place(series.x[i]), let right = frame.x.place(series.x[i + 1]) else { continue }
      let height = frame.y.place(y) ?? floor
      outline += [(left, height), (right, height)]
    }
    guard let first = outline.first, let last = outline.last else { return [] }
    let closed = [(first.x, floor)] + outline + [(last.x, floor)]
    return [
      Markup("path", ["class": "band \(look.fillClass)", "d": .init(ChartPath.closed(closed))]),
      // Only outlines that lie over each other need dashes to be told apart.
      series.name.isEmpty
        ? Markup("path", ["class": .init("thin " + look.strokeClass), "d": .init(ChartPath.lines(closed))])
        : look.line(ChartPath.lines(closed), class: "thin"),
    ]
  }

  /// Markers stand whole, over the frame too; those of points outside are left out. A lone point of a curve gets one.
  var markers: [Markup] {
    let places = places
    return places.indices.compactMap { i in
      guard let place = places[i], frame.x.contains(series.x[i]), frame.y.contains(series.y[i]) else { return nil }
      let isAlone = (i == 0 || places[i - 1] == nil) && (i + 1 == places.count || places[i + 1] == nil)
      switch series.style {
      case .markers, .lineAndMarkers: return look.marker(place.x, place.y)
      case .line: return isAlone ? look.marker(place.x, place.y) : nil
      case .steps: return nil
      }
    }
  }
}
