// The loops over windows of images: what `Unfold`, `Fold` and the poolings run. Plain, and specialised for each scalar; rows
// of a window are runs of width · channels elements, so that there is little to gain from a kernel.

extension WindowGrid {
  /// How many windows there are in all images.
  @inlinable var positions: Int { images * grid.height * grid.width }

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
    case .sum: accumulate(grid, x, y) { $0 + $1 }
    case .maximum where sharesTies, .minimum where sharesTies: poolGathered(r, grid, x, y)
    case .maximum: accumulate(grid, x, y) { larger($0, $1) }
    case .minimum: accumulate(grid, x, y) { smaller($0, $1) }
    }
  }

  /// A function of two arguments repeated over each window, all channels of a place at once.
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

  /// For scalars that share ties: what a window holds of a channel is put side by side first, because ties count among all
  /// of it at once.
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
