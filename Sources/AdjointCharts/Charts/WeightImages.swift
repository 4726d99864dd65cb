/// The weights of units that look at images, each unit's as a picture of the image's size.
///
/// All pictures share one diverging scale, so that a pale one *is* weak: 0 is white, and the strongest weight of all of them
/// has the full colour.
public struct WeightImages: Chart {
  public var title: String
  package var imageHeight: Int
  package var imageWidth: Int
  /// A row of weights for each unit.
  package var weights: [[Double]]
  package var columns: Int

  /// The weights of each unit as an image.
  /// - Precondition: every unit has `imageHeight · imageWidth` weights.
  public init(_ title: String, imageHeight: Int, imageWidth: Int, columns: Int = 10, weights: [[Double]]) {
    guard weights.allSatisfy({ $0.count == imageHeight * imageWidth }) else {
      fatalError("WeightImages '\(title)': not every unit has \(imageHeight) × \(imageWidth) weights")
    }
    (self.title, self.imageHeight, self.imageWidth) = (title, imageHeight, imageWidth)
    (self.columns, self.weights) = (max(1, columns), weights)
  }

  public var summary: String {
    guard !weights.isEmpty else { return "No data." }
    let largest = ColorScale.diverging.range(of: weights.joined()).upperBound
    return "\(weights.count) units; the strongest weight is \(DecimalText.text(largest)) in magnitude."
  }

  public func drawn() -> ChartDrawing {
    let zoom = max(1, (60 / Double(max(imageHeight, imageWidth, 1))).rounded(.down))
    let (across, down) = (min(columns, max(weights.count, 1)), (weights.count + columns - 1) / columns)
    // One picture of all units, with transparent pixels between them.
    let gap = 2
    let size = (width: across * (imageWidth + gap) - gap, height: max(0, down * (imageHeight + gap) - gap))
    let (left, width) = (44.0, max(44 + zoom * Double(size.width) + 100, 240))
    let heading = ChartText.heading(title, width: width)
    let top = heading.height + 18
    guard !weights.isEmpty, imageHeight * imageWidth > 0 else {
      return ChartDrawing(
        width: width, height: top + 30, shapes: heading.shapes + [ChartText.noData(x: width / 2, y: top + 6)])
    }
    let range = ColorScale.diverging.range(of: weights.joined())
    var pixels = [UInt8](repeating: 255, count: size.width * size.height)
    for (unit, row) in weights.enumerated() {
      let (x, y) = (unit % columns * (imageWidth + gap), unit / columns * (imageHeight + gap))
      for (place, weight) in row.enumerated() {
        pixels[(y + place / imageWidth) * size.width + x + place % imageWidth] =
          ColorScale.diverging.place(weight, in: range)
      }
    }
    let image = RasterImage(
      width: size.width, height: size.height, pixels: pixels, palette: ColorScale.diverging.palette)
    let (w, h) = (zoom * Double(size.width), zoom * Double(size.height))
    var shapes = heading.shapes + [image.element(x: left, y: top, width: w, height: h)]
    var outlines = ""
    for unit in weights.indices {
      let x = left + zoom * Double(unit % columns * (imageWidth + gap))
      let y = top + zoom * Double(unit / columns * (imageHeight + gap))
      let (right, bottom) = (x + zoom * Double(imageWidth), y + zoom * Double(imageHeight))
      outlines += ChartPath.closed([(x, y), (right, y), (right, bottom), (x, bottom)])
    }
    shapes.append(Markup("path", ["class": "grid", "d": .init(outlines)]))
    for row in 0..<down {
      let y = top + zoom * (Double(row * (imageHeight + gap)) + Double(imageHeight) / 2) + 4
      shapes.append(.words("\(row * columns)", "faint small end", x: left - 8, y: y))
    }
    let bar = min(max(h, 90), 220)
    shapes += ColorScale.diverging.bar(range: range, x: left + w + 18, top: top, height: bar, caption: "weight")
    return ChartDrawing(width: width, height: top + max(h, bar) + 14, shapes: shapes)
  }
}
