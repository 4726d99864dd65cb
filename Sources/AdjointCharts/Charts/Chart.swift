/// A chart: data that draws itself as SVG.
///
/// The text of a drawing depends on the data alone: the same data give the same bytes, so a document that holds a chart can be
/// compared with the chart made anew. A drawing follows the reader's light or dark theme, names itself to screen readers, and
/// holds no identifiers, so that several stand in one page.
///
/// ```swift
/// let chart = LineChart("Training", x: Axis("epoch"), y: Axis("loss", unit: "nats"), [Series("training", y: losses)])
/// try chart.svg().write(to: url, atomically: true, encoding: .utf8)
/// ```
public protocol Chart: Sendable {
  /// The words above the drawing.
  var title: String { get }
  /// A sentence about the content, for those who cannot see the drawing.
  var summary: String { get }
  /// The shapes, on paper that begins at (0, 0).
  func drawn() -> ChartDrawing
}

/// The shapes of a chart and the paper that they need, in pixels.
public struct ChartDrawing: Sendable {
  package var width: Double
  package var height: Double
  package var shapes: [Markup]

  package init(width: Double, height: Double, shapes: [Markup]) {
    (self.width, self.height, self.shapes) = (width, height, shapes)
  }
}

extension Chart {
  /// The chart as an SVG document of its own, or as part of a page.
  public func svg() -> String { markup().rendered() }

  /// The chart as an `svg` element.
  package func markup() -> Markup {
    let drawing = drawn()
    var svg = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "adjoint-chart", "role": "img",
        "width": .init(drawing.width), "height": .init(drawing.height),
        "viewBox": "0 0 \(Markup.rounded(drawing.width)) \(Markup.rounded(drawing.height))",
      ],
      [Markup("title", text: title), Markup("desc", text: summary)])
    var style = Markup("style")
    style.children = [.finished(ChartStyle.css)]
    svg.append(style)
    svg.append(Markup("rect", ["class": "paper", "width": .init(drawing.width), "height": .init(drawing.height)]))
    for shape in drawing.shapes { svg.append(shape) }
    return svg
  }
}

/// A grid of charts: small multiples.
public struct ChartGrid: Chart {
  public var title: String
  package var charts: [any Chart]
  /// The number of charts in a row.
  package var columns: Int

  /// Charts in rows of `columns`, in their order.
  public init(_ title: String, columns: Int = 3, _ charts: [any Chart]) {
    (self.title, self.columns, self.charts) = (title, max(1, columns), charts)
  }

  public var summary: String {
    charts.isEmpty ? "No data." : "\(charts.count) charts: " + charts.map(\.title).joined(separator: "; ") + "."
  }

  public func drawn() -> ChartDrawing {
    let drawings = charts.map { $0.drawn() }
    let cell = (width: drawings.map(\.width).max() ?? 240, height: drawings.map(\.height).max() ?? 60)
    let width = cell.width * Double(min(columns, max(drawings.count, 1)))
    let heading = ChartText.heading(title, width: width)
    var shapes = heading.shapes
    for (number, drawing) in drawings.enumerated() {
      let (x, y) = (Double(number % columns) * cell.width, heading.height + Double(number / columns) * cell.height)
      shapes.append(
        Markup("g", ["transform": "translate(\(Markup.rounded(x)) \(Markup.rounded(y)))"], drawing.shapes))
    }
    if drawings.isEmpty { shapes.append(ChartText.noData(x: width / 2, y: heading.height + cell.height / 2)) }
    let rows = max(1, (drawings.count + columns - 1) / columns)
    return ChartDrawing(width: width, height: heading.height + Double(rows) * cell.height, shapes: shapes)
  }
}
