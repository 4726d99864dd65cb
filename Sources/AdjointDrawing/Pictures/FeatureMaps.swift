import Adjoint
import AdjointCharts

/// The feature maps of a convolutional network for one image: a row for the image and for every layer's maps.
///
/// The maps of a row share one diverging scale: 0 is white, and the strongest value of the row has the full colour.
///
/// ```swift
/// let chart = try FeatureMaps(of: loss, example: 2)
/// ```
public struct FeatureMaps: Chart {
  public var title: String
  /// A row of pictures.
  package struct Row: Sendable {
    package let name: String
    package let height: Int
    package let width: Int
    /// The elements of each map, row by row.
    package let maps: [[Double]]
    /// How many there are, of which some are drawn.
    package let count: Int
  }
  package let rows: [Row]

  /// The images and the values of convolutions, activations and poolings behind a recorded value.
  /// - Parameters:
  ///   - example: the place of the image in its batch.
  ///   - most: how many maps of a layer are drawn.
  /// - Throws: `PictureError` where the recording has no maps [batch, height, width, channels], or no such image.
  public init<S: Scalar>(of output: Variable<S>, example: Int = 0, most: Int = 12, title: String = "Feature maps")
    throws
  {
    let (tape, nodes) = (output.tape, output.dependencies)
    let layers = LayerReader(tape, nodes).layers.filter { tape[$0.weight].shape.rank == 4 && !$0.sums.isEmpty }
    guard let first = layers.first, let images = FeatureMaps.images(before: tape[first.sums[0]]) else {
      throw PictureError(
        "FeatureMaps", expected: "a convolution", found: "none in the recording",
        remedy: "give the loss of a convolutional network")
    }
    guard example >= 0, example < images.shape[0] else {
      throw PictureError(
        "FeatureMaps", expected: "an example from 0 to \(images.shape[0] - 1)", found: "\(example)",
        remedy: "choose one of these")
    }
    let symbols = Symbols(of: output)
    func row(_ node: Variable<S>, _ name: String) -> Row {
      let (height, width, channels) = (node.shape[1], node.shape[2], node.shape[3])
      let elements = node.value.elements
      let maps = (0..<min(channels, max(most, 1))).map { channel in
        (0..<height * width).map { elements[(example * height * width + $0) * channels + channel].primal }
      }
      return Row(name: name, height: height, width: width, maps: maps, count: channels)
    }
    rows =
      [row(images, "image")]
      + layers.flatMap { layer in
        ([layer.sums[0]] + layer.activations).map { tape[$0] }.filter { $0.shape.rank == 4 }.map { node in
          let name = node.operation.map { $0.form.isPooling ? "pooled" : $0.name } ?? "image"
          return row(node, "\(symbols[node.index]), \(node.index == layer.sums[0] ? "convolution" : name)")
        }
      }
    self.title = title
  }

  /// The images that the windows of a convolution were cut out of.
  private static func images<S: Scalar>(before sums: Variable<S>) -> Variable<S>? {
    var open = [sums]
    while let node = open.popLast() {
      if node.operation?.form == .unfold { return node.inputs[0].shape.rank == 4 ? node.inputs[0] : nil }
      open += node.inputs.filter { $0.operation != nil }
    }
    return nil
  }

  public var summary: String {
    rows.map { "\($0.name): \($0.count) of \($0.height) × \($0.width)" }.joined(separator: "; ") + "."
  }

  public func drawn() -> ChartDrawing {
    let side = 56.0
    let most = rows.map(\.maps.count).max() ?? 1
    let left = 24 + (rows.map { ChartText.width($0.name) }.max() ?? 0)
    let width = max(left + (side + 6) * Double(most) + 24, 420)
    let heading = ChartText.heading(title, width: width)
    var (shapes, top) = (heading.shapes, heading.height + 8)
    for row in rows {
      let range = ColorScale.diverging.range(of: row.maps.joined())
      let scale = side / Double(max(row.height, row.width))
      let size = (width: scale * Double(row.width), height: scale * Double(row.height))
      shapes.append(.words(row.name, "ink end", x: left - 12, y: top + size.height / 2 - 3))
      let note = row.count > row.maps.count ? "\(row.maps.count) of \(row.count)" : "\(row.count)"
      let extent = "\(note) · \(row.height) × \(row.width)"
      shapes.append(.words(extent, "faint small end", x: left - 12, y: top + size.height / 2 + 13))
      for (number, map) in row.maps.enumerated() {
        let x = left + (side + 6) * Double(number)
        let image = RasterImage(
          width: row.width, height: row.height, pixels: map.map { ColorScale.diverging.place($0, in: range) },
          palette: ColorScale.diverging.palette)
        let strongest = map.map(\.magnitude).max() ?? 0
        shapes.append(
          image.element(x: x, y: top, width: size.width, height: size.height)
            .titled("\(row.name), map \(number + 1): up to \(DecimalText.text(strongest)) in magnitude"))
        shapes.append(.box("axis", x: x, y: top, width: size.width, height: size.height))
      }
      top += size.height + 14
    }
    return ChartDrawing(width: width, height: top + 4, shapes: shapes)
  }
}
