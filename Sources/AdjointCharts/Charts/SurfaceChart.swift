import Foundation

/// A function of two variables as colours and lines of equal value, with a mark at one point.
public struct SurfaceChart: Chart {
  public var title: String
  package var grid: PlaneGrid
  /// The function at every point of the grid.
  package var values: [Double]
  package var quantity: String
  package var x: Axis
  package var y: Axis
  /// A point with a name.
  package var mark: (x: Double, y: Double, name: String)?
  package var width: Double

  /// A surface over a grid; where its values span orders of magnitude, the colours are those of their logarithms.
  /// - Precondition: a value for each point of the grid.
  public init(
    _ title: String, grid: PlaneGrid, values: [Double], quantity: String = "value", x: Axis = Axis("x"),
    y: Axis = Axis("y"),
    mark: (x: Double, y: Double, name: String)? = nil, width: Double = 520
  ) {
    guard values.count == grid.rows * grid.columns else {
      fatalError("SurfaceChart '\(title)': \(values.count) values for \(grid.rows * grid.columns) points")
    }
    (self.title, self.grid, self.values, self.quantity) = (title, grid, values, quantity)
    (self.x, self.y, self.mark, self.width) = (x, y, mark, width)
  }

  private var finite: [Double] { values.filter(\.isFinite) }

  public var summary: String {
    guard let low = finite.min(), let high = finite.max() else { return "No data." }
    return "\(quantity) from \(DecimalText.text(low)) to \(DecimalText.text(high))"
      + (mark.map { "; \($0.name) at \(DecimalText.text($0.x)), \(DecimalText.text($0.y))" } ?? "") + "."
  }

  /// True where the values are coloured by their logarithms.
  private var isLogarithmic: Bool {
    guard let low = finite.min(), let high = finite.max() else { return false }
    return low > 0 && high / low > 30
  }

  /// Nine levels between the least and the greatest value, equally apart on the scale of the colours.
  package var levels: [Double] {
    guard let low = finite.min(), let high = finite.max(), low < high else { return [] }
    return (1...9).map { step in
      let share = Double(step) / 10
      return isLogarithmic ? low * pow(high / low, share) : low + (high - low) * share
    }
  }

  public func drawn() -> ChartDrawing {
    var (xs, ys, xAxis, yAxis) = (Extent(.linear), Extent(.linear), x, y)
    for end in [grid.x.lowerBound, grid.x.upperBound] { xs.add(end) }
    for end in [grid.y.lowerBound, grid.y.upperBound] { ys.add(end) }
    (xAxis.range, yAxis.range) = (grid.x, grid.y)
    let frame = ChartFrame(title: title, legend: [], x: xAxis, xs, y: yAxis, ys, width: width, plotHeight: width - 90)
    let colored = isLogarithmic ? values.map { $0.isFinite ? log10($0) : .nan } : values
    let range = ColorScale.sequential.range(of: colored.filter(\.isFinite))
    var clipped = [picture(colored, range, frame)]
    for level in levels {
      let lines = grid.contours(of: values, at: level).map { line in
        ChartPath.lines(line.map { place($0.x, $0.y, frame) })
      }
      let share = (levels.firstIndex(of: level) ?? 0) * 2 < levels.count
      // Dark lines on the light part, and light ones on the dark.
      clipped.append(
        Markup(
          "path",
          [
            "fill": "none", "stroke": .init(share ? "#1d1f23" : "#ffffff"), "stroke-opacity": "0.55", "stroke-width": 1,
            "d": .init(lines.joined()),
          ]
        ).titled("\(quantity) \(DecimalText.text(level))"))
    }
    var free: [Markup] = []
    if let mark, let at = place(mark.x, mark.y, frame) {
      free.append(
        Markup(
          "g", ["class": "dot"],
          [Markup("circle", ["class": "f1", "cx": .init(at.x), "cy": .init(at.y), "r": 5, "stroke-width": 1.5])]))
      free.append(.words(mark.name, "ink small middle halo", x: at.x, y: at.y - 11))
    }
    var drawing = frame.drawing(clipped: clipped, free: free)
    let caption = isLogarithmic ? "log₁₀ \(quantity)" : quantity
    drawing.shapes += ColorScale.sequential.bar(
      range: range, x: drawing.width + 2, top: frame.top, height: frame.bottom - frame.top, caption: caption)
    drawing.width += 92
    return drawing
  }

  private func place(_ x: Double, _ y: Double, _ frame: ChartFrame) -> (x: Double, y: Double)? {
    guard let a = frame.x.place(x), let b = frame.y.place(y) else { return nil }
    return (a, b)
  }

  /// A pixel for each point of the grid, around it.
  private func picture(_ values: [Double], _ range: ClosedRange<Double>, _ frame: ChartFrame) -> Markup {
    let places = values.map { ColorScale.sequential.place($0, in: range) }
    let pixels = (0..<grid.rows).reversed().flatMap { places[$0 * grid.columns..<($0 + 1) * grid.columns] }
    let image = RasterImage(
      width: grid.columns, height: grid.rows, pixels: pixels, palette: ColorScale.sequential.palette)
    let step = (
      x: (frame.right - frame.left) / Double(grid.columns - 1), y: (frame.bottom - frame.top) / Double(grid.rows - 1)
    )
    return image.element(
      x: frame.left - step.x / 2, y: frame.top - step.y / 2, width: frame.right - frame.left + step.x,
      height: frame.bottom - frame.top + step.y, class: "smooth")
  }
}
