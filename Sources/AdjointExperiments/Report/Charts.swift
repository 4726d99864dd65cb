import AdjointCharts
import Foundation

/// The charts of the reports.
enum Charts {
  private static func picture(_ name: String, _ caption: String, _ chart: some Chart) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: chart.svg())
  }

  /// Curves over two axes.
  /// - Parameter range: of y, where a beginning far above would leave no room for the rest.
  static func lines(
    name: String, caption: String, x: String, scale: Axis.Scale = .linear, y: String,
    range: ClosedRange<Double>? = nil, _ series: [Series]
  ) -> SVGPicture {
    picture(name, caption, LineChart(caption, x: Axis(x, scale: scale), y: Axis(y, range: range), series))
  }

  /// A number for each pair of a row and a column, from blue below zero to orange above; colours end at the limit.
  static func map(
    name: String, caption: String, quantity: String, limit: Double, rows: (String, [String]),
    columns: (String, [String]), _ values: [[Double]]
  ) -> SVGPicture {
    picture(
      name, caption,
      HeatMap(
        caption, values: values, quantity: quantity, range: -limit...limit, rows: rows.0, columns: columns.0,
        rowNames: rows.1, columnNames: columns.1))
  }

  /// Points, the function fitted to them, and the outputs of the hidden units.
  static func fit(
    name: String, caption: String, points: [(Double, Double)], curve: [(Double, Double)], hidden: [[(Double, Double)]]
  ) -> SVGPicture {
    picture(
      name, caption,
      LineChart.fit(
        caption, points: (points.map(\.0), points.map(\.1)), x: curve.map(\.0), fit: curve.map(\.1),
        hiddenUnits: hidden.map { $0.map(\.1) }))
  }

  /// Points in the plane with a class each.
  static func points(
    name: String, caption: String, axes: (String, String), _ points: [(Double, Double, Int)],
    border: [(x: Double, y: Double)] = []
  ) -> SVGPicture {
    let classes = [0, 1].map { label -> Series in
      let own = points.filter { $0.2 == label }
      return Series("class \(label)", x: own.map(\.0), y: own.map(\.1), style: .markers)
    }
    let line = border.isEmpty ? [] : [Series("y = ½", x: border.map(\.x), y: border.map(\.y))]
    // A little room around the points.
    func axis(_ title: String, _ values: [Double]) -> Axis {
      Axis(title, range: (values.min() ?? 0) - 0.25...(values.max() ?? 1) + 0.25)
    }
    return picture(
      name, caption,
      LineChart(
        caption, x: axis(axes.0, points.map(\.0)), y: axis(axes.1, points.map(\.1)), classes + line, width: 480))
  }

  /// Contours at 0.5 of functions on a square grid, the first of them deciding, with the points.
  static func contours(
    name: String, caption: String, points: [(Double, Double, Int)], side: Int, low: (x: Double, y: Double),
    width: Double, _ functions: [(name: String, values: [Double])]
  ) -> SVGPicture {
    let grid = PlaneGrid(x: low.x...low.x + width, y: low.y...low.y + width, columns: side, rows: side)
    return picture(
      name, caption,
      DecisionBoundary(
        caption, grid: grid, classes: functions.first?.values.map { $0 > 0.5 ? 1 : 0 } ?? [],
        classNames: ["class 0", "class 1"],
        contours: functions.map { DecisionBoundary.Contour($0.name, values: $0.values, levels: [0.5]) },
        points: points.map { (x: $0.0, y: $0.1, label: $0.2) }))
  }

  /// Weights of units that look at images, all on one scale.
  static func weights(name: String, caption: String, _ units: [[Double]], height: Int, width: Int) -> SVGPicture {
    picture(
      name, caption, WeightImages(caption, imageHeight: height, imageWidth: width, columns: 8, weights: units))
  }

  /// Images in grey, from bytes in base 64, with a word under each.
  static func images(
    name: String, caption: String, _ text: String, words: [String], height: Int, width: Int
  ) -> [SVGPicture] {
    guard let bytes = Data(base64Encoded: text), bytes.count == words.count * height * width else { return [] }
    let tiles = words.indices.map { i in
      ImageGrid.Tile(pixels: Array(bytes[i * height * width..<(i + 1) * height * width]), caption: words[i])
    }
    return [
      picture(name, caption, ImageGrid(caption, imageHeight: height, imageWidth: width, columns: 10, tiles))
    ]
  }
}

extension Series {
  /// A curve with points at x = first, first + step, ….
  init(_ name: String, from first: Int, by step: Int, y: [Double], deviation: [Double] = []) {
    self.init(name, x: y.indices.map { Double(first + $0 * step) }, y: y, deviation: deviation)
  }
}
