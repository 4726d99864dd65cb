/// Grey images in rows, each with a caption; those that were classified wrongly are framed.
public struct ImageGrid: Chart {
  /// One image with what is said about it.
  public struct Tile: Sendable, Hashable {
    /// 0 background to 255 ink, row by row.
    package var pixels: [UInt8]
    package var caption: String
    package var isWrong: Bool

    /// An image from 0 background to 255 ink, row by row; a wrong one is framed.
    public init(pixels: [UInt8], caption: String, isWrong: Bool = false) {
      (self.pixels, self.caption, self.isWrong) = (pixels, caption, isWrong)
    }
  }

  public var title: String
  /// The height of every image, in its own pixels.
  package var imageHeight: Int
  /// The width of every image, in its own pixels.
  package var imageWidth: Int
  package var tiles: [Tile]
  package var columns: Int

  /// Images of one size, in rows.
  /// - Precondition: every tile has `imageHeight · imageWidth` pixels.
  public init(_ title: String, imageHeight: Int, imageWidth: Int, columns: Int = 8, _ tiles: [Tile]) {
    guard tiles.allSatisfy({ $0.pixels.count == imageHeight * imageWidth }) else {
      fatalError("ImageGrid '\(title)': not every tile has \(imageHeight) × \(imageWidth) pixels")
    }
    (self.title, self.imageHeight, self.imageWidth) = (title, imageHeight, imageWidth)
    (self.columns, self.tiles) = (max(1, columns), tiles)
  }

  public var summary: String {
    tiles.isEmpty
      ? "No data." : "\(tiles.count) images, \(tiles.count { $0.isWrong }) of them classified wrongly and framed."
  }

  public func drawn() -> ChartDrawing {
    // A whole number of screen pixels for each of the image's, so that none is wider than its neighbour.
    let zoom = max(1, (64 / Double(max(imageHeight, imageWidth, 1))).rounded(.down))
    let size = (width: zoom * Double(imageWidth), height: zoom * Double(imageHeight))
    let cell = (width: max(size.width + 14, 84), height: size.height + 32)
    let width = max(cell.width * Double(min(columns, max(tiles.count, 1))) + 16, 240)
    let heading = ChartText.heading(title, width: width)
    var shapes = heading.shapes
    for (number, tile) in tiles.enumerated() {
      let middle = 8 + cell.width * (Double(number % columns) + 0.5)
      let top = heading.height + 6 + cell.height * Double(number / columns)
      // Ink is dark on paper.
      let image = RasterImage(width: imageWidth, height: imageHeight, pixels: tile.pixels.map { 255 - $0 }, palette: [])
      shapes.append(
        image.element(x: middle - size.width / 2, y: top, width: size.width, height: size.height).titled(tile.caption))
      var frame = Markup.box(
        tile.isWrong ? "thin s1" : "axis", x: middle - size.width / 2 - 1, y: top - 1, width: size.width + 2,
        height: size.height + 2)
      if tile.isWrong { frame.attributes.append(("stroke-width", "2")) }
      let caption = ChartText.shortened(tile.caption, to: cell.width - 4, size: 11)
      shapes += [
        frame,
        Markup.words(caption, "ink small middle", x: middle, y: top + size.height + 15),
      ]
    }
    if tiles.isEmpty { shapes.append(ChartText.noData(x: width / 2, y: heading.height + 24)) }
    let rows = (tiles.count + columns - 1) / columns
    return ChartDrawing(
      width: width, height: heading.height + 8 + (rows == 0 ? 40 : cell.height * Double(rows)), shapes: shapes)
  }
}
