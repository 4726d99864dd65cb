// The loops over windows of images: what `Unfold`, `Fold` and the poolings run. Plain, and specialised for each scalar; rows
// of a window are runs of width · channels elements, so that there is little to gain from a kernel.

extension WindowGrid {
  /// Where in the images an element of a window stands, for windows without padding: element `place` of the window behind
  /// the pooled element y.
  @inlinable
  func source(of y: Int, _ place: Int) -> Int {
    let (channel, column, row) = (y % channels, y / channels % grid.width, y / channels / grid.width % grid.height)
    let image = y / channels / grid.width / grid.height
    let top = row * windows.stride.height + place / windows.size.width
    let left = column * windows.stride.width + place % windows.size.width
    return ((image * height + top) * width + left) * channels + channel
  }

  /// Calls `body` for each row of each window, in order: where it begins in the windows; where in the images stand its
  /// elements that lie inside, or −1 when none do; how many elements lie outside before them; and how many inside.
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

extension Scalar {
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
    y.update(repeating: 0, count: grid.images * grid.height * grid.width * grid.channels)
    grid.forEachRow { window, image, before, count in
      for i in 0..<count { y[image + i] = y[image + i] + x[window + before + i] }
    }
  }

  @inlinable
  public static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>
  ) {
    let (size, channels) = (grid.windows.size, grid.channels)
    withUnsafeTemporaryAllocation(of: Self.self, capacity: grid.windows.count) { gathered in
      guard let window = gathered.baseAddress else { return }
      var corner = 0
      for position in 0..<grid.images * grid.grid.height * grid.grid.width {
        corner = grid.source(of: position * channels, 0)
        for channel in 0..<channels {
          for u in 0..<size.height {
            let row = x + (corner + u * grid.width * channels + channel)
            for v in 0..<size.width { window[u * size.width + v] = row[v * channels] }
          }
          y[position * channels + channel] = referenceReduce(r, window, stride: 1, count: size.height * size.width)
        }
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
