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
/// Window (i, j) begins at row i·stride.height − padding.height and column j·stride.width − padding.width, and looks at
/// every `dilation`-th row and column from there. Outside the image are zeros. As many windows as fit are used:
/// ⌊(height + padding + paddingAfter − reach)/stride⌋ + 1 in each direction.
public struct Windows: Hashable, Sendable, BitwiseCopyable {
  /// Rows and columns of one window.
  public var size: Extent2D
  /// Rows and columns from one window to the next.
  public var stride: Extent2D
  /// Rows of zeros above the image, and columns of zeros to its left.
  public var padding: Extent2D
  /// Rows of zeros below the image, and columns of zeros to its right.
  public var paddingAfter: Extent2D
  /// Rows and columns from one element of a window to the next.
  public var dilation: Extent2D

  /// Windows of a size, their distance, and the zeros around the image: below and to the right as many as above and to
  /// the left, unless said otherwise.
  public init(
    _ size: Extent2D, stride: Extent2D = 1, padding: Extent2D = 0, paddingAfter: Extent2D? = nil,
    dilation: Extent2D = 1
  ) {
    (self.size, self.stride, self.padding, self.dilation) = (size, stride, padding, dilation)
    self.paddingAfter = paddingAfter ?? padding
  }

  /// The number of elements of one channel in a window.
  @usableFromInline package var count: Int { size.height * size.width }
  /// Rows and columns from the first element of a window to its last, both included.
  package var reach: Extent2D {
    Extent2D((size.height - 1) * dilation.height + 1, (size.width - 1) * dilation.width + 1)
  }
  var isPadded: Bool { padding != 0 || paddingAfter != 0 }
}

/// Windows on images of one size, over which loops run.
public struct WindowGrid: BitwiseCopyable, Sendable {
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

  /// The most windows that stand on one place, or more.
  @inlinable var mostOverlapping: Int {
    func most(_ size: Int, _ stride: Int, _ dilation: Int, _ count: Int) -> Int {
      min((size - 1) / (dilation == 1 ? stride : 1) + 1, count)
    }
    return most(windows.size.height, windows.stride.height, windows.dilation.height, grid.height)
      * most(windows.size.width, windows.stride.width, windows.dilation.width, grid.width)
  }

  /// The elements of window i along an axis that lie inside the image.
  @inlinable @inline(__always)
  static func inside(
    _ i: Int, size: Int, stride: Int, padding: Int, dilation: Int, extent: Int
  ) -> Range<Int> {
    let start = i * stride - padding
    if start >= 0, start + (size - 1) * dilation < extent { return 0..<size }
    let first = start >= 0 ? 0 : (dilation - 1 - start) / dilation
    let end = start >= extent ? 0 : min((extent - 1 - start) / dilation + 1, size)
    return first..<max(end, first)
  }

  /// The rows of window i that lie inside the image.
  @inlinable @inline(__always)
  func rows(_ i: Int) -> Range<Int> {
    WindowGrid.inside(
      i, size: windows.size.height, stride: windows.stride.height, padding: windows.padding.height,
      dilation: windows.dilation.height, extent: height)
  }

  /// The columns of window j that lie inside the image.
  @inlinable @inline(__always)
  func columns(_ j: Int) -> Range<Int> {
    WindowGrid.inside(
      j, size: windows.size.width, stride: windows.stride.width, padding: windows.padding.width,
      dilation: windows.dilation.width, extent: width)
  }

  /// Calls `body` with the position in the images of each element that lies inside of the window behind the pooled
  /// element y, in order.
  @inlinable @inline(__always)
  func forEachSource(of y: Int, _ body: (Int) -> Void) {
    let (channel, column, row) = (y % channels, y / channels % grid.width, y / channels / grid.width % grid.height)
    let corner = self.corner(y / channels / grid.width / grid.height, row, column)
    let columns = columns(column)
    for u in rows(row) {
      for v in columns {
        body((corner + u * windows.dilation.height * width + v * windows.dilation.width) * channels + channel)
      }
    }
  }

  /// The place among all images on which window (i, j) begins, as if there were places in the padding.
  @inlinable @inline(__always)
  func corner(_ image: Int, _ i: Int, _ j: Int) -> Int {
    (image * height + i * windows.stride.height - windows.padding.height) * width
      + j * windows.stride.width - windows.padding.width
  }

