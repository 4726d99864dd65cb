/// A height and a width. An integer literal is both: `stride: 2`.
public struct Extent2D: Hashable, Sendable, BitwiseCopyable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// The extent from top to bottom, in rows.
  public var height: Int
  /// The extent from left to right, in columns.
  public var width: Int

  /// A height and a width, each of its own.
  public init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  public init(integerLiteral value: Int) { self.init(value, value) }

  public var description: String { "\(height) × \(width)" }
  var list: [Int] { [height, width] }
}

/// The windows through which a convolution or a pooling looks at images.
///
/// Images are [batch, height, width, channels], with the channels last. Then the elements of one row of a window stand
/// side by side, a bias is added along the last axis, and the matrix product behind a convolution is an image as it
/// stands.
///
/// Window (i, j) begins at row i·stride.height − padding.height and column j·stride.width − padding.width. Outside the
/// image are zeros. As many windows as fit are used: ⌊(height + 2·padding − size)/stride⌋ + 1 in each direction.
public struct Windows: Hashable, Sendable, BitwiseCopyable {
  /// Rows and columns of one window.
  public var size: Extent2D
  /// Rows and columns from one window to the next.
  public var stride: Extent2D
  /// Rows of zeros above and below the image, and columns of zeros to its left and right.
  public var padding: Extent2D

  /// Windows of a size, their distance, and the zeros around the image.
  public init(_ size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0) {
    (self.size, self.stride, self.padding) = (size, stride, padding)
  }

  /// The number of elements of one channel in a window.
  @usableFromInline package var count: Int { size.height * size.width }
}

/// Windows on images of one size, over which loops run.
public struct WindowGrid: BitwiseCopyable {
  @usableFromInline package let windows: Windows
  @usableFromInline package let images: Int
  @usableFromInline package let height: Int
  @usableFromInline package let width: Int
  @usableFromInline package let channels: Int
  /// The number of windows in each direction.
  @usableFromInline package let grid: Extent2D

  /// - Precondition: `grid` is the number of windows that fit into the images.
  init(_ windows: Windows, on images: Shape, grid: Extent2D) {
    (self.windows, self.grid) = (windows, grid)
    (self.images, height, width, channels) = (images[0], images[1], images[2], images[3])
  }
}

// The loops over windows of images, for `Unfold`, `Fold` and the poolings: plain, and specialised for each scalar. A
// row of a window is a run of width · channels elements, so a kernel would gain little.

extension WindowGrid {
  /// The number of windows in all images.
  @inlinable var positions: Int { images * grid.height * grid.width }

  /// The most windows that stand on one place.
  @inlinable var mostOverlapping: Int {
    let (size, stride) = (windows.size, windows.stride)
    return min((size.height - 1) / stride.height + 1, grid.height)
      * min((size.width - 1) / stride.width + 1, grid.width)
  }

  /// The position in the images of an element of a window: element `place` of the window behind the pooled element y,
  /// for windows without padding.
  @inlinable
  func source(of y: Int, _ place: Int) -> Int {
    let (channel, column, row) = (y % channels, y / channels % grid.width, y / channels / grid.width % grid.height)
    let image = y / channels / grid.width / grid.height
    let top = row * windows.stride.height + place / windows.size.width
    let left = column * windows.stride.width + place % windows.size.width
    return ((image * height + top) * width + left) * channels + channel
  }

  /// Calls `body` for each row of each window, in order. It is given the row's position in the windows; the position in
  /// the images of its elements that lie inside, or −1 when none do; the number of elements that lie outside before
  /// them; and the number inside.
  @inlinable @inline(__always)
  func forEachRow(_ body: (_ window: Int, _ image: Int, _ before: Int, _ count: Int) -> Void) {
    let (size, run) = (windows.size, windows.size.width * channels)
    var window = 0
    for image in 0..<images {
      for row in 0..<grid.height {
        for column in 0..<grid.width {
          let left = column * windows.stride.width - windows.padding.width
          let first = max(left, 0)
          let count = max(min(left + size.width, width) - first, 0) * channels
          for u in 0..<size.height {
            let top = row * windows.stride.height - windows.padding.height + u
            if top >= 0, top < height, count > 0 {
              body(window, ((image * height + top) * width + first) * channels, (first - left) * channels, count)
            } else {
              body(window, -1, 0, 0)
            }
            window += run
          }
        }
      }
    }
  }
}

