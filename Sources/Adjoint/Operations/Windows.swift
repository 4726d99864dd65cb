/// A height and a width; an integer literal is both: `stride: 2`.
public struct Extent2D: Hashable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  public var height: Int
  public var width: Int

  public init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  public init(integerLiteral value: Int) { self.init(value, value) }

  public var description: String { "\(height) × \(width)" }
  var list: [Int] { [height, width] }
}

/// The windows through which a convolution or a pooling looks at images.
///
/// Images are [batch, height, width, channels], the channels last: then the elements of one row of a window stand side by
/// side, a bias is added along the last axis, and the result of the matrix product behind a convolution is an image as it
/// stands, without moving an element.
///
/// Window (i, j) begins at row i·stride.height − padding.height and column j·stride.width − padding.width; outside the image
/// are zeros. There are as many as fit: ⌊(height + 2·padding − size)/stride⌋ + 1 in each direction.
public struct Windows: Hashable, Sendable, BitwiseCopyable {
  public var size: Extent2D
  public var stride: Extent2D
  /// Rows of zeros above and below, columns of zeros left and right.
  public var padding: Extent2D

  public init(_ size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0) {
    (self.size, self.stride, self.padding) = (size, stride, padding)
  }

  /// How many elements of one channel a window holds.
  public var count: Int { size.height * size.width }

  /// How many windows fit into images, in each direction.
  /// - Throws: `ShapeError` when these are not images, or no window fits.
  public func grid(in images: Shape, for operation: String) throws(ShapeError) -> Extent2D {
    guard images.rank == 4 else {
      throw ShapeError(
        "\(operation): takes images [batch, height, width, channels], was given \(images)"
          + (images.rank == 3 ? "; reshape a single channel to [batch, height, width, 1]" : ""))
    }
    guard size.height > 0, size.width > 0, stride.height > 0, stride.width > 0 else {
      throw ShapeError("\(operation): windows of \(size), \(stride) apart; both must be positive")
    }
    guard padding.height >= 0, padding.width >= 0 else {
      throw ShapeError("\(operation): a padding of \(padding); it cannot be negative")
    }
    let padded = Extent2D(images[1] + 2 * padding.height, images[2] + 2 * padding.width)
    guard padded.height >= size.height, padded.width >= size.width else {
      throw ShapeError(
        "\(operation): a window of \(size) does not fit into images of \(Extent2D(images[1], images[2]))"
          + (padding == 0 ? "" : " with a padding of \(padding)"))
    }
    return Extent2D(
      (padded.height - size.height) / stride.height + 1, (padded.width - size.width) / stride.width + 1)
  }

  var attributes: [Attribute] {
    [
      Attribute("size", .list(size.list)), Attribute("stride", .list(stride.list)),
      Attribute("padding", .list(padding.list)),
    ]
  }

  /// What a formula says of them: the size, and what is not usual.
  var text: String {
    "\(size.height),\(size.width)" + (stride == 1 ? "" : "; stride \(stride.height),\(stride.width)")
      + (padding == 0 ? "" : "; padding \(padding.height),\(padding.width)")
  }

  /// Images and windows on which operations are tried: 1 × 1, as large as the image, further apart than wide, overlapping,
  /// not square, padded (wholly outside the image too), one channel and several, and no image at all.
  static let examples: [(Shape, Windows)] = [
    ([2, 4, 3, 2], Windows(Extent2D(3, 2))), ([1, 3, 2, 3], Windows(1)), ([2, 3, 4, 1], Windows(Extent2D(3, 4))),
    ([1, 5, 5, 2], Windows(2, stride: 3)), ([1, 6, 5, 1], Windows(3, stride: 2)),
    ([1, 4, 4, 2], Windows(2, stride: 2)),
    ([1, 1, 1, 1], Windows(1)), ([0, 4, 4, 2], Windows(2)), ([1, 3, 3, 0], Windows(2)),
    ([1, 3, 3, 2], Windows(3, padding: 1)), ([1, 2, 2, 1], Windows(1, padding: 2)),
    ([2, 3, 5, 1], Windows(Extent2D(2, 3), stride: Extent2D(1, 2), padding: Extent2D(1, 0))),
  ]
  /// Those without padding.
  static var unpaddedExamples: [(Shape, Windows)] { examples.filter { $0.1.padding == 0 } }
}

/// Windows on images of one size: what the loops run over.
public struct WindowGrid: BitwiseCopyable {
  public let windows: Windows
  public let images: Int
  public let height: Int
  public let width: Int
  public let channels: Int
  /// How many windows there are in each direction.
  public let grid: Extent2D

  /// - Precondition: `grid` is how many windows fit into the images.
  init(_ windows: Windows, on images: Shape, grid: Extent2D) {
    (self.windows, self.grid) = (windows, grid)
    (self.images, height, width, channels) = (images[0], images[1], images[2], images[3])
  }
}