  /// Calls `body` for each run of elements of each window that stand side by side, in order: for each row, or for each
  /// element where columns are dilated. It is given the run's position in the windows; the position in the images of its
  /// elements that lie inside, or −1 when none do; the number of elements that lie outside before them; and the number
  /// inside.
  @inlinable @inline(__always)
  func forEachRun(_ body: (_ window: Int, _ image: Int, _ before: Int, _ count: Int) -> Void) {
    let (size, run) = (windows.size, self.run)
    let (runs, runWidth) = windows.dilation.width == 1 ? (1, size.width) : (size.width, 1)
    var window = 0
    for image in 0..<images {
      for row in 0..<grid.height {
        for column in 0..<grid.width {
          let left = column * windows.stride.width - windows.padding.width
          let firstInside = max(left, 0)
          let countInside = max(min(left + runWidth, width) - firstInside, 0) * channels
          for u in 0..<size.height {
            let top = row * windows.stride.height - windows.padding.height + u * windows.dilation.height
            let isInside = top >= 0 && top < height
            for v in 0..<runs {
              var (left, first, count) = (left, firstInside, countInside)
              if v > 0 {
                left += v * windows.dilation.width
                first = left
                count = left >= 0 && left < width ? channels : 0
              }
              if isInside, count > 0 {
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

  /// The number of elements of a run.
  @inlinable var run: Int { (windows.dilation.width == 1 ? windows.size.width : 1) * channels }
}

extension ArrayLoops where Self: Scalar {
  @inlinable
  public static func unfold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let run = grid.run
    grid.forEachRun { window, image, before, count in
      if count < run { (y + window).update(repeating: 0, count: run) }
      if count > 0 { (y + (window + before)).update(from: x + image, count: count) }
    }
  }

  @inlinable
  public static func fold(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    guard grid.mostOverlapping <= rowBlock else { return foldPairwise(grid, x, y) }
    y.update(repeating: 0, count: grid.images * grid.height * grid.width * grid.channels)
    grid.forEachRun { window, image, before, count in
      for i in 0..<count { y[image + i] = y[image + i] + x[window + before + i] }
    }
  }

  @inlinable
  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) { referencePool(r, grid, x, y) }

  @inlinable
  static func referencePool(
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

  /// Repeats a function of two arguments over each window, all channels of a place at once; 0 where it lies outside.
  @inlinable @inline(__always)
  static func accumulate(
    _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ f: (Self, Self) -> Self
  ) {
    let channels = grid.channels
    let (down, right) = (
      grid.windows.dilation.height * grid.width * channels, grid.windows.dilation.width * channels
    )
    var result = y
    for image in 0..<grid.images {
      for i in 0..<grid.grid.height {
        let rows = grid.rows(i)
        for j in 0..<grid.grid.width {
          let columns = grid.columns(j)
          defer { result += channels }
          guard !rows.isEmpty, !columns.isEmpty else {
            result.update(repeating: 0, count: channels)
            continue
          }
          let corner = grid.corner(image, i, j) * channels
          let first = corner + rows.lowerBound * down + columns.lowerBound * right
          result.update(from: x + first, count: channels)
          for u in rows {
            for v in columns {
              let place = corner + u * down + v * right
              if place == first { continue }
              for channel in 0..<channels { result[channel] = f(result[channel], x[place + channel]) }
            }
          }
        }
      }
    }
  }

  /// The sums of large windows, pairwise.
  @usableFromInline
  static func poolPairwise(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let (channels, dilation) = (grid.channels, grid.windows.dilation)
    for position in 0..<grid.positions {
      let (i, j) = (position / grid.grid.width % grid.grid.height, position % grid.grid.width)
      let (rows, columns) = (grid.rows(i), grid.columns(j))
      let corner = grid.corner(position / (grid.grid.height * grid.grid.width), i, j)
      forEachStrip(of: channels) { offset, width, _ in
        let place = y + (position * channels + offset)
        guard !rows.isEmpty, !columns.isEmpty else { return place.update(repeating: 0, count: width) }
        combine(.sum, rows: 0..<rows.count * columns.count, width: width, into: place) { index, _ in
          let (u, v) = index.quotientAndRemainder(dividingBy: columns.count)
          let source =
            corner + (rows.lowerBound + u) * dilation.height * grid.width
            + (columns.lowerBound + v) * dilation.width
          return x + (source * channels + offset)
        }
      }
    }
  }

  /// Windows of which many overlap, added up pairwise at each place of the images.
  @usableFromInline
  static func foldPairwise(_ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>) {
    let (windows, channels) = (grid.windows, grid.channels)
    /// The windows along one axis that stand on a place of it: every `step`-th from the first.
    func standing(
      on place: Int, _ size: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ count: Int
    ) -> (first: Int, step: Int, count: Int) {
      let place = place + padding
      var first = max(place - (size - 1) * dilation + stride - 1, 0) / stride
      let end = max(min(place / stride + 1, count), first)
      if dilation == 1 { return (first, 1, end - first) }
      // The windows whose distance to the place is a multiple of the dilation.
      var (step, rest) = (dilation, stride)
      while rest > 0 { (step, rest) = (rest, step % rest) }
      step = dilation / step
      let last = min(first + step, end)
      while first < last, (place - first * stride) % dilation != 0 { first += 1 }
      return first < last ? (first, step, (end - 1 - first) / step + 1) : (first, step, 0)
    }
    let (size, stride, padding, dilation) = (windows.size, windows.stride, windows.padding, windows.dilation)
    for place in 0..<grid.images * grid.height * grid.width {
      let (row, column) = (place / grid.width % grid.height, place % grid.width)
      let rows = standing(
        on: row, size.height, stride.height, padding.height, dilation.height, grid.grid.height)
      let columns = standing(on: column, size.width, stride.width, padding.width, dilation.width, grid.grid.width)
      let image = place / (grid.height * grid.width) * grid.grid.height
      forEachStrip(of: channels) { offset, width, _ in
        let sum = y + (place * channels + offset)
        guard rows.count > 0, columns.count > 0 else { return sum.update(repeating: 0, count: width) }
        combine(.sum, rows: 0..<rows.count * columns.count, width: width, into: sum) { index, _ in
          let i = rows.first + index / columns.count * rows.step
          let j = columns.first + index % columns.count * columns.step
          let u = (row + padding.height - i * stride.height) / dilation.height
          let v = (column + padding.width - j * stride.width) / dilation.width
          let window = ((image + i) * grid.grid.width + j) * windows.count
          return x + ((window + u * size.width + v) * channels + offset)
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
        var count = 0
        grid.forEachSource(of: position) { source in
          window[count] = x[source]
          count += 1
        }
        y[position] = referenceReduce(r, window, stride: 1, count: count)
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
