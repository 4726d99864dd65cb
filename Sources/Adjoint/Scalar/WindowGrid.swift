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