extension ArrayLoops where Self: Scalar {
  @inlinable
  public static func unfold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let run = grid.windows.size.width * grid.channels
    grid.forEachRow { window, image, before, count in
      if count < run { (y + window).update(repeating: 0, count: run) }
      if count > 0 { (y + (window + before)).update(from: x + image, count: count) }
    }
  }

  @inlinable
  public static func fold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    guard grid.mostOverlapping <= rowBlock else { return foldPairwise(grid, x, y) }
    y.update(repeating: 0, count: grid.images * grid.height * grid.width * grid.channels)
    grid.forEachRow { window, image, before, count in
      for i in 0..<count { y[image + i] = y[image + i] + x[window + before + i] }
    }
  }

  @inlinable
  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    switch r {
    case .sum where grid.windows.count > rowBlock: poolPairwise(grid, x, y)
    case .sum: accumulate(grid, x, y) { $0 + $1 }
    case .maximum where sharesTies, .minimum where sharesTies: poolGathered(r, grid, x, y)
    case .maximum: accumulate(grid, x, y) { larger($0, $1) }
    case .minimum: accumulate(grid, x, y) { smaller($0, $1) }
    }
  }

  /// Repeats a function of two arguments over each window, all channels of a place at once.
  @inlinable @inline(__always)
  static func accumulate(
    _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ f: (Self, Self) -> Self
  ) {
    let (size, channels) = (grid.windows.size, grid.channels)
    for position in 0..<grid.positions {
      let corner = x + grid.source(of: position * channels, 0)
      let result = y + position * channels
      result.update(from: corner, count: channels)
      for u in 0..<size.height {
        for v in 0..<size.width where u + v > 0 {
          let place = corner + (u * grid.width + v) * channels
          for channel in 0..<channels { result[channel] = f(result[channel], place[channel]) }
        }
      }
    }
  }

  /// The sums of large windows, pairwise.
  @usableFromInline
  static func poolPairwise(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let channels = grid.channels
    for position in 0..<grid.positions {
      let corner = x + grid.source(of: position * channels, 0)
      forEachStrip(of: channels) { offset, width, _ in
        let place = y + (position * channels + offset)
        combine(.sum, rows: 0..<grid.windows.count, width: width, into: place) { i, _ in
          let (u, v) = i.quotientAndRemainder(dividingBy: grid.windows.size.width)
          return corner + ((u * grid.width + v) * channels + offset)
        }
      }
    }
  }

  /// Windows of which many overlap, added up pairwise at each place of the images.
  @usableFromInline
  static func foldPairwise(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let (windows, channels) = (grid.windows, grid.channels)
    /// The windows along one axis that stand on a place of it.
    func standing(on place: Int, _ size: Int, _ stride: Int, _ padding: Int, _ count: Int) -> Range<Int> {
      let first = max(place + padding - size + stride, 0) / stride
      return first..<max(min((place + padding) / stride + 1, count), first)
    }
    for place in 0..<grid.images * grid.height * grid.width {
      let (row, column) = (place / grid.width % grid.height, place % grid.width)
      let rows = standing(
        on: row, windows.size.height, windows.stride.height, windows.padding.height, grid.grid.height)
      let columns = standing(
        on: column, windows.size.width, windows.stride.width, windows.padding.width, grid.grid.width)
      let image = place / (grid.height * grid.width) * grid.grid.height
      forEachStrip(of: channels) { offset, width, _ in
        let sum = y + (place * channels + offset)
        guard !rows.isEmpty, !columns.isEmpty else { return sum.update(repeating: 0, count: width) }
        combine(.sum, rows: 0..<rows.count * columns.count, width: width, into: sum) { index, _ in
          let (i, j) = (rows.lowerBound + index / columns.count, columns.lowerBound + index % columns.count)
          let u = row + windows.padding.height - i * windows.stride.height
          let v = column + windows.padding.width - j * windows.stride.width
          let window = ((image + i) * grid.grid.width + j) * windows.count
          return x + ((window + u * windows.size.width + v) * channels + offset)
        }
      }
    }
  }

  /// The pooling of scalars that share ties. The elements of a window are put side by side first, channel by channel,
  /// because ties count among all of them at once.
  @inlinable
  static func poolGathered(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    withUnsafeTemporaryAllocation(of: Self.self, capacity: grid.windows.count) { gathered in
      guard let window = gathered.baseAddress else { return }
      for position in 0..<grid.positions * grid.channels {
        for place in 0..<grid.windows.count { window[place] = x[grid.source(of: position, place)] }
        y[position] = referenceReduce(r, window, stride: 1, count: grid.windows.count)
      }
    }
  }
}

extension Output {
  /// y = Σ or max of each window of x, channel by channel.
  func pool(_ r: Reduction, _ x: View<S>, _ windows: Windows) {
    guard count > 0 else { return }
    S.pool(r, WindowGrid(windows, on: x.shape, grid: Extent2D(shape[1], shape[2])), x.base, base)
  }
}
