/// The decisions of a classifier of points in the plane: a tint for each class, the border between them, contours of hidden
/// units, other borders such as the Bayes classifier's, and the points.
public struct DecisionBoundary: Chart {
  /// Lines on which a function equals one of some levels.
  public struct Contour: Sendable {
    package var name: String
    /// The function at every point of the grid.
    package var values: [Double]
    package var levels: [Double]
    /// The number of colour and dash; the place in the legend when left out.
    package var look: Int?

    /// The lines where a function, given by its values on the grid, equals one of the levels.
    public init(_ name: String, values: [Double], levels: [Double] = [0], look: Int? = nil) {
      (self.name, self.values, self.levels, self.look) = (name, values, levels, look)
    }
  }

  public var title: String
  package var x: Axis
  package var y: Axis
  package var grid: PlaneGrid
  /// The class at every point of the grid; no tints when empty.
  package var classes: [Int]
  package var classNames: [String]
  package var contours: [Contour]
  /// Examples with their class.
  package var points: [(x: Double, y: Double, label: Int)]
  package var width: Double

  /// Regions of the classes on a grid, with points and contours over them.
  /// - Precondition: `classes` is empty or has one class, 0 or more, for each point of the grid.
  public init(
    _ title: String, grid: PlaneGrid, classes: [Int], classNames: [String], contours: [Contour] = [],
    points: [(x: Double, y: Double, label: Int)] = [], x: Axis = Axis("x₁"), y: Axis = Axis("x₂"), width: Double = 560
  ) {
    guard classes.isEmpty || classes.count == grid.rows * grid.columns, classes.allSatisfy({ $0 >= 0 }) else {
      fatalError("DecisionBoundary '\(title)': \(classes.count) classes for \(grid.rows * grid.columns) points")
    }
    (self.title, self.grid, self.classes, self.classNames) = (title, grid, classes, classNames)
    (self.contours, self.points, self.x, self.y, self.width) = (contours, points, x, y, width)
  }

  public var summary: String {
    let lines = contours.map(\.name).filter { !$0.isEmpty }.joined(separator: ", ")
    return "Regions of \(classNames.joined(separator: ", ")) for \(DecimalText.text(grid.x.lowerBound)) ≤ \(x.title) ≤ "
      + "\(DecimalText.text(grid.x.upperBound)), \(DecimalText.text(grid.y.lowerBound)) ≤ \(y.title) ≤ "
      + "\(DecimalText.text(grid.y.upperBound)); \(points.count) points\(lines.isEmpty ? "" : "; lines: \(lines)")."
  }

  public func drawn() -> ChartDrawing {
    var (xs, ys) = (Extent(.linear), Extent(.linear))
    for end in [grid.x.lowerBound, grid.x.upperBound] { xs.add(end) }
    for end in [grid.y.lowerBound, grid.y.upperBound] { ys.add(end) }
    let (across, down) = (grid.x.upperBound - grid.x.lowerBound, grid.y.upperBound - grid.y.lowerBound)
    // One unit is as long upward as it is to the right, within reason.
    let height = (width - 90) * min(max(down / across, 0.4), 1.4)
    var (x, y) = (x, y)
    (x.range, y.range) = (grid.x, grid.y)
    let frame = ChartFrame(
      title: title, legend: legend, x: x, xs, y: y, ys, width: width, plotHeight: height)
    var clipped = regions(frame)
    for (number, contour) in contours.enumerated() {
      let path = contour.levels.flatMap { grid.contours(of: contour.values, at: $0) }.map { line in
        ChartPath.lines(line.map { place($0.x, $0.y, frame) })
      }
      clipped.append(look(number, contour).line(path.joined(), class: "thin"))
    }
    let dots = points.compactMap { point -> Markup? in
      guard frame.x.contains(point.x), frame.y.contains(point.y) else { return nil }
      guard let place = place(point.x, point.y, frame) else { return nil }
      return Markup("g", ["class": "dot"], [SeriesLook(number: point.label).marker(place.x, place.y, size: 3)])
    }
    return frame.drawing(clipped: clipped, free: dots)
  }

  /// Colours after those of the classes.
  private func look(_ number: Int, _ contour: Contour) -> SeriesLook {
    SeriesLook(number: contour.look ?? classNames.count + number)
  }

  private var legend: [ChartLegend.Entry] {
    let ofClasses = classNames.enumerated().map { number, name in
      let look = SeriesLook(number: number)
      let tint = Markup.box("band " + look.fillClass, x: -14, y: -6, width: 28, height: 12)
      return ChartLegend.Entry(name: name, sample: [tint, look.marker(0, 0)])
    }
    return ofClasses
      + contours.enumerated().filter { !$1.name.isEmpty }.map { number, contour in
        ChartLegend.Entry(name: contour.name, sample: [look(number, contour).line("M-14 0L14 0", class: "thin")])
      }
  }

  private func place(_ x: Double, _ y: Double, _ frame: ChartFrame) -> (x: Double, y: Double)? {
    guard let a = frame.x.place(x), let b = frame.y.place(y) else { return nil }
    return (a, b)
  }

  /// A pixel for each point of the grid, around it.
  private func regions(_ frame: ChartFrame) -> [Markup] {
    guard !classes.isEmpty else { return [] }
    var pixels: [UInt8] = []
    for row in (0..<grid.rows).reversed() {
      pixels += classes[row * grid.columns..<(row + 1) * grid.columns].map { UInt8($0 % Palette.categories.count) }
    }
    let image = RasterImage(width: grid.columns, height: grid.rows, pixels: pixels, palette: Palette.categories)
    let step = (
      x: (frame.right - frame.left) / Double(grid.columns - 1), y: (frame.bottom - frame.top) / Double(grid.rows - 1)
    )
    return [
      image.element(
        x: frame.left - step.x / 2, y: frame.top - step.y / 2, width: step.x * Double(grid.columns),
        height: step.y * Double(grid.rows), class: "image region")
    ]
  }
}
